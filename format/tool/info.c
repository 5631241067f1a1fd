/*
 * fltrace info: what was recorded. The counts are made by reading the whole trace, so they hold
 * for a damaged one too, and are compared with nothing the recorder claims.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fl/fmt.h>

#include "counts.h"
#include "verb.h"

#define BAR_WIDTH 40

static const struct fl_option options[] = {
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace info",
    .synopsis = "TRACE\nTRACE TRACE...",
    .summary =
        "Say what was recorded: program, counts by call, sizes, threads, peaks; of several "
        "traces, the tree of their processes.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

static bool step_count(const struct fl_step *step, void *user)
{
    fl_counts_step(user, step);
    return true;
}

/* One value a line: NUL bytes between list items become spaces, control characters '?'. False
 * when there is no memory for one. */
static bool metadata_print(const struct fl_metadata *meta)
{
    for (size_t i = 0; meta != NULL && i < fl_metadata_count(meta); i++) {
        const char *name, *value;
        size_t bytes;
        fl_metadata_at(meta, i, &name, &value, &bytes);
        char *text = malloc(bytes + 1);
        if (text == NULL) {
            return false;
        }
        memcpy(text, value, bytes + 1);
        for (size_t at = 0; at < bytes; at++) {
            text[at] = text[at] == '\0' ? ' ' : text[at];
        }
        char label[32];
        snprintf(label, sizeof label, "%s", name);
        fl_make_printable(label);
        fl_make_printable(text);
        printf("  %-18s %s\n", label, text);
        free(text);
    }
    return true;
}

static void calls_print(const struct fl_counts *counts)
{
    for (unsigned call = 0; call < FL_CALL_COUNT; call++) {
        if (counts->calls[call] == 0) {
            continue;
        }
        printf("  %-18s %15s", fl_kind_name(call), fl_fmt_count(counts->calls[call]).text);
        if (counts->failed[call] > 0) {
            printf("  (%s failed)", fl_fmt_count(counts->failed[call]).text);
        }
        putchar('\n');
    }
}

static void sizes_print(const struct fl_counts *counts)
{
    uint64_t most = 1;
    for (unsigned i = 0; i < FL_SIZE_CLASSES; i++) {
        most = counts->by_size[i] > most ? counts->by_size[i] : most;
    }
    for (unsigned i = 0; i < FL_SIZE_CLASSES; i++) {
        if (counts->by_size[i] == 0) {
            continue;
        }
        const int bar = (int)((double)counts->by_size[i] / (double)most * BAR_WIDTH + 0.999);
        printf("  from %-11s %15s  %.*s\n", fl_fmt_bytes(fl_class_least(i)).text,
               fl_fmt_count(counts->by_size[i]).text, bar,
               "########################################");
    }
}

static void number_print(const char *label, uint64_t number)
{
    printf("  %-18s %15s\n", label, fl_fmt_count(number).text);
}

static void totals_print(const struct fl_counts *counts, const struct fl_reader_totals *totals)
{
    const double events = totals->events == 0 ? 1 : (double)totals->events;
    printf("trace\n");
    number_print("events", totals->events);
    number_print("chunks", totals->chunks);
    number_print("file bytes", totals->compressed_bytes);
    printf("  %-18s %15.3f\n", "bytes per event", (double)totals->compressed_bytes / events);
    printf("  %-18s %15.3f\n", "seconds", (double)counts->time_ns / 1e9);
    number_print("threads", counts->threads);
    printf("  %-18s %15s\n", "closed", totals->is_complete ? "yes" : "no (truncated)");
    if (counts->marks > 0) {
        number_print("marks", counts->marks);
    }
    if (totals->lost_events > 0) {
        number_print("lost events", totals->lost_events);
    }
    if (totals->damaged_chunks > 0) {
        number_print("damaged chunks", totals->damaged_chunks);
        number_print("missing events", totals->missing_events);
    }
}

static void memory_print(const struct fl_counts *counts)
{
    printf("memory\n");
    printf("  %-18s %15s in all\n", "allocated", fl_fmt_bytes(counts->allocated_bytes).text);
    printf("  %-18s %15s at event %" PRIu64 "\n", "peak live",
           fl_fmt_bytes(counts->peak_live_bytes).text, counts->peak_event);
    number_print("peak objects", counts->peak_live_objects);
    number_print("live at the end", counts->live_objects);
}

static void oddities_print(const struct fl_counts *counts)
{
    printf("oddities\n");
    number_print("free(NULL)", counts->null_pointers);
    number_print("size 0", counts->by_size[0]);
    number_print("realloc(p, 0)", counts->freed_reallocs);
    number_print("unknown pointers", counts->unknown_pointers);
    number_print("implied frees", counts->implied_frees);
}

static enum fl_status info_print(const struct fl_reader *reader, const struct fl_counts *counts,
                                 struct fl_error *err)
{
    printf("recorded\n");
    if (!metadata_print(fl_reader_metadata(reader)) ||
        !metadata_print(fl_reader_end_metadata(reader))) {
        return fl_fail(err, FL_NOMEM, "no memory for the metadata");
    }
    totals_print(counts, fl_reader_totals(reader));
    printf("calls\n");
    calls_print(counts);
    printf("sizes\n");
    sizes_print(counts);
    memory_print(counts);
    oddities_print(counts);
    return FL_OK;
}

static void guess_warn(const struct fl_metadata *meta)
{
    char text[256];
    const char *guess = fl_metadata_get(meta, "import_guess", NULL);
    if (guess != NULL) {
        snprintf(text, sizeof text, "%s", guess);
        fl_make_printable(text);
        fprintf(stderr, "%s: warning: the trace is guessed in a part: %s\n", command.name,
                text);
    }
}

int verb_info(int argc, char **argv)
{
    struct fl_counts counts = {0};
    struct fl_reader *reader;
    const char *from;
    int first;
    enum fl_status status = fl_verb_parse(&command, argc, argv, NULL, NULL, &first, &from);
    if (status == FL_OK && argc - first > 1) {
        return fl_tree_print(&command, argv + first, (size_t)(argc - first), from);
    }
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = fl_verb_begin(&command, argc, argv, NULL, NULL, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = fl_trace_walk(&command, reader, FL_BY_EVENT, step_count, &counts);
    struct fl_error err;
    const enum fl_status printed = info_print(reader, &counts, &err);
    if (printed != FL_OK) {
        fl_opt_report(&command, &err);
        status = status == FL_OK ? printed : status;
    }
    guess_warn(fl_reader_metadata(reader));
    fl_reader_close(reader);
    return fl_status_exit(status);
}
