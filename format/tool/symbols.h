/*
 * Names for the frames of a trace: function, file and line, from the files the program had
 * mapped.
 */
#ifndef FL_SYMBOLS_H
#define FL_SYMBOLS_H

#include <stddef.h>

#include <fl/stacks.h>

/* One function at a frame; functions that were inlined into it come before it. */
struct fl_symbol {
    char *function; /* demangled; "libc.so.6+0x123" when no name is known. Printable */
    char *file;     /* base name, or NULL */
    int line;       /* or 0 */
};

struct fl_symbols;

/* Names for the frames of `stacks`, which outlives it; NULL when out of memory. Debug files are
 * fetched over the network only where the user has set DEBUGINFOD_URLS. */
struct fl_symbols *fl_symbols_new(const struct fl_stacks *stacks);
void fl_symbols_free(struct fl_symbols *symbols);

/* The functions at `frame`, the innermost first; `*count` is 1 or more. NULL when out of
 * memory. Each place in a module is looked up once. A file that is not the one the program ran
 * is not asked, and one line on standard error says so. */
const struct fl_symbol *fl_symbols_at(struct fl_symbols *symbols, const struct fl_frame *frame,
                                      size_t *count);

#endif
