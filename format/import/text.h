/*
 * Lines and the fields in them, for the formats that are text. A field reader passes over blanks before
 * the field, succeeds and advances, or fails and stays; none takes what is behind the end of the line.
 *
 * Numbers are read eight digits at a time, since a loop over digits mispredicts its end in nearly each
 * field. So the bytes behind a line are looked at, though not used: a line lies in memory with FL_INPUT_SLACK bytes
 * behind it, as those of an input do. Eight decimal digits at once: Daniel Lemire, "Quickly parsing eight digits"
 * (2018); finding the first byte that is none: Sean Anderson, Bit Twiddling Hacks, "Determine if a word
 * has a byte between m and n".
 */
#ifndef FL_IMPORT_TEXT_H
#define FL_IMPORT_TEXT_H

#include "importer.h"

/* Bytes of a line without its end. A name of a C++ template can have tens of thousands. */
#define FL_TEXT_LINE_MAX (1024u * 1024)

/* `next` of a format of lines: gives each line that is not blank to its `line`. */
enum fl_status fl_text_next(struct fl_import *import, void *state, struct fl_error *err);

/* The first line in `bytes` that is not blank, for `detect` and `open`; the last one may be cut. `bytes`
 * advances behind it. */
bool fl_text_first_line(struct fl_cursor *bytes, struct fl_cursor *line);

/* From `line`, as the last thing: give what begins at `at`, in the line, once more as a line. */
void fl_text_again(struct fl_import *import, const uint8_t *at);

/* Number of the line that fl_text_next gives, from 1. */
uint64_t fl_text_line_number(const struct fl_import *import);

static inline bool fl_text_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static inline void fl_text_skip_blanks(struct fl_cursor *line)
{
    while (line->at != line->end && fl_text_is_blank(*line->at)) {
        line->at++;
    }
}

/* Is nothing but blanks left? */
static inline bool fl_text_is_over(struct fl_cursor *line)
{
    fl_text_skip_blanks(line);
    return line->at == line->end;
}

/* The bytes to the next blank, at least one. */
static inline bool fl_text_word(struct fl_cursor *line, struct fl_cursor *word)
{
    fl_text_skip_blanks(line);
    const uint8_t *at = line->at;
    while (at != line->end && !fl_text_is_blank(*at)) {
        at++;
    }
    *word = (struct fl_cursor){line->at, at};
    line->at = at;
    return word->at != word->end;
}

static inline bool fl_text_is(const struct fl_cursor *word, const char *text, size_t bytes)
{
    return fl_cursor_left(word) == bytes && memcmp(word->at, text, bytes) == 0;
}

/* Does the word say `literal`? */
#define FL_TEXT_IS(word, literal) fl_text_is(word, literal, sizeof(literal) - 1)

/* The bytes of `literal`, right here: no blanks are passed over. */
static inline bool fl_text_take(struct fl_cursor *line, const char *text, size_t bytes)
{
    if (fl_cursor_left(line) < bytes || memcmp(line->at, text, bytes) != 0) {
        return false;
    }
    line->at += bytes;
    return true;
}

#define FL_TEXT_TAKE(line, literal) fl_text_take(line, literal, sizeof(literal) - 1)

#define FL_TEXT_BYTES               UINT64_C(0x0101010101010101) /* times a byte: that byte eight times */

/* How many bytes from the first on have no mark; a mark is the highest bit of a byte. */
static inline unsigned fl_text_unmarked(uint64_t marks, const uint8_t *at, const uint8_t *end)
{
    const size_t left = (size_t)(end - at);
    const unsigned count = marks == 0 ? 8 : (unsigned)__builtin_ctzll(marks) / 8;
    return count < left ? count : (unsigned)left;
}

/* The number that the first `count` bytes are, 1 to 8 of them, all digits. */
static inline uint64_t fl_text_decimal_part(uint64_t bytes, unsigned count)
{
    uint64_t digits = (bytes ^ '0' * FL_TEXT_BYTES) << 8 * (8 - count);
    digits = digits * 10 + (digits >> 8);
    const uint64_t pairs = UINT64_C(0x000000FF000000FF);
    return ((digits & pairs) * (100 + (UINT64_C(1000000) << 32)) +
            (digits >> 16 & pairs) * (1 + (UINT64_C(10000) << 32))) >>
           32;
}

/* A decimal number below 2^64. What follows it may be anything but a digit. */
static inline bool fl_text_decimal(struct fl_cursor *line, uint64_t *out)
{
    static const uint32_t power_of_10[] = {1,      10,      100,      1000,     10000,
                                           100000, 1000000, 10000000, 100000000};
    fl_text_skip_blanks(line);
    const uint8_t *at = line->at;
    uint64_t value = 0;
    unsigned count;
    do {
        const uint64_t bytes = fl_load64(at), digits = bytes ^ '0' * FL_TEXT_BYTES;
        const uint64_t others = (digits + 0x76 * FL_TEXT_BYTES) | digits;
        count = fl_text_unmarked(others & 0x80 * FL_TEXT_BYTES, at, line->end);
        if (count > 0 &&
            (__builtin_mul_overflow(value, power_of_10[count], &value) ||
             __builtin_add_overflow(value, fl_text_decimal_part(bytes, count), &value))) {
            return false;
        }
        at += count;
    } while (count == 8);
    if (at == line->at) {
        return false;
    }
    line->at = at;
    *out = value;
    return true;
}

/* Marks at the bytes that are no hexadecimal digits, right up to the first such byte. */
static inline uint64_t fl_text_no_hex(uint64_t bytes)
{
    const uint64_t digits = bytes ^ '0' * FL_TEXT_BYTES;                            /* 0 .. 9 */
    const uint64_t letters = (bytes | 0x20 * FL_TEXT_BYTES) ^ 0x60 * FL_TEXT_BYTES; /* 1 .. 6 */
    const uint64_t no_digit = (digits + 0x76 * FL_TEXT_BYTES) | digits;
    const uint64_t no_letter =
        (letters + 0x79 * FL_TEXT_BYTES) | letters | ~(letters + 0x7F * FL_TEXT_BYTES);
    return no_digit & no_letter & 0x80 * FL_TEXT_BYTES;
}

/* The number that the first `count` bytes are, 1 to 8 of them, all hexadecimal digits. */
static inline uint64_t fl_text_hex_part(uint64_t bytes, unsigned count)
{
    uint64_t part = ((bytes & 0x0F * FL_TEXT_BYTES) + 9 * (bytes >> 6 & FL_TEXT_BYTES))
                    << 8 * (8 - count);
    part = (part << 4 | part >> 8) & UINT64_C(0x00FF00FF00FF00FF);
    part = (part << 8 | part >> 16) & UINT64_C(0x0000FFFF0000FFFF);
    return (part << 16 | part >> 32) & UINT32_MAX;
}

/* A hexadecimal number below 2^64, with 0x before it or without. */
static inline bool fl_text_hex(struct fl_cursor *line, uint64_t *out)
{
    fl_text_skip_blanks(line);
    const uint8_t *at = line->at;
    if (line->end - at >= 2 && at[0] == '0' && at[1] == 'x') {
        at += 2;
    }
    const uint8_t *const first = at;
    uint64_t value = 0;
    unsigned count;
    do {
        const uint64_t bytes = fl_load64(at);
        count = fl_text_unmarked(fl_text_no_hex(bytes), at, line->end);
        if (count > 0) {
            if (value >> (64 - 4 * count) != 0) {
                return false;
            }
            value = value << 4 * count | fl_text_hex_part(bytes, count);
        }
        at += count;
    } while (count == 8);
    if (at == first) {
        return false;
    }
    line->at = at;
    *out = value;
    return true;
}

#endif
