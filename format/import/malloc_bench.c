/*
 * Traces of malloc-bench: a message of protocol buffers, mostly in gzip.
 *
 *     Tracefile  1  line, one for each call, in their order      2  most objects live at a time, not needed here
 *     line       one of
 *         1  malloc   1 result  2 bytes  3 alignment             3  realloc  1 result  2 object  3 bytes
 *         4  calloc   1 result  2 count  3 bytes                 2  free     1 object  2 bytes   3 alignment
 *
 * All numbers are varints, and may be missing: a call without a result returned NULL, one
 * without an object was given NULL; malloc with an alignment is an aligned call, free with
 * bytes a sized one. Objects are numbered, and a number may be used again.
 *
 * A message is a list of fields: a varint of 8 x number + wire type, and then 0 a varint, 1
 * eight bytes, 2 a varint of so many bytes and these, 5 four bytes. Fields and calls that are
 * not known are passed over as protocol buffers want it; a line without a known call is
 * malformed. Lines are taken one after the other out of the bytes that the input has read, so
 * nothing is kept but their bytes, and a length is believed up to LINE_BYTES_MAX.
 *
 * Source: ClaytonKnittel/malloc-bench, proto/tracefile.proto (all of its versions),
 * src/tracefile_executor.cc; Protocol Buffers, "Encoding".
 */
#include <inttypes.h>

#include "formats.h"

#define LINE_BYTES_MAX (64u * 1024) /* bytes of a line */
#define CALL_BYTES_MAX 64u          /* of one that has nothing unknown */
#define FIELD_MAX      (2u * FL_VARINT_MAX)
#define NUMBER_LIMIT   (FL_NUMBER_MAX / 16)
#define DETECT_LINES   8u /* that must be right, where there are so many */

enum wire { WIRE_VARINT = 0, WIRE_EIGHT_BYTES = 1, WIRE_BYTES = 2, WIRE_FOUR_BYTES = 5 };

/* What a field holds. */
struct field {
    uint64_t number; /* its name */
    enum wire wire;
    uint64_t value;         /* WIRE_VARINT */
    struct fl_cursor bytes; /* WIRE_BYTES */
};

enum call { CALL_NONE, CALL_MALLOC, CALL_FREE, CALL_REALLOC, CALL_CALLOC };

#define ARGUMENTS 3u

/* A line. */
struct call_line {
    uint64_t call; /* enum call, or one that is not known */
    bool has[ARGUMENTS + 1];
    uint64_t arguments[ARGUMENTS + 1]; /* by number of the field; 0 where there is none */
};

struct malloc_bench {
    uint64_t passing; /* bytes that are left of a field that is passed over */
};

/* ---- fields ---- */

static bool bytes_pass(struct fl_cursor *message, uint64_t bytes)
{
    struct fl_cursor passed;
    return fl_get_span(message, bytes, &passed);
}

/* The key of a field; of WIRE_BYTES also their number, to `value`. */
static bool key_read(struct fl_cursor *message, struct field *field)
{
    uint64_t key;
    if (!fl_get_varint(message, &key) || key > UINT32_MAX || key >> 3 == 0) {
        return false;
    }
    field->number = key >> 3;
    field->wire = (enum wire)(key & 7);
    return field->wire != WIRE_BYTES || fl_get_varint(message, &field->value);
}

/* The next field of a message that is there as a whole. */
static bool field_read(struct fl_cursor *message, struct field *field)
{
    if (!key_read(message, field)) {
        return false;
    }
    switch (field->wire) {
    case WIRE_VARINT:
        return fl_get_varint(message, &field->value);
    case WIRE_BYTES:
        return fl_get_span(message, field->value, &field->bytes);
    case WIRE_EIGHT_BYTES:
        return bytes_pass(message, 8);
    case WIRE_FOUR_BYTES:
        return bytes_pass(message, 4);
    }
    return false;
}

/* ---- lines ---- */

static bool arguments_read(struct fl_cursor message, struct call_line *line)
{
    struct field field;
    while (message.at != message.end) {
        if (!field_read(&message, &field)) {
            return false;
        }
        if (field.wire == WIRE_VARINT && field.number <= ARGUMENTS) {
            line->has[field.number] = true;
            line->arguments[field.number] = field.value;
        }
    }
    return true;
}

/* Where a line says two calls the last one counts, and what is said of one call twice is
 * one. */
static bool line_read(struct fl_cursor message, struct call_line *line)
{
    struct field field;
    *line = (struct call_line){.call = CALL_NONE};
    while (message.at != message.end) {
        if (!field_read(&message, &field)) {
            return false;
        }
        if (field.wire != WIRE_BYTES || field.number > CALL_CALLOC) {
            continue;
        }
        if (field.number != line->call) {
            *line = (struct call_line){.call = field.number};
        }
        if (!arguments_read(field.bytes, line)) {
            return false;
        }
    }
    return line->call != CALL_NONE;
}

/* What the file calls the object in that argument; 0: NULL. */
static uint64_t address_of(const struct call_line *line, unsigned argument)
{
    return line->has[argument] ? fl_import_address(line->arguments[argument]) : 0;
}

static bool number_is_odd(const struct call_line *line, unsigned argument)
{
    return line->arguments[argument] >= NUMBER_LIMIT;
}

static const char *malloc_report(struct fl_import *import, const struct call_line *line)
{
    const uint64_t align_bytes = line->arguments[3];
    if (align_bytes > UINT64_C(1) << 63) {
        return "an alignment above 2^63";
    }
    fl_import_alloc(import, align_bytes > 0 ? FL_CALL_MEMALIGN : FL_CALL_MALLOC,
                    address_of(line, 1), line->arguments[2], fl_import_align(align_bytes));
    return NULL;
}

static const char *calloc_report(struct fl_import *import, const struct call_line *line)
{
    uint64_t size_bytes;
    if (__builtin_mul_overflow(line->arguments[2], line->arguments[3], &size_bytes)) {
        if (line->has[1]) {
            return "a calloc of more than 2^64 bytes succeeded";
        }
        size_bytes = UINT64_MAX;
    }
    fl_import_alloc(import, FL_CALL_CALLOC, address_of(line, 1), size_bytes, FL_ALIGN_DEFAULT);
    return NULL;
}

static const char *free_report(struct fl_import *import, const struct call_line *line)
{
    const uint64_t align_bytes = line->arguments[3];
    if (align_bytes > UINT64_C(1) << 63) {
        return "an alignment above 2^63";
    }
    if (line->has[2] && align_bytes > 0) {
        fl_import_free_aligned(import, address_of(line, 1), line->arguments[2],
                               fl_import_align(align_bytes));
    } else {
        fl_import_free(import, line->has[2] ? FL_CALL_FREE_SIZED : FL_CALL_FREE,
                       address_of(line, 1), line->arguments[2]);
    }
    return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *line_report(struct fl_import *import, const struct call_line *line)
{
    const bool has_two = line->call == CALL_REALLOC;
    if (number_is_odd(line, 1) || (has_two && number_is_odd(line, 2))) {
        return "the number of an object is 2^58 or more";
    }
    switch (line->call) {
    case CALL_MALLOC:
        return malloc_report(import, line);
    case CALL_CALLOC:
        return calloc_report(import, line);
    case CALL_FREE:
        return free_report(import, line);
    default:
        fl_import_realloc(import, FL_CALL_REALLOC, address_of(line, 2), address_of(line, 1),
                          line->arguments[3]);
        return NULL;
    }
}

/* ---- the file ---- */

static uint64_t offset_of(struct fl_import *import)
{
    return fl_import_input(import)->offset;
}

static enum fl_status line_take(struct fl_import *import, uint64_t offset,
                                struct fl_cursor message, struct fl_error *err)
{
    struct call_line line;
    const char *wrong =
        line_read(message, &line) ? line_report(import, &line) : "no call that is known";
    return wrong == NULL ? FL_OK
                         : fl_import_malformed(import, err, "the line at byte %" PRIu64 ": %s",
                                               offset, wrong);
}

/* The line behind its key and length, which have `key_bytes`. */
static enum fl_status line_next(struct fl_import *import, size_t key_bytes, uint64_t line_bytes,
                                struct fl_error *err)
{
    struct fl_input *input = fl_import_input(import);
    const uint64_t offset = offset_of(import);
    const uint8_t *at;
    size_t have;
    if (line_bytes > LINE_BYTES_MAX) {
        return fl_import_fail(import, FL_LIMIT, err,
                              "the line at byte %" PRIu64 " is longer than %u bytes", offset,
                              LINE_BYTES_MAX);
    }
    const size_t bytes = key_bytes + (size_t)line_bytes;
    enum fl_status status = fl_input_peek(input, bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < bytes) {
        return fl_import_fail(import, FL_TRUNCATED, err, "the line at byte %" PRIu64 " is cut",
                              offset);
    }
    status = line_take(import, offset, (struct fl_cursor){at + key_bytes, at + bytes}, err);
    fl_input_skip(input, bytes);
    return status;
}

/* Of a field that is no line: how many bytes it has in all. */
static bool field_measure(const struct field *field, struct fl_cursor behind_key,
                          const uint8_t *begin, uint64_t *bytes)
{
    uint64_t value, content;
    const uint8_t *const key_end = behind_key.at;
    switch (field->wire) {
    case WIRE_VARINT:
        if (!fl_get_varint(&behind_key, &value)) {
            return false;
        }
        content = (uint64_t)(behind_key.at - key_end);
        break;
    case WIRE_BYTES:
        content = field->value;
        break;
    case WIRE_EIGHT_BYTES:
        content = 8;
        break;
    case WIRE_FOUR_BYTES:
        content = 4;
        break;
    default:
        return false;
    }
    return !__builtin_add_overflow(content, (uint64_t)(key_end - begin), bytes);
}

/* A field of the file, of which `bytes` are there. */
static enum fl_status field_next(struct fl_import *import, struct malloc_bench *bench,
                                 struct fl_cursor bytes, struct fl_error *err)
{
    struct field field;
    struct fl_cursor behind_key = bytes;
    const bool has_key = key_read(&behind_key, &field);
    if (has_key && field.number == 1 && field.wire == WIRE_BYTES) {
        return line_next(import, (size_t)(behind_key.at - bytes.at), field.value, err);
    }
    if (!has_key || !field_measure(&field, behind_key, bytes.at, &bench->passing)) {
        return fl_import_fail(import, FL_TRUNCATED, err,
                              "what is at byte %" PRIu64
                              " is no whole field of protocol buffers",
                              offset_of(import));
    }
    return FL_OK;
}

/* Go on in a field that is passed over. */
static void field_pass(struct fl_import *import, struct malloc_bench *bench, size_t have)
{
    const size_t bytes = bench->passing < have ? (size_t)bench->passing : have;
    fl_input_skip(fl_import_input(import), bytes);
    bench->passing -= bytes;
}

static enum fl_status malloc_bench_next(struct fl_import *import, void *state,
                                        struct fl_error *err)
{
    struct malloc_bench *bench = state;
    while (fl_import_has_room(import)) {
        const uint8_t *at;
        size_t have;
        enum fl_status status =
            fl_input_peek(fl_import_input(import), FIELD_MAX, &at, &have, err);
        if (status != FL_OK || have == 0) {
            return status == FL_OK ? FL_END : status;
        }
        if (bench->passing > 0) {
            field_pass(import, bench, have);
            continue;
        }
        status = field_next(import, bench, (struct fl_cursor){at, at + have}, err);
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

static enum fl_status malloc_bench_end(struct fl_import *import, void *state,
                                       struct fl_error *err)
{
    const struct malloc_bench *bench = state;
    return bench->passing > 0
               ? fl_import_fail(import, FL_TRUNCATED, err, "its last field is cut")
               : FL_OK;
}

/* Lines and nothing else, each with one call: the first DETECT_LINES of them, or all, but for
 * one that is cut. */
static bool malloc_bench_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have};
    struct field field;
    struct call_line line;
    unsigned lines = 0;
    while (lines < DETECT_LINES && field_read(&bytes, &field)) {
        if (field.wire != WIRE_BYTES || field.number != 1 || !line_read(field.bytes, &line)) {
            return lines > 0 && bytes.at == bytes.end;
        }
        lines++;
    }
    return lines == DETECT_LINES || (lines > 0 && fl_cursor_left(&bytes) < CALL_BYTES_MAX);
}

const struct fl_import_format fl_import_malloc_bench = {
    .name = "malloc-bench",
    .summary = "traces of malloc-bench, protocol buffers",
    .gaps = "which aligned call it was, failed calls, usable sizes, threads",
    .state_bytes = sizeof(struct malloc_bench),
    .detect = malloc_bench_detect,
    .next = malloc_bench_next,
    .end = malloc_bench_end,
};
