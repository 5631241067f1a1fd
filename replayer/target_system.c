/*
 * The malloc of the process behind the table of operations: libc's, or that of a library which
 * was preloaded (library.c). It has no instance: the state is a constant, so every call goes
 * straight to the function the loader bound. The worker process takes no memory from it for itself
 * (worker.c).
 *
 * Size 0: glibc's realloc(p, 0) frees, the interface wants a block: so 0 becomes 1 there.
 */
#include "target.h"

#include <malloc.h>
#include <stdlib.h>

static int system_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    static struct fl_allocator instance = {.ops = &fl_target_system, .alignment = 16};
    (void)config;
    *out = &instance;
    return 0;
}

static void system_destroy(struct fl_allocator *self)
{
    (void)self;
}

static void *system_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    (void)self;
    if (align == 0) {
        return malloc(bytes);
    }
    void *block = NULL;
    const size_t least = align < sizeof(void *) ? sizeof(void *) : align;
    return posix_memalign(&block, least, bytes) == 0 ? block : NULL;
}

static void *system_alloc_zeroed(struct fl_allocator *self, size_t bytes)
{
    (void)self;
    return calloc(1, bytes);
}

static bool system_free(struct fl_allocator *self, void *block)
{
    (void)self;
    free(block);
    return true;
}

static void *system_resize(struct fl_allocator *self, void *block, size_t bytes)
{
    (void)self;
    return realloc(block, bytes > 0 ? bytes : 1);
}

/* The interface asks about a block it does not change; libc's prototype has no const. */
static size_t system_usable_size(const struct fl_allocator *self, const void *block)
{
    (void)self;
    return malloc_usable_size((void *)(uintptr_t)block);
}

#define MALLOC_OF_THE_PROCESS(called, line)                                                    \
    {                                                                                          \
        .name = called, .summary = line, .create = system_create, .destroy = system_destroy,   \
        .alloc = system_alloc, .alloc_zeroed = system_alloc_zeroed, .free = system_free,       \
        .resize = system_resize, .usable_size = system_usable_size,                            \
    }

const struct fl_allocator_ops fl_target_system =
    MALLOC_OF_THE_PROCESS("system", "libc's malloc, in a process of its own");
const struct fl_allocator_ops fl_target_glibc =
    MALLOC_OF_THE_PROCESS("glibc", "another name of system");
const struct fl_allocator_ops fl_target_jemalloc =
    MALLOC_OF_THE_PROCESS("jemalloc", "the library of that name, preloaded");
const struct fl_allocator_ops fl_target_mimalloc =
    MALLOC_OF_THE_PROCESS("mimalloc", "the library of that name, preloaded");
const struct fl_allocator_ops fl_target_tcmalloc =
    MALLOC_OF_THE_PROCESS("tcmalloc", "the library of that name, preloaded");
const struct fl_allocator_ops fl_target_lib = MALLOC_OF_THE_PROCESS(
    "lib:FILE", "any other library that defines malloc, preloaded: lib:/usr/lib/libx.so");

bool fl_target_is_foreign(const struct fl_allocator_ops *ops)
{
    return ops->create == system_create;
}

bool fl_target_is_preloaded(const struct fl_target *target)
{
    return fl_target_is_foreign(target->ops) && target->ops != &fl_target_system &&
           target->ops != &fl_target_glibc;
}
