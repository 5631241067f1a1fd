/*
 * fltrace convert: another tool's trace as one of ours. What the other format cannot say, and what was odd
 * in the file, stands in the trace's metadata and is told here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fl/fmt.h>

#include "rewrite.h"
#include "verb.h"

#define LEVEL_MAX 19

enum { OPT_OUTPUT, OPT_LEVEL };

static const struct fl_option options[] = {
    {OPT_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE. - is standard output."},
    {OPT_LEVEL, 'l', "level", "N", FL_OPT_NUMBER, "3", NULL,
     "Compress with zstd at level N, 1 to 19."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace convert",
    .synopsis = "[--from=FORMAT] TRACE -o FILE",
    .summary = "Write another tool's trace as one of ours.",
    .epilogue =
        "flreplay and the other verbs read such a file as it is, too; a trace of ours is "
        "smaller and read faster. `fltrace info` says what the other format could not.\n\n"
        "Lines that cannot be understood are lost events of the trace; then, too, the exit "
        "code "
        "is 3.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct convert {
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
    struct convert *convert = user;
    if (value->id == OPT_OUTPUT) {
        convert->path = value->text;
        return FL_OK;
    }
    if (value->number < 1 || value->number > LEVEL_MAX) {
        return fl_fail(err, FL_USAGE, "--level is 1 to %d", LEVEL_MAX);
    }
    convert->level = (int)value->number;
    return FL_OK;
}

static bool step_convert(const struct fl_step *step, void *user)
{
    struct convert *convert = user;
    convert->status = fl_origin_step(convert->origin, step, &convert->err);
    return convert->status == FL_OK;
}

static uint64_t end_number(const struct fl_reader *reader, const char *name)
{
    const char *text = fl_metadata_get(fl_reader_end_metadata(reader), name, NULL);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static void oddity_say(const struct fl_reader *reader, const char *name, const char *what)
{
    const uint64_t count = end_number(reader, name);
    if (count > 0) {
        fprintf(stderr, "fltrace: %s %s\n", fl_fmt_count(count).text, what);
    }
}

static void result_say(const struct fl_reader *reader, const struct fl_writer_totals *totals)
{
    const struct fl_metadata *meta = fl_reader_metadata(reader);
    const char *from = fl_metadata_get(meta, "imported_from", NULL);
    const char *gaps = fl_metadata_get(meta, "import_gaps", NULL);
    const char *guess = fl_metadata_get(meta, "import_guess", NULL);
    const uint64_t events = totals->events == 0 ? 1 : totals->events;
    fprintf(stderr, "fltrace: %s events", fl_fmt_count(totals->events).text);
    fprintf(stderr, "%s%s, %s (%.3f bytes per event)\n", from == NULL ? "" : " of the format ",
            from == NULL ? "" : from, fl_fmt_bytes(totals->bytes_written).text,
            (double)totals->bytes_written / (double)events);
    if (gaps != NULL) {
        fprintf(stderr, "fltrace: which does not say: %s\n", gaps);
    }
    if (guess != NULL) {
        fprintf(stderr, "fltrace: warning: the trace is guessed in a part: %s\n", guess);
    }
    oddity_say(reader, "unknown_frees",
               "frees of what the trace does not show to be allocated");
    oddity_say(reader, "implied_frees",
               "objects whose address was handed out again without a free");
    oddity_say(reader, "malformed", "malformed lines or records, now lost events");
}

static void next_say(const struct convert *convert)
{
    if (fl_rewrite_path(convert->path) != NULL) {
        fprintf(stderr, "fltrace: next: flreplay '%s'\n", convert->path);
    }
}

/* Was all of the file read, and all that was read taken? Malformed lines of another tool's are lost events by
 * then; damage of one of ours is not to look whole. */
static bool is_to_be_kept(const struct fl_reader *reader, enum fl_status damage)
{
    const bool is_imported =
        fl_metadata_get(fl_reader_metadata(reader), "imported_from", NULL) != NULL;
    return damage == FL_OK || (is_imported && fl_reader_totals(reader)->is_complete &&
                               fl_status_exit(damage) == FL_EXIT_TRACE);
}

static enum fl_status convert_begin(struct convert *convert, struct fl_reader *reader)
{
    const struct fl_writer_options how = {.level = convert->level,
                                          .has_stacks = fl_rewrite_has_stacks(reader)};
    enum fl_status status = fl_rewrite_keep_stacks(reader, &convert->err);
    if (status == FL_OK) {
        status = fl_rewrite_begin(fl_rewrite_path(convert->path), &how,
                                  fl_reader_metadata(reader), &convert->rewrite, &convert->err);
    }
    if (status == FL_OK) {
        convert->origin = fl_origin_new(convert->rewrite, reader, false);
        if (convert->origin == NULL) {
            fl_rewrite_drop(convert->rewrite);
            status = fl_fail(&convert->err, FL_NOMEM, "no memory to write a trace");
        }
    }
    return status;
}

static enum fl_status convert_run(struct convert *convert, struct fl_reader *reader)
{
    struct fl_writer_totals totals = {.events = 0};
    enum fl_status damage = FL_OK;
    convert->status = convert_begin(convert, reader);
    if (convert->status == FL_OK) {
        damage = fl_trace_walk(&command, reader, FL_BY_SERIAL, step_convert, convert);
        fl_origin_free(convert->origin);
        if (convert->status != FL_OK || !is_to_be_kept(reader, damage)) {
            fl_rewrite_drop(convert->rewrite);
        } else {
            convert->status = fl_rewrite_finish(
                convert->rewrite, fl_reader_end_metadata(reader), &totals, &convert->err);
        }
    }
    if (convert->status != FL_OK) {
        fl_opt_report(&command, &convert->err);
        return convert->status;
    }
    if (is_to_be_kept(reader, damage)) {
        result_say(reader, &totals);
        next_say(convert);
    }
    return damage;
}

int verb_convert(int argc, char **argv)
{
    struct convert convert = {.status = FL_OK};
    struct fl_reader *reader;
    enum fl_status status = fl_verb_begin(&command, argc, argv, option_take, &convert, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = fl_rewrite_check(&command, convert.path);
    if (status == FL_OK) {
        status = convert_run(&convert, reader);
    }
    fl_reader_close(reader);
    return fl_status_exit(status);
}
