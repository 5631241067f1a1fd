/*
 * Streaming JSON writer (RFC 8259). State is the stack of closing brackets and whether the open
 * level has a value yet; an empty object or array stays on one line. Write errors are sticky in
 * the FILE and reported once, by fl_emit_finish.
 */
#include <fl/emit.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fl/assert.h>

/* Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0. */
static size_t utf8_length(const unsigned char *at, size_t rest)
{
    if (at[0] < 0x80) {
        return 1;
    }
    const size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || length > rest) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    const bool is_overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    const bool is_surrogate = at[0] == 0xED && at[1] >= 0xA0;
    const bool is_beyond = at[0] == 0xF4 && at[1] >= 0x90;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

/* One character that stands for itself, or its escape. */
static void write_character(FILE *out, const unsigned char *at, size_t length)
{
    static const char short_escapes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = at[0] == '\0' ? NULL : strchr(short_escapes, at[0]);
    if (found != NULL) {
        fprintf(out, "\\%c", letters[found - short_escapes]);
    } else if (at[0] < 0x20 || at[0] == 0x7F) {
        fprintf(out, "\\u%04x", at[0]);
    } else {
        fwrite(at, 1, length, out);
    }
}

static void write_string(FILE *out, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    fputc('"', out);
    for (size_t i = 0; i < length;) {
        const size_t valid = utf8_length(at + i, length - i);
        if (valid == 0) {
            fputs("\\ufffd", out);
        } else {
            write_character(out, at + i, valid);
        }
        i += valid == 0 ? 1 : valid;
    }
    fputc('"', out);
}

static void write_line_start(const struct fl_emit *emit)
{
    fprintf(emit->out, "\n%*s", (int)(2 * emit->depth), "");
}

static bool is_in_object(const struct fl_emit *emit)
{
    return emit->depth > 0 && emit->closers[emit->depth - 1] == '}';
}

/* What comes before any value: comma, indentation, and the key inside an object. */
static void value_begin(struct fl_emit *emit, const char *key)
{
    FL_ASSERT(emit->depth > 0 || !emit->has_value, "a document is one value");
    FL_ASSERT((key != NULL) == is_in_object(emit), "keys stand in objects only");
    if (emit->has_value) {
        fputc(',', emit->out);
    }
    if (emit->depth > 0) {
        write_line_start(emit);
    }
    if (key != NULL) {
        write_string(emit->out, key, strlen(key));
        fputs(": ", emit->out);
    }
    emit->has_value = true;
}

static void level_open(struct fl_emit *emit, const char *key, char opener, char closer)
{
    value_begin(emit, key);
    FL_ASSERT(emit->depth < FL_EMIT_DEPTH_MAX,
              "the document is not nested deeper than planned");
    fputc(opener, emit->out);
    emit->closers[emit->depth++] = closer;
    emit->has_value = false;
}

void fl_emit_start(struct fl_emit *emit, FILE *out)
{
    *emit = (struct fl_emit){.out = out};
}

bool fl_emit_finish(struct fl_emit *emit)
{
    FL_ASSERT(emit->depth == 0, "every object and array was closed");
    FL_ASSERT(emit->has_value, "a document is one value");
    fputc('\n', emit->out);
    const bool has_failed_before = ferror(emit->out) != 0;
    if (has_failed_before) {
        errno = EIO; /* the reason of an earlier failure is gone */
    }
    return fflush(emit->out) == 0 && !has_failed_before;
}

void fl_emit_object(struct fl_emit *emit, const char *key)
{
    level_open(emit, key, '{', '}');
}

void fl_emit_array(struct fl_emit *emit, const char *key)
{
    level_open(emit, key, '[', ']');
}

void fl_emit_close(struct fl_emit *emit)
{
    FL_ASSERT(emit->depth > 0, "something is open");
    emit->depth--;
    if (emit->has_value) {
        write_line_start(emit);
    }
    fputc(emit->closers[emit->depth], emit->out);
    emit->has_value = true; /* the level below now has at least this one */
}

void fl_emit_text(struct fl_emit *emit, const char *key, const char *text)
{
    if (text == NULL) {
        fl_emit_null(emit, key);
        return;
    }
    fl_emit_bytes(emit, key, text, strlen(text));
}

void fl_emit_bytes(struct fl_emit *emit, const char *key, const void *bytes, size_t length)
{
    value_begin(emit, key);
    write_string(emit->out, bytes, length);
}

void fl_emit_u64(struct fl_emit *emit, const char *key, uint64_t value)
{
    value_begin(emit, key);
    fprintf(emit->out, "%ju", (uintmax_t)value);
}

void fl_emit_i64(struct fl_emit *emit, const char *key, int64_t value)
{
    value_begin(emit, key);
    fprintf(emit->out, "%jd", (intmax_t)value);
}

void fl_emit_double(struct fl_emit *emit, const char *key, double value)
{
    char text[40] = "null";
    /* 15 digits always survive, 17 always suffice; the first that reads back is the
     * shortest. */
    for (int digits = 15; isfinite(value) && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    value_begin(emit, key);
    fputs(text, emit->out);
}

void fl_emit_bool(struct fl_emit *emit, const char *key, bool value)
{
    value_begin(emit, key);
    fputs(value ? "true" : "false", emit->out);
}

void fl_emit_null(struct fl_emit *emit, const char *key)
{
    value_begin(emit, key);
    fputs("null", emit->out);
}
