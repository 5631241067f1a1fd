/*
 * The heap: takes blocks from the index of free ones, cuts them, glues them when they come back.
 * Everything here is the same for each policy.
 *
 *   malloc   find a free block, else grow the region; cut off what is not needed
 *   free     glue with the free neighbours, which the boundary tags give in O(1); index the sum
 *
 * So the cost of a call is the policy's find or insert, and O(1) beside it. The top of the region
 * is an ordinary free block: growing glues the new memory to it.
 *
 * Sources: Knuth, The Art of Computer Programming, vol. 1, 2.5 (first and best fit, boundary
 * tags); the course notes for the family.
 */
#include "heap.h"

#include <errno.h>
#include <string.h>

#include "assertion.h"

#define RESERVE_DEFAULT FL_HEAP_BYTES_MAX
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "a heap may span 64 GiB, a knob be never");

/* Bytes at each end of the region that belong to no block, so that payloads are aligned. */
#define PAD (FL_GRANULE - FL_HEADER)
_Static_assert(FL_HEADER < FL_GRANULE, "the pad is what the header leaves of a granule");
_Static_assert(FL_REGION_ALIGN % FL_GRANULE == 0, "regions start at a granule");

/* ---- the index, with its length counted and the tags written ---- */

static void index_insert(struct fl_heap *heap, struct fl_block *block, uint32_t granules)
{
    fl_block_make_free(block, granules);
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

/* The free block `from` becomes `to` of `granules`. */
static void index_move(struct fl_heap *heap, struct fl_block *from, struct fl_block *to,
                       uint32_t granules)
{
    FL_ASSERT(granules >= FL_MIN_GRANULES, "a free block holds its links");
    if (to > from && to < fl_block_after(from, FL_MIN_GRANULES)) {
        /* The header of `to` would fall upon the links of `from`. */
        index_remove(heap, from);
        index_insert(heap, to, granules);
        return;
    }
    if (from == to)
        fl_block_resize_free(to, granules);
    else
        fl_block_make_free(to, granules);
    heap->policy->ops->replace(heap->policy, from, to);
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

static struct fl_block *free_before(struct fl_block *block)
{
    return block->info & FL_BLOCK_PREV_FREE ? fl_block_before(block) : NULL;
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
 * A rest too small for a block stays with the used one. Returns the used block with its size
 * set; the caller writes the rest of the header.
 */
static struct fl_block *block_carve(struct fl_heap *heap, struct fl_block *whole, uint32_t gap,
                                    uint32_t need)
{
    FL_ASSERT(!fl_block_is_used(whole), "only a free block is cut up");
    FL_ASSERT(whole->granules >= gap + need, "the block is large enough");
    FL_ASSERT(gap == 0 || gap >= FL_MIN_GRANULES, "a gap is a block");
    uint32_t rest = whole->granules - gap - need;
    if (rest < FL_MIN_GRANULES) {
        need += rest;
        rest = 0;
    }
    struct fl_block *used = fl_block_after(whole, gap);
    struct fl_block *tail = fl_block_after(used, need);
    if (rest == 0)
        next_set_prev_free(heap, tail, false);

    if (gap == 0 && rest == 0)
        index_remove(heap, whole);
    else if (gap == 0)
        index_move(heap, whole, tail, rest);
    else
        index_move(heap, whole, whole, gap);
    if (gap != 0 && rest != 0)
        index_insert(heap, tail, rest);
    heap->stats.splits += (gap != 0 ? 1U : 0U) + (rest != 0 ? 1U : 0U);
    used->granules = need;
    return used;
}

void fl_heap_cut(struct fl_heap *heap, struct fl_block *block, uint32_t granules)
{
    FL_ASSERT(granules >= FL_MIN_GRANULES, "what is left is a block");
    const uint32_t rest = block->granules - granules;
    struct fl_block *tail = fl_block_after(block, granules);
    struct fl_block *next = fl_block_next(block);
    if (free_at(heap, next) != NULL) {
        index_move(heap, next, tail, rest + next->granules);
        heap->stats.merges++;
    } else if (rest >= FL_MIN_GRANULES) {
        index_insert(heap, tail, rest);
        next_set_prev_free(heap, next, true);
    } else {
        return;
    }
    block->granules = granules;
    heap->stats.splits++;
}

/* ---- growing ---- */

/* Take at least `lack` bytes from the kernel: a whole chunk, or only the pages needed when the
 * reservation ends before that. Returns what was taken, 0 when nothing could be. */
static size_t region_grow(struct fl_heap *heap, size_t lack)
{
    const size_t over = lack % heap->chunk_bytes;
    const size_t pages = fl_page_round(lack);
    const size_t chunks = over == 0 ? lack : lack - over + heap->chunk_bytes;
    if (fl_region_commit(&heap->region, chunks, &heap->stats))
        return chunks;
    if (pages < chunks && fl_region_commit(&heap->region, pages, &heap->stats))
        return pages;
    return 0;
}

/* Make the free block at the top at least `need` granules large and return it; NULL when there
 * is no memory, nothing changed. */
static struct fl_block *heap_grow(struct fl_heap *heap, uint32_t need)
{
    struct fl_block *top = heap->end;
    struct fl_block *last = heap->is_last_free ? fl_block_before(top) : NULL;
    const uint32_t have = last != NULL ? last->granules : 0;
    FL_ASSERT(need > have, "a heap with a block large enough does not grow");
    const size_t pads = heap->region.committed == 0 ? 2 * PAD : 0;
    const size_t taken = region_grow(heap, ((size_t)(need - have) << FL_GRANULE_SHIFT) + pads);
    if (taken == 0)
        return NULL;

    const uint32_t added = (uint32_t)((taken - pads) >> FL_GRANULE_SHIFT);
    heap->end = fl_block_after(top, added);
    heap->is_last_free = true;
    if (last == NULL) {
        index_insert(heap, top, added);
        return top;
    }
    heap->stats.merges++;
    index_move(heap, last, last, have + added);
    return last;
}

static struct fl_block *heap_find(struct fl_heap *heap, uint32_t need)
{
    struct fl_block *found = heap->policy->ops->find(heap->policy, need);
    FL_ASSERT(found == NULL || found->granules >= need, "what is found is large enough");
    return found != NULL ? found : heap_grow(heap, need);
}

/* ---- alignment above a granule ---- */

/* Granules to leave free at the start of `block` so that the payload behind them is aligned. */
static uint32_t gap_for(struct fl_block *block, size_t align)
{
    size_t gap = -(uintptr_t)fl_block_payload(block) & (align - 1);
    if (gap != 0 && gap < FL_MIN_GRANULES * FL_GRANULE)
        gap += align;
    return (uint32_t)(gap >> FL_GRANULE_SHIFT);
}

/* A free block that holds `need` granules behind the gap. The policy's choice is taken when it
 * happens to be placed well, so that a freed aligned block is used again; else one that has room
 * for the widest gap. */
static struct fl_block *heap_find_aligned(struct fl_heap *heap, uint32_t need, size_t align,
                                          uint32_t *gap)
{
    struct fl_block *block = heap->policy->ops->find(heap->policy, need);
    if (block != NULL) {
        *gap = gap_for(block, align);
        if (block->granules >= *gap + need)
            return block;
    }
    block = heap_find(heap, need + (uint32_t)((align + FL_GRANULE) >> FL_GRANULE_SHIFT));
    if (block != NULL)
        *gap = gap_for(block, align);
    return block;
}

/* ---- taking and releasing ---- */

void fl_heap_count_block(struct fl_heap *heap, size_t asked, size_t block_bytes)
{
    struct fl_alloc_stats *stats = &heap->stats;
    stats->live_blocks++;
    stats->live_payload += asked;
    stats->live_block_bytes += block_bytes;
    if (stats->live_blocks > stats->peak_live_blocks)
        stats->peak_live_blocks = stats->live_blocks;
    if (stats->live_payload > stats->peak_payload)
        stats->peak_payload = stats->live_payload;
    if (stats->live_block_bytes > stats->peak_block_bytes)
        stats->peak_block_bytes = stats->live_block_bytes;
}

void fl_heap_uncount_block(struct fl_heap *heap, size_t asked, size_t block_bytes)
{
    FL_ASSERT(heap->stats.live_blocks > 0, "a live block is counted");
    FL_ASSERT(heap->stats.live_payload >= asked, "its payload is counted");
    heap->stats.live_blocks--;
    heap->stats.live_payload -= asked;
    heap->stats.live_block_bytes -= block_bytes;
}

void fl_heap_take_visits(struct fl_heap *heap, enum fl_visit_kind kind)
{
    struct fl_alloc_stats *stats = &heap->stats;
    const uint64_t visits = heap->policy->visits;
    uint64_t *sum = kind == FL_VISIT_MALLOC ? &stats->visits_malloc : &stats->visits_free;
    uint64_t *max =
        kind == FL_VISIT_MALLOC ? &stats->visits_malloc_max : &stats->visits_free_max;
    *sum += visits;
    if (visits > *max)
        *max = visits;
    heap->policy->visits = 0;
}

static void *heap_take_big(struct fl_heap *heap, size_t bytes, size_t align)
{
    const size_t page_or_more = align > FL_PAGE ? align : FL_PAGE;
    struct fl_big *big = fl_big_take(&heap->bigs, bytes, page_or_more, &heap->stats);
    if (big == NULL)
        return NULL;
    heap->stats.big_blocks++;
    fl_heap_count_block(heap, bytes, big->map_bytes);
    return big->start;
}

void *fl_heap_take(struct fl_heap *heap, size_t bytes, size_t align)
{
    if (fl_heap_wants_big(heap, bytes, align))
        return heap_take_big(heap, bytes, align);
    if (!fl_heap_can_hold(heap, bytes, align))
        return NULL;
    const uint32_t need = fl_granules_for(bytes);
    uint32_t gap = 0;
    struct fl_block *found = align <= FL_GRANULE ? heap_find(heap, need)
                                                 : heap_find_aligned(heap, need, align, &gap);
    if (found == NULL)
        return NULL;
    struct fl_block *used = block_carve(heap, found, gap, need);
    fl_block_make_used(used, used->granules, bytes, gap != 0 ? FL_BLOCK_PREV_FREE : 0);
    fl_heap_count_block(heap, bytes, fl_block_bytes(used));
    return fl_block_payload(used);
}

void fl_heap_release(struct fl_heap *heap, struct fl_block *block)
{
    FL_ASSERT(fl_block_is_used(block), "a block is freed once");
    struct fl_block *before = free_before(block);
    struct fl_block *next = fl_block_next(block);
    struct fl_block *behind = free_at(heap, next);
    uint32_t granules = block->granules;
    if (behind != NULL) {
        granules += behind->granules;
        heap->stats.merges++;
    }
    if (before != NULL) {
        granules += before->granules;
        heap->stats.merges++;
    }
    /* The header may end up inside a larger block: it must not look like one to a second free. */
    block->info = 0;

    if (behind == NULL)
        next_set_prev_free(heap, next, true);
    if (before != NULL && behind != NULL)
        index_remove(heap, behind);
    if (before != NULL)
        index_move(heap, before, before, granules);
    else if (behind != NULL)
        index_move(heap, behind, block, granules);
    else
        index_insert(heap, block, granules);
}

bool fl_heap_stretch(struct fl_heap *heap, struct fl_block *block, uint32_t granules)
{
    struct fl_block *next = fl_block_next(block);
    struct fl_block *behind = free_at(heap, next);
    const uint32_t lack = granules - block->granules;
    FL_ASSERT(granules > block->granules, "a block is stretched to more than it is");
    if (behind == NULL || behind->granules < lack) {
        const bool is_top =
            behind == NULL ? next == heap->end : fl_block_next(next) == heap->end;
        if (!is_top || heap_grow(heap, lack) != next)
            return false;
    }
    block->granules += block_carve(heap, next, 0, lack)->granules;
    heap->stats.merges++;
    return true;
}

/* ---- the operations ---- */

int fl_heap_create(const struct fl_allocator_ops *ops, const struct fl_policy_ops *policy,
                   const struct fl_allocator_config *config, struct fl_allocator **out)
{
    const uint64_t wanted =
        config->reserve_bytes != 0 ? config->reserve_bytes : RESERVE_DEFAULT;
    if (wanted > FL_HEAP_BYTES_MAX)
        return -EINVAL;
    const size_t instance_bytes = sizeof(struct fl_heap) + policy->state_bytes;
    struct fl_heap *heap = fl_instance_map(instance_bytes);
    if (heap == NULL)
        return -ENOMEM;
    int failed = fl_region_reserve(&heap->region, fl_page_round((size_t)wanted));
    if (failed)
        goto out_instance;
    failed = fl_big_init(&heap->bigs, heap->region.reserved);
    if (failed)
        goto out_region;

    heap->base = (struct fl_allocator){.ops = ops, .alignment = FL_GRANULE};
    heap->instance_bytes = instance_bytes;
    heap->big_bytes = (size_t)config->values[FL_KNOB_BIG];
    heap->chunk_bytes = fl_page_round((size_t)config->values[FL_KNOB_CHUNK]);
    heap->first = heap->end = (struct fl_block *)(heap->region.base + PAD);
    heap->origin = (char *)heap->first - FL_GRANULE;
    heap->policy = (struct fl_policy *)(heap + 1);
    heap->policy->ops = policy;
    heap->policy->origin = heap->origin;
    policy->init(heap->policy, config);
    *out = &heap->base;
    return 0;

out_region:
    fl_region_release(&heap->region);
out_instance:
    fl_instance_unmap(heap, instance_bytes);
    return failed;
}

void fl_heap_destroy(struct fl_allocator *self)
{
    struct fl_heap *heap = fl_heap_of(self);
    fl_big_destroy(&heap->bigs);
    fl_region_release(&heap->region);
    fl_instance_unmap(heap, heap->instance_bytes);
}

void *fl_heap_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    struct fl_heap *heap = fl_heap_of(self);
    FL_ASSERT((align & (align - 1)) == 0, "an alignment is a power of two or 0");
    void *payload = fl_heap_take(heap, bytes, align);
    fl_heap_take_visits(heap, FL_VISIT_MALLOC);
    if (payload == NULL)
        heap->stats.failed++;
    else
        heap->stats.mallocs++;
    return payload;
}

void *fl_heap_alloc_zeroed(struct fl_allocator *self, size_t bytes)
{
    void *payload = fl_heap_alloc(self, bytes, 0);
    if (payload != NULL && !fl_heap_wants_big(fl_heap_of(self), bytes, 0))
        memset(payload, 0, bytes);
    return payload;
}

struct fl_big *fl_heap_big(const struct fl_heap *heap, const void *payload)
{
    struct fl_big *big = fl_big_find(&heap->bigs, payload);
    return big != NULL && big->start == payload ? big : NULL;
}

bool fl_heap_free(struct fl_allocator *self, void *payload)
{
    struct fl_heap *heap = fl_heap_of(self);
    struct fl_block *block = fl_heap_block(heap, payload);
    struct fl_big *big = block == NULL ? fl_heap_big(heap, payload) : NULL;
    if (block != NULL) {
        fl_heap_uncount_block(heap, fl_block_asked(block), fl_block_bytes(block));
        fl_heap_release(heap, block);
    } else if (big != NULL) {
        fl_heap_uncount_block(heap, big->asked_bytes, big->map_bytes);
        fl_big_release(&heap->bigs, big, &heap->stats);
    } else {
        return false;
    }
    heap->stats.frees++;
    fl_heap_take_visits(heap, FL_VISIT_FREE);
    return true;
}

size_t fl_heap_usable_size(const struct fl_allocator *self, const void *payload)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    const struct fl_block *block = fl_heap_block(heap, payload);
    if (block != NULL)
        return fl_block_bytes(block) - FL_HEADER;
    const struct fl_big *big = fl_heap_big(heap, payload);
    return big != NULL ? big->map_bytes : 0;
}

void fl_heap_stats(const struct fl_allocator *self, struct fl_alloc_stats *out)
{
    *out = fl_heap_of_const(self)->stats;
}
