/*
 * Changing the size of a block, in place where that is possible without a search.
 *
 *   smaller             the tail is cut off, freed, or joins the free block behind
 *   larger              the free block behind gives what is lacking; at the top, new memory does
 *   a big block         pages at its end go back, or the kernel moves it (mremap)
 *   anything else       a new block, a copy, and the old one freed
 *
 * O(1) and the index's work in place, else that of malloc, free and the copy. Whether a block
 * moves follows from offsets and sizes alone, never from where the kernel put it.
 */
#include "heap.h"

#include <string.h>

#include "assertion.h"

static void *resize_by_moving(struct fl_heap *heap, void *old, size_t usable_bytes,
                              size_t bytes)
{
    void *moved = fl_heap_take(heap, bytes, 0);
    fl_heap_take_visits(heap, FL_VISIT_MALLOC);
    if (moved != NULL)
        memcpy(moved, old, usable_bytes < bytes ? usable_bytes : bytes);
    return moved;
}

/* True when the block has its new size where it is. */
static bool block_resize_in_place(struct fl_heap *heap, struct fl_block *block, size_t bytes)
{
    if (fl_heap_wants_big(heap, bytes, 0) || !fl_heap_can_hold(heap, bytes, 0))
        return false;
    const uint32_t need = fl_heap_granules(heap, bytes);
    if (need < block->granules)
        fl_space_cut(heap, block, need);
    else if (need > block->granules && !fl_space_stretch(heap, block, need))
        return false;
    fl_heap_take_visits(heap, need < block->granules ? FL_VISIT_FREE : FL_VISIT_MALLOC);
    fl_block_make_used(&heap->grid, block, block->granules, bytes,
                       block->info & FL_BLOCK_PREV_FREE);
    return true;
}

static void *block_resize(struct fl_heap *heap, struct fl_block *block, size_t bytes)
{
    const size_t asked = fl_block_asked(&heap->grid, block);
    const size_t block_bytes = fl_block_bytes(&heap->grid, block);
    /* Out of the live counters first: old and new never count at the same time. */
    fl_heap_uncount_block(heap, asked, block_bytes);
    if (block_resize_in_place(heap, block, bytes)) {
        fl_heap_count_block(heap, bytes, fl_block_bytes(&heap->grid, block));
        heap->stats.reallocs_in_place++;
        return fl_block_payload(block);
    }
    void *moved =
        resize_by_moving(heap, fl_block_payload(block), block_bytes - FL_HEADER, bytes);
    if (moved == NULL) {
        fl_heap_count_block(heap, asked, block_bytes);
        return NULL;
    }
    fl_space_release(heap, block);
    fl_heap_take_visits(heap, FL_VISIT_FREE);
    return moved;
}

static void *big_resize(struct fl_heap *heap, struct fl_big *big, size_t bytes)
{
    const size_t asked = big->asked_bytes, map_bytes = big->map_bytes;
    fl_heap_uncount_block(heap, asked, map_bytes);
    if (!fl_heap_wants_big(heap, bytes, 0)) {
        void *moved = resize_by_moving(heap, big->start, map_bytes, bytes);
        if (moved != NULL)
            fl_big_release(&heap->bigs, big, &heap->stats);
        else
            fl_heap_count_block(heap, asked, map_bytes);
        return moved;
    }
    if (!fl_big_resize(&heap->bigs, big, bytes, &heap->stats)) {
        fl_heap_count_block(heap, asked, map_bytes);
        return NULL;
    }
    fl_heap_count_block(heap, bytes, big->map_bytes);
    heap->stats.reallocs_in_place += big->map_bytes <= map_bytes;
    return big->start;
}

void *fl_heap_resize(struct fl_allocator *self, void *payload, size_t bytes)
{
    struct fl_heap *heap = fl_heap_of(self);
    struct fl_block *block = fl_heap_block(heap, payload);
    struct fl_big *big = block == NULL ? fl_heap_big(heap, payload) : NULL;
    if (block == NULL && big == NULL)
        return NULL;
    void *resized =
        block != NULL ? block_resize(heap, block, bytes) : big_resize(heap, big, bytes);
    if (resized == NULL)
        heap->stats.failed++;
    else
        heap->stats.reallocs++;
    fl_heap_end_call(heap);
    return resized;
}
