/*
 * The timed loop. Decoding happened in another process, the table has its pages, the batch is
 * brought into the cache first: between the two clock readings there is a switch on the action,
 * a look into the table by slot and the call. What that costs by itself is measured with the
 * target `none` in the same run and subtracted (DESIGN.md).
 *
 * The calls are copied to locals, so that each step makes one indirect call and loads nothing
 * but the step and the slot. Time is read once per batch of up to 4,096 steps: 25-60 ns of
 * clock in some 100 us. Page faults are read, and a counter of instructions turned on and off,
 * outside these readings.
 *
 * Touching the payload (touch.h) belongs to the timed section. Each way of it is an instance of
 * the loop of its own, so that touch=none pays nothing for the others.
 */
#include "measure.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "populate.h"

#define CACHE_LINE_BYTES 64u

void fl_measure_init(struct fl_measure *measure, struct fl_allocator *allocator,
                     enum fl_touch touch)
{
    *measure = (struct fl_measure){
        .allocator = allocator,
        .touch = touch,
        .counter = {.fd = -1},
        .blocks = {.element_bytes = sizeof(void *)},
    };
}

void fl_measure_free(struct fl_measure *measure)
{
    fl_table_free(&measure->blocks);
}

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

static void memory_warm(const void *memory, size_t bytes)
{
    const volatile unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i += CACHE_LINE_BYTES) {
        (void)at[i];
    }
}

/* Read one byte of each line, so that the steps come from the cache when the clock runs. */
static void batch_warm(const struct fl_step_batch *batch, enum fl_touch touch)
{
    memory_warm(batch->steps, batch->count * sizeof batch->steps[0]);
    if (touch != FL_TOUCH_NONE) {
        memory_warm(batch->old_bytes, batch->resizes * sizeof batch->old_bytes[0]);
    }
}

static void *zeroed_by_memset(struct fl_allocator *self, size_t bytes)
{
    void *block = self->ops->alloc(self, bytes, 0);
    if (block != NULL) {
        memset(block, 0, bytes);
    }
    return block;
}

static bool free_unsized(struct fl_allocator *self, void *block, size_t bytes, size_t align)
{
    (void)bytes;
    (void)align;
    return self->ops->free(self, block);
}

/* Keep the old block when a resize was refused; allocate when there never was one. */
static void *resize_or_keep(struct fl_allocator *self, void *block, size_t bytes,
                            uint64_t *refused)
{
    void *moved = block == NULL ? self->ops->alloc(self, bytes, 0)
                                : self->ops->resize(self, block, bytes);
    *refused += moved == NULL;
    return moved == NULL ? block : moved;
}

/* Resize, and touch what is new: all of a block that was never there before. */
__attribute__((always_inline)) static inline void *resize_touch(struct fl_allocator *self,
                                                                void *block, uint64_t old_bytes,
                                                                size_t bytes, uint64_t *refused,
                                                                const enum fl_touch touch)
{
    const uint64_t refused_before = *refused;
    void *moved = resize_or_keep(self, block, bytes, refused);
    if (touch != FL_TOUCH_NONE && *refused == refused_before) {
        fl_touch_block(moved, block == NULL ? 0 : (size_t)old_bytes, bytes, touch);
    }
    return moved;
}

__attribute__((always_inline)) static inline void steps_run(struct fl_measure *measure,
                                                            const struct fl_step_batch *batch,
                                                            const enum fl_touch touch)
{
    const struct fl_step *const end = batch->steps + batch->count;
    const uint64_t *old_bytes = batch->old_bytes;
    struct fl_allocator *const self = measure->allocator;
    const struct fl_allocator_ops *const ops = self->ops;
    void *(*const alloc)(struct fl_allocator *, size_t, size_t) = ops->alloc;
    void *(*const alloc_zeroed)(struct fl_allocator *, size_t) =
        ops->alloc_zeroed != NULL ? ops->alloc_zeroed : zeroed_by_memset;
    bool (*const free_block)(struct fl_allocator *, void *) = ops->free;
    bool (*const free_sized)(struct fl_allocator *, void *, size_t, size_t) =
        ops->free_sized != NULL ? ops->free_sized : free_unsized;
    void **const blocks = measure->blocks.base;
    uint64_t refused = 0;
    for (const struct fl_step *step = batch->steps; step < end; step++) {
        void **block = &blocks[step->slot];
        const size_t bytes = (size_t)step->size_bytes;
        switch ((enum fl_action)step->action) {
        case FL_DO_ALLOC:
            *block = alloc(self, bytes, 0);
            refused += *block == NULL;
            fl_touch_block(*block, 0, bytes, touch);
            break;
        case FL_DO_FREE:
            if (*block != NULL) {
                free_block(self, *block);
            }
            break;
        case FL_DO_FREE_SIZED:
            if (*block != NULL) {
                free_sized(self, *block, bytes,
                           step->align_log2 == 0 ? 0 : (size_t)1 << step->align_log2);
            }
            break;
        case FL_DO_RESIZE:
            *block = resize_touch(self, *block, *old_bytes++, bytes, &refused, touch);
            break;
        case FL_DO_ZEROED:
            *block = alloc_zeroed(self, bytes);
            refused += *block == NULL;
            fl_touch_block(*block, 0, bytes, touch);
            break;
        case FL_DO_ALIGNED:
            *block = alloc(self, bytes, (size_t)1 << step->align_log2);
            refused += *block == NULL;
            fl_touch_block(*block, 0, bytes, touch);
            break;
        case FL_DO_USABLE:
            measure->usable_sum += *block == NULL ? 0 : ops->usable_size(self, *block);
            break;
        }
    }
    measure->refused += refused;
}

/* One loop each, compiled for its constant. */
__attribute__((noinline)) static void steps_none(struct fl_measure *measure,
                                                 const struct fl_step_batch *batch)
{
    steps_run(measure, batch, FL_TOUCH_NONE);
}

__attribute__((noinline)) static void steps_first(struct fl_measure *measure,
                                                  const struct fl_step_batch *batch)
{
    steps_run(measure, batch, FL_TOUCH_FIRST);
}

__attribute__((noinline)) static void steps_page(struct fl_measure *measure,
                                                 const struct fl_step_batch *batch)
{
    steps_run(measure, batch, FL_TOUCH_PAGE);
}

__attribute__((noinline)) static void steps_all(struct fl_measure *measure,
                                                const struct fl_step_batch *batch)
{
    steps_run(measure, batch, FL_TOUCH_ALL);
}

static void (*const steps_by_touch[])(struct fl_measure *, const struct fl_step_batch *) = {
    [FL_TOUCH_NONE] = steps_none,
    [FL_TOUCH_FIRST] = steps_first,
    [FL_TOUCH_PAGE] = steps_page,
    [FL_TOUCH_ALL] = steps_all,
};

bool fl_measure_reserve(struct fl_measure *measure, const struct fl_step_batch *batch)
{
    return fl_table_reserve(&measure->blocks, batch->slot_limit);
}

void fl_measure_run(struct fl_measure *measure, const struct fl_step_batch *batch)
{
    if (measure->is_populated) {
        fl_populate_batch(measure->allocator, batch);
    }
    batch_warm(batch, measure->touch);
    const uint64_t start_faults = page_faults();
    fl_counter_start(&measure->counter);
    const uint64_t start_ns = clock_ns();
    steps_by_touch[measure->touch](measure, batch);
    measure->elapsed_ns += clock_ns() - start_ns;
    fl_counter_stop(&measure->counter);
    measure->page_faults += page_faults() - start_faults;
    measure->steps += batch->count;
}
