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

#include "objects.h"
#include "verb.h"

#define SIZE_CLASSES 66 /* 0, then [2^(i-1), 2^i) for i = 1 .. 64; 65 unused */
#define BAR_WIDTH    40

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

struct counts {
    uint64_t calls[FL_CALL_COUNT], failed[FL_CALL_COUNT];
    uint64_t null_pointers, unknown_pointers, implied_frees, freed_reallocs;
    uint64_t by_size[SIZE_CLASSES], allocated_bytes, zero_sizes;
    uint64_t live_bytes, peak_live_bytes, live_objects, peak_live_objects, peak_event;
    uint64_t threads, time_ns, marks;
};

static unsigned size_class(uint64_t size_bytes)
{
    return size_bytes == 0 ? 0 : 64u - (unsigned)__builtin_clzll(size_bytes);
}

static void record_count(struct counts *counts, const struct fl_op *op)
{
    counts->threads += op->kind == FL_RECORD_THREAD_START;
    counts->marks += op->kind == FL_RECORD_MARK;
    counts->time_ns += op->kind == FL_RECORD_TICK ? op->size_bytes : 0;
    counts->implied_frees += op->kind == FL_CALL_FREE;
}

static void event_count(struct counts *counts, const struct fl_op *op)
{
    counts->calls[op->kind]++;
    counts->failed[op->kind] += (op->flags & FL_FLAG_FAILED) != 0;
    counts->null_pointers += op->kind >= FL_CALL_FREE && (op->flags & FL_FLAG_NULL);
    counts->unknown_pointers += (op->flags & FL_FLAG_UNKNOWN) != 0;
    counts->freed_reallocs += (op->flags & FL_FLAG_FREED) != 0;
}

static void live_count(struct counts *counts, const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    const bool keeps = op->kind == FL_CALL_USABLE_SIZE || (op->flags & FL_FLAG_FAILED);
    if (step->before.serial != FL_SERIAL_NONE && !keeps) {
        counts->live_objects--;
        counts->live_bytes -= step->before.size_bytes;
    }
    if (step->after.serial != FL_SERIAL_NONE) {
        counts->live_objects++;
        counts->live_bytes += op->size_bytes;
        counts->allocated_bytes += op->size_bytes;
        counts->by_size[size_class(op->size_bytes)]++;
    }
    if (counts->live_bytes > counts->peak_live_bytes) {
        counts->peak_live_bytes = counts->live_bytes;
        counts->peak_event = step->event;
    }
    if (counts->live_objects > counts->peak_live_objects) {
        counts->peak_live_objects = counts->live_objects;
    }
}

static bool step_count(const struct fl_step *step, void *user)
{
    struct counts *counts = user;
    if (step->is_event) {
        event_count(counts, step->op);
    } else {
        record_count(counts, step->op);
    }
    if (fl_kind_is_call(step->op->kind)) {
        live_count(counts, step);
    }
    return true;
}

/* One value: NUL bytes between list items become spaces, control characters '?'. */
static void metadata_print(const struct fl_metadata *meta)
{
    for (size_t i = 0; meta != NULL && i < fl_metadata_count(meta); i++) {
        const char *name, *value;
        size_t bytes;
        fl_metadata_at(meta, i, &name, &value, &bytes);
        char *text = malloc(bytes + 1);
        if (text == NULL) {
            return;
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
}

static void calls_print(const struct counts *counts)
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

static void sizes_print(const struct counts *counts)
{
    uint64_t most = 1;
    for (unsigned i = 0; i < SIZE_CLASSES; i++) {
        most = counts->by_size[i] > most ? counts->by_size[i] : most;
    }
    for (unsigned i = 0; i < SIZE_CLASSES; i++) {
        if (counts->by_size[i] == 0) {
            continue;
        }
        const uint64_t low = i == 0 ? 0 : UINT64_C(1) << (i - 1);
        const int bar = (int)((double)counts->by_size[i] / (double)most * BAR_WIDTH + 0.999);
        printf("  from %-11s %15s  %.*s\n", fl_fmt_bytes(low).text,
               fl_fmt_count(counts->by_size[i]).text, bar,
               "########################################");
    }
}

static void number_print(const char *label, uint64_t number)
{
    printf("  %-18s %15s\n", label, fl_fmt_count(number).text);
}

static void totals_print(const struct counts *counts, const struct fl_reader_totals *totals)
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

static void memory_print(const struct counts *counts)
{
    printf("memory\n");
    printf("  %-18s %15s in all\n", "allocated", fl_fmt_bytes(counts->allocated_bytes).text);
    printf("  %-18s %15s at event %" PRIu64 "\n", "peak live",
           fl_fmt_bytes(counts->peak_live_bytes).text, counts->peak_event);
    number_print("peak objects", counts->peak_live_objects);
    number_print("live at the end", counts->live_objects);
}

static void oddities_print(const struct counts *counts)
{
    printf("oddities\n");
    number_print("free(NULL)", counts->null_pointers);
    number_print("size 0", counts->by_size[0]);
    number_print("realloc(p, 0)", counts->freed_reallocs);
    number_print("unknown pointers", counts->unknown_pointers);
    number_print("implied frees", counts->implied_frees);
}

static void info_print(const struct fl_reader *reader, const struct counts *counts)
{
    printf("recorded\n");
    metadata_print(fl_reader_metadata(reader));
    metadata_print(fl_reader_end_metadata(reader));
    totals_print(counts, fl_reader_totals(reader));
    printf("calls\n");
    calls_print(counts);
    printf("sizes\n");
    sizes_print(counts);
    memory_print(counts);
    oddities_print(counts);
}

int verb_info(int argc, char **argv)
{
    struct counts counts = {0};
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
    status = fl_trace_walk(&command, reader, step_count, &counts);
    info_print(reader, &counts);
    fl_reader_close(reader);
    return fl_status_exit(status);
}
