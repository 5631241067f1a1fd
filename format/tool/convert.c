/*
 * fltrace convert: another tool's trace as one of ours. What the other format cannot say, and
 * what was odd in the file, stands in the trace's metadata and is told here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fl/fmt.h>

#include "copy.h"
#include "verb.h"

static const struct fl_option options[] = {
    {FL_COPY_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE. - is standard output."},
    {FL_COPY_LEVEL, 'l', "level", "N", FL_OPT_NUMBER, "3", NULL,
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

static void result_say(const struct fl_reader *reader, const struct fl_writer_totals *totals,
                       const char *path)
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
    if (fl_rewrite_path(path) != NULL) {
        fprintf(stderr, "fltrace: next: flreplay '%s'\n", path);
    }
}

/* Was all of the file read, and all that was read taken? Malformed lines of another tool's are
 * lost events by then; damage of one of ours is not to look whole. */
static bool is_to_be_kept(const struct fl_reader *reader, enum fl_status damage)
{
    const bool is_imported =
        fl_metadata_get(fl_reader_metadata(reader), "imported_from", NULL) != NULL;
    return damage == FL_OK || (is_imported && fl_reader_totals(reader)->is_complete &&
                               fl_status_exit(damage) == FL_EXIT_TRACE);
}

int verb_convert(int argc, char **argv)
{
    const struct fl_copy copy = {
        .command = &command, .is_kept = is_to_be_kept, .say = result_say};
    return fl_copy_verb(&copy, argc, argv);
}
