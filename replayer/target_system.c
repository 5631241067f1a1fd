/*
 * The malloc of the process behind the table of operations: libc's, or that of a library which
 * was preloaded (library.c). It has no instance: the state is a constant, so every call goes
 * straight to the function the loader bound. The worker process takes no memory from it for
 * itself (worker.c).
 *
 * Size 0: glibc's realloc(p, 0) frees, the interface wants a block: so 0 becomes 1 there.
 *
 * The sized frees of C23 are used where they come from the same file as malloc: a library that
 * has none must not get its blocks freed by libc's. They are bound weakly, since to look up a
 * name that is not there takes memory from malloc.
 */
#include "target.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

typedef void free_sized_call(void *block, size_t bytes);
typedef void free_aligned_sized_call(void *block, size_t align, size_t bytes);

__attribute__((weak)) extern free_sized_call free_sized;
__attribute__((weak)) extern free_aligned_sized_call free_aligned_sized;

struct system_target {
    struct fl_allocator base;
    free_sized_call *free_sized;                 /* or NULL */
    free_aligned_sized_call *free_aligned_sized; /* or NULL */
};
_Static_assert(offsetof(struct system_target, base) == 0, "the base is the first member");

/* Where the file that holds `address` begins in memory, or NULL. */
static const void *file_base(const void *address)
{
    Dl_info info;
    return address == NULL || dladdr(address, &info) == 0 ? NULL : info.dli_fbase;
}

static bool is_beside_malloc(const void *address)
{
    return address != NULL && file_base(address) == file_base((const void *)(uintptr_t)malloc);
}

static int system_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    static struct system_target instance = {
        .base = {.ops = &fl_target_system, .alignment = 16}};
    (void)config;
    instance.free_sized =
        is_beside_malloc((const void *)(uintptr_t)free_sized) ? free_sized : NULL;
    instance.free_aligned_sized = is_beside_malloc((const void *)(uintptr_t)free_aligned_sized)
                                      ? free_aligned_sized
                                      : NULL;
    *out = &instance.base;
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

static bool system_free_sized(struct fl_allocator *self, void *block, size_t bytes,
                              size_t align)
{
    const struct system_target *target = (const struct system_target *)self;
    const bool is_sized = bytes > 0; /* else it may have been resized to 1 in place of 0 */
    if (is_sized && align == 0 && target->free_sized != NULL) {
        target->free_sized(block, bytes);
    } else if (is_sized && align != 0 && target->free_aligned_sized != NULL) {
        target->free_aligned_sized(block, align, bytes);
    } else {
        free(block);
    }
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
        .free_sized = system_free_sized, .resize = system_resize,                              \
        .usable_size = system_usable_size,                                                     \
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
