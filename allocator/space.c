/*
 * The free space of a heap: blocks are found in it, cut out of it, and glued to it when they
 * come back. Everything here is the same for each policy.
 *
 *   take      find a free block, else grow the region; cut off what is not needed
 *   release   glue with the free neighbours; index the sum
 *
 * The free block behind is known from its header. The one before is known from its boundary tag
 * in O(1), or, with tags=none, from a search of the index: then a design pays what the course
 * notes say it pays. With coalesce=off neither is looked for. The top of the region is an
 * ordinary free block: growing glues the new memory to it.
 *
 * Sources: Knuth, The Art of Computer Programming, vol. 1, 2.5 (first and best fit, boundary
 * tags); the course notes for the family.
 */
#include "heap.h"

#include "assertion.h"

/* ---- the index, with its length counted and the tags written ---- */

static void block_set_tag(const struct fl_heap *heap, struct fl_block *block)
{
    FL_ASSERT(block->granules >= heap->set.least, "a free block holds its links");
    if (heap->set.has_tags)
        fl_block_set_tag(&heap->grid, block);
}

/* A block that no index knows yet enters it. `flags` are PREV_FREE, which the caller knows, and
 * RELEASED. */
static void index_insert(struct fl_heap *heap, struct fl_block *block, uint32_t granules,
                         uint32_t flags)
{
    *block = (struct fl_block){granules, flags};
    block_set_tag(heap, block);
    heap->policy->ops->insert(heap->policy, block);
    heap->stats.free_blocks++;
    if (heap->stats.free_blocks > heap->stats.peak_free_blocks)
        heap->stats.peak_free_blocks = heap->stats.free_blocks;
}

static void index_remove(struct fl_heap *heap, struct fl_block *block)
{
    FL_ASSERT(heap->stats.free_blocks > 0, "only what is in the index leaves it");
    heap->policy->ops->remove(heap->policy, block);
    heap->stats.free_blocks--;
}

/* The free block `from` becomes `to` of `granules`, with `flags` when that is another place. */
static void index_move(struct fl_heap *heap, struct fl_block *from, struct fl_block *to,
                       uint32_t granules, uint32_t flags)
{
    if (to > from && to < fl_block_after(&heap->grid, from, heap->set.least)) {
        /* The header of `to` would fall upon the links of `from`. */
        index_remove(heap, from);
        index_insert(heap, to, granules, flags);
        return;
    }
    const struct fl_block header = {granules, from == to ? from->info : flags};
    heap->policy->ops->replace(heap->policy, from, to, header);
    block_set_tag(heap, to);
}

/* ---- neighbours ---- */

/* Tell whatever follows at `next` whether the block before it is free. */
static void next_set_prev_free(struct fl_heap *heap, struct fl_block *next, bool is_free)
{
    if (next == heap->end)
        heap->is_last_free = is_free;
    else if (is_free)
        next->info |= FL_BLOCK_PREV_FREE;
    else
        next->info &= ~(uint32_t)FL_BLOCK_PREV_FREE;
}

/* The free block to glue to that ends at `place`; `is_free` is what the place's flag says. The
 * flag alone is not believed without tags: a header that is nothing but a size has none. */
static struct fl_block *free_before(struct fl_heap *heap, struct fl_block *place, bool is_free)
{
    if (!heap->set.is_coalescing)
        return NULL;
    if (heap->set.has_tags)
        return is_free ? fl_block_before(&heap->grid, place) : NULL;
    struct fl_block *before = heap->policy->ops->before(heap->policy, place);
    FL_ASSERT((before != NULL) == is_free, "the index knows the block before");
    return before;
}

static struct fl_block *free_at(const struct fl_heap *heap, struct fl_block *block)
{
    return block == heap->end || fl_block_is_used(block) ? NULL : block;
}

/* ---- cutting ---- */

/*
 * Cut a used block's worth out of a free one.
 *
 *   whole:   | gap, stays free | need, becomes used | rest, becomes free |
 *
 * A rest too small for a block stays with the used one. Returns the granules of that; writing
 * its header is left to the caller, for a block that only grows into `whole` has none there.
 */
static uint32_t block_carve(struct fl_heap *heap, struct fl_block *whole, uint32_t gap,
                            uint32_t need)
{
    FL_ASSERT(!fl_block_is_used(whole), "only a free block is cut up");
    FL_ASSERT(whole->granules >= gap + need, "the block is large enough");
    FL_ASSERT(gap == 0 || gap >= heap->set.least, "a gap is a block");
    const uint32_t released = whole->info & FL_BLOCK_RELEASED;
    const size_t was_released = fl_trim_released(heap, whole);
    uint32_t rest = whole->granules - gap - need;
    if (rest < heap->set.least_rest) {
        need += rest;
        rest = 0;
    }
    struct fl_block *used = fl_block_after(&heap->grid, whole, gap);
    struct fl_block *tail = fl_block_after(&heap->grid, used, need);
    size_t still_released = 0;
    if (rest == 0)
        next_set_prev_free(heap, tail, false);

    if (gap == 0 && rest == 0)
        index_remove(heap, whole);
    else if (gap == 0)
        index_move(heap, whole, tail, rest, released);
    else
        index_move(heap, whole, whole, gap, 0);
    if (gap != 0 && rest != 0)
        index_insert(heap, tail, rest, released);
    if (was_released > 0) {
        still_released += gap != 0 ? fl_trim_span(heap, whole) : 0;
        still_released += rest != 0 ? fl_trim_span(heap, tail) : 0;
        fl_trim_retake(heap, was_released - still_released);
    }
    heap->stats.splits += (gap != 0 ? 1U : 0U) + (rest != 0 ? 1U : 0U);
    return need;
}

/* A free block glued together, and what of its pages is given back already, go to trim. */
static void block_trim(struct fl_heap *heap, struct fl_block *block, size_t released)
{
    if (heap->set.trim != FL_TRIM_NEVER)
        fl_trim(heap, block, released);
}

void fl_space_cut(struct fl_heap *heap, struct fl_block *block, uint32_t granules)
{
    FL_ASSERT(granules >= heap->set.least, "what is left is a block");
    const uint32_t rest = block->granules - granules;
    struct fl_block *tail = fl_block_after(&heap->grid, block, granules);
    struct fl_block *next = fl_block_next(&heap->grid, block);
    size_t released = 0;
    if (heap->set.is_coalescing && free_at(heap, next) != NULL) {
        released = fl_trim_released(heap, next);
        index_move(heap, next, tail, rest + next->granules, 0);
        heap->stats.merges++;
    } else if (rest >= heap->set.least_rest) {
        index_insert(heap, tail, rest, 0);
        next_set_prev_free(heap, next, true);
    } else {
        return;
    }
    block->granules = granules;
    heap->stats.splits++;
    block_trim(heap, tail, released);
}

/* ---- growing ---- */

/* Take at least `lack` bytes from the kernel: a whole chunk, or only the pages needed when the
 * reservation ends before that. */
static bool region_grow(struct fl_heap *heap, size_t lack)
{
    const size_t over = lack % heap->set.chunk_bytes;
    const size_t pages = fl_page_round(lack);
    const size_t chunks = over == 0 ? lack : lack - over + heap->set.chunk_bytes;
    if (fl_region_commit(&heap->region, chunks, &heap->stats))
        return true;
    return pages < chunks && fl_region_commit(&heap->region, pages, &heap->stats);
}

/* Where the blocks end when they fill what is committed. */
static struct fl_block *region_end(const struct fl_heap *heap)
{
    const size_t blocks = heap->region.committed - heap->set.pad_bytes;
    const size_t over = blocks & (heap->set.granule_bytes - 1);
    return (struct fl_block *)((char *)heap->first + (blocks - over));
}

/* Make the free block at the top at least `need` granules large and return it; NULL when there
 * is no memory, nothing changed. */
static struct fl_block *space_grow(struct fl_heap *heap, uint32_t need)
{
    struct fl_block *top = heap->end;
    struct fl_block *last = free_before(heap, top, heap->is_last_free);
    const uint32_t have = last != NULL ? last->granules : 0;
    const bool is_first = heap->region.committed == 0;
    const size_t pads = is_first ? heap->set.pad_bytes + FL_HEADER : 0;
    FL_ASSERT(need > have, "a heap with a block large enough does not grow");
    if (!region_grow(heap, ((size_t)(need - have) << heap->grid.shift) + pads))
        return NULL;

    heap->end = region_end(heap);
    const uint32_t flags = heap->is_last_free ? FL_BLOCK_PREV_FREE : 0;
    const uint32_t added =
        (uint32_t)((size_t)((char *)heap->end - (char *)top) >> heap->grid.shift);
    heap->is_last_free = true;
    if (last == NULL) {
        index_insert(heap, top, added, flags);
        return top;
    }
    heap->stats.merges++;
    fl_trim_retake(heap, fl_trim_released(heap, last));
    last->info &= ~(uint32_t)FL_BLOCK_RELEASED;
    index_move(heap, last, last, have + added, 0);
    return last;
}

static struct fl_block *space_find(struct fl_heap *heap, uint32_t need)
{
    struct fl_block *found = heap->policy->ops->find(heap->policy, need);
    FL_ASSERT(found == NULL || found->granules >= need, "what is found is large enough");
    return found != NULL ? found : space_grow(heap, need);
}

/* ---- alignment above a granule ---- */

/* Granules to leave free at the start of `block` so that the payload behind them is aligned. */
static uint32_t gap_for(const struct fl_heap *heap, struct fl_block *block, size_t align)
{
    const size_t least = (size_t)heap->set.least << heap->grid.shift;
    size_t gap = -(uintptr_t)fl_block_payload(block) & (align - 1);
    while (gap != 0 && gap < least)
        gap += align;
    return (uint32_t)(gap >> heap->grid.shift);
}

/* A free block that holds `need` granules behind the gap. The policy's choice is taken when it
 * happens to be placed well, so that a freed aligned block is used again; else one that has
 * room for the widest gap. */
static struct fl_block *space_find_aligned(struct fl_heap *heap, uint32_t need, size_t align,
                                           uint32_t *gap)
{
    struct fl_block *block = heap->policy->ops->find(heap->policy, need);
    if (block != NULL) {
        *gap = gap_for(heap, block, align);
        if (block->granules >= *gap + need)
            return block;
    }
    const uint32_t widest = fl_granules_of(&heap->grid, align) + heap->set.least;
    block = space_find(heap, need + widest);
    if (block != NULL)
        *gap = gap_for(heap, block, align);
    return block;
}

/* ---- taking and releasing ---- */

struct fl_block *fl_space_take(struct fl_heap *heap, uint32_t need, size_t align)
{
    uint32_t gap = 0;
    struct fl_block *found = align <= heap->set.granule_bytes
                                 ? space_find(heap, need)
                                 : space_find_aligned(heap, need, align, &gap);
    if (found == NULL)
        return NULL;
    const uint32_t flags = gap != 0 ? FL_BLOCK_PREV_FREE : found->info & FL_BLOCK_PREV_FREE;
    struct fl_block *used = fl_block_after(&heap->grid, found, gap);
    const uint32_t granules = block_carve(heap, found, gap, need);
    *used = (struct fl_block){.granules = granules, .info = flags};
    return used;
}

void fl_space_release(struct fl_heap *heap, struct fl_block *block)
{
    FL_ASSERT(fl_block_is_used(block), "a block is freed once");
    const uint32_t flags = block->info & FL_BLOCK_PREV_FREE;
    struct fl_block *next = fl_block_next(&heap->grid, block);
    struct fl_block *before = free_before(heap, block, flags != 0);
    struct fl_block *behind = heap->set.is_coalescing ? free_at(heap, next) : NULL;
    uint32_t granules = block->granules;
    size_t released = 0;
    if (behind != NULL) {
        granules += behind->granules;
        released += fl_trim_released(heap, behind);
        heap->stats.merges++;
    }
    if (before != NULL) {
        granules += before->granules;
        released += fl_trim_released(heap, before);
        heap->stats.merges++;
    }
    /* The header may end up inside a larger block: it must not look like one to a second
     * free. */
    block->info = flags;

    if (behind == NULL)
        next_set_prev_free(heap, next, true);
    if (before != NULL && behind != NULL)
        index_remove(heap, behind);
    if (before != NULL)
        index_move(heap, before, before, granules, 0);
    else if (behind != NULL)
        index_move(heap, behind, block, granules, flags);
    else
        index_insert(heap, block, granules, flags);
    block_trim(heap, before != NULL ? before : block, released);
}

bool fl_space_stretch(struct fl_heap *heap, struct fl_block *block, uint32_t granules)
{
    struct fl_block *next = fl_block_next(&heap->grid, block);
    struct fl_block *behind = free_at(heap, next);
    const uint32_t lack = granules - block->granules;
    FL_ASSERT(granules > block->granules, "a block is stretched to more than it is");
    FL_ASSERT(next != NULL, "a block ends somewhere, if only at the heap's end");
    if (behind == NULL || behind->granules < lack) {
        const bool is_top =
            behind == NULL ? next == heap->end : fl_block_next(&heap->grid, next) == heap->end;
        if (!is_top || (behind != NULL && !heap->set.is_coalescing) ||
            space_grow(heap, lack) != next)
            return false;
    }
    block->granules += block_carve(heap, next, 0, lack);
    heap->stats.merges++;
    return true;
}

void fl_space_shorten(struct fl_heap *heap, struct fl_block *last)
{
    heap->end = region_end(heap);
    const size_t bytes = (size_t)((char *)heap->end - (char *)last);
    index_move(heap, last, last, (uint32_t)(bytes >> heap->grid.shift), 0);
}
