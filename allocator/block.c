/*
 * From a pointer to a block of the region, and what is wrong with a pointer that is none.
 *
 * A pointer that comes back from the program is trusted only after everything that can be known
 * about it has been compared, cheapest first and in an order that never reads outside the
 * heap: its place, its header, and the headers on both sides, which a program that writes past
 * the end of a block hits first. O(1), no search: what a stale pointer can still hit is the
 * inside of a larger block whose contents look like a header (musl's get_meta draws the same
 * line). Only when the answer is no does `judge` walk the heap, O(blocks), to say why.
 */
#include "heap.h"

static bool pointer_is_in_region(const struct fl_heap *heap, const void *payload)
{
    const uintptr_t at = (uintptr_t)payload;
    return at > (uintptr_t)heap->first && at < (uintptr_t)heap->end &&
           (at & (heap->set.granule_bytes - 1)) == 0;
}

/* Could a block of this size lie there, given how much of the heap follows? */
static bool size_is_plausible(const struct fl_heap *heap, const struct fl_block *block)
{
    const size_t follows = (size_t)((const char *)heap->end - (const char *)block);
    return block->granules >= heap->set.least && fl_block_bytes(&heap->grid, block) <= follows;
}

/* Is the header one that a live block can have? */
static bool header_is_plausible(const struct fl_heap *heap, const struct fl_block *block)
{
    return fl_block_is_used(block) && size_is_plausible(heap, block) &&
           FL_HEADER + fl_block_slack(block) <= fl_block_bytes(&heap->grid, block);
}

/* A used block's successor knows that what lies before it is in use; a free one has its tag. */
static bool successor_agrees(const struct fl_heap *heap, struct fl_block *block)
{
    struct fl_block *next = fl_block_next(&heap->grid, block);
    if (next == heap->end)
        return !heap->is_last_free;
    if ((next->info & FL_BLOCK_PREV_FREE) || !size_is_plausible(heap, next))
        return false;
    if (fl_block_is_used(next) || !heap->set.has_tags)
        return true;
    return fl_block_tag_before(fl_block_next(&heap->grid, next)) == next->granules;
}

/* The free block before has the size that its tag says. */
static bool predecessor_agrees(const struct fl_heap *heap, struct fl_block *block)
{
    if (!(block->info & FL_BLOCK_PREV_FREE) || !heap->set.has_tags)
        return true;
    const size_t before = (size_t)fl_block_tag_before(block) << heap->grid.shift;
    if (before > (size_t)((const char *)block - (const char *)heap->first))
        return false;
    const struct fl_block *free_block = fl_block_before(&heap->grid, block);
    return !fl_block_is_used(free_block) &&
           free_block->granules == fl_block_tag_before(block) && free_block != block;
}

struct fl_block *fl_heap_block(const struct fl_heap *heap, const void *payload)
{
    if (!pointer_is_in_region(heap, payload))
        return NULL;
    const size_t distance = (size_t)((const char *)payload - heap->region.base);
    struct fl_block *block = fl_payload_block(heap->region.base + distance);
    if (!header_is_plausible(heap, block) || !successor_agrees(heap, block) ||
        !predecessor_agrees(heap, block))
        return NULL;
    return block;
}

struct fl_big *fl_heap_big(const struct fl_heap *heap, const void *payload)
{
    struct fl_big *big = fl_big_find(&heap->bigs, payload);
    return big != NULL && big->start == payload ? big : NULL;
}

/* A pointer into the block that a walk has come to, and that is no live block's payload. */
static enum fl_misuse judge_inside(const struct fl_heap *heap, struct fl_block *block,
                                   const void *payload)
{
    if ((uintptr_t)payload & (heap->set.granule_bytes - 1))
        return FL_MISUSE_MISALIGNED;
    if (!fl_block_is_used(block))
        return FL_MISUSE_FREED;
    return fl_block_payload(block) == payload ? FL_MISUSE_CORRUPT : FL_MISUSE_INSIDE;
}

static enum fl_misuse judge_region(const struct fl_heap *heap, const void *payload)
{
    for (struct fl_block *block = heap->first; block != heap->end;
         block = fl_block_next(&heap->grid, block)) {
        if (!size_is_plausible(heap, block))
            return FL_MISUSE_CORRUPT;
        if ((const char *)payload < (const char *)fl_block_next(&heap->grid, block))
            return judge_inside(heap, block, payload);
    }
    return FL_MISUSE_FOREIGN;
}

enum fl_misuse fl_heap_judge(const struct fl_allocator *self, const void *payload)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    if (fl_heap_block(heap, payload) != NULL || fl_heap_big(heap, payload) != NULL)
        return FL_MISUSE_NONE;
    if (fl_big_find(&heap->bigs, payload) != NULL)
        return FL_MISUSE_INSIDE;
    const uintptr_t at = (uintptr_t)payload;
    if (at <= (uintptr_t)heap->first || at >= (uintptr_t)heap->end)
        return FL_MISUSE_FOREIGN;
    return judge_region(heap, payload);
}
