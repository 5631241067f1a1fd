/*
 * The file libcount.so counts in and count_read prints: shared memory, so that the counts
 * survive whatever ends the program.
 */
#ifndef COUNT_LAYOUT_H
#define COUNT_LAYOUT_H

#include <stdatomic.h>
#include <stdint.h>

#define COUNT_LIST(X)                                                                          \
    X(malloc)                                                                                  \
    X(calloc)                                                                                  \
    X(realloc)                                                                                 \
    X(reallocarray)                                                                            \
    X(posix_memalign)                                                                          \
    X(aligned_alloc)                                                                           \
    X(memalign)                                                                                \
    X(valloc)                                                                                  \
    X(pvalloc)                                                                                 \
    X(free)                                                                                    \
    X(free_sized)                                                                              \
    X(free_aligned_sized)                                                                      \
    X(malloc_usable_size)

enum count_call {
#define COUNT_ENUM(name) COUNT_##name,
    COUNT_LIST(COUNT_ENUM)
#undef COUNT_ENUM
        COUNT_CALLS
};

/* One line of the result. */
struct count_of_call {
    atomic_uint_fast64_t calls;  /* all of them, those below included */
    atomic_uint_fast64_t failed; /* an allocation that returned NULL and freed nothing */
    atomic_uint_fast64_t null;   /* the pointer argument was NULL */
};

struct count_file {
    atomic_uint_fast64_t owner_pid; /* the one process image that counts here; 0: nobody yet */
    struct count_of_call of[COUNT_CALLS];
};

#endif
