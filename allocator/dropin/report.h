/**
 * What libflmalloc.so writes: one line on standard error, by write(2), from the stack.
 *
 * Thread safety: no state. Nothing here allocates or takes the heap's lock.
 */
#ifndef FL_DROPIN_REPORT_H
#define FL_DROPIN_REPORT_H

#include <fl/allocator.h>

/** Write "libflmalloc: ..." and a line end; what is too long is cut, control characters
 * replaced. */
void fl_report(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/** End the program: `call` was given a `block` that is none. */
_Noreturn void fl_report_misuse(const char *call, const void *block, enum fl_misuse misuse)
    __attribute__((cold));

/** End the program: the heap's check found an invariant broken. */
_Noreturn void fl_report_check(const struct fl_check_report *check) __attribute__((cold));

/** Write the summary of a heap called `name`. */
void fl_report_stats(const char *name, const struct fl_alloc_stats *stats)
    __attribute__((cold));

#endif
