/*
 * The entry points: the malloc family as the program sees it.
 *
 * Each one is a nesting check, the real call and one record. A free is recorded before the real
 * call and an allocation after it, a realloc at both ends: so whoever gets a block next finds
 * its end already published (recorder/DESIGN.md, "Order"). Nothing here locks, allocates or
 * enters the kernel; errno is left as the real call left it.
 */
#include "resolve.h"

#include <string.h>

#include "thread_buffer.h"
#include "unwind.h"

#define FL_EXPORT __attribute__((visibility("default")))

/* Prototypes, since a C library may not declare all of these. */
#define DECLARE(type, name, parameters) FL_EXPORT type name parameters;
FL_REAL_LIST(DECLARE)
FL_REAL_REST_LIST(DECLARE)
#undef DECLARE

static inline size_t product(size_t count, size_t bytes)
{
    size_t total;
    return __builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total;
}

/* What the trace says about an alignment: one that is no power of two was refused, or rounded
 * up by the allocator. */
static unsigned align_code(size_t align, bool is_granted)
{
    if (align != 0 && (align & (align - 1)) == 0)
        return (unsigned)__builtin_ctzl(align);
    if (!is_granted)
        return FL_ALIGN_INVALID;
    return align == 0 ? FL_ALIGN_DEFAULT : 64u - (unsigned)__builtin_clzl(align);
}

/* What is not recorded: calls inside others, behind a closed gate, and on our own behalf. */
static void *pass_malloc(const struct fl_thread *self, size_t bytes)
{
    void *own = self->phase == FL_THREAD_OURS ? fl_own_take(bytes) : NULL;
    return own ? own : fl_real.malloc(bytes);
}

static void *pass_calloc(const struct fl_thread *self, size_t count, size_t bytes)
{
    void *own = self->phase == FL_THREAD_OURS ? fl_own_take(product(count, bytes)) : NULL;
    return own ? memset(own, 0, count * bytes) : fl_real.calloc(count, bytes);
}

void *malloc(size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return pass_malloc(self, bytes);
    void *block = fl_real.malloc(bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_MALLOC, 0, block, bytes);
    fl_leave(self);
    return block;
}

void *calloc(size_t count, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return pass_calloc(self, count, bytes);
    void *block = fl_real.calloc(count, bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_CALLOC, 0, block, product(count, bytes));
    fl_leave(self);
    return block;
}

static inline void realloc_begin(struct fl_thread *self, const void *block)
{
    if (block)
        fl_thread_record(self, FL_OP_REALLOC_BEGIN | FL_OP_EARLY, 0, block, 0);
}

void *realloc(void *block, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block)))
        return fl_boot_realloc(block, bytes);
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.realloc(block, bytes);
    realloc_begin(self, block);
    void *moved = fl_real.realloc(block, bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_REALLOC, 0, moved, bytes);
    fl_leave(self);
    return moved;
}

void *reallocarray(void *block, size_t count, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block)))
        return fl_boot_realloc(block, product(count, bytes));
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.reallocarray(block, count, bytes);
    realloc_begin(self, block);
    self->phase = FL_THREAD_EXPECTS; /* glibc's calls realloc: no call of the program's */
    void *moved = fl_real.reallocarray(block, count, bytes);
    self->phase = FL_THREAD_BUSY;
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_REALLOCARRAY, 0, moved, product(count, bytes));
    fl_leave(self);
    return moved;
}

void free(void *block)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block))) {
        fl_boot_free(block);
        return;
    }
    if (FL_UNLIKELY(!fl_enter(self))) {
        fl_real.free(block);
        return;
    }
    fl_thread_record(self, FL_CALL_FREE | FL_OP_EARLY, 0, block, 0);
    fl_real.free(block);
    fl_leave(self);
}

void free_sized(void *block, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block))) {
        fl_boot_free(block);
        return;
    }
    if (FL_UNLIKELY(!fl_enter(self))) {
        fl_real.free_sized(block, bytes);
        return;
    }
    fl_thread_record(self, FL_CALL_FREE_SIZED | FL_OP_EARLY, 0, block, bytes);
    fl_real.free_sized(block, bytes);
    fl_leave(self);
}

void free_aligned_sized(void *block, size_t align, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block))) {
        fl_boot_free(block);
        return;
    }
    if (FL_UNLIKELY(!fl_enter(self))) {
        fl_real.free_aligned_sized(block, align, bytes);
        return;
    }
    fl_thread_record(self, FL_CALL_FREE_ALIGNED_SIZED | FL_OP_EARLY, align_code(align, true),
                     block, bytes);
    fl_real.free_aligned_sized(block, align, bytes);
    fl_leave(self);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.posix_memalign(block, align, bytes);
    const int code = fl_real.posix_memalign(block, align, bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_POSIX_MEMALIGN, align_code(align, code == 0),
                     code == 0 ? *block : NULL, bytes);
    fl_leave(self);
    return code;
}

void *aligned_alloc(size_t align, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.aligned_alloc(align, bytes);
    void *block = fl_real.aligned_alloc(align, bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_ALIGNED_ALLOC, align_code(align, block), block, bytes);
    fl_leave(self);
    return block;
}

void *memalign(size_t align, size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.memalign(align, bytes);
    void *block = fl_real.memalign(align, bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_MEMALIGN, align_code(align, block), block, bytes);
    fl_leave(self);
    return block;
}

void *valloc(size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.valloc(bytes);
    void *block = fl_real.valloc(bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_VALLOC, fl_process.page_log2, block, bytes);
    fl_leave(self);
    return block;
}

void *pvalloc(size_t bytes)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.pvalloc(bytes);
    void *block = fl_real.pvalloc(bytes);
    fl_unwind_note(self);
    fl_thread_record(self, FL_CALL_PVALLOC, fl_process.page_log2, block, bytes);
    fl_leave(self);
    return block;
}

size_t malloc_usable_size(void *block)
{
    struct fl_thread *self = &fl_thread;
    if (FL_UNLIKELY(fl_boot_owns(block)))
        return fl_boot_usable(block);
    if (FL_UNLIKELY(!fl_enter(self)))
        return fl_real.malloc_usable_size(block);
    const size_t bytes = fl_real.malloc_usable_size(block);
    fl_thread_record(self, FL_CALL_USABLE_SIZE, 0, block, bytes);
    fl_leave(self);
    return bytes;
}
