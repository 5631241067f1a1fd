/*
 * Giving memory back: "When do we return memory on the free list to the operating system? Maybe
 * never?" the course notes ask. Three answers:
 *
 *   trim=never       what was taken is kept
 *   trim=threshold   free memory goes back once trim-size of it lie in one piece: few system calls
 *                    for most of what a heap holds in vain
 *   trim=always      every whole page inside a free block goes back at once: a system call in many
 *                    a free
 *
 * The top of the heap goes by munmap. Pages elsewhere go by madvise, which keeps their place;
 * the next touch brings zeroed ones, and that fault is most of the price.
 *
 *   | header links |   page   |   page   |   page   | ... tag |      a free block
 *                  ^ first page boundary            ^ last one
 *                  |<--------- the span ----------->|
 *
 * FL_BLOCK_RELEASED says that the whole span of a block is back. Then footprint is exact
 * without asking the kernel: cutting such a block takes the pages again that are in no span any
 * more. A block glued to one whose pages are back gives its own back too, whatever their
 * number. Cost: O(1) and at most two system calls per free.
 */
#include "heap.h"

#include "assertion.h"

/* What stays in front is a block, with all links that it has now. */
static char *span_start(const struct fl_heap *heap, const struct fl_block *block)
{
    const size_t least = (size_t)heap->set.least << heap->grid.shift;
    const size_t links_end = heap->set.links_end;
    return (char *)fl_page_round((uintptr_t)block + (links_end > least ? links_end : least));
}

static char *span_end(const struct fl_heap *heap, const struct fl_block *block)
{
    const uintptr_t end = (uintptr_t)block + fl_block_bytes(&heap->grid, block) - FL_TAG;
    return (char *)(end & ~(uintptr_t)(FL_PAGE - 1));
}

size_t fl_trim_span(const struct fl_heap *heap, const struct fl_block *block)
{
    const char *start = span_start(heap, block), *end = span_end(heap, block);
    return end > start ? (size_t)(end - start) : 0;
}

void fl_trim_retake(struct fl_heap *heap, size_t bytes)
{
    FL_ASSERT(bytes <= heap->released_bytes, "only what was given back is taken again");
    heap->released_bytes -= bytes;
    heap->stats.retaken_bytes += bytes;
    heap->stats.footprint += bytes;
    if (heap->stats.footprint > heap->stats.peak_footprint)
        heap->stats.peak_footprint = heap->stats.footprint;
}

/* Give back the pages of the last block that do not hold its links. */
static void top_give_back(struct fl_heap *heap, struct fl_block *top)
{
    const char *keep = span_start(heap, top);
    const char *end = heap->region.base + heap->region.committed;
    if (end > keep && fl_region_uncommit(&heap->region, (size_t)(end - keep), &heap->stats))
        fl_space_shorten(heap, top);
}

static void pages_give_back(struct fl_heap *heap, struct fl_block *block, size_t released)
{
    const size_t span = fl_trim_span(heap, block);
    FL_ASSERT(released <= span, "the span of a part lies within the span of the whole");
    if (span > released) {
        fl_pages_release(span_start(heap, block), span, span - released, &heap->stats);
        heap->released_bytes += span - released;
    }
    block->info |= FL_BLOCK_RELEASED;
}

void fl_trim(struct fl_heap *heap, struct fl_block *block, size_t released)
{
    const bool is_top = fl_block_next(&heap->grid, block) == heap->end;
    const size_t enough = heap->set.trim == FL_TRIM_ALWAYS ? 0 : heap->set.trim_bytes;
    /* Of the block that it was glued to, whose span may have been empty. */
    block->info &= ~(uint32_t)FL_BLOCK_RELEASED;
    if (is_top && fl_block_bytes(&heap->grid, block) >= enough) {
        /* munmap gives back all of it: what madvise gave back is held again for that moment. */
        heap->released_bytes -= released;
        heap->stats.retaken_bytes += released;
        heap->stats.footprint += released;
        top_give_back(heap, block);
    } else if (released > 0 || fl_trim_span(heap, block) >= enough) {
        pages_give_back(heap, block, released);
    }
}
