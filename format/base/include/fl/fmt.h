/**
 * What people read, the same in every command: counts with separators, sizes in binary units,
 * text in lines. JSON never uses these: it holds plain integers (emit.h).
 *
 *     printf("%s events, %s\n", fl_fmt_count(events).text, fl_fmt_bytes(bytes).text);
 *
 * Thread safety: everything here is pure.
 */
#ifndef FL_FMT_H
#define FL_FMT_H

#include <stdint.h>
#include <stdio.h>

#define FL_FMT_MAX 32

/** A formatted number, returned by value so that no caller keeps a buffer. */
struct fl_fmt {
    char text[FL_FMT_MAX]; /* terminated */
};

/** A count with thousands separators: "12,345,678". */
struct fl_fmt fl_fmt_count(uint64_t count);

/** A size in binary units: "512 B", "1.5 MiB"; one decimal below 10 units and above 1 KiB. */
struct fl_fmt fl_fmt_bytes(uint64_t bytes);

#define FL_LINE_WIDTH 80 /* columns of help texts, whatever the terminal: tested and pasted */

/**
 * Print the words of `text`, up to its end or the end of its line, starting at `column`; what
 * does not fit in FL_LINE_WIDTH goes on at `indent` in the next line. Returns the column
 * reached.
 */
int fl_fmt_wrapped(FILE *out, const char *text, int column, int indent);

#endif
