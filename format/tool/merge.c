/*
 * fltrace merge: several traces as one, for an allocator that serves all of their processes.
 * Lanes read (lane.c), an order says whose turn it is (order.c), what stands in the new trace
 * is the rewrite's. Memory follows the live objects of all and the files that are open at a
 * time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>
#include <fl/progress.h>

#include "merge_meta.h"
#include "rewrite.h"
#include "verb.h"

enum { OPT_OUTPUT, OPT_ORDER, OPT_AT_END };

static const struct fl_option options[] = {
    {OPT_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE; it may be one of the traces. - is standard output."},
    {OPT_ORDER, 0, "order", "HOW", FL_OPT_CHOICE, "time", FL_ORDER_CHOICES,
     "By the time of each call; one trace after the other, as they are named; or a call of "
     "each in "
     "turn, without times."},
    {OPT_AT_END, 0, "at-end", "WHAT", FL_OPT_CHOICE, "keep", "keep|free",
     "Keep what a trace leaves live, or free it where the trace ends, as the end of its "
     "process does."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace merge",
    .synopsis = "-o FILE [--order=HOW] [--at-end=WHAT] TRACE...",
    .summary = "Write several traces as one: for an allocator that serves them all.",
    .epilogue = "Objects and threads of different traces stay apart: threads get new numbers "
                "in the order in "
                "which they appear. Each trace keeps its own order; by time a forked child "
                "begins behind the "
                "event at which it was forked. What it inherited stands for its copies.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

#define PROGRESS_STEPS 4096u /* between two looks at the clock */

struct merge {
    const char *path;
    const char *from; /* the format to read the traces as, or NULL */
    bool frees;
    struct fl_merge_inputs inputs;
    struct fl_order order;
    struct fl_origin **origins; /* by lane; NULL: not begun, or over */
    struct fl_rewrite *rewrite;
    uint64_t first_ns, now_ns; /* since 1970, or the beginning */
    uint64_t steps, bytes_done;
    struct fl_progress progress;
    enum fl_status fault; /* the first thing that was wrong with an input */
    struct fl_error err;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct merge *merge = user;
    switch (value->id) {
    case OPT_OUTPUT:
        merge->path = value->text;
        break;
    case OPT_ORDER:
        merge->inputs.kind = (enum fl_order_kind)value->number;
        break;
    default:
        merge->frees = value->number == 1;
        break;
    }
    return FL_OK;
}

/* What is wrong with an input alone is told, and the others are merged. */
static enum fl_status fault_tell(struct merge *merge, enum fl_status status)
{
    if (status == FL_OK || fl_status_exit(status) != FL_EXIT_TRACE) {
        return status;
    }
    fl_progress_end(&merge->progress);
    fl_opt_report(&command, &merge->err);
    merge->fault = merge->fault == FL_OK ? status : merge->fault;
    return FL_OK;
}

/* ---- before anything is written ---- */

static enum fl_status lanes_look(struct merge *merge, char *const *paths, size_t count)
{
    merge->inputs.at = calloc(count, sizeof *merge->inputs.at);
    merge->origins = calloc(count, sizeof(struct fl_origin *));
    if (merge->inputs.at == NULL || merge->origins == NULL) {
        return fl_fail(&merge->err, FL_NOMEM, "no memory for %zu traces", count);
    }
    for (size_t i = 0; i < count; i++) {
        merge->inputs.count = i + 1;
        const enum fl_status status = fault_tell(
            merge, fl_lane_look(&merge->inputs.at[i], paths[i], merge->from, &merge->err));
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

static bool has_readable(const struct merge *merge)
{
    for (size_t i = 0; i < merge->inputs.count; i++) {
        if (!merge->inputs.at[i].is_over) {
            return true;
        }
    }
    return false;
}

static enum fl_status times_check(struct merge *merge)
{
    for (size_t i = 0; i < merge->inputs.count; i++) {
        const struct fl_lane *lane = &merge->inputs.at[i];
        if (merge->inputs.kind != FL_ORDER_TIME || lane->is_over) {
            continue;
        }
        const char *time = fl_metadata_get(lane->meta, "time", NULL);
        const bool has_none = time != NULL && strcmp(time, "none") == 0;
        if (has_none || !lane->has_start) {
            return fl_fail(&merge->err, FL_USAGE,
                           "%s %s: choose --order=sequence or --order=round-robin", lane->path,
                           has_none ? "has no times" : "does not say when it began");
        }
    }
    return FL_OK;
}

static enum fl_status merge_begin(struct merge *merge)
{
    const struct fl_writer_options how = {.has_stacks = fl_merge_has_stacks(&merge->inputs)};
    struct fl_metadata *meta = fl_merge_header(&merge->inputs);
    enum fl_status status = FL_OK;
    if (meta == NULL || !fl_order_start(&merge->order, merge->inputs.kind, merge->inputs.at,
                                        merge->inputs.count)) {
        status = fl_fail(&merge->err, FL_NOMEM, "no memory to write a trace");
    }
    if (status == FL_OK) {
        status = fl_rewrite_begin(fl_rewrite_path(merge->path), &how, meta, &merge->rewrite,
                                  &merge->err);
    }
    fl_metadata_free(meta);
    merge->first_ns = merge->now_ns = fl_merge_start(&merge->inputs);
    return status;
}

/* ---- lanes ---- */

/* Time goes on to that of a lane, unless the order had it wait. */
static enum fl_status time_pass(struct merge *merge, uint64_t time_ns)
{
    if (merge->inputs.kind == FL_ORDER_ROUND_ROBIN || time_ns <= merge->now_ns) {
        return FL_OK;
    }
    const uint64_t passed_ns = time_ns - merge->now_ns;
    merge->now_ns = time_ns;
    return fl_rewrite_tick(merge->rewrite, passed_ns, &merge->err);
}

static enum fl_status lane_begin(struct merge *merge, struct fl_lane *lane)
{
    const uint64_t time_ns =
        merge->inputs.kind == FL_ORDER_TIME ? lane->start_ns : merge->now_ns;
    const enum fl_status status = fl_lane_begin(lane, time_ns, &merge->err);
    if (status != FL_OK) {
        return status;
    }
    struct fl_origin *origin = fl_origin_new(merge->rewrite, lane->reader, true);
    merge->origins[lane - merge->inputs.at] = origin;
    return origin != NULL ? FL_OK
                          : fl_fail(&merge->err, FL_NOMEM, "no memory to write a trace");
}

/* On to its next step. */
static enum fl_status lane_go_on(struct merge *merge, struct fl_lane *lane)
{
    enum fl_status status;
    do {
        status = fl_lane_next(lane, &merge->err);
        const enum fl_status grave = fault_tell(merge, status);
        if (grave != FL_OK) {
            return grave;
        }
    } while (status == FL_CORRUPT);
    return FL_OK;
}

static enum fl_status lost_write(struct merge *merge, const struct fl_lane *lane,
                                 struct fl_origin *origin)
{
    return lane->events_missing > 0 ? fl_origin_lost(origin, lane->events_missing, &merge->err)
                                    : FL_OK;
}

/* The lane is at its end: the time that it lasted, what it lost at last, and what it leaves
 * live. */
static enum fl_status lane_end(struct merge *merge, struct fl_lane *lane)
{
    const size_t i = (size_t)(lane - merge->inputs.at);
    struct fl_origin *origin = merge->origins[i];
    struct fl_merge_input *told = &merge->inputs.told[i];
    enum fl_status status = time_pass(merge, lane->time_ns);
    if (status == FL_OK) {
        status = lost_write(merge, lane, origin);
    }
    if (status == FL_OK && merge->frees) {
        status = fl_origin_release(origin, fl_walk_live(lane->walk), &told->freed, &merge->err);
    }
    told->threads = fl_origin_threads(origin);
    if (status == FL_OK && told->threads == NULL) {
        status = fl_fail(&merge->err, FL_NOMEM, "no memory for the threads of a trace");
    }
    merge->bytes_done += fl_reader_totals(lane->reader)->compressed_bytes;
    fl_origin_free(origin);
    merge->origins[i] = NULL;
    fl_lane_end(lane);
    return status;
}

static enum fl_status step_write(struct merge *merge, struct fl_lane *lane)
{
    struct fl_origin *origin = merge->origins[lane - merge->inputs.at];
    enum fl_status status = time_pass(merge, lane->time_ns);
    if (status == FL_OK) {
        status = lost_write(merge, lane, origin);
    }
    if (++merge->steps % PROGRESS_STEPS == 0) {
        fl_progress_update(&merge->progress,
                           merge->bytes_done +
                               fl_reader_totals(lane->reader)->compressed_bytes);
    }
    return status == FL_OK ? fl_origin_step(origin, lane->step, &merge->err) : status;
}

/* It begins, does its step, or ends; each when its time has come. */
static enum fl_status turn_take(struct merge *merge, struct fl_lane *lane)
{
    const uint64_t events = lane->events;
    enum fl_status status;
    if (lane->walk == NULL) {
        status = lane_begin(merge, lane);
    } else if (lane->step != NULL) {
        status = step_write(merge, lane);
    } else {
        status = lane_end(merge, lane);
    }
    if (status == FL_OK && !lane->is_over) {
        status = lane_go_on(merge, lane);
    }
    if (status == FL_OK) {
        fl_order_move(&merge->order, lane, lane->events > events);
    }
    return status;
}

static enum fl_status lanes_merge(struct merge *merge)
{
    uint64_t total = 0;
    for (size_t i = 0; i < merge->inputs.count; i++) {
        total += merge->inputs.at[i].file_bytes;
    }
    fl_progress_start(&merge->progress, "merging", "bytes", total);
    enum fl_status status = FL_OK;
    struct fl_lane *lane;
    while (status == FL_OK && (lane = fl_order_lane(&merge->order)) != NULL) {
        status = turn_take(merge, lane);
    }
    fl_progress_end(&merge->progress);
    return status;
}

/* ---- the end ---- */

static void merge_tell(const struct merge *merge, const struct fl_writer_totals *totals)
{
    static const char *const words[] = {
        [FL_ORDER_TIME] = "by time",
        [FL_ORDER_SEQUENCE] = "one after the other",
        [FL_ORDER_ROUND_ROBIN] = "in turn",
    };
    uint64_t children = 0, freed = 0;
    const uint64_t inherited = fl_merge_inherited(&merge->inputs, &children);
    for (size_t i = 0; i < merge->inputs.count; i++) {
        freed += merge->inputs.told[i].freed;
    }
    fprintf(stderr, "fltrace: %zu traces, %s: %s events, %s threads, peak %s live\n",
            merge->inputs.count, words[merge->inputs.kind], fl_fmt_count(totals->events).text,
            fl_fmt_count(totals->threads).text, fl_fmt_bytes(totals->peak_live_bytes).text);
    if (children > 0) {
        fprintf(stderr,
                "fltrace: %s traces are of forked processes: %s events stand for copies of "
                "what these inherited\n",
                fl_fmt_count(children).text, fl_fmt_count(inherited).text);
    }
    if (merge->frees) {
        fprintf(stderr,
                "fltrace: %s objects were live where their trace ended, and are freed\n",
                fl_fmt_count(freed).text);
    }
}

static enum fl_status merge_finish(struct merge *merge)
{
    struct fl_metadata *end = fl_merge_end(&merge->inputs, merge->frees);
    struct fl_writer_totals totals;
    if (end == NULL) {
        return fl_fail(&merge->err, FL_NOMEM, "no memory to end a trace");
    }
    const enum fl_status status = fl_rewrite_finish(merge->rewrite, end, &totals, &merge->err);
    merge->rewrite = NULL;
    fl_metadata_free(end);
    if (status == FL_OK) {
        merge_tell(merge, &totals);
    }
    return status;
}

static enum fl_status merge_run(struct merge *merge, char *const *paths, size_t count)
{
    enum fl_status status = lanes_look(merge, paths, count);
    if (status == FL_OK && !has_readable(merge)) {
        return FL_OK; /* each was reported */
    }
    if (status == FL_OK) {
        status = times_check(merge);
    }
    if (status == FL_OK) {
        merge->inputs.told = calloc(count, sizeof *merge->inputs.told);
        status = merge->inputs.told != NULL
                     ? merge_begin(merge)
                     : fl_fail(&merge->err, FL_NOMEM, "no memory for %zu traces", count);
    }
    if (status == FL_OK) {
        status = lanes_merge(merge);
    }
    return status == FL_OK ? merge_finish(merge) : status;
}

static void merge_clear(struct merge *merge)
{
    for (size_t i = 0; i < merge->inputs.count; i++) {
        fl_origin_free(merge->origins[i]);
        fl_lane_clear(&merge->inputs.at[i]);
    }
    fl_rewrite_drop(merge->rewrite);
    fl_order_clear(&merge->order);
    fl_merge_inputs_clear(&merge->inputs);
    free(merge->origins);
}

int verb_merge(int argc, char **argv)
{
    struct merge merge = {.fault = FL_OK};
    int first;
    enum fl_status status =
        fl_verb_parse(&command, argc, argv, option_take, &merge, &first, &merge.from);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    if (first == argc) {
        status = fl_fail(&merge.err, FL_USAGE, "name the traces to merge");
        fl_opt_report(&command, &merge.err);
        return fl_status_exit(status);
    }
    status = fl_rewrite_check(&command, merge.path, NULL);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = merge_run(&merge, argv + first, (size_t)(argc - first));
    if (status != FL_OK) {
        fl_opt_report(&command, &merge.err);
    }
    merge_clear(&merge);
    return fl_status_exit(status != FL_OK ? status : merge.fault);
}
