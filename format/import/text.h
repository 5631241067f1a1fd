/*
 * Lines and the fields in them, for the formats that are text. A field reader passes over
 * blanks before the field, succeeds and advances, or fails and stays; none takes what is behind
 * the end of the line.
 *
 * Numbers are read eight digits at a time, since a loop over digits mispredicts its end in
 * nearly each field. So the bytes behind a line are looked at, though not used: a line lies in
 * memory with FL_INPUT_SLACK bytes behind it, as those of an input do. Eight decimal digits at
 * once: Daniel Lemire, "Quickly parsing eight digits" (2018); finding the first byte that is
 * none: Sean Anderson, Bit Twiddling Hacks, "Determine if a word has a byte between m and n".
 */
#ifndef FL_IMPORT_TEXT_H
#define FL_IMPORT_TEXT_H

#include "importer.h"

/* Bytes of a line without its end. A name of a C++ template can have tens of thousands. */
#define FL_TEXT_LINE_MAX (1024u * 1024)

/* `next` of a format of lines: gives each line that is not blank to its `line`. */
enum fl_status fl_text_next(struct fl_import *import, void *state, struct fl_error *err);

/* The first line in `bytes` that is not blank, for `detect` and `open`; the last one may be
 * cut. `bytes` advances behind it. */
bool fl_text_first_line(struct fl_cursor *bytes, struct fl_cursor *line);

/* From `line`, as the last thing: give what begins at `at`, in the line, once more as a
 * line. */
void fl_text_again(struct fl_import *import, const uint8_t *at);

/* Number of the line that fl_text_next gives, from 1. */
uint64_t fl_text_line_number(const struct fl_import *import);

static inline bool fl_text_is_blank(uint8_t byte)
{
    return byte <= ' ' &&
           (byte == ' ' || byte == '\t'); /* most bytes that are asked for are above */
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

/* Marks at the bytes that are `byte`, and at no others; a mark is the highest bit of a byte. */
static inline uint64_t fl_text_marks(uint64_t bytes, uint8_t byte)
{
    const uint64_t low = 0x7F * FL_TEXT_BYTES, others = bytes ^ byte * FL_TEXT_BYTES;
    return ~(((others & low) + low) | others | low);
}

/* How many bytes from the first on have no mark, which here is any bit. */
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

/* How many of the first eight bytes of the line, from the first on, are decimal digits. */
static inline unsigned fl_text_digits(uint64_t bytes, const uint8_t *at, const uint8_t *end)
{
    const uint64_t digits = bytes ^ '0' * FL_TEXT_BYTES;
    const uint64_t others = (digits + 0x76 * FL_TEXT_BYTES) | digits;
    return fl_text_unmarked(others & 0x80 * FL_TEXT_BYTES, at, end);
}

/* fl_text_decimal of eight digits or more, at the first. */
bool fl_text_decimal_long(struct fl_cursor *line, uint64_t *out);

/* A decimal number below 2^64, right here: no blanks are passed over. What follows it may be
 * anything but a digit. */
static inline bool fl_text_decimal_here(struct fl_cursor *line, uint64_t *out)
{
    const uint64_t bytes = fl_load64(line->at);
    const unsigned count = fl_text_digits(bytes, line->at, line->end);
    if (count == 8) {
        struct fl_cursor rest = *line;
        const bool is_number = fl_text_decimal_long(&rest, out);
        line->at = rest.at;
        return is_number;
    }
    if (count == 0) {
        return false;
    }
    line->at += count;
    *out = fl_text_decimal_part(bytes, count);
    return true;
}

/* The same behind blanks. */
static inline bool fl_text_decimal(struct fl_cursor *line, uint64_t *out)
{
    fl_text_skip_blanks(line);
    return fl_text_decimal_here(line, out);
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

/* Is it "0x", with something behind it? */
static inline bool fl_text_is_0x(const struct fl_cursor *line)
{
    return fl_cursor_left(line) > 2 && line->at[0] == '0' && line->at[1] == 'x';
}

/* A hexadecimal number below 2^64 without 0x, right here. */
static inline bool fl_text_hex_here(struct fl_cursor *line, uint64_t *out)
{
    const uint8_t *at = line->at;
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
    if (at == line->at) {
        return false;
    }
    line->at = at;
    *out = value;
    return true;
}

/* The same behind blanks, with 0x before it or without. */
static inline bool fl_text_hex(struct fl_cursor *line, uint64_t *out)
{
    fl_text_skip_blanks(line);
    struct fl_cursor digits = *line;
    (void)FL_TEXT_TAKE(&digits, "0x");
    const bool is_number = fl_text_hex_here(&digits, out);
    line->at = is_number ? digits.at : line->at;
    return is_number;
}

/* A number as C writes it, hexadecimal behind 0x or decimal, right here. */
static inline bool fl_text_number_here(struct fl_cursor *line, uint64_t *out)
{
    if (!fl_text_is_0x(line)) {
        return fl_text_decimal_here(line, out);
    }
    struct fl_cursor digits = {line->at + 2, line->end};
    const bool is_number = fl_text_hex_here(&digits, out);
    line->at = is_number ? digits.at : line->at;
    return is_number;
}

/* ---- what is found again ---- */

#define FL_TEXT_MEMO_MAX 16u

/* What a line begins with, and so does mostly the next one, so that it need not be read
 * again. */
struct fl_text_memo {
    uint64_t bytes[2], masks[2];
    size_t count; /* of bytes, at most FL_TEXT_MEMO_MAX; 0: nothing is known */
};

/* Of more than FL_TEXT_MEMO_MAX bytes nothing is known. FL_INPUT_SLACK bytes can be read
 * behind. */
static inline void fl_text_memo_set(struct fl_text_memo *memo, const uint8_t *at, size_t count)
{
    *memo = (struct fl_text_memo){.count = count > FL_TEXT_MEMO_MAX ? 0 : count};
    for (size_t word = 0; 8 * word < memo->count; word++) {
        const size_t left = count - 8 * word;
        memo->bytes[word] = fl_load64(at + 8 * word);
        memo->masks[word] = left >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * left) - 1;
    }
}

/* Does the line begin so? Short lines are taken not to. */
static inline bool fl_text_memo_is_at(const struct fl_text_memo *memo,
                                      const struct fl_cursor *line)
{
    return memo->count > 0 && fl_cursor_left(line) >= FL_TEXT_MEMO_MAX &&
           (((fl_load64(line->at) ^ memo->bytes[0]) & memo->masks[0]) |
            ((fl_load64(line->at + 8) ^ memo->bytes[1]) & memo->masks[1])) == 0;
}

#endif
