/*
 * Numbers as people read them.
 *
 * Only integers are used, so that a size rounds the same way everywhere: to the nearest tenth
 * below ten units ("9.5 MiB"), to the nearest unit above ("12 MiB").
 */
#include <fl/fmt.h>

#include <stdio.h>

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

/* `bytes` in tenths of 1 << shift, rounded to the nearest; never overflows. */
static uint64_t tenths_of(uint64_t bytes, unsigned shift)
{
    const uint64_t unit = UINT64_C(1) << shift;
    const uint64_t whole = bytes >> shift;
    const uint64_t rest = bytes & (unit - 1);
    return whole * 10 + (rest / 2 * 10 + unit / 4) / (unit / 2);
}

struct fl_fmt fl_fmt_bytes(uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    struct fl_fmt out = {""};
    if (bytes < 1024) {
        snprintf(out.text, sizeof out.text, "%ju B", (uintmax_t)bytes);
        return out;
    }
    unsigned unit = 0;
    uint64_t tenths = tenths_of(bytes, 10);
    /* 1,023.6 KiB would print as 1024 KiB: one unit up. */
    while (tenths >= 10235 && units[unit + 1] != '\0') {
        unit++;
        tenths = tenths_of(bytes, 10 * (unit + 1));
    }
    if (tenths < 100) {
        snprintf(out.text, sizeof out.text, "%ju.%ju %ciB", (uintmax_t)(tenths / 10),
                 (uintmax_t)(tenths % 10), units[unit]);
    } else {
        snprintf(out.text, sizeof out.text, "%ju %ciB", (uintmax_t)((tenths + 5) / 10),
                 units[unit]);
    }
    return out;
}
