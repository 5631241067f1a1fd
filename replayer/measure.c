/*
 * The timed loop. Decoding happened in another process, the table has its pages, the batch is
 * brought into the cache first: between the two clock readings there is a switch on the action,
 * a look into the table by slot and the call. What that costs by itself is measured with the
 * target `none` in the same run and subtracted (DESIGN.md).
 *
 * The six calls are copied to locals, so that each step makes one indirect call and loads
 * nothing but the step and the slot. Time is read once per batch of up to 4,096 steps: 25-60 ns
 * of clock in some 100 us.
 */
#include "measure.h"

#include <string.h>
#include <time.h>

#define CACHE_LINE_BYTES 64u

void fl_measure_init(struct fl_measure *measure, struct fl_allocator *allocator)
{
    *measure = (struct fl_measure){
        .allocator = allocator,
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

/* Read one byte of each line, so that the steps come from the cache when the clock runs. */
static void batch_warm(const struct fl_step_batch *batch)
{
    const volatile unsigned char *bytes = (const volatile unsigned char *)batch->steps;
    for (size_t at = 0; at < batch->count * sizeof batch->steps[0]; at += CACHE_LINE_BYTES) {
        (void)bytes[at];
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

/* Keep the old block when a resize was refused; allocate when there never was one. */
static void *resize_or_keep(struct fl_allocator *self, void *block, size_t bytes,
                            uint64_t *refused)
{
    void *moved = block == NULL ? self->ops->alloc(self, bytes, 0)
                                : self->ops->resize(self, block, bytes);
    *refused += moved == NULL;
    return moved == NULL ? block : moved;
}

static void steps_run(struct fl_measure *measure, const struct fl_step *step,
                      const struct fl_step *end)
{
    struct fl_allocator *const self = measure->allocator;
    const struct fl_allocator_ops *const ops = self->ops;
    void *(*const alloc)(struct fl_allocator *, size_t, size_t) = ops->alloc;
    void *(*const alloc_zeroed)(struct fl_allocator *, size_t) =
        ops->alloc_zeroed != NULL ? ops->alloc_zeroed : zeroed_by_memset;
    bool (*const free_block)(struct fl_allocator *, void *) = ops->free;
    void **const blocks = measure->blocks.base;
    uint64_t refused = 0;
    for (; step < end; step++) {
        void **block = &blocks[step->slot];
        const size_t bytes = (size_t)step->size_bytes;
        switch ((enum fl_action)step->action) {
        case FL_DO_ALLOC:
            *block = alloc(self, bytes, 0);
            refused += *block == NULL;
            break;
        case FL_DO_FREE:
            if (*block != NULL) {
                free_block(self, *block);
            }
            break;
        case FL_DO_RESIZE:
            *block = resize_or_keep(self, *block, bytes, &refused);
            break;
        case FL_DO_ZEROED:
            *block = alloc_zeroed(self, bytes);
            refused += *block == NULL;
            break;
        case FL_DO_ALIGNED:
            *block = alloc(self, bytes, (size_t)1 << step->align_log2);
            refused += *block == NULL;
            break;
        case FL_DO_USABLE:
            measure->usable_sum += *block == NULL ? 0 : ops->usable_size(self, *block);
            break;
        }
    }
    measure->refused += refused;
}

bool fl_measure_run(struct fl_measure *measure, const struct fl_step_batch *batch)
{
    if (!fl_table_reserve(&measure->blocks, batch->slot_limit)) {
        return false;
    }
    batch_warm(batch);
    const uint64_t start_ns = clock_ns();
    steps_run(measure, batch->steps, batch->steps + batch->count);
    measure->elapsed_ns += clock_ns() - start_ns;
    measure->steps += batch->count;
    return true;
}
