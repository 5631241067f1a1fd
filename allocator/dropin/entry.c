/*
 * The entry points: the malloc family as C17, C23, POSIX and glibc 2.36 describe it, on one
 * heap.
 *
 *   malloc(0), calloc(0, n)     a block of its own
 *   realloc(block, 0)           frees and returns NULL, as glibc does
 *   no memory                   NULL and ENOMEM; posix_memalign returns it and leaves errno alone
 *   more than PTRDIFF_MAX       the same
 *   alignment no power of two   NULL and EINVAL, memalign too (glibc's rounds it up)
 *   free                        leaves errno alone
 *
 * A pointer that is no live block ends the program (report.c). Each call is enter, one
 * operation of the heap, leave. Cost: the heap's, and an uncontended lock once there are
 * threads.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "instance.h"
#include "report.h"

/* Declared here, since a C library may not have all of them; exported. */
#define FL_EXPORT __attribute__((visibility("default")))
FL_EXPORT void *malloc(size_t bytes);
FL_EXPORT void *calloc(size_t count, size_t bytes);
FL_EXPORT void *realloc(void *block, size_t bytes);
FL_EXPORT void *reallocarray(void *block, size_t count, size_t bytes);
FL_EXPORT void free(void *block);
FL_EXPORT void free_sized(void *block, size_t bytes);
FL_EXPORT void free_aligned_sized(void *block, size_t align, size_t bytes);
FL_EXPORT int posix_memalign(void **block, size_t align, size_t bytes);
FL_EXPORT void *aligned_alloc(size_t align, size_t bytes);
FL_EXPORT void *memalign(size_t align, size_t bytes);
FL_EXPORT void *valloc(size_t bytes);
FL_EXPORT void *pvalloc(size_t bytes);
FL_EXPORT size_t malloc_usable_size(void *block);

/* Names that glibc has for the same functions: whoever uses them must not mix two heaps. */
#define TEXT_OF(name) #name
#define SAME_AS(name) __attribute__((alias(TEXT_OF(name))))
FL_EXPORT void *__libc_malloc(size_t bytes) SAME_AS(malloc);
FL_EXPORT void *__libc_calloc(size_t count, size_t bytes) SAME_AS(calloc);
FL_EXPORT void *__libc_realloc(void *block, size_t bytes) SAME_AS(realloc);
FL_EXPORT void __libc_free(void *block) SAME_AS(free);
FL_EXPORT void cfree(void *block) SAME_AS(free);
FL_EXPORT void *__libc_memalign(size_t align, size_t bytes) SAME_AS(memalign);
FL_EXPORT void *__libc_valloc(size_t bytes) SAME_AS(valloc);
FL_EXPORT void *__libc_pvalloc(size_t bytes) SAME_AS(pvalloc);
FL_EXPORT int __posix_memalign(void **block, size_t align, size_t bytes)
    SAME_AS(posix_memalign);

static bool is_power_of_two(size_t align)
{
    return align != 0 && (align & (align - 1)) == 0;
}

/* End the program: the thread is inside and the heap refused `block`. */
_Noreturn static void misuse_end(struct fl_allocator *heap, const char *call, const void *block)
{
    const enum fl_misuse misuse = heap->ops->judge(heap, block);
    fl_instance_leave();
    fl_report_misuse(call, block, misuse);
}

/* Only a heap that exists has blocks. */
static struct fl_allocator *enter_with(const char *call, const void *block)
{
    struct fl_allocator *heap = fl_instance_enter(call);
    if (heap != NULL)
        return heap;
    fl_instance_leave();
    fl_report_misuse(call, block, FL_MISUSE_FOREIGN);
}

/* NULL and ENOMEM when there is no memory. `align` is a power of two or 0. */
static void *take(const char *call, size_t bytes, size_t align)
{
    void *block = NULL;
    struct fl_allocator *heap = fl_instance_enter(call);
    if (heap != NULL && bytes <= PTRDIFF_MAX)
        block = heap->ops->alloc(heap, bytes, align > heap->alignment ? align : 0);
    fl_instance_finish();
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

static void *take_aligned(const char *call, size_t align, size_t bytes)
{
    if (is_power_of_two(align))
        return take(call, bytes, align);
    errno = EINVAL;
    return NULL;
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *malloc(size_t bytes)
{
    return take("malloc", bytes, 0);
}

void *calloc(size_t count, size_t bytes)
{
    void *block = NULL;
    size_t total;
    const bool is_too_large =
        __builtin_mul_overflow(count, bytes, &total) || total > PTRDIFF_MAX;
    struct fl_allocator *heap = fl_instance_enter("calloc");
    if (heap != NULL && !is_too_large)
        block = heap->ops->alloc_zeroed(heap, total);
    fl_instance_finish();
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

static void give_back(const char *call, void *block)
{
    if (block == NULL)
        return;
    const int saved = errno;
    struct fl_allocator *heap = enter_with(call, block);
    if (!heap->ops->free(heap, block))
        misuse_end(heap, call, block);
    fl_instance_finish();
    errno = saved;
}

void free(void *block)
{
    give_back("free", block);
}

void free_sized(void *block, size_t bytes)
{
    (void)bytes;
    give_back("free_sized", block);
}

void free_aligned_sized(void *block, size_t align, size_t bytes)
{
    (void)align;
    (void)bytes;
    give_back("free_aligned_sized", block);
}

/* Neither argument is NULL or 0. */
static void *resize(const char *call, void *block, size_t bytes)
{
    void *resized = NULL;
    struct fl_allocator *heap = enter_with(call, block);
    if (bytes <= PTRDIFF_MAX)
        resized = heap->ops->resize(heap, block, bytes);
    /* A live block has a usable size, however small: no memory, then. */
    if (resized == NULL && heap->ops->usable_size(heap, block) == 0)
        misuse_end(heap, call, block);
    fl_instance_finish();
    if (resized == NULL)
        errno = ENOMEM;
    return resized;
}

void *realloc(void *block, size_t bytes)
{
    if (block == NULL)
        return take("realloc", bytes, 0);
    if (bytes != 0)
        return resize("realloc", block, bytes);
    give_back("realloc", block);
    return NULL;
}

void *reallocarray(void *block, size_t count, size_t bytes)
{
    size_t total;
    if (!__builtin_mul_overflow(count, bytes, &total))
        return realloc(block, total);
    errno = ENOMEM;
    return NULL;
}

void *memalign(size_t align, size_t bytes)
{
    return take_aligned("memalign", align, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return take_aligned("aligned_alloc", align, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    if (!is_power_of_two(align) || align % sizeof(void *) != 0)
        return EINVAL;
    const int saved = errno;
    void *taken = take("posix_memalign", bytes, align);
    errno = saved;
    if (taken == NULL)
        return ENOMEM;
    *block = taken;
    return 0;
}

void *valloc(size_t bytes)
{
    return take("valloc", bytes, page_bytes());
}

void *pvalloc(size_t bytes)
{
    const size_t page = page_bytes();
    size_t rounded;
    if (__builtin_add_overflow(bytes, page - 1, &rounded))
        rounded = SIZE_MAX;
    return take("pvalloc", rounded & ~(page - 1), page);
}

size_t malloc_usable_size(void *block)
{
    if (block == NULL)
        return 0;
    struct fl_allocator *heap = enter_with("malloc_usable_size", block);
    const size_t bytes = heap->ops->usable_size(heap, block);
    if (bytes == 0)
        misuse_end(heap, "malloc_usable_size", block);
    fl_instance_leave();
    return bytes;
}
