/*
 * fltrace pack: the same records in larger chunks, compressed harder. What replays, and every
 * number that a tool tells of the trace, stays the same.
 */
#include <stdio.h>

#include <fl/fmt.h>

#include "copy.h"
#include "verb.h"

#define LEVEL_DEFAULT 19
#define CHUNK_BYTES   (8u << 20)

static const struct fl_option options[] = {
    {FL_COPY_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, NULL, NULL,
     "Write FILE; it may be the trace itself. - is standard output."},
    {FL_COPY_LEVEL, 'l', "level", "N", FL_OPT_NUMBER, "19", NULL,
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

/* A damaged trace stays as it is: the file would look whole. */
static bool is_whole(const struct fl_reader *reader, enum fl_status damage)
{
    (void)reader;
    return damage == FL_OK;
}

static void result_say(const struct fl_reader *reader, const struct fl_writer_totals *totals,
                       const char *path)
{
    (void)path;
    const uint64_t before = fl_reader_totals(reader)->compressed_bytes;
    fprintf(stderr, "fltrace: %s events, %s, %.2f of what it was\n",
            fl_fmt_count(totals->events).text, fl_fmt_bytes(totals->bytes_written).text,
            (double)totals->bytes_written / (double)before);
}

int verb_pack(int argc, char **argv)
{
    const struct fl_copy copy = {.command = &command,
                                 .how = {.level = LEVEL_DEFAULT,
                                         .chunk_records = FL_CHUNK_RECORDS_MAX,
                                         .chunk_bytes = CHUNK_BYTES},
                                 .is_in_place = true,
                                 .is_kept = is_whole,
                                 .say = result_say};
    return fl_copy_verb(&copy, argc, argv);
}
