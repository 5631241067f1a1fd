/*
 * The heap behind the interface: made from its knobs, its operations, and the counters that
 * each call leaves behind. Where a block comes from is space.c; a request of `big` bytes and
 * more goes straight to the kernel (big.c).
 *
 * The cost of a call is the policy's find or insert, and O(1) beside it.
 */
#include "heap.h"

#include <errno.h>
#include <string.h>

#include "assertion.h"

#define RESERVE_DEFAULT ((uint64_t)32 << 30)
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "a heap may span 32 GiB, a knob be never");

/* ---- the counters ---- */

void fl_heap_count_block(struct fl_heap *heap, size_t asked, size_t block_bytes)
{
    struct fl_alloc_stats *stats = &heap->stats;
    stats->live_blocks++;
    stats->live_payload += asked;
    stats->live_block_bytes += block_bytes;
    if (stats->live_blocks > stats->peak_live_blocks)
        stats->peak_live_blocks = stats->live_blocks;
    if (stats->live_block_bytes > stats->peak_block_bytes)
        stats->peak_block_bytes = stats->live_block_bytes;
    if (stats->live_payload > stats->peak_payload) {
        stats->peak_payload = stats->live_payload;
        stats->at_peak_block_bytes = stats->live_block_bytes;
        stats->at_peak_footprint = stats->footprint;
    }
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
    const bool is_malloc = kind == FL_VISIT_MALLOC;
    uint64_t *sum = is_malloc ? &stats->visits_malloc : &stats->visits_free;
    uint64_t *max = is_malloc ? &stats->visits_malloc_max : &stats->visits_free_max;
    uint64_t *by_power =
        is_malloc ? stats->visits_malloc_by_power : stats->visits_free_by_power;
    *sum += visits;
    by_power[fl_visit_bucket(visits)]++;
    if (visits > *max)
        *max = visits;
    heap->policy->visits = 0;
}

/* ---- creating ---- */

static struct fl_heap_settings settings_from(const struct fl_policy_ops *policy,
                                             const struct fl_allocator_config *config)
{
    const uint64_t *values = config->values;
    const size_t granule = (size_t)1 << (FL_ALIGN_SHIFT_LEAST + values[FL_KNOB_ALIGN]);
    const bool has_tags = values[FL_KNOB_TAGS] == FL_TAGS_BOUNDARY;
    const struct fl_links_bytes links = policy->links_bytes(config);
    const size_t least = FL_HEADER + links.least + (has_tags ? FL_TAG : 0);
    const size_t rest = (size_t)values[FL_KNOB_SPLIT_MIN];
    return (struct fl_heap_settings){
        .least = (uint32_t)((least + granule - 1) / granule),
        .least_rest = (uint32_t)(((rest > least ? rest : least) + granule - 1) / granule),
        .links_end = FL_HEADER + links.most,
        .has_tags = has_tags,
        .is_coalescing = values[FL_KNOB_COALESCE] == FL_COALESCE_ON,
        .trim = (enum fl_trim)values[FL_KNOB_TRIM],
        .trim_bytes = (size_t)values[FL_KNOB_TRIM_SIZE],
        .big_bytes = (size_t)values[FL_KNOB_BIG],
        .chunk_bytes = fl_page_round((size_t)values[FL_KNOB_CHUNK]),
        .granule_bytes = granule,
        .pad_bytes = -FL_HEADER & (granule - 1),
    };
}

/* The heap's own fields; its region and its table of big blocks are there. */
static void heap_init(struct fl_heap *heap, const struct fl_allocator_ops *ops,
                      const struct fl_policy_ops *policy,
                      const struct fl_allocator_config *config)
{
    heap->base = (struct fl_allocator){.ops = ops, .alignment = heap->set.granule_bytes};
    heap->first = heap->end = (struct fl_block *)(heap->region.base + heap->set.pad_bytes);
    heap->grid = (struct fl_grid){
        .origin = (char *)heap->first - heap->set.granule_bytes,
        .shift = (unsigned)__builtin_ctzll(heap->set.granule_bytes),
    };
    heap->policy = (struct fl_policy *)(heap + 1);
    heap->policy->ops = policy;
    heap->policy->grid = heap->grid;
    policy->init(heap->policy, config);
}

int fl_heap_create(const struct fl_allocator_ops *ops, const struct fl_policy_ops *policy,
                   const struct fl_allocator_config *config, struct fl_allocator **out)
{
    const struct fl_heap_settings set = settings_from(policy, config);
    const uint64_t reach = (uint64_t)set.granule_bytes * (FL_NUMBER_MAX + UINT64_C(1));
    const uint64_t most = reach < RESERVE_DEFAULT ? reach : RESERVE_DEFAULT;
    const uint64_t wanted = config->reserve_bytes != 0 ? config->reserve_bytes : most;
    if (wanted > most)
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
    heap->instance_bytes = instance_bytes;
    heap->set = set;
    heap_init(heap, ops, policy, config);
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

/* ---- the operations ---- */

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
    struct fl_block *used = fl_space_take(heap, fl_heap_granules(heap, bytes), align);
    if (used == NULL)
        return NULL;
    fl_block_make_used(&heap->grid, used, used->granules, bytes, used->info);
    fl_heap_count_block(heap, bytes, fl_block_bytes(&heap->grid, used));
    return fl_block_payload(used);
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
    fl_heap_end_call(heap);
    return payload;
}

void *fl_heap_alloc_zeroed(struct fl_allocator *self, size_t bytes)
{
    void *payload = fl_heap_alloc(self, bytes, 0);
    if (payload != NULL && !fl_heap_wants_big(fl_heap_of(self), bytes, 0))
        memset(payload, 0, bytes);
    return payload;
}

bool fl_heap_free(struct fl_allocator *self, void *payload)
{
    struct fl_heap *heap = fl_heap_of(self);
    struct fl_block *block = fl_heap_block(heap, payload);
    struct fl_big *big = block == NULL ? fl_heap_big(heap, payload) : NULL;
    if (block != NULL) {
        fl_heap_uncount_block(heap, fl_block_asked(&heap->grid, block),
                              fl_block_bytes(&heap->grid, block));
        fl_space_release(heap, block);
    } else if (big != NULL) {
        fl_heap_uncount_block(heap, big->asked_bytes, big->map_bytes);
        fl_big_release(&heap->bigs, big, &heap->stats);
    } else {
        return false;
    }
    heap->stats.frees++;
    fl_heap_take_visits(heap, FL_VISIT_FREE);
    fl_heap_end_call(heap);
    return true;
}

size_t fl_heap_usable_size(const struct fl_allocator *self, const void *payload)
{
    const struct fl_heap *heap = fl_heap_of_const(self);
    const struct fl_block *block = fl_heap_block(heap, payload);
    if (block != NULL)
        return fl_block_bytes(&heap->grid, block) - FL_HEADER;
    const struct fl_big *big = fl_heap_big(heap, payload);
    return big != NULL ? big->map_bytes : 0;
}

void fl_heap_stats(const struct fl_allocator *self, struct fl_alloc_stats *out)
{
    *out = fl_heap_of_const(self)->stats;
}

void fl_heap_prefault(struct fl_allocator *self, size_t bytes)
{
    struct fl_heap *heap = fl_heap_of(self);
    const size_t chunk = heap->set.chunk_bytes; /* the heap grows by whole ones */
    size_t wanted;
    if (__builtin_add_overflow(bytes, 2 * chunk - 1, &wanted))
        return;
    fl_region_prefault(&heap->region, wanted - wanted % chunk);
}
