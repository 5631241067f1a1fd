/*
 * One walk; the rewrite keeps what is live. The file has its name once all was written and the
 * verb wants it.
 */
#include "copy.h"

#include <stdio.h>

#include <fl/import.h>

struct run {
    const struct fl_copy *copy;
    struct fl_writer_options how;
    const char *path;
    struct fl_rewrite *rewrite;
    struct fl_origin *origin;
    enum fl_status status;
    struct fl_error err;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    struct run *run = user;
    if (value->id == FL_COPY_OUTPUT) {
        run->path = value->text;
        return FL_OK;
    }
    if (value->number < 1 || value->number > FL_COPY_LEVEL_MAX) {
        return fl_fail(err, FL_USAGE, "--level is 1 to %d", FL_COPY_LEVEL_MAX);
    }
    run->how.level = (int)value->number;
    return FL_OK;
}

static bool step_write(const struct fl_step *step, void *user)
{
    struct run *run = user;
    run->status = fl_origin_step(run->origin, step, &run->err);
    return run->status == FL_OK;
}

static enum fl_status run_begin(struct run *run, struct fl_reader *reader)
{
    run->how.has_stacks = fl_rewrite_has_stacks(reader);
    enum fl_status status = fl_rewrite_keep_stacks(reader, &run->err);
    if (status == FL_OK) {
        status = fl_rewrite_begin(fl_rewrite_path(run->path), &run->how,
                                  fl_reader_metadata(reader), &run->rewrite, &run->err);
    }
    if (status == FL_OK) {
        run->origin = fl_origin_new(run->rewrite, reader, false);
        if (run->origin == NULL) {
            fl_rewrite_drop(run->rewrite);
            status = fl_fail(&run->err, FL_NOMEM, "no memory to write a trace");
        }
    }
    return status;
}

static void unwritten_say(const char *path)
{
    fprintf(stderr, "fltrace: %s is not written: it would look whole\n", path);
    fputs("hint: flreplay and the other verbs read the trace as it is\n", stderr);
}

/* What the walk found, which it has reported, where the file is as it should be. */
static enum fl_status run_walk(struct run *run, struct fl_reader *reader)
{
    struct fl_writer_totals totals;
    const enum fl_status damage =
        fl_trace_walk(run->copy->command, reader, FL_BY_SERIAL, step_write, run);
    fl_origin_free(run->origin);
    if (run->status != FL_OK) {
        fl_rewrite_drop(run->rewrite);
        return run->status;
    }
    if (!run->copy->is_kept(reader, damage)) {
        fl_rewrite_drop(run->rewrite);
        if (fl_status_exit(damage) == FL_EXIT_TRACE) {
            unwritten_say(run->path);
        }
        return damage;
    }
    run->status =
        fl_rewrite_finish(run->rewrite, fl_reader_end_metadata(reader), &totals, &run->err);
    if (run->status != FL_OK) {
        return run->status;
    }
    run->copy->say(reader, &totals, run->path);
    return damage;
}

int fl_copy_verb(const struct fl_copy *copy, int argc, char **argv)
{
    struct run run = {.copy = copy, .how = copy->how, .status = FL_OK};
    struct fl_reader *reader;
    enum fl_status status =
        fl_verb_begin(copy->command, argc, argv, option_take, &run, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    const bool is_in_place = copy->is_in_place && !fl_import_is_foreign(reader);
    status = fl_rewrite_check(copy->command, run.path, is_in_place ? NULL : argv[argc - 1]);
    if (status == FL_OK) {
        run.status = run_begin(&run, reader);
        status = run.status == FL_OK ? run_walk(&run, reader) : run.status;
        if (run.status != FL_OK) {
            fl_opt_report(copy->command, &run.err);
        }
    }
    fl_reader_close(reader);
    return fl_status_exit(status);
}
