/*
 * What an import gives, as text: an operation a line, and what was reported between them.
 *
 *     malloc @0 1024          slot, size        free @0 implied
 *     memalign @1 align=64 8  also alignment    free - null
 *     thread-start 0 202      number, system's  ! x: the trace is damaged: line 3: …
 */
#ifndef FL_TEST_IMPORTED_H
#define FL_TEST_IMPORTED_H

#include <fl_test.h>

#include <fl/reader.h>

struct imported {
    enum fl_status opened; /* FL_OK, or why not: `err` */
    enum fl_status ended;  /* the last status, FL_END at best */
    struct fl_error err;   /* of it */
    struct fl_test_output text;
    struct fl_reader_totals totals;
    struct fl_metadata *meta, *end; /* copies; `end` is empty without an end */
};

/* Import the bytes, called "x", as `from` (NULL: by content); end it with imported_clear. */
void imported_read(struct imported *imported, const void *bytes, size_t count,
                   const char *from);
void imported_clear(struct imported *imported);

/* The text is imported as `expected`, to a clean end. */
void check_import(const char *text, const char *from, const char *expected);

/* The same, ended by `status`, which is the text's last line. */
void check_import_end(const char *text, const char *from, const char *expected,
                      enum fl_status status);

/* Each line between `before` and `behind`, which are two calls, is malformed: a lost event, and
 * nothing else changes. */
void check_odd_lines(const char *before, const char *const *lines, size_t count,
                     const char *behind);

/* It is not opened: the message is this; NULL: any. */
void check_refused(const void *bytes, size_t count, const char *from, enum fl_status status,
                   const char *message);

/* A number of the end's metadata. */
uint64_t imported_number(const struct imported *imported, const char *name);

#endif
