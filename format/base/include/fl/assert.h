/**
 * FL_ASSERT: a broken invariant of ours, never bad input. On in debug builds and tests.
 *
 * Thread safety: none needed; a failing assertion ends the process.
 */
#ifndef FL_ASSERT_H
#define FL_ASSERT_H

#include <stdio.h>
#include <stdlib.h>

#ifdef FL_ASSERTIONS
#define FL_ASSERT(condition, must_hold)                                                        \
    ((condition)                                                                               \
         ? (void)0                                                                             \
         : (fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, (must_hold)), \
            abort()))
#else
#define FL_ASSERT(condition, must_hold) ((void)sizeof(condition))
#endif

#endif
