/*
 * By time the lanes that may go form a binary heap (Williams, Algorithm 232, 1964) over the
 * time of their next step; of equal times the lane that started earlier goes first. A step
 * costs O(log lanes) at most, two comparisons while the same lane stays the earliest.
 */
#include "order.h"

#include <stdlib.h>

#include <fl/assert.h>

#include "numbers.h"

static const struct fl_lane *queued(const struct fl_order *order, size_t i)
{
    return &order->lanes[order->queue[i]];
}

static bool goes_before(const struct fl_order *order, size_t one, size_t other)
{
    const struct fl_lane *left = queued(order, one), *right = queued(order, other);
    return left->time_ns != right->time_ns ? left->time_ns < right->time_ns
                                           : left->rank < right->rank;
}

static void queue_swap(struct fl_order *order, size_t one, size_t other)
{
    const size_t lane = order->queue[one];
    order->queue[one] = order->queue[other];
    order->queue[other] = lane;
}

static void heap_rise(struct fl_order *order, size_t i)
{
    while (i > 0 && goes_before(order, i, (i - 1) / 2)) {
        queue_swap(order, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void heap_sink(struct fl_order *order)
{
    size_t i = 0;
    for (;;) {
        size_t first = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < order->queue_count;
             child++) {
            first = goes_before(order, child, first) ? child : first;
        }
        if (first == i) {
            return;
        }
        queue_swap(order, i, first);
        i = first;
    }
}

static void queue_add(struct fl_order *order, size_t lane)
{
    order->queue[order->queue_count++] = lane;
    if (order->kind == FL_ORDER_TIME) {
        heap_rise(order, order->queue_count - 1);
    }
}

/* ---- who waits for whom ---- */

static int by_start(const void *left, const void *right)
{
    const struct fl_lane *one = *(struct fl_lane *const *)left;
    const struct fl_lane *other = *(struct fl_lane *const *)right;
    if (one->start_ns != other->start_ns) {
        return one->start_ns < other->start_ns ? -1 : 1;
    }
    return one < other ? -1 : one > other;
}

static void lane_wait(struct fl_order *order, struct fl_lane *lane, size_t after,
                      uint64_t event)
{
    struct fl_lane *other = &order->lanes[after];
    if (other->is_over) {
        return;
    }
    lane->after = after;
    lane->after_event = event;
    other->release_at = event < other->release_at ? event : other->release_at;
}

/* The lane it may not overtake started before it, so nobody waits for himself. `latest` has the
 * last image so far of each process. */
static bool lane_link(struct fl_order *order, struct fl_lane *lane, struct fl_numbers *latest)
{
    const uint32_t before = fl_numbers_get(latest, lane->pid);
    const uint32_t parent = fl_numbers_get(latest, lane->ppid);
    if (lane->pid == 0) {
        return true;
    }
    if (lane->image > 0 && before != FL_NUMBER_NONE) {
        lane_wait(order, lane, before, UINT64_MAX);
    } else if (lane->is_forked && parent != FL_NUMBER_NONE) {
        lane_wait(order, lane, parent, lane->parent_event);
    }
    return fl_numbers_set(latest, lane->pid, (uint32_t)(lane - order->lanes));
}

static bool lanes_link(struct fl_order *order)
{
    struct fl_lane **sorted =
        reallocarray(NULL, order->lane_count + 1, sizeof(struct fl_lane *));
    struct fl_numbers latest = {0};
    bool is_fine = sorted != NULL;
    for (size_t i = 0; is_fine && i < order->lane_count; i++) {
        sorted[i] = &order->lanes[i];
    }
    if (is_fine) {
        qsort(sorted, order->lane_count, sizeof(struct fl_lane *), by_start);
    }
    for (size_t i = 0; is_fine && i < order->lane_count; i++) {
        sorted[i]->rank = i;
        is_fine = lane_link(order, sorted[i], &latest);
    }
    fl_numbers_clear(&latest);
    free(sorted);
    return is_fine;
}

/* Let those go that waited for what `lane` has done. */
static void lane_release(struct fl_order *order, struct fl_lane *lane)
{
    const size_t number = (size_t)(lane - order->lanes);
    lane->release_at = UINT64_MAX;
    for (size_t i = 0; i < order->lane_count; i++) {
        struct fl_lane *waiting = &order->lanes[i];
        if (waiting->after != number) {
            continue;
        }
        if (lane->is_over || waiting->after_event <= lane->events) {
            waiting->after = FL_LANE_NONE;
            queue_add(order, i);
        } else if (waiting->after_event < lane->release_at) {
            lane->release_at = waiting->after_event;
        }
    }
}

/* ---- the order ---- */

bool fl_order_start(struct fl_order *order, enum fl_order_kind kind, struct fl_lane *lanes,
                    size_t lane_count)
{
    *order = (struct fl_order){.kind = kind, .lanes = lanes, .lane_count = lane_count};
    order->queue = reallocarray(NULL, lane_count + 1, sizeof *order->queue);
    if (order->queue == NULL || (kind == FL_ORDER_TIME && !lanes_link(order))) {
        return false;
    }
    for (size_t i = 0; i < lane_count; i++) {
        lanes[i].time_ns = lanes[i].start_ns;
        if (!lanes[i].is_over && lanes[i].after == FL_LANE_NONE) {
            queue_add(order, i);
        }
    }
    return true;
}

struct fl_lane *fl_order_lane(const struct fl_order *order)
{
    return order->queue_count == 0 ? NULL : &order->lanes[order->queue[order->turn]];
}

static void queue_drop(struct fl_order *order)
{
    order->queue_count--;
    if (order->kind == FL_ORDER_TIME) {
        order->queue[0] = order->queue[order->queue_count];
        return;
    }
    for (size_t i = order->turn; i < order->queue_count; i++) {
        order->queue[i] = order->queue[i + 1];
    }
    order->turn = order->turn < order->queue_count ? order->turn : 0;
}

void fl_order_move(struct fl_order *order, struct fl_lane *lane, bool gave_event)
{
    FL_ASSERT(lane == fl_order_lane(order), "only the lane whose turn it is has moved");
    if (lane->is_over) {
        queue_drop(order);
    } else if (order->kind == FL_ORDER_ROUND_ROBIN && gave_event) {
        order->turn = (order->turn + 1) % order->queue_count;
    }
    if (order->kind == FL_ORDER_TIME) {
        heap_sink(order);
        if (lane->is_over || lane->events >= lane->release_at) {
            lane_release(order, lane);
        }
    }
}

void fl_order_clear(struct fl_order *order)
{
    free(order->queue);
}
