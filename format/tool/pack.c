/*
 * fltrace pack: the same records in larger chunks, compressed harder. What replays, and every number
 * that a tool tells of the trace, stays the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fl/fmt.h>

#include "rewrite.h"
#include "verb.h"

#define LEVEL_DEFAULT 19
#define LEVEL_MAX     19
#define CHUNK_BYTES   (8u << 20)

enum { OPT_OUTPUT, OPT_LEVEL };

static const struct fl_option options[] = {
    {OPT_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE; it may be the trace itself. - is standard output."},
    {OPT_LEVEL, 'l', "level", "N", FL_OPT_NUMBER, "19", NULL,
     "Compress with zstd at level N, 1 to 19."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace pack",
    .synopsis = "-o FILE [--level=N] TRACE",
    .summary = "Write the same trace in a smaller file.",
    .epilogue =
        "Whoever reads it needs up to 32 MiB of memory more than for the trace as it was "
        "recorded, and damage costs more events.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct pack {
    const char *path;
    int level;
    struct fl_rewrite *rewrite;
    struct fl_origin *origin;
    enum fl_status status;
    struct fl_error err;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    struct pack *pack = user;
    if (value->id == OPT_OUTPUT) {
        pack->path = value->text;
        return FL_OK;
    }
    if (value->number < 1 || value->number > LEVEL_MAX) {
        return fl_fail(err, FL_USAGE, "--level is 1 to %d", LEVEL_MAX);
    }
    pack->level = (int)value->number;
    return FL_OK;
}

static bool step_pack(const struct fl_step *step, void *user)
{
    struct pack *pack = user;
    pack->status = fl_origin_step(pack->origin, step, &pack->err);
    return pack->status == FL_OK;
}

static enum fl_status pack_begin(struct pack *pack, struct fl_reader *reader)
{
    const struct fl_writer_options how = {.level = pack->level,
                                          .chunk_records = FL_CHUNK_RECORDS_MAX,
                                          .chunk_bytes = CHUNK_BYTES,
                                          .has_stacks = fl_rewrite_has_stacks(reader)};
    enum fl_status status = fl_rewrite_keep_stacks(reader, &pack->err);
    if (status == FL_OK) {
        status = fl_rewrite_begin(fl_rewrite_path(pack->path), &how, fl_reader_metadata(reader),
                                  &pack->rewrite, &pack->err);
    }
    if (status == FL_OK) {
        pack->origin = fl_origin_new(pack->rewrite, reader, false);
        if (pack->origin == NULL) {
            fl_rewrite_drop(pack->rewrite);
            status = fl_fail(&pack->err, FL_NOMEM, "no memory to write a trace");
        }
    }
    if (status != FL_OK) {
        fl_opt_report(&command, &pack->err);
    }
    return status;
}

static enum fl_status pack_run(struct pack *pack, struct fl_reader *reader)
{
    struct fl_writer_totals totals;
    enum fl_status status = pack_begin(pack, reader);
    if (status != FL_OK) {
        return status;
    }
    /* A damaged trace stays as it is: the file would look whole. */
    status = fl_trace_walk(&command, reader, FL_BY_SERIAL, step_pack, pack);
    fl_origin_free(pack->origin);
    if (status != FL_OK || pack->status != FL_OK) {
        fl_rewrite_drop(pack->rewrite);
    } else {
        pack->status = fl_rewrite_finish(pack->rewrite, fl_reader_end_metadata(reader), &totals,
                                         &pack->err);
    }
    if (pack->status != FL_OK) {
        fl_opt_report(&command, &pack->err);
        return pack->status;
    }
    if (status == FL_OK) {
        const uint64_t before = fl_reader_totals(reader)->compressed_bytes;
        fprintf(stderr, "fltrace: %s events, %s, %.2f of what it was\n",
                fl_fmt_count(totals.events).text, fl_fmt_bytes(totals.bytes_written).text,
                (double)totals.bytes_written / (double)before);
    }
    return status;
}

int verb_pack(int argc, char **argv)
{
    struct pack pack = {.level = LEVEL_DEFAULT, .status = FL_OK};
    struct fl_reader *reader;
    enum fl_status status = fl_verb_begin(&command, argc, argv, option_take, &pack, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = fl_rewrite_check(&command, pack.path);
    if (status == FL_OK) {
        status = pack_run(&pack, reader);
    }
    fl_reader_close(reader);
    return fl_status_exit(status);
}
