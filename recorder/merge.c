/*
 * A round of the drain: cut, merge, give room back.
 *
 * Cut. (1) A bound T is read from the clock of the stamps. (2) Every ring's head is read.
 * (3) Only events stamped before T are taken, smallest stamp first. An event is published
 * before anything it causes can be stamped. So if one stamped before T was missed in (2), what
 * it caused is stamped after (2), hence not before T, and is not taken either: what is taken is
 * closed under "was caused by". Recorder/DESIGN.md has the proof in full.
 *
 * Merge. A binary heap of rings by the stamp of their next event. The taker consumes a run from
 * the first ring for as long as no other ring is due, so that the heap costs O(log rings) for
 * each change of thread and nothing for each event. While one ring was ever claimed there is
 * nothing to order and no bound to check.
 */
#include "merge.h"

#include <stdlib.h>

#include <fl/assert.h>

#include "futex.h"
#include "stamp.h"

#define FL_RELEASE_SLOTS 4096u /* a producer that waits hears of room this often */
#define FL_KEY_MAX       UINT64_MAX

bool fl_merge_init(struct fl_merge *merge, struct fl_shared *shared,
                   const struct fl_shared_facts *facts, fl_take *take, void *user)
{
    struct fl_lane *lanes = calloc(facts->ring_count, sizeof *lanes);
    struct fl_lane **heap = calloc(facts->ring_count, sizeof(struct fl_lane *));
    if (!lanes || !heap) {
        free(lanes);
        free(heap);
        return false;
    }
    const char *slots = (const char *)shared + facts->slots_offset;
    for (uint32_t i = 0; i < facts->ring_count; i++) {
        lanes[i].ring = &shared->rings[i];
        lanes[i].slots = (const struct fl_slot *)(const void *)slots + i * facts->ring_slots;
        lanes[i].mask = facts->ring_slots - 1;
    }
    *merge = (struct fl_merge){.shared = shared,
                               .facts = *facts,
                               .lanes = lanes,
                               .heap = heap,
                               .take = take,
                               .user = user};
    return true;
}

void fl_merge_end(struct fl_merge *merge)
{
    free(merge->lanes);
    free(merge->heap);
}

static void lane_peek(struct fl_lane *lane)
{
    const struct fl_slot *slot = &lane->slots[lane->at & lane->mask];
    if (fl_slot_goes_before(lane, slot, lane->at))
        lane->key = fl_slot_key(&lane->slots[(lane->at + 1) & lane->mask], slot->rest);
    else
        lane->key = fl_slot_key(slot, lane->stamp_base);
}

/* The store and the load are in one total order with the producer's (thread_buffer.c). */
static void lane_release(struct fl_lane *lane)
{
    struct fl_ring *ring = lane->ring;
    atomic_store(&ring->tail, lane->at);
    lane->released = lane->at;
    const uint64_t slots = lane->mask + 1;
    const uint64_t used = atomic_load_explicit(&ring->head, memory_order_relaxed) - lane->at;
    if (atomic_load(&ring->is_waiting) && slots - used >= slots / 4) {
        atomic_store(&ring->is_waiting, 0);
        fl_futex_wake(&ring->tail_futex);
    }
}

static void heap_sink(struct fl_lane **heap, uint32_t count, uint32_t at)
{
    struct fl_lane *lane = heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && heap[child + 1]->key < heap[child]->key)
            child++;
        if (heap[child]->key >= lane->key)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = lane;
}

/* Smallest key that is not the first ring's. */
static uint64_t heap_second_key(struct fl_lane *const *heap, uint32_t count)
{
    const uint64_t left = count > 1 ? heap[1]->key : FL_KEY_MAX;
    const uint64_t right = count > 2 ? heap[2]->key : FL_KEY_MAX;
    return left < right ? left : right;
}

static struct fl_round heads_read(struct fl_merge *merge, uint32_t high)
{
    struct fl_round found = {0};
    merge->heap_count = 0;
    for (uint32_t i = 0; i < high; i++) {
        struct fl_lane *lane = &merge->lanes[i];
        lane->end = atomic_load_explicit(&lane->ring->head, memory_order_acquire);
        const uint64_t backlog = lane->end - lane->at;
        if (backlog == 0 || backlog > lane->mask + 1)
            continue; /* more than fits: the program wrote over its own ring's head */
        lane_peek(lane);
        merge->heap[merge->heap_count++] = lane;
        if (backlog > found.backlog_slots)
            found.backlog_slots = backlog;
    }
    return found;
}

/* One run from the first lane. False when that lane has nothing more before the bound. */
static bool lane_run(struct fl_merge *merge, struct fl_lane *lane, uint64_t bound)
{
    const uint64_t second = heap_second_key(merge->heap, merge->heap_count);
    const uint64_t batch_end = lane->released + FL_RELEASE_SLOTS;
    const uint64_t stop = lane->end < batch_end ? lane->end : batch_end;
    const uint64_t before = lane->at;
    merge->take(merge->user, lane, second < bound ? second : bound, stop);
    FL_ASSERT(lane->at <= lane->end, "a run ends with what was there");
    if (lane->at == before)
        lane->at++; /* the program changed what it had published: its stamp is another now */
    if (lane->at >= batch_end || lane->at == lane->end)
        lane_release(lane);
    if (lane->at == lane->end)
        return false;
    lane_peek(lane);
    return lane->key <= bound;
}

static void lanes_merge(struct fl_merge *merge, uint64_t bound)
{
    struct fl_lane **heap = merge->heap;
    for (uint32_t i = merge->heap_count / 2; i-- > 0;)
        heap_sink(heap, merge->heap_count, i);
    while (merge->heap_count > 0 && heap[0]->key <= bound) {
        if (!lane_run(merge, heap[0], bound)) {
            if (heap[0]->at != heap[0]->released)
                lane_release(heap[0]);
            heap[0] = heap[--merge->heap_count];
        }
        heap_sink(heap, merge->heap_count, 0);
    }
}

/* Rings that were ever claimed, as far as there are any. */
static uint32_t rings_claimed(const struct fl_merge *merge)
{
    const uint32_t high = atomic_load(&merge->shared->ring_high);
    return high < merge->facts.ring_count ? high : merge->facts.ring_count;
}

struct fl_round fl_merge_round(struct fl_merge *merge, bool is_final)
{
    const uint64_t bound_stamp = fl_stamp_bound(merge->shared, merge->facts.stamp_source);
    const uint32_t high = rings_claimed(merge);
    struct fl_round found = heads_read(merge, high);
    /* One ring, and no other was claimed before its head was read: all order is its own. */
    const bool is_alone = high <= 1 && rings_claimed(merge) <= 1;
    uint64_t before = 0, after = 0;
    for (uint32_t i = 0; i < high; i++)
        before += merge->lanes[i].at;
    lanes_merge(merge, is_final || is_alone ? FL_KEY_MAX : (bound_stamp << 1) - 1);
    for (uint32_t i = 0; i < high; i++)
        after += merge->lanes[i].at;
    merge->lane_count = high;
    found.taken_slots = after - before;
    return found;
}

void fl_lane_recycle(struct fl_lane *lane)
{
    struct fl_ring *ring = lane->ring;
    *lane = (struct fl_lane){.ring = ring, .slots = lane->slots, .mask = lane->mask};
    atomic_store_explicit(&ring->head, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->is_waiting, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->tid, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->state, FL_RING_FREE, memory_order_release);
}
