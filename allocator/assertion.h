/*
 * FL_ASSERT(condition, "what must hold"): a broken invariant of ours or a broken promise of the
 * caller, never bad input. On where FL_ASSERTIONS is defined (debug builds and tests).
 *
 * assert() is not used: release-like builds define NDEBUG and still want these in tests.
 */
#ifndef FL_ALLOCATOR_ASSERTION_H
#define FL_ALLOCATOR_ASSERTION_H

#ifdef FL_ASSERTIONS
#include <stdio.h>
#include <stdlib.h>

/* dprintf keeps its buffer on the stack: the heap under our feet may be the program's own. */
static inline _Noreturn __attribute__((cold)) void
fl_assertion_failed(const char *sentence, const char *file, int line)
{
    dprintf(2, "assertion failed: %s (%s:%d)\n", sentence, file, line);
    abort();
}

#define FL_ASSERT(condition, sentence)                                                         \
    ((condition) ? (void)0 : fl_assertion_failed(sentence, __FILE__, __LINE__))
#else
/* sizeof keeps the names in use without evaluating anything. */
#define FL_ASSERT(condition, sentence) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
