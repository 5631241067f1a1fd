/*
 * Any trace through the verbs of fltrace, as from a command line. No verb has a bug to report;
 * what `pack` and `convert` write has the same records, and what `slice` and `merge` write is
 * whole. The first byte chooses verb and range.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace_input.h"
#include "trace_walk.h"
#include "verb.h"

#define WORDS_MAX 8
#define LINE_MAX  64

/* Command lines; "@" stands for the trace, "A..B" for a range. */
static const struct line {
    fl_verb_run *run;
    const char *text;
} lines[] = {
    {verb_info, "info @"},
    {verb_info, "info @ @"},
    {verb_stats, "stats @"},
    {verb_sites, "sites @ --all-frames"},
    {verb_sites, "sites @ --by=temporary --limit=1 --depth=1"},
    {verb_folded, "folded @ --cost=peak"},
    {verb_dump, "dump @"},
    {verb_dump, "dump @ --first=2 --limit=3"},
    {verb_slice, "slice -o - A..B @"},
    {verb_pack, "pack -o - --level=1 @"},
    {verb_diff, "diff @ @ --all"},
    {verb_diff, "diff @ @ --json"},
    {verb_convert, "convert -o - --level=1 @"},
    {verb_merge, "merge -o - @ @"},
    {verb_merge, "merge -o - --order=round-robin @ @"},
    {verb_merge, "merge -o - --order=sequence --at-end=free @ @"},
};
#define LINE_COUNT (sizeof lines / sizeof lines[0])

static const char *const ranges[] = {"0..", "1..1k", "..3", "2..5"};
#define RANGE_COUNT (sizeof ranges / sizeof ranges[0])

/* What a verb gave. */
struct given {
    int code; /* exit code */
    int fd;   /* its standard output */
};

/* The words of `text`, which is changed; returns how many. */
static int words_split(char *text, char *range, char *path, char **words)
{
    char *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        must(count < WORDS_MAX, "a line has few words");
        words[count++] = strcmp(word, "@") == 0      ? path
                         : strcmp(word, "A..B") == 0 ? range
                                                     : word;
    }
    words[count] = NULL;
    return count;
}

/* The verbs print to stdout and stderr, and those that write a trace ask whether that is a
 * terminal. */
static struct given line_run(const struct line *line, unsigned choice, int trace)
{
    char path[32], range[8], text[LINE_MAX], *words[WORDS_MAX + 1];
    struct given given = {.fd = memfd_create("output", MFD_CLOEXEC)};
    FILE *saved_output = stdout, *saved_errors = stderr;
    FILE *output = fdopen(dup(given.fd), "w");
    must(output != NULL, "a file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", trace);
    snprintf(range, sizeof range, "%s", ranges[choice % RANGE_COUNT]);
    snprintf(text, sizeof text, "%s", line->text);
    const int count = words_split(text, range, path, words);
    stdout = output;
    stderr = fuzz_nowhere();
    given.code = line->run(count, words);
    stdout = saved_output;
    stderr = saved_errors;
    fclose(output);
    return given;
}

/* The reader's next batch, damage passed over. */
static bool batch_next(struct fl_reader *reader, struct fl_batch *batch)
{
    enum fl_status status;
    do {
        status = fl_reader_next(reader, batch, NULL);
    } while (status == FL_CORRUPT);
    return status == FL_OK;
}

/* Reading on in one trace, operation by operation. */
struct side {
    struct fl_reader *reader;
    struct fl_batch batch;
    size_t at;
};

static void side_open(struct side *side, int fd)
{
    must(lseek(fd, 0, SEEK_SET) == 0, "a file in memory can be read again");
    must(fl_reader_open_fd(fd, "fuzz", &side->reader, NULL) == FL_OK, "a trace can be opened");
}

static const struct fl_op *side_next(struct side *side)
{
    if (side->at == side->batch.count) {
        side->at = 0;
        if (!batch_next(side->reader, &side->batch)) {
            side->batch.count = 0;
            return NULL;
        }
    }
    return &side->batch.ops[side->at++];
}

static bool op_equals(const struct side *left, const struct fl_op *one,
                      const struct side *right, const struct fl_op *other)
{
    size_t one_bytes, other_bytes;
    if (one->kind != other->kind || one->flags != other->flags ||
        one->align_log2 != other->align_log2) {
        return false;
    }
    if (one->kind != FL_RECORD_MARK) {
        return one->slot == other->slot && one->size_bytes == other->size_bytes;
    }
    const char *text = fl_reader_text(left->reader, one, &one_bytes);
    const char *other_text = fl_reader_text(right->reader, other, &other_bytes);
    return one_bytes == other_bytes && memcmp(text, other_text, one_bytes) == 0;
}

static void records_compare(int before, int after)
{
    struct side left = {.at = 0}, right = {.at = 0};
    const struct fl_op *one, *other;
    side_open(&left, before);
    side_open(&right, after);
    do {
        one = side_next(&left);
        other = side_next(&right);
        must((one == NULL) == (other == NULL), "there are as many records");
        must(one == NULL || op_equals(&left, one, &right, other), "each record is the same");
    } while (one != NULL);
    fl_reader_close(left.reader);
    fl_reader_close(right.reader);
}

static void trace_verify(int fd)
{
    const struct trace_walked walked = trace_walk(fd);
    const bool is_whole =
        walked.opened == FL_OK && walked.ended == FL_END && walked.damages == 0;
    must(is_whole, walked.message[0] != '\0' ? walked.message : "the new trace is whole");
}

/* Whoever runs this from a terminal would have those refuse to write to it. */
static void output_detach(void)
{
    static bool is_detached;
    if (!is_detached) {
        const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        must(nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0, "/dev/null is there");
        close(nowhere);
        is_detached = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 2) {
        return 0;
    }
    output_detach();
    const unsigned choice = trace_input_choice(bytes);
    const struct line *line = &lines[choice % LINE_COUNT];
    const int trace = trace_input_file(bytes, count);
    const struct given given = line_run(line, choice / LINE_COUNT, trace);
    must(given.code >= 0 && given.code != FL_EXIT_BUG, "a verb has no bug to report");
    const bool writes_trace = line->run == verb_slice || line->run == verb_pack ||
                              line->run == verb_convert || line->run == verb_merge;
    if (writes_trace && given.code == FL_EXIT_OK) {
        trace_verify(given.fd);
    }
    if ((line->run == verb_pack || line->run == verb_convert) && given.code == FL_EXIT_OK) {
        records_compare(trace, given.fd);
    }
    close(given.fd);
    close(trace);
    return 0;
}
