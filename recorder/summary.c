/*
 * What flrec says at the end: a few lines for each trace, a warning for everything that makes
 * a trace less than the whole truth, and the command to type next.
 */
#include "summary.h"

#include <unistd.h>

#include <fl/fmt.h>

#define PROCESSES_LISTED 8

static void warn(FILE *out, const char *what, const char *hint)
{
    fprintf(out, "flrec: warning: %s\n", what);
    if (hint)
        fprintf(out, "hint: %s\n", hint);
}

static void print_trace(FILE *out, const struct fl_drain_trace *trace)
{
    const struct fl_writer_totals *totals = &trace->result.totals;
    const double bytes_per_event =
        totals->events > 0 ? (double)totals->bytes_written / (double)totals->events : 0;
    fprintf(out, "flrec: %s: %s events, %s (%.3f bytes per event), %s thread%s\n", trace->path,
            fl_fmt_count(totals->events).text, fl_fmt_bytes(totals->bytes_written).text,
            bytes_per_event, fl_fmt_count(totals->threads).text,
            totals->threads == 1 ? "" : "s");
    fprintf(out, "flrec: peak %s live in %s objects\n",
            fl_fmt_bytes(totals->peak_live_bytes).text,
            fl_fmt_count(totals->peak_live_objects).text);
}

static void print_end(FILE *out, const struct fl_drain_trace *trace)
{
    if (trace->result.is_full)
        fprintf(out, "flrec: %s ends at its limit; the process went on\n", trace->path);
}

static void print_calls(FILE *out, const struct fl_writer_totals *totals)
{
    for (unsigned kind = 0; kind < FL_CALL_COUNT; kind++)
        if (totals->calls[kind] > 0)
            fprintf(out, "flrec: %16s %s\n", fl_kind_name(kind),
                    fl_fmt_count(totals->calls[kind]).text);
    fprintf(out, "flrec: %s failed, %s frees of NULL, %s unknown pointers, %s implied frees\n",
            fl_fmt_count(totals->failed_calls).text, fl_fmt_count(totals->null_frees).text,
            fl_fmt_count(totals->unknown_pointers).text,
            fl_fmt_count(totals->implied_frees).text);
}

/* Its folder may be gone since it was opened. */
static bool is_there(const struct fl_drain_trace *trace)
{
    return trace->was_opened && (!trace->is_file || access(trace->path, F_OK) == 0);
}

static void print_damage(FILE *out, const struct fl_drain_trace *trace, const char *path)
{
    if (trace->result.error.status == FL_OK)
        return;
    const bool is_left = trace->path && is_there(trace);
    fprintf(out, "flrec: warning: %s is not %s: %s\n", path, is_left ? "whole" : "there",
            trace->result.error.message);
    if (is_left)
        fprintf(out, "hint: it holds everything up to the last whole chunk\n");
}

static void print_problem(FILE *out, const struct fl_drain_trace *trace)
{
    const char *path = trace->path ? trace->path : "?";
    print_damage(out, trace, path);
    const uint64_t nested = trace->nested_calls;
    if (nested > 0) {
        fprintf(out, "flrec: warning: %s lacks %s calls made inside other calls\n", path,
                fl_fmt_count(nested).text);
        fprintf(out, "hint: what a signal handler, or the allocator itself, calls while the "
                     "thread is inside malloc or free cannot be recorded\n");
    }
    const uint64_t all_lost = trace->result.totals.lost_events;
    const uint64_t lost = all_lost > nested ? all_lost - nested : 0;
    if (lost > 0) {
        fprintf(out, "flrec: warning: %s lacks %s calls for which there was no room\n", path,
                fl_fmt_count(lost).text);
        fprintf(out, "hint: --lossy drops calls while a ring is full (--ring=SIZE makes it "
                     "larger); without it, at most 2,048 threads at a time are recorded, fewer "
                     "where address space is limited (ulimit -v)\n");
    }
}

static uint64_t total_events(const struct fl_drain_report *report)
{
    uint64_t events = 0;
    for (size_t i = 0; i < report->trace_count; i++)
        events += report->traces[i].result.totals.events;
    return events;
}

static bool report_has_gaps(const struct fl_drain_report *report)
{
    bool has_gaps = false;
    for (size_t i = 0; i < report->trace_count; i++)
        has_gaps |= report->traces[i].result.has_gaps;
    return has_gaps;
}

static void print_emptiness(FILE *out, const struct fl_herd_report *herd)
{
    const struct fl_drain_report *first = &herd->processes[0].report;
    uint64_t events = 0;
    bool has_gaps = false;
    for (size_t i = 0; i < herd->count; i++) {
        events += total_events(&herd->processes[i].report);
        has_gaps |= report_has_gaps(&herd->processes[i].report);
    }
    if (herd->count == 1 && first->images_seen == 0)
        warn(out, "no event was recorded: the program never loaded the recorder",
             "it may run a static program, clear the environment, or change its root; record "
             "the inner program itself");
    else if (events == 0 && has_gaps)
        warn(out, "no event was recorded: all calls were left out",
             "--paused waits for flrec --toggle=PID, --start-after=N for the N-th call");
    else if (events == 0)
        warn(
            out, "no event was recorded: the program made no call that a library can see",
            "a malloc linked into the program itself cannot be recorded; link it as a library");
}

/* The one to look at next. Where a shell or env stood before the program, that is the last. */
static const struct fl_drain_trace *fullest_trace(const struct fl_herd_report *herd)
{
    const struct fl_drain_trace *fullest = NULL;
    for (size_t i = 0; i < herd->count; i++) {
        const struct fl_drain_report *report = &herd->processes[i].report;
        for (size_t k = 0; k < report->trace_count; k++) {
            const struct fl_drain_trace *trace = &report->traces[k];
            if (trace->path && trace->is_file && is_there(trace) &&
                (!fullest || trace->result.totals.events >= fullest->result.totals.events))
                fullest = trace;
        }
    }
    return fullest;
}

/* One of many: its lines would hide the others. */
struct sums {
    uint64_t traces, events, bytes;
};

static void print_process(FILE *out, const struct fl_drain_report *report, struct sums *sums,
                          bool is_quiet, bool is_verbose)
{
    for (size_t i = 0; i < report->trace_count; i++) {
        const struct fl_drain_trace *trace = &report->traces[i];
        if (!is_quiet && !sums && trace->was_opened && trace->path)
            print_trace(out, trace);
        if (!is_quiet && trace->was_opened && trace->path)
            print_end(out, trace);
        if (!is_quiet && is_verbose && trace->was_opened)
            print_calls(out, &trace->result.totals);
        print_problem(out, trace);
        if (sums) {
            sums->traces++;
            sums->events += trace->result.totals.events;
            sums->bytes += trace->result.totals.bytes_written;
        }
    }
}

static void print_sums(FILE *out, size_t processes, const struct sums *sums)
{
    fprintf(out, "flrec: %s more processes: %s traces, %s events, %s (-v lists them)\n",
            fl_fmt_count(processes).text, fl_fmt_count(sums->traces).text,
            fl_fmt_count(sums->events).text, fl_fmt_bytes(sums->bytes).text);
}

static void print_skipped(FILE *out, const struct fl_herd_report *herd)
{
    if (herd->processes[0].report.images_skipped > 0)
        warn(out, "the program was replaced by another (exec), which was not recorded",
             "a stream holds one trace; use -o FILE");
    if (herd->refused > 0)
        warn(out, "some of the processes that the program started were not recorded",
             "a stream holds one trace, use -o FILE; each process takes three descriptors and "
             "shared memory");
    if (herd->unreached > 0)
        warn(out, "some of the processes that the program started could not reach the recorder",
             "a process that has given up its user cannot open what flrec, which has not, "
             "shares "
             "with it: run flrec as that user");
}

static void print_untold(FILE *out, const struct fl_herd_report *herd)
{
    uint64_t images = 0;
    for (size_t i = 0; i < herd->count; i++)
        images += herd->processes[i].report.images_untold;
    if (images > 0)
        warn(out, "some programs have no trace: no memory to record", NULL);
    if (herd->untold > 0)
        warn(out, "some processes are not listed: no memory to note what they came to",
             "fltrace info tells of each trace whether it is whole");
}

void fl_summary_print(FILE *out, const struct fl_herd_report *herd, bool is_quiet,
                      bool is_verbose)
{
    print_untold(out, herd);
    if (herd->count == 0)
        return;
    struct sums sums = {0};
    const bool is_short = herd->count > PROCESSES_LISTED && !is_verbose;
    for (size_t i = 0; i < herd->count; i++)
        print_process(out, &herd->processes[i].report, is_short && i > 0 ? &sums : NULL,
                      is_quiet, is_verbose);
    if (is_short && !is_quiet)
        print_sums(out, herd->count - 1, &sums);
    print_emptiness(out, herd);
    print_skipped(out, herd);
    if (is_quiet)
        return;
    const struct fl_drain_trace *fullest = fullest_trace(herd);
    if (fullest)
        fprintf(out, "flrec: next: flreplay %s --alloc=addr-tree\n", fullest->path);
}
