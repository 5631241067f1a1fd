/*
 * Looking at a whole heap: the walk, what memory it holds, and the checker.
 *
 * The checker tests the invariants of DESIGN.md by their numbers and names the first one that
 * does not hold. It trusts nothing it has not looked at: a heap overwritten by its program must
 * give a report, not a crash.
 *
 *   fast   O(1): counters against each other
 *   full   O(blocks + free blocks): every header, every tag, the index, the big blocks
 */
#include "heap.h"

#include <inttypes.h>
#include <stdio.h>

#include "assertion.h"

/* What a walk over the blocks finds, to be compared with counters and index. */
struct walk_sums {
    uint64_t used_blocks, used_bytes, payload;
    uint64_t released; /* bytes of pages inside free blocks that are given back */
    struct fl_index_tally free_blocks;
};

static uint64_t mix(uint64_t value)
{
    /* Finaliser of splitmix64 (G. Steele et al., 2014). */
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

void fl_index_tally_add(struct fl_index_tally *tally, uint32_t number, uint32_t granules)
{
    tally->count++;
    tally->fingerprint += mix((uint64_t)number << 32 | granules);
}

/* ---- walking ---- */

static uint64_t block_offset(const struct fl_heap *heap, const struct fl_block *block)
{
    return (uint64_t)((const char *)block - heap->region.base);
}

static bool walk_region(const struct fl_heap *heap, fl_block_visitor *visit, void *user)
{
    for (struct fl_block *block = heap->first; block != heap->end;
         block = fl_block_next(&heap->grid, block)) {
        FL_ASSERT(block < heap->end && block->granules >= heap->set.least,
                  "blocks follow each other up to the end");
        const bool is_used = fl_block_is_used(block);
        const struct fl_block_view view = {
            .offset = block_offset(heap, block),
            .block_bytes = fl_block_bytes(&heap->grid, block),
            .payload_bytes = is_used ? fl_block_asked(&heap->grid, block) : 0,
            .is_used = is_used,
        };
        if (!visit(&view, user))
            return false;
    }
    return true;
}

static void walk_bigs(const struct fl_big_table *bigs, fl_block_visitor *visit, void *user)
{
    for (uint32_t number = bigs->by_offset.first; number != 0;) {
        const struct fl_big *big = fl_big_at(bigs, number);
        const struct fl_block_view view = {
            .offset = big->offset,
            .block_bytes = big->map_bytes,
            .payload_bytes = big->asked_bytes,
            .is_used = true,
            .is_big = true,
        };
        number = big->order.next;
        if (!visit(&view, user))
            return;
    }
}

void fl_heap_walk(const struct fl_allocator *self, fl_block_visitor *visit, void *user)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    if (walk_region(heap, visit, user))
        walk_bigs(&heap->bigs, visit, user);
}

/* The heap and the visitor of its index. */
struct index_walk {
    const struct fl_heap *heap;
    fl_index_visitor *visit;
    void *user;
};

static bool index_step(const struct fl_index_step *step, void *user)
{
    const struct index_walk *walk = user;
    const struct fl_block *block = fl_block_at(&walk->heap->grid, step->number);
    const struct fl_index_view view = {
        .index = step->index,
        .place = step->place,
        .depth = step->depth,
        .offset = block_offset(walk->heap, block),
        .block_bytes = fl_block_bytes(&walk->heap->grid, block),
    };
    return walk->visit(&view, walk->user);
}

void fl_heap_index(const struct fl_allocator *self, fl_index_visitor *visit, void *user)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    struct index_walk walk = {.heap = heap, .visit = visit, .user = user};
    heap->policy->ops->show(heap->policy, index_step, &walk);
}

/* ---- where a pointer points ---- */

bool fl_heap_contains(const struct fl_allocator *self, const void *payload, size_t bytes)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    const uintptr_t at = (uintptr_t)payload;
    const uintptr_t first = (uintptr_t)heap->first, end = (uintptr_t)heap->end;
    if (at >= first && at < end)
        return bytes <= end - at;
    const struct fl_big *big = fl_big_find(&heap->bigs, payload);
    return big != NULL && bytes <= big->map_bytes - (at - (uintptr_t)big->start);
}

uint64_t fl_heap_offset(const struct fl_allocator *self, const void *payload)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    const uintptr_t at = (uintptr_t)payload, base = (uintptr_t)heap->region.base;
    if (at >= base && at - base < heap->region.reserved)
        return at - base;
    const struct fl_big *big = fl_big_find(&heap->bigs, payload);
    if (big == NULL)
        return UINT64_MAX;
    return (uint64_t)1 << 63 | (big->offset + (at - (uintptr_t)big->start));
}

/* ---- the checker ---- */

static bool check_fail(struct fl_check_report *out, const char *invariant, uint64_t offset,
                       const char *message)
{
    snprintf(out->invariant, sizeof out->invariant, "%s", invariant);
    snprintf(out->message, sizeof out->message, "%s", message);
    out->offset = offset;
    return false;
}

static bool check_counters(const struct fl_heap *heap, struct fl_check_report *out)
{
    const struct fl_alloc_stats *stats = &heap->stats;
    const uint64_t held = heap->region.committed + heap->bigs.pool.committed +
                          heap->bigs.bytes - heap->released_bytes;
    const uint64_t given_back = stats->munmap_bytes + stats->madvise_bytes;
    if (stats->footprint != held ||
        stats->footprint != stats->mmap_bytes + stats->retaken_bytes - given_back)
        return check_fail(out, "A8", 0, "the footprint is not the memory held");
    if (stats->mallocs - stats->frees != stats->live_blocks)
        return check_fail(out, "A7", 0, "allocations less frees are not the live blocks");
    if (stats->live_payload > stats->live_block_bytes ||
        stats->live_block_bytes > stats->footprint)
        return check_fail(out, "A7", 0, "payload, blocks and footprint do not nest");
    if (stats->live_blocks > stats->peak_live_blocks ||
        stats->live_payload > stats->peak_payload ||
        stats->live_block_bytes > stats->peak_block_bytes ||
        stats->footprint > stats->peak_footprint ||
        stats->free_blocks > stats->peak_free_blocks)
        return check_fail(out, "A7", 0, "a peak lies below what is there now");
    return true;
}

/* One header against the one before it, and its own tag or slack. */
static bool check_block(const struct fl_heap *heap, struct fl_block *block, bool is_prev_free,
                        struct fl_check_report *out)
{
    const uint64_t offset = block_offset(heap, block);
    const size_t follows = (size_t)((const char *)heap->end - (const char *)block);
    if (block->granules < heap->set.least || fl_block_bytes(&heap->grid, block) > follows)
        return check_fail(out, "A1", offset, "a block's size leads past the end of the heap");
    if (!(block->info & FL_BLOCK_PREV_FREE) != !is_prev_free)
        return check_fail(out, "A4", offset, "a block is wrong about the one before it");
    if (fl_block_is_used(block)) {
        if (FL_HEADER + fl_block_slack(block) > fl_block_bytes(&heap->grid, block))
            return check_fail(out, "A5", offset, "a block is smaller than what was asked for");
        return true;
    }
    if (is_prev_free && heap->set.is_coalescing)
        return check_fail(out, "A2", offset, "two neighbouring blocks are free");
    if (heap->set.has_tags &&
        fl_block_tag_before(fl_block_next(&heap->grid, block)) != block->granules)
        return check_fail(out, "A4", offset, "a free block's tag is not its size");
    return true;
}

static bool check_blocks(const struct fl_heap *heap, struct walk_sums *sums,
                         struct fl_check_report *out)
{
    bool is_prev_free = false;
    for (struct fl_block *block = heap->first; block != heap->end;
         block = fl_block_next(&heap->grid, block)) {
        if (!check_block(heap, block, is_prev_free, out))
            return false;
        is_prev_free = !fl_block_is_used(block);
        if (is_prev_free) {
            fl_index_tally_add(&sums->free_blocks, fl_block_number(&heap->grid, block),
                               block->granules);
            sums->released += fl_trim_released(heap, block);
            continue;
        }
        sums->used_blocks++;
        sums->used_bytes += fl_block_bytes(&heap->grid, block);
        sums->payload += fl_block_asked(&heap->grid, block);
    }
    if (is_prev_free != heap->is_last_free)
        return check_fail(out, "A4", 0, "the heap is wrong about its last block");
    return true;
}

/* The blocks fill the region but for the pad at each end. */
static bool check_region(const struct fl_heap *heap, struct fl_check_report *out)
{
    const uint64_t end = block_offset(heap, heap->end);
    const uint64_t committed = heap->region.committed;
    if (committed == 0 ? heap->end != heap->first
                       : end > committed || committed - end >= heap->set.granule_bytes)
        return check_fail(out, "A1", end, "the blocks do not fill the region");
    return true;
}

static bool check_index(const struct fl_heap *heap, const struct walk_sums *sums,
                        struct fl_check_report *out)
{
    struct fl_index_tally indexed = {.limit = fl_block_number(&heap->grid, heap->end)};
    uint32_t where = 0;
    const char *fault = heap->policy->ops->check(heap->policy, &indexed, &where);
    const uint64_t offset =
        where == 0 ? 0 : block_offset(heap, fl_block_at(&heap->grid, where));
    if (fault != NULL)
        return check_fail(out, "A6", offset, fault);
    if (indexed.count != sums->free_blocks.count ||
        indexed.fingerprint != sums->free_blocks.fingerprint)
        return check_fail(out, "A3", 0, "the index does not hold each free block once");
    if (heap->stats.free_blocks != indexed.count)
        return check_fail(out, "A7", 0, "the index has lost count");
    return true;
}

static bool check_bigs(const struct fl_heap *heap, struct fl_check_report *out)
{
    uint64_t offset = 0;
    const char *fault = fl_big_fault(&heap->bigs, &offset);
    if (fault != NULL)
        return check_fail(out, "A9", offset, fault);
    return true;
}

static bool add_big_payload(const struct fl_block_view *block, void *user)
{
    *(uint64_t *)user += block->payload_bytes;
    return true;
}

static bool check_sums(const struct fl_heap *heap, const struct walk_sums *sums,
                       struct fl_check_report *out)
{
    const struct fl_alloc_stats *stats = &heap->stats;
    uint64_t payload = sums->payload;
    walk_bigs(&heap->bigs, add_big_payload, &payload);
    if (stats->live_blocks != sums->used_blocks + heap->bigs.count ||
        stats->live_block_bytes != sums->used_bytes + heap->bigs.bytes ||
        stats->live_payload != payload)
        return check_fail(out, "A7", 0, "the counters are not what the walk finds");
    if (heap->released_bytes != sums->released)
        return check_fail(out, "A8", 0, "the pages given back are not those of free blocks");
    return true;
}

bool fl_heap_check(const struct fl_allocator *self, enum fl_check_depth depth,
                   struct fl_check_report *out)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    *out = (struct fl_check_report){0};
    if (!check_counters(heap, out))
        return false;
    if (depth == FL_CHECK_FAST)
        return true;
    struct walk_sums sums = {0};
    return check_region(heap, out) && check_blocks(heap, &sums, out) &&
           check_index(heap, &sums, out) && check_bigs(heap, out) &&
           check_sums(heap, &sums, out);
}
