/*
 * What a malloc and a free cost when n blocks are free.
 *
 *   built     | live | free 0 | live | free 1 | live | ...  | live | free n-1 |
 *
 * Sizes rise with the address, so that the largest block is the last of every list. Live blocks
 * are made larger than they stay and cut in place, from the last to the first: each cut puts
 * one block at the head of every list, so building costs O(1) or O(log n) a block even where
 * free is O(n). Up to FL_GROWTH_SIZES sizes differ: 100,000 different ones are 80 GB of address
 * space.
 *
 * Probes, in this order, each for the worst there is:
 *   malloc    what only the largest block satisfies; 16 sizes chosen at random among the present
 *   free      those 16 in another order; the largest, whose place is last; 16 live blocks with a
 *             free one on either side, which are glued
 * What is taken comes back, so the number of free blocks is n within 17. Visits are the exact
 * counters' differences around each call.
 */
#include "growth.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <fl/assert.h>
#include <fl/fmt.h>

#define LIVE_BYTES  16u /* asked for by the blocks between */
#define LEAST_BYTES 64u /* of a free block: every design's smallest fits */

struct growth_heap {
    const struct fl_target *target;
    struct fl_allocator *allocator;
    const struct fl_allocator_ops *ops;
    size_t count; /* n */
    unsigned char *
        *live; /* `count` + 1 entries: between the free blocks; the last is the top */
    uint64_t *free_bytes;  /* `count` entries, of the free blocks in the order of addresses */
    uint64_t header_bytes; /* of a block beside what can be used */
    uint64_t random;       /* state of the generator, the same in every run */
    struct fl_growth_curve *malloc_curve, *free_curve;
    size_t point; /* which entry of the curves */
};

/* ---- what is counted ---- */

static struct fl_alloc_stats stats_of(const struct growth_heap *heap)
{
    struct fl_alloc_stats stats;
    heap->ops->stats(heap->allocator, &stats);
    return stats;
}

static void curve_note(struct fl_growth_curve *curve, size_t point, uint64_t visits)
{
    if (visits > curve->visits[point]) {
        curve->visits[point] = visits;
    }
}

static unsigned char *probe_malloc(struct growth_heap *heap, uint64_t free_bytes)
{
    const uint64_t before = stats_of(heap).visits_malloc;
    unsigned char *block =
        heap->ops->alloc(heap->allocator, (size_t)(free_bytes - heap->header_bytes), 0);
    curve_note(heap->malloc_curve, heap->point, stats_of(heap).visits_malloc - before);
    return block;
}

static bool probe_free(struct growth_heap *heap, unsigned char *block)
{
    const uint64_t before = stats_of(heap).visits_free;
    const bool is_freed = block != NULL && heap->ops->free(heap->allocator, block);
    curve_note(heap->free_curve, heap->point, stats_of(heap).visits_free - before);
    return is_freed;
}

/* A number below `limit`: splitmix64, whose high half is good enough here. */
static size_t random_below(struct growth_heap *heap, size_t limit)
{
    FL_ASSERT(limit > 0, "there is a number below it");
    uint64_t mixed = heap->random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (size_t)((mixed >> 32) % limit);
}

/* ---- building ---- */

/* Free bytes wanted of block `i`: the least, then one step more each. */
static size_t bytes_wanted(const struct growth_heap *heap, size_t i)
{
    const size_t sizes = heap->count < FL_GROWTH_SIZES ? heap->count : FL_GROWTH_SIZES;
    const size_t sharing = heap->count - sizes;
    return LEAST_BYTES + (i < sharing ? 0 : i - sharing) * heap->allocator->alignment;
}

struct free_walk {
    uint64_t *bytes; /* of the free blocks, `limit` entries, or NULL: only the last */
    size_t count, limit;
    uint64_t last_bytes; /* of the last block, 0 when it is not free */
};

static bool free_visit(const struct fl_block_view *view, void *user)
{
    struct free_walk *walk = user;
    if (view->is_big) {
        return false; /* they come behind the region */
    }
    walk->last_bytes = view->is_used ? 0 : view->block_bytes;
    if (!view->is_used && walk->bytes != NULL && walk->count < walk->limit) {
        walk->bytes[walk->count] = view->block_bytes;
    }
    walk->count += !view->is_used;
    return true;
}

struct header_walk {
    uint64_t first_bytes; /* of the first block */
};

static bool header_visit(const struct fl_block_view *view, void *user)
{
    ((struct header_walk *)user)->first_bytes = view->block_bytes;
    return false;
}

/* Live blocks up to the top of the region, which the last one takes whole. */
static bool heap_fill(struct growth_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        heap->live[i] =
            heap->ops->alloc(heap->allocator, LIVE_BYTES + bytes_wanted(heap, i), 0);
        if (heap->live[i] == NULL) {
            return false;
        }
    }
    struct header_walk header = {.first_bytes = 0};
    heap->ops->walk(heap->allocator, header_visit, &header);
    heap->header_bytes =
        header.first_bytes - heap->ops->usable_size(heap->allocator, heap->live[0]);
    struct free_walk top = {.bytes = NULL};
    heap->ops->walk(heap->allocator, free_visit, &top);
    const uint64_t rest = top.last_bytes;
    heap->live[heap->count] = heap->ops->alloc(
        heap->allocator, rest == 0 ? 0 : (size_t)(rest - heap->header_bytes), 0);
    return heap->live[heap->count] != NULL;
}

static enum fl_status heap_build(struct growth_heap *heap, struct fl_error *err)
{
    if (!heap_fill(heap)) {
        return fl_fail(err, FL_NOMEM, "%s: no memory for %s blocks", heap->target->label,
                       fl_fmt_count(heap->count).text);
    }
    for (size_t i = heap->count; i-- > 0;) {
        heap->live[i] = heap->ops->resize(heap->allocator, heap->live[i], LIVE_BYTES);
    }
    struct free_walk walk = {.bytes = heap->free_bytes, .limit = heap->count};
    heap->ops->walk(heap->allocator, free_visit, &walk);
    /* The top must be live too: a free one would be glued to the last block. */
    if (walk.count != heap->count || walk.last_bytes != 0) {
        return fl_fail(err, FL_USAGE,
                       "%s: %s free blocks of chosen sizes cannot be made with these knobs",
                       heap->target->label, fl_fmt_count(heap->count).text);
    }
    return FL_OK;
}

/* ---- probing ---- */

/* Different blocks chosen at random, the largest left out. */
static void choose(struct growth_heap *heap, size_t chosen[FL_GROWTH_PROBES])
{
    const size_t sizes = heap->count < FL_GROWTH_SIZES ? heap->count : FL_GROWTH_SIZES;
    for (size_t have = 0; have < FL_GROWTH_PROBES;) {
        chosen[have] = heap->count - sizes + random_below(heap, sizes - 1);
        size_t same = 0;
        while (chosen[same] != chosen[have]) {
            same++;
        }
        have += same == have;
    }
}

static bool heap_probe(struct growth_heap *heap)
{
    size_t chosen[FL_GROWTH_PROBES];
    unsigned char *taken[FL_GROWTH_PROBES];
    bool is_freed = true;
    unsigned char *largest = probe_malloc(heap, heap->free_bytes[heap->count - 1]);
    choose(heap, chosen);
    for (size_t i = 0; i < FL_GROWTH_PROBES; i++) {
        taken[i] = probe_malloc(heap, heap->free_bytes[chosen[i]]);
    }
    for (size_t i = 0; i < FL_GROWTH_PROBES; i++) {
        const size_t other = i + random_below(heap, FL_GROWTH_PROBES - i);
        unsigned char *block = taken[other];
        taken[other] = taken[i];
        is_freed = probe_free(heap, block) && is_freed;
    }
    is_freed = probe_free(heap, largest) && is_freed;
    choose(heap, chosen);
    for (size_t i = 0; i < FL_GROWTH_PROBES; i++) {
        /* The live block before a free one has another free one before it, but for the
         * first. */
        unsigned char **between = &heap->live[chosen[i] == 0 ? 1 : chosen[i]];
        if (*between != NULL) {
            is_freed = probe_free(heap, *between) && is_freed;
            *between = NULL;
        }
    }
    return is_freed;
}

static enum fl_status heap_measure(struct growth_heap *heap, struct fl_error *err)
{
    const enum fl_status status = heap_build(heap, err);
    if (status != FL_OK) {
        return status;
    }
    struct fl_check_report report;
    if (!heap_probe(heap)) {
        return fl_fail(err, FL_WRONG, "%s: a live block was refused by free or malloc failed",
                       heap->target->label);
    }
    if (heap->ops->check != NULL &&
        !heap->ops->check(heap->allocator, FL_CHECK_FULL, &report)) {
        return fl_fail(err, FL_WRONG, "%s: broken heap: %s %s", heap->target->label,
                       report.invariant, report.message);
    }
    return FL_OK;
}

static enum fl_status point_measure(struct growth_heap *heap, struct fl_error *err)
{
    const int failed = heap->target->ops->create(&heap->target->config, &heap->allocator);
    if (failed == -EINVAL) {
        return fl_fail(err, FL_USAGE, "%s: these knobs do not go together",
                       heap->target->label);
    }
    if (failed != 0) {
        return fl_fail_os(err, FL_NOMEM, -failed, "cannot make an instance of %s",
                          heap->target->label);
    }
    enum fl_status status = FL_OK;
    heap->live = calloc(heap->count + 1, sizeof *heap->live);
    heap->free_bytes = calloc(heap->count, sizeof *heap->free_bytes);
    if (heap->live == NULL || heap->free_bytes == NULL) {
        status =
            fl_fail(err, FL_NOMEM, "no memory for %s blocks", fl_fmt_count(heap->count).text);
    } else {
        status = heap_measure(heap, err);
    }
    free(heap->live);
    free(heap->free_bytes);
    heap->ops->destroy(heap->allocator);
    return status;
}

enum fl_status fl_growth_measure(const struct fl_target *target, size_t points,
                                 struct fl_growth_result *out, struct fl_error *err)
{
    const struct fl_allocator_ops *ops = target->ops;
    struct fl_growth_result result = {.malloc_curve = {{0}}};
    if (ops->stats == NULL || ops->walk == NULL) {
        return fl_fail(err, FL_USAGE, "%s: has no counters to show its growth by",
                       target->label);
    }
    /* One byte is touched in each of many pages: huge ones would all be real memory. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    size_t count = FL_GROWTH_SMALLEST;
    for (size_t i = 0; i < points; i++, count *= 10) {
        struct growth_heap heap = {
            .target = target,
            .ops = ops,
            .count = count,
            .malloc_curve = &result.malloc_curve,
            .free_curve = &result.free_curve,
            .point = i,
        };
        const enum fl_status status = point_measure(&heap, err);
        if (status != FL_OK) {
            return status;
        }
    }
    *out = result;
    return FL_OK;
}

/* ---- classes ---- */

size_t fl_growth_points(uint64_t largest)
{
    size_t points = 0;
    for (uint64_t count = FL_GROWTH_SMALLEST; count <= largest && points < FL_GROWTH_POINTS_MAX;
         count *= 10) {
        points++;
    }
    return points;
}

/* The smallest class that allows a step from `visits` to `more` at ten times the blocks. */
static enum fl_growth_class step_class(uint64_t visits, uint64_t more)
{
    if (more <= visits + 1) {
        return FL_GROWTH_CONSTANT;
    }
    if (more <= visits + FL_GROWTH_LOG_STEP) {
        return FL_GROWTH_LOGARITHMIC;
    }
    return more >= visits * FL_GROWTH_LINEAR_STEP ? FL_GROWTH_LINEAR : FL_GROWTH_UNCLEAR;
}

enum fl_growth_class fl_growth_classify(const struct fl_growth_curve *curve, size_t points)
{
    enum fl_growth_class least = FL_GROWTH_UNCLEAR, most = FL_GROWTH_CONSTANT;
    for (size_t i = 1; i < points; i++) {
        const enum fl_growth_class step = step_class(curve->visits[i - 1], curve->visits[i]);
        least = step < least ? step : least;
        most = step > most ? step : most;
    }
    const bool is_linear_at_times = most == FL_GROWTH_LINEAR && least != FL_GROWTH_LINEAR;
    return points < 2 || is_linear_at_times ? FL_GROWTH_UNCLEAR : most;
}

const char *fl_growth_class_text(enum fl_growth_class growth)
{
    static const char *const texts[] = {
        [FL_GROWTH_CONSTANT] = "O(1)",
        [FL_GROWTH_LOGARITHMIC] = "O(log n)",
        [FL_GROWTH_LINEAR] = "O(n)",
        [FL_GROWTH_UNCLEAR] = "unclear",
    };
    return texts[growth];
}
