/*
 * fltrace slice: events A to B as a trace of their own. It begins with what was live at A, as
 * calls of the thread that made event A, so that it replays alone; the events that follow are
 * those of the original.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>
#include <fl/import.h>

#include "rewrite.h"
#include "verb.h"

enum { OPT_OUTPUT };

static const struct fl_option options[] = {
    {OPT_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE. - is standard output."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace slice",
    .synopsis = "-o FILE A..B TRACE",
    .summary = "Write events A to B, B not among them, as a trace of their own.",
    .epilogue =
        "A.. goes to the end, ..B begins at the start; k, m and g stand for powers of 1,024. "
        "The trace begins with what was live at A, as calls of malloc and its like.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct slice {
    const char *path;
    uint64_t first, end; /* events */
    struct fl_rewrite *rewrite;
    struct fl_origin *origin;
    bool has_begun;
    uint64_t live_count;
    enum fl_status status;
    struct fl_error err;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct slice *slice = user;
    slice->path = value->text;
    return FL_OK;
}

static bool end_parse(const char *text, size_t bytes, uint64_t *number)
{
    return bytes == 0 || fl_opt_number(text, bytes, number);
}

static enum fl_status range_parse(const char *text, struct slice *slice, struct fl_error *err)
{
    const char *dots = strstr(text, "..");
    slice->first = 0;
    slice->end = UINT64_MAX;
    if (dots == NULL || !end_parse(text, (size_t)(dots - text), &slice->first) ||
        !end_parse(dots + 2, strlen(dots + 2), &slice->end) || slice->first >= slice->end) {
        return fl_fail(err, FL_USAGE, "'%s' is no range of events: A..B, A.. or ..B", text);
    }
    return FL_OK;
}

static enum fl_status slice_begin(struct slice *slice, const struct fl_step *step)
{
    slice->has_begun = true;
    return fl_origin_live(slice->origin, step->live, &slice->live_count, &slice->err);
}

static bool step_slice(const struct fl_step *step, void *user)
{
    struct slice *slice = user;
    if (step->event < slice->first) {
        slice->status = fl_origin_pass(slice->origin, step, &slice->err);
        return slice->status == FL_OK;
    }
    if (step->event >= slice->end) {
        return false;
    }
    if (!slice->has_begun && slice->first > 0) {
        slice->status = slice_begin(slice, step);
    }
    if (slice->status == FL_OK) {
        slice->status = fl_origin_step(slice->origin, step, &slice->err);
    }
    return slice->status == FL_OK;
}

/* Header metadata of the slice: what it is a part of. */
static struct fl_metadata *header_make(const struct slice *slice,
                                       const struct fl_reader *reader)
{
    struct fl_metadata *meta = fl_metadata_new();
    if (meta == NULL || !fl_metadata_copy(meta, fl_reader_metadata(reader)) ||
        !fl_metadata_set_number(meta, "slice_first", slice->first)) {
        fl_metadata_free(meta);
        return NULL;
    }
    return meta;
}

/* `damage` is the first thing that was wrong with what was read: the slice itself is whole. */
static enum fl_status slice_finish(struct slice *slice, enum fl_status damage)
{
    struct fl_metadata *end = fl_metadata_new();
    struct fl_writer_totals totals;
    if (end == NULL || !fl_metadata_set_text(end, "ended_by", "slice") ||
        !fl_metadata_set_number(end, "slice_live", slice->live_count) ||
        !fl_metadata_set_text(end, "slice_status",
                              damage == FL_OK ? "ok" : fl_status_text(damage))) {
        fl_metadata_free(end);
        fl_rewrite_drop(slice->rewrite);
        return fl_fail(&slice->err, FL_NOMEM, "no memory to end a trace");
    }
    const enum fl_status status = fl_rewrite_finish(slice->rewrite, end, &totals, &slice->err);
    fl_metadata_free(end);
    if (status == FL_OK) {
        fprintf(stderr, "fltrace: %s events, %s of them what was live at event %" PRIu64 "\n",
                fl_fmt_count(totals.events).text, fl_fmt_count(slice->live_count).text,
                slice->first);
    }
    return status;
}

static enum fl_status rewrite_begin(struct slice *slice, struct fl_reader *reader)
{
    const struct fl_writer_options how = {.has_stacks = fl_rewrite_has_stacks(reader)};
    struct fl_metadata *meta = header_make(slice, reader);
    enum fl_status status = meta == NULL
                                ? fl_fail(&slice->err, FL_NOMEM, "no memory to write a trace")
                                : fl_rewrite_keep_stacks(reader, &slice->err);
    if (status == FL_OK) {
        status = fl_rewrite_begin(fl_rewrite_path(slice->path), &how, meta, &slice->rewrite,
                                  &slice->err);
    }
    fl_metadata_free(meta);
    if (status == FL_OK) {
        slice->origin = fl_origin_new(slice->rewrite, reader, false);
        if (slice->origin == NULL) {
            fl_rewrite_drop(slice->rewrite);
            status = fl_fail(&slice->err, FL_NOMEM, "no memory to write a trace");
        }
    }
    return status;
}

static enum fl_status slice_run(struct slice *slice, struct fl_reader *reader)
{
    const enum fl_status status = rewrite_begin(slice, reader);
    if (status != FL_OK) {
        fl_opt_report(&command, &slice->err);
        return status;
    }
    const enum fl_status damage =
        fl_trace_walk(&command, reader, FL_BY_SERIAL, step_slice, slice);
    fl_origin_free(slice->origin);
    /* Where it stopped is not where the trace ends. */
    if (fl_status_exit(damage) == FL_EXIT_ENVIRONMENT) {
        fl_rewrite_drop(slice->rewrite);
        return damage;
    }
    if (slice->status == FL_OK && !slice->has_begun && slice->first > 0) {
        slice->status =
            fl_fail(&slice->err, FL_USAGE, "the trace has no event %" PRIu64, slice->first);
    }
    if (slice->status == FL_OK) {
        slice->status = slice_finish(slice, damage);
    } else {
        fl_rewrite_drop(slice->rewrite);
    }
    if (slice->status != FL_OK) {
        fl_opt_report(&command, &slice->err);
        return slice->status;
    }
    return damage;
}

int verb_slice(int argc, char **argv)
{
    struct slice slice = {.status = FL_OK};
    struct fl_reader *reader = NULL;
    const char *from;
    int first;
    enum fl_status status =
        fl_verb_parse(&command, argc, argv, option_take, &slice, &first, &from);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    if (argc - first != 2) {
        status = fl_fail(&slice.err, FL_USAGE, "give a range of events and one trace");
    } else {
        status = range_parse(argv[first], &slice, &slice.err);
    }
    if (status == FL_OK) {
        status = fl_import_open(argv[first + 1], from, &reader, &slice.err);
    }
    if (status != FL_OK) {
        fl_opt_report(&command, &slice.err);
        return fl_status_exit(status);
    }
    status = fl_rewrite_check(&command, slice.path, argv[argc - 1]);
    if (status == FL_OK) {
        status = slice_run(&slice, reader);
    }
    fl_reader_close(reader);
    return fl_status_exit(status);
}
