/*
 * Numbers and lines as people read them.
 *
 * Only integers are used, so that a size rounds the same way everywhere: to the nearest tenth
 * below ten units ("9.5 MiB"), to the nearest unit above ("12 MiB").
 */
#include <fl/fmt.h>

#include <stdio.h>
#include <string.h>

#include <fl/assert.h>

struct fl_fmt fl_fmt_count(uint64_t count)
{
    char digits[FL_FMT_MAX];
    const int length = snprintf(digits, sizeof digits, "%ju", (uintmax_t)count);
    struct fl_fmt out = {""};
    char *at = out.text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    FL_ASSERT(at < out.text + FL_FMT_MAX, "26 characters hold the largest count");
    *at = '\0';
    return out;
}

/* `bytes` in units of 1 << shift, rounded to the nearest. */
static uint64_t units_of(uint64_t bytes, unsigned shift)
{
    return (bytes >> shift) + (bytes >> (shift - 1) & 1);
}

/* As units_of in tenths of the unit; `bytes` is below ten units. */
static uint64_t tenths_of(uint64_t bytes, unsigned shift)
{
    const uint64_t unit = UINT64_C(1) << shift;
    return (bytes >> shift) * 10 + ((bytes & (unit - 1)) * 10 + unit / 2) / unit;
}

struct fl_fmt fl_fmt_bytes(uint64_t bytes)
{
    static const char letters[] = "KMGTPE";
    struct fl_fmt out = {""};
    if (bytes < 1024) {
        snprintf(out.text, sizeof out.text, "%ju B", (uintmax_t)bytes);
        return out;
    }
    unsigned shift = 10;
    while (units_of(bytes, shift) >= 1024) {
        shift += 10;
    }
    const char letter = letters[shift / 10 - 1];
    const uint64_t tenths = bytes >> shift < 10 ? tenths_of(bytes, shift) : 100;
    if (tenths < 100) {
        snprintf(out.text, sizeof out.text, "%ju.%ju %ciB", (uintmax_t)(tenths / 10),
                 (uintmax_t)(tenths % 10), letter);
    } else {
        snprintf(out.text, sizeof out.text, "%ju %ciB", (uintmax_t)units_of(bytes, shift),
                 letter);
    }
    return out;
}

int fl_fmt_wrapped(FILE *out, const char *text, int column, int indent)
{
    while (*text != '\0' && *text != '\n') {
        const int spaces = (int)strspn(text, " ");
        const int length = (int)strcspn(text + spaces, " \n");
        if (column + spaces + length > FL_LINE_WIDTH) {
            fprintf(out, "\n%*s%.*s", indent, "", length, text + spaces);
            column = indent + length;
        } else {
            column += fprintf(out, "%.*s", spaces + length, text);
        }
        text += spaces + length;
    }
    return column;
}
