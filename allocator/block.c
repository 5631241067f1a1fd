/*
 * The one way from a pointer to a block of the region.
 *
 * A pointer that comes back from the program is trusted only after everything that can be known
 * about it has been compared, cheapest first and in an order that never reads outside the
 * heap. O(1), no search: what a stale pointer can still hit is the inside of a larger block
 * whose contents look like a header (musl's get_meta draws the same line).
 */
#include "heap.h"

static bool pointer_is_in_region(const struct fl_heap *heap, const void *payload)
{
    const uintptr_t at = (uintptr_t)payload;
    return at > (uintptr_t)heap->first && at < (uintptr_t)heap->end && at % FL_GRANULE == 0;
}

/* Is the header one that a live block can have, given how much of the heap follows it? */
static bool header_is_plausible(const struct fl_heap *heap, const struct fl_block *block)
{
    const size_t follows = (size_t)((const char *)heap->end - (const char *)block);
    if (!fl_block_is_used(block) || block->granules < FL_MIN_GRANULES)
        return false;
    if (fl_block_bytes(block) > follows)
        return false;
    return FL_HEADER + (block->info >> FL_INFO_SHIFT) <= fl_block_bytes(block);
}

/* A used block's successor knows that what lies before it is in use. */
static bool successor_agrees(const struct fl_heap *heap, struct fl_block *block)
{
    const struct fl_block *next = fl_block_next(block);
    if (next == heap->end)
        return !heap->is_last_free;
    return !(next->info & FL_BLOCK_PREV_FREE);
}

struct fl_block *fl_heap_block(const struct fl_heap *heap, const void *payload)
{
    if (!pointer_is_in_region(heap, payload))
        return NULL;
    const size_t distance = (size_t)((const char *)payload - heap->region.base);
    struct fl_block *block = fl_payload_block(heap->region.base + distance);
    if (!header_is_plausible(heap, block) || !successor_agrees(heap, block))
        return NULL;
    return block;
}
