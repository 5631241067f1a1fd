/*
 * What flrec says at the end: a few lines for each trace, a warning for everything that makes
 * a trace less than the whole truth, and the command to type next.
 */
#include "summary.h"

#include <fl/fmt.h>

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

static void print_problem(FILE *out, const struct fl_drain_trace *trace)
{
    const char *path = trace->path ? trace->path : "?";
    if (trace->result.error.status != FL_OK) {
        fprintf(out, "flrec: warning: %s is not whole: %s\n", path,
                trace->result.error.message);
        fprintf(out, "hint: it holds everything up to the last whole chunk\n");
    }
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
        fprintf(out,
                "flrec: warning: %s lacks %s calls of threads for which no ring was left\n",
                path, fl_fmt_count(lost).text);
        fprintf(out, "hint: at most 2,048 threads at a time are recorded, fewer where address "
                     "space is limited (ulimit -v)\n");
    }
}

static uint64_t total_events(const struct fl_drain_report *report)
{
    uint64_t events = 0;
    for (size_t i = 0; i < report->trace_count; i++)
        events += report->traces[i].result.totals.events;
    return events;
}

static void print_emptiness(FILE *out, const struct fl_drain_report *report)
{
    if (report->images_seen == 0)
        warn(out, "no event was recorded: the program never loaded the recorder",
             "it may run a static program, clear the environment, or change its root; record "
             "the inner program itself");
    else if (total_events(report) == 0)
        warn(
            out, "no event was recorded: the program made no call that a library can see",
            "a malloc linked into the program itself cannot be recorded; link it as a library");
}

/* The one to look at next. Where a shell or env stood before the program, that is the last. */
static const struct fl_drain_trace *fullest_trace(const struct fl_drain_report *report)
{
    const struct fl_drain_trace *fullest = NULL;
    for (size_t i = 0; i < report->trace_count; i++) {
        const struct fl_drain_trace *trace = &report->traces[i];
        if (trace->path && trace->was_opened && trace->is_file &&
            (!fullest || trace->result.totals.events >= fullest->result.totals.events))
            fullest = trace;
    }
    return fullest;
}

void fl_summary_print(FILE *out, const struct fl_drain_report *report, bool is_quiet,
                      bool is_verbose)
{
    for (size_t i = 0; i < report->trace_count; i++) {
        const struct fl_drain_trace *trace = &report->traces[i];
        if (!is_quiet && trace->was_opened && trace->path)
            print_trace(out, trace);
        if (!is_quiet && is_verbose && trace->was_opened)
            print_calls(out, &trace->result.totals);
        print_problem(out, trace);
    }
    print_emptiness(out, report);
    if (report->images_skipped > 0)
        warn(out, "the program was replaced by another (exec), which was not recorded",
             "a stream holds one trace; use -o FILE");
    if (is_quiet)
        return;
    const struct fl_drain_trace *fullest = fullest_trace(report);
    if (fullest)
        fprintf(out, "flrec: next: flreplay %s --alloc=addr-tree\n", fullest->path);
}
