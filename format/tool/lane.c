/*
 * One trace of a merge. Ticks are no steps here: they are summed up to the time of the step
 * that follows them, since the merged trace has ticks of its own.
 */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include <fl/import.h>

#include "rewrite.h"

static bool number_of(const struct fl_metadata *meta, const char *name, uint64_t *number)
{
    size_t bytes;
    const char *text = fl_metadata_get(meta, name, &bytes);
    return text != NULL && fl_opt_number(text, bytes, number);
}

static void header_take(struct fl_lane *lane)
{
    const struct fl_metadata *meta = lane->meta;
    lane->has_start = number_of(meta, "start_time_ns", &lane->start_ns);
    lane->is_forked = number_of(meta, "parent_event", &lane->parent_event);
    (void)number_of(meta, "pid", &lane->pid);
    (void)number_of(meta, "ppid", &lane->ppid);
    (void)number_of(meta, "image", &lane->image);
    (void)number_of(meta, "inherited", &lane->inherited);
}

static void lane_close(struct fl_lane *lane)
{
    fl_walk_free(lane->walk);
    fl_reader_close(lane->reader);
    lane->walk = NULL;
    lane->reader = NULL;
    lane->step = NULL;
}

enum fl_status fl_lane_look(struct fl_lane *lane, const char *path, const char *from,
                            struct fl_error *err)
{
    *lane = (struct fl_lane){
        .path = path, .from = from, .after = FL_LANE_NONE, .release_at = UINT64_MAX};
    enum fl_status status = fl_import_open(path, from, &lane->reader, err);
    if (status != FL_OK) {
        lane->fault = status;
        lane->is_over = true;
        return status;
    }
    lane->meta = fl_metadata_new();
    if (lane->meta == NULL || !fl_metadata_copy(lane->meta, fl_reader_metadata(lane->reader))) {
        return fl_fail(err, FL_NOMEM, "no memory for what %s says of itself", path);
    }
    header_take(lane);
    lane->file_bytes = fl_reader_file_bytes(lane->reader);
    if (lane->file_bytes > 0 && strcmp(path, "-") != 0) {
        lane_close(lane);
    }
    return FL_OK;
}

enum fl_status fl_lane_begin(struct fl_lane *lane, uint64_t time_ns, struct fl_error *err)
{
    enum fl_status status = lane->reader == NULL
                                ? fl_import_open(lane->path, lane->from, &lane->reader, err)
                                : FL_OK;
    if (status == FL_OK) {
        status = fl_rewrite_keep_stacks(lane->reader, err);
    }
    if (status != FL_OK) {
        return status;
    }
    lane->walk = fl_walk_new(lane->reader);
    lane->time_ns = time_ns;
    return lane->walk != NULL ? FL_OK : fl_fail(err, FL_NOMEM, "no memory to read a trace");
}

static void step_leave(struct fl_lane *lane)
{
    if (lane->step != NULL) {
        lane->events += lane->step->is_event;
        lane->allocations += lane->step->after != NULL;
        lane->missing_before += lane->events_missing;
        lane->events_missing = 0;
        lane->step = NULL;
    }
}

/* A time beyond the end of all times stays there. */
static uint64_t later(uint64_t time_ns, uint64_t ns)
{
    return __builtin_add_overflow(time_ns, ns, &time_ns) ? UINT64_MAX : time_ns;
}

enum fl_status fl_lane_next(struct fl_lane *lane, struct fl_error *err)
{
    const struct fl_step *step = NULL;
    enum fl_status status;
    step_leave(lane);
    while ((status = fl_walk_next(lane->walk, &step, err)) == FL_OK &&
           step->op->kind == FL_RECORD_TICK) {
        lane->time_ns = later(lane->time_ns, step->op->size_bytes);
    }
    lane->events_missing =
        fl_reader_totals(lane->reader)->missing_events - lane->missing_before;
    if (status == FL_OK) {
        lane->step = step;
        return FL_OK;
    }
    if (status != FL_END && lane->fault == FL_OK) {
        lane->fault = status;
    }
    return status == FL_END ? FL_OK : status;
}

void fl_lane_end(struct fl_lane *lane)
{
    const struct fl_metadata *end = fl_reader_end_metadata(lane->reader);
    if (end != NULL) {
        (void)number_of(end, "end_time_ns", &lane->end_ns);
    }
    lane_close(lane);
    lane->is_over = true;
}

void fl_lane_clear(struct fl_lane *lane)
{
    lane_close(lane);
    fl_metadata_free(lane->meta);
    lane->meta = NULL;
}
