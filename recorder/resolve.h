/**
 * The real allocator behind our entry points.
 *
 * Thread safety: the table is filled once; until then it holds functions that serve from a
 * static buffer, so that every member may be called at any time.
 */
#ifndef FL_RESOLVE_H
#define FL_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(return type, name, parameters, names of the parameters): each has a fallback in
 * resolve.c */
#define FL_REAL_LIST(X)                                                                        \
    X(void *, malloc, (size_t bytes))                                                          \
    X(void *, calloc, (size_t count, size_t bytes))                                            \
    X(void *, realloc, (void *block, size_t bytes))                                            \
    X(void *, reallocarray, (void *block, size_t count, size_t bytes))                         \
    X(void, free, (void *block))                                                               \
    X(int, posix_memalign, (void **block, size_t align, size_t bytes))                         \
    X(void *, aligned_alloc, (size_t align, size_t bytes))                                     \
    X(void *, memalign, (size_t align, size_t bytes))                                          \
    X(void *, valloc, (size_t bytes))                                                          \
    X(void *, pvalloc, (size_t bytes))                                                         \
    X(size_t, malloc_usable_size, (void *block))

/* Of C23; a library may well lack them. */
#define FL_REAL_REST_LIST(X)                                                                   \
    X(void, free_sized, (void *block, size_t bytes))                                           \
    X(void, free_aligned_sized, (void *block, size_t align, size_t bytes))

struct fl_real {
#define FL_REAL_MEMBER(type, name, parameters) type(*name) parameters;
    FL_REAL_LIST(FL_REAL_MEMBER)
    FL_REAL_REST_LIST(FL_REAL_MEMBER)
#undef FL_REAL_MEMBER
};

extern struct fl_real fl_real;

#define FL_BOOT_BYTES (64 * 1024)
#ifdef FL_WITH_STACKS
#define FL_CELLS_BYTES (4 * 1024 * 1024) /* libunwind has a block for each thread */
#else
#define FL_CELLS_BYTES (64 * 1024)
#endif
extern char fl_boot_buffer[FL_BOOT_BYTES + FL_CELLS_BYTES];

/** Is this block from the static buffer (or NULL, which is not)? */
static inline bool fl_boot_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)fl_boot_buffer < sizeof fl_boot_buffer;
}

/**
 * Take a block for what the loader or libunwind allocate on our behalf. The program would not
 * have made the call; if it frees the block, at the end of a thread say, it is known by its
 * address and that is no call of the program's either.
 *
 * @return  16-byte aligned, contents unspecified; NULL when it is large or there is no room: then
 *          the real allocator serves
 *
 * Any thread, signal handlers too; takes no lock.
 */
void *fl_own_take(size_t bytes);

/** Find the real functions. Call it from one thread at a time; allocates nothing itself. */
void fl_resolve(void);

/** Find those of FL_REAL_REST_LIST, once the C library has started; until then free stands
 * in. */
void fl_resolve_rest(void);

/** Resize a block of the static buffer: one of fl_own_take stays there if it can, others move
 * to the real allocator. NULL: no memory, the block is as it was. */
void *fl_boot_realloc(void *block, size_t bytes);

/** Free a block of the static buffer. */
void fl_boot_free(void *block);

/** Bytes of a block of the static buffer. */
size_t fl_boot_usable(const void *block);

#endif
