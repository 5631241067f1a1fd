/*
 * Data files of heaptrack, a line a record: a letter, a blank, hexadecimal numbers. There are
 * two kinds:
 *
 *     raw, as the library writes it           interpreted, what heaptrack leaves behind
 *     v PROGRAM [FILE]    versions            v PROGRAM [FILE]
 *     x BYTES EXE                             X COMMAND LINE
 *     X COMMAND LINE                          I PAGE_BYTES PAGES
 *     I PAGE_BYTES PAGES                      s BYTES TEXT, i IP MODULE ..., t IP PARENT
 *     m BYTES FILE ADDRESS ..., t IP PARENT   a SIZE TRACE        the next class, from 0
 *     + SIZE TRACE POINTER                    + CLASS             an allocation of it
 *     - POINTER                               - CLASS             a free of one of it
 *
 *     both: c MS, the time since the start, every 10 ms; R RSS; S SUPPRESSION; A, attached; # TEXT
 *
 * Versions 0 to 3 of the file are known; they differ in lines that are passed over here, but
 * for 0, where interpreted files have pointers too. The command line is written as it is, line
 * ends and all, and goes on to the line I.
 *
 * An interpreted file says only the size and the stack of what was freed, its class. Which of
 * the live objects of the class it was is guessed: the newest. What is live and how many bytes
 * it has is exact all the same, as the objects of a class are of one size. The oldest is right
 * more often, but a class of which always the oldest goes has no object that outlives those
 * around it, nor the holes beside it: DESIGN.md has figures.
 *
 * heaptrack sees no memalign and pvalloc, so that their blocks' frees are unknown in a raw file
 * and missing in an interpreted one, and writes a realloc as a free and an allocation behind
 * it, a realloc to 0 not at all.
 *
 * A class's live objects are numbers below their count, so none of them is stored. Memory: 16
 * bytes for each class that was declared by a line.
 *
 * Source: KDE/heaptrack, src/track/libheaptrack.cpp, src/interpret/heaptrack_interpret.cpp,
 * src/analyze/accumulatedtracedata.cpp; files that heaptrack 1.4 recorded.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "formats.h"
#include "text.h"

#define VERSION_KNOWN 3u
#define PROGRAM_OF_1  UINT64_C(0x10200) /* without a version of the file: it is 1 */
#define COMMAND_MAX   4096              /* bytes of a command line; the rest is not written */
#define NS_PER_MS     UINT64_C(1000000)
#define MS_MAX        (UINT64_MAX / NS_PER_MS)
#define CLASS_BITS    28u
#define CLASSES_MAX   (1u << CLASS_BITS)
#define CLASSES_FIRST 1024u
#define LIVE_MAX      (1u << 30) /* objects of a class */
#define SIZE_UNKNOWN  UINT64_MAX /* the line of the class was malformed */
#define GUESS         "a free ends the newest live object of its size and stack (heaptrack --raw knows)"

/* Allocations of one size by one stack. */
struct alloc_class {
    uint64_t size_bytes;
    uint32_t live; /* objects; the next one has that number */
};

struct heaptrack {
    bool has_version, is_raw;
    uint64_t lines;        /* taken so far, those that are not blank */
    uint64_t header_lines; /* to the end of the command line, which may look like any other */
    struct alloc_class *classes;
    size_t class_count, class_capacity;
};

/* What stands behind the letter: that many numbers and nothing else. */
static bool numbers_read(struct fl_cursor line, uint64_t *numbers, unsigned count)
{
    line.at++;
    for (unsigned i = 0; i < count; i++) {
        if (line.at == line.end || !fl_text_is_blank(*line.at) ||
            !fl_text_hex(&line, &numbers[i])) {
            return false;
        }
    }
    return fl_text_is_over(&line);
}

/* A line of that letter, whatever follows the blank. */
static bool letter_is(const struct fl_cursor *line, uint8_t letter)
{
    return *line->at == letter && (fl_cursor_left(line) == 1 || fl_text_is_blank(line->at[1]));
}

/* ---- the header ---- */

enum kind { KIND_OPEN, KIND_RAW, KIND_INTERPRETED };

/* What the beginning of a file says. */
struct header {
    uint64_t version;
    enum kind kind;
    uint64_t lines; /* to the end of the command line */
    struct fl_cursor exe, command;
};

static bool version_read(struct fl_cursor line, uint64_t *version)
{
    uint64_t numbers[2];
    if (*line.at != 'v') {
        return false;
    }
    if (numbers_read(line, numbers, 2)) {
        *version = numbers[1];
        return true;
    }
    if (!numbers_read(line, numbers, 1)) {
        return false;
    }
    *version = numbers[0] == PROGRAM_OF_1 ? 1 : 0;
    return true;
}

/* The lines of a command line behind its first one; there are none unless the line I
 * follows. */
static void command_extend(struct fl_cursor *bytes, struct header *header)
{
    struct fl_cursor ahead = *bytes, line;
    uint64_t count = 0, numbers[2];
    const uint8_t *end = header->command.end;
    while (fl_text_first_line(&ahead, &line) && line.at - header->command.at <= COMMAND_MAX) {
        if (*line.at == 'I' && numbers_read(line, numbers, 2)) {
            header->command.end = end;
            header->lines += count;
            bytes->at = end;
            return;
        }
        end = line.end;
        count++;
    }
}

static void command_read(struct fl_cursor *bytes, struct fl_cursor line, struct header *header)
{
    line.at++;
    fl_text_skip_blanks(&line);
    header->command = line;
    command_extend(bytes, header);
}

/* "x 13 /usr/bin/python3.11", without the number before version 3. */
static void exe_read(struct fl_cursor line, struct header *header)
{
    uint64_t bytes;
    line.at++;
    if (header->version >= 3) {
        (void)fl_text_hex(&line, &bytes);
    }
    fl_text_skip_blanks(&line);
    header->exe = line;
}

/* Of which kind a file with this line is; KIND_OPEN: of any. */
static enum kind kind_of(struct fl_cursor line)
{
    uint64_t numbers[3];
    switch (*line.at) {
    case 'x':
    case 'm':
    case '-': /* an interpreted file declares a class first */
        return KIND_RAW;
    case 's':
    case 'i':
    case 'a':
        return KIND_INTERPRETED;
    case '+':
        return numbers_read(line, numbers, 3) ? KIND_RAW : KIND_INTERPRETED;
    default:
        return KIND_OPEN;
    }
}

/* False: it is no header. A raw file has a line x in it, whatever follows. */
static bool header_read(struct fl_cursor bytes, struct header *header)
{
    struct fl_cursor line;
    uint64_t lines = 1;
    *header = (struct header){.lines = 1};
    if (!fl_text_first_line(&bytes, &line) || !version_read(line, &header->version)) {
        return false;
    }
    header->kind = header->version == 0 ? KIND_RAW : KIND_OPEN;
    for (bool is_over = false; !is_over && fl_text_first_line(&bytes, &line);) {
        lines++;
        if (letter_is(&line, 'X') && header->command.at == NULL) {
            header->lines = lines;
            command_read(&bytes, line, header);
            continue;
        }
        if (header->kind == KIND_OPEN) {
            header->kind = kind_of(line);
        }
        if (letter_is(&line, 'x') && header->exe.at == NULL) {
            exe_read(line, header);
        }
        is_over = header->command.at != NULL && header->kind != KIND_OPEN;
    }
    return true;
}

static bool text_set(struct fl_metadata *meta, const char *name, struct fl_cursor text)
{
    return text.at == text.end || fl_metadata_set(meta, name, text.at, fl_cursor_left(&text));
}

static bool metadata_set(struct fl_import *import, const struct header *header)
{
    struct fl_metadata *meta = fl_import_metadata(import);
    return text_set(meta, "exe", header->exe) &&
           text_set(meta, "command_line", header->command) &&
           (header->kind == KIND_RAW || fl_metadata_set_text(meta, "import_guess", GUESS));
}

static enum fl_status heaptrack_open(struct fl_import *import, void *state,
                                     struct fl_error *err)
{
    struct heaptrack *heaptrack = state;
    struct header header;
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(fl_import_input(import), 1, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    heaptrack->has_version = header_read((struct fl_cursor){at, at + have}, &header);
    heaptrack->header_lines = header.lines;
    heaptrack->is_raw = header.kind == KIND_RAW;
    if (header.version > VERSION_KNOWN) {
        return fl_import_fail(import, FL_VERSION, err,
                              "version %" PRIu64 " of heaptrack's files, known are 0 to %u",
                              header.version, VERSION_KNOWN);
    }
    fl_import_set_times(import);
    fl_import_time(import, 0);
    return metadata_set(import, &header)
               ? FL_OK
               : fl_import_fail(import, FL_NOMEM, err, "no place for its command line");
}

/* ---- the calls of a raw file ---- */

static const char *raw_alloc(struct fl_import *import, struct fl_cursor line)
{
    uint64_t numbers[3]; /* size, stack, address */
    if (!numbers_read(line, numbers, 3)) {
        return "not '+ SIZE TRACE POINTER'";
    }
    fl_import_alloc(import, FL_CALL_MALLOC, numbers[2], numbers[0], FL_ALIGN_DEFAULT);
    return NULL;
}

static const char *raw_free(struct fl_import *import, struct fl_cursor line)
{
    uint64_t address;
    if (!numbers_read(line, &address, 1)) {
        return "not '- POINTER'";
    }
    fl_import_free(import, FL_CALL_FREE, address, 0);
    return NULL;
}

/* ---- those of an interpreted one ---- */

static bool classes_grow(struct heaptrack *heaptrack)
{
    if (heaptrack->class_count < heaptrack->class_capacity) {
        return true;
    }
    const size_t capacity =
        heaptrack->class_capacity == 0 ? CLASSES_FIRST : 2 * heaptrack->class_capacity;
    struct alloc_class *classes = realloc(heaptrack->classes, capacity * sizeof *classes);
    if (classes != NULL) {
        heaptrack->classes = classes;
        heaptrack->class_capacity = capacity;
    }
    return classes != NULL;
}

/* A malformed line declares a class too, so that the numbers of those behind it stay right. */
static const char *class_declare(struct fl_import *import, struct heaptrack *heaptrack,
                                 struct fl_cursor line)
{
    uint64_t numbers[2] = {SIZE_UNKNOWN}; /* size, stack */
    const bool is_whole = numbers_read(line, numbers, 2);
    if (heaptrack->class_count == CLASSES_MAX) {
        return "more classes of allocations than are supported";
    }
    if (!classes_grow(heaptrack)) {
        fl_import_no_memory(import);
        return NULL;
    }
    heaptrack->classes[heaptrack->class_count++] =
        (struct alloc_class){.size_bytes = is_whole ? numbers[0] : SIZE_UNKNOWN};
    return is_whole ? NULL : "not 'a SIZE TRACE'";
}

/* The class that a call names; NULL: there is none. */
static struct alloc_class *class_find(const struct heaptrack *heaptrack, struct fl_cursor line,
                                      uint64_t *index)
{
    if (!numbers_read(line, index, 1) || *index >= heaptrack->class_count) {
        return NULL;
    }
    struct alloc_class *class = &heaptrack->classes[*index];
    return class->size_bytes == SIZE_UNKNOWN ? NULL : class;
}

/* An object's address: its number in the class above the class, whose lowest bits also depend
 * on it, so that objects of one class have neighbouring homes in the hash, as classes with one
 * object have. */
static uint64_t object_address(uint64_t index, uint32_t number)
{
    return fl_import_address((uint64_t)number << CLASS_BITS | (index ^ (number & 15)));
}

static const char *class_alloc(struct fl_import *import, const struct heaptrack *heaptrack,
                               struct fl_cursor line)
{
    uint64_t index;
    struct alloc_class *class = class_find(heaptrack, line, &index);
    if (class == NULL) {
        return "not '+ CLASS' of a class that a line declares";
    }
    if (class->live == LIVE_MAX) {
        return "more live objects of a class than are supported";
    }
    fl_import_alloc(import, FL_CALL_MALLOC, object_address(index, class->live++),
                    class->size_bytes, FL_ALIGN_DEFAULT);
    return NULL;
}

static const char *class_free(struct fl_import *import, const struct heaptrack *heaptrack,
                              struct fl_cursor line)
{
    uint64_t index;
    struct alloc_class *class = class_find(heaptrack, line, &index);
    if (class == NULL) {
        return "not '- CLASS' of a class that a line declares";
    }
    class->live -= class->live > 0; /* else nothing has the number 0: unknown */
    fl_import_free(import, FL_CALL_FREE, object_address(index, class->live), 0);
    return NULL;
}

/* ---- lines ---- */

static const char *time_read(struct fl_import *import, struct fl_cursor line)
{
    uint64_t ms;
    if (!numbers_read(line, &ms, 1) || ms > MS_MAX) {
        return "not 'c MILLISECONDS'";
    }
    fl_import_time(import, ms * NS_PER_MS);
    return NULL;
}

static const char *record_read(struct fl_import *import, struct heaptrack *heaptrack,
                               struct fl_cursor line)
{
    switch (*line.at) {
    case '+':
        return heaptrack->is_raw ? raw_alloc(import, line)
                                 : class_alloc(import, heaptrack, line);
    case '-':
        return heaptrack->is_raw ? raw_free(import, line) : class_free(import, heaptrack, line);
    case 'a':
        return heaptrack->is_raw ? "a class of allocations in a raw file"
                                 : class_declare(import, heaptrack, line);
    case 'c':
        return time_read(import, line);
    case 'A':
    case 'I':
    case 'R':
    case 'S':
    case 'X':
    case 'i':
    case 'm':
    case 's':
    case 't':
    case 'x':
        return letter_is(&line, *line.at) ? NULL : "no record of heaptrack";
    case '#':
        return NULL;
    default:
        return "no record of heaptrack";
    }
}

static const char *heaptrack_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct heaptrack *heaptrack = state;
    if (!heaptrack->has_version) {
        return "the file does not begin with 'v', the versions of heaptrack and the file";
    }
    return heaptrack->lines++ < heaptrack->header_lines ? NULL
                                                        : record_read(import, heaptrack, line);
}

static bool heaptrack_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    uint64_t version;
    return fl_text_first_line(&bytes, &line) && version_read(line, &version);
}

static void heaptrack_close(void *state)
{
    free(((struct heaptrack *)state)->classes);
}

const struct fl_import_format fl_import_heaptrack = {
    .name = "heaptrack",
    .summary = "heaptrack's data files, interpreted and --raw",
    .gaps = "which call allocated, memalign and pvalloc (missing), realloc (a free and an "
            "allocation; to 0: missing), alignment, free of NULL, failed calls, usable sizes, "
            "threads, stacks (they are there, and not read), times below 10 ms",
    .state_bytes = sizeof(struct heaptrack),
    .detect = heaptrack_detect,
    .open = heaptrack_open,
    .next = fl_text_next,
    .line = heaptrack_line,
    .close = heaptrack_close,
};
