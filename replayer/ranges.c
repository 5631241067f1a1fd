/*
 * A sorted array. Every change first cuts the ranges at its two ends, so that it then deals
 * with whole ones only, and joins what has become alike:
 *
 *   [------ rw ------)           map [b, c) as none
 *   [- rw -)[none)[rw)           cut at b and c, replace what is between
 *          b     c
 *
 * Cost: O(log n) to find, O(n) to move the rest; an allocator has some hundreds of ranges.
 */
#include "ranges.h"

#include <string.h>
#include <sys/mman.h>

/* Shared, so that /proc/self/maps does not list it among the private memory. */
bool fl_ranges_init(struct fl_ranges *ranges, size_t capacity)
{
    void *memory = mmap(NULL, capacity * sizeof *ranges->at, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    *ranges = (struct fl_ranges){.at = memory, .capacity = capacity};
    return true;
}

void fl_ranges_free(struct fl_ranges *ranges)
{
    munmap(ranges->at, ranges->capacity * sizeof *ranges->at);
    ranges->at = NULL;
}

/* Number of the first range that ends after `address`. */
static size_t range_find(const struct fl_ranges *ranges, uint64_t address)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ranges->at[middle].end > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void bytes_add(struct fl_ranges *ranges, const struct fl_range *range)
{
    ranges->mapped_bytes += range->end - range->start;
    ranges->writable_bytes += range->is_writable ? range->end - range->start : 0;
}

static void bytes_remove(struct fl_ranges *ranges, const struct fl_range *range)
{
    ranges->mapped_bytes -= range->end - range->start;
    ranges->writable_bytes -= range->is_writable ? range->end - range->start : 0;
}

static bool range_insert(struct fl_ranges *ranges, size_t place, struct fl_range range)
{
    if (ranges->count == ranges->capacity) {
        ranges->has_overflowed = true;
        return false;
    }
    struct fl_range *at = &ranges->at[place];
    memmove(at + 1, at, (ranges->count - place) * sizeof *at);
    *at = range;
    ranges->count++;
    bytes_add(ranges, &range);
    return true;
}

static void ranges_remove(struct fl_ranges *ranges, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        bytes_remove(ranges, &ranges->at[i]);
    }
    struct fl_range *at = &ranges->at[first];
    memmove(at, at + count, (ranges->count - first - count) * sizeof *at);
    ranges->count -= count;
}

/* No range has `address` inside; the number of the first that starts there or later. */
static size_t range_cut(struct fl_ranges *ranges, uint64_t address)
{
    const size_t place = range_find(ranges, address);
    if (place == ranges->count || ranges->at[place].start >= address) {
        return place;
    }
    struct fl_range tail = ranges->at[place];
    tail.start = address;
    bytes_remove(ranges, &tail);
    ranges->at[place].end = address;
    (void)range_insert(ranges, place + 1, tail);
    return place + 1;
}

/* Join range `place` with the one before it when they touch and are alike. */
static void range_join(struct fl_ranges *ranges, size_t place)
{
    if (place == 0 || place >= ranges->count) {
        return;
    }
    struct fl_range *before = &ranges->at[place - 1];
    const struct fl_range range = ranges->at[place];
    if (before->end == range.start && before->is_writable == range.is_writable) {
        ranges_remove(ranges, place, 1);
        before->end = range.end;
        bytes_add(ranges, &range);
    }
}

void fl_ranges_unmap(struct fl_ranges *ranges, uint64_t start, uint64_t end)
{
    if (start < end) {
        const size_t first = range_cut(ranges, start);
        ranges_remove(ranges, first, range_cut(ranges, end) - first);
    }
}

void fl_ranges_map(struct fl_ranges *ranges, uint64_t start, uint64_t end, bool is_writable)
{
    if (start >= end) {
        return;
    }
    fl_ranges_unmap(ranges, start, end);
    const size_t place = range_find(ranges, start);
    if (range_insert(ranges, place, (struct fl_range){start, end, is_writable})) {
        range_join(ranges, place + 1);
        range_join(ranges, place);
    }
}

void fl_ranges_protect(struct fl_ranges *ranges, uint64_t start, uint64_t end, bool is_writable)
{
    if (start >= end) {
        return;
    }
    const size_t first = range_cut(ranges, start), last = range_cut(ranges, end);
    for (size_t i = first; i < last; i++) {
        bytes_remove(ranges, &ranges->at[i]);
        ranges->at[i].is_writable = is_writable;
        bytes_add(ranges, &ranges->at[i]);
    }
    for (size_t i = last + 1; i-- > first;) {
        range_join(ranges, i);
    }
}

bool fl_ranges_is_writable(const struct fl_ranges *ranges, uint64_t address)
{
    const size_t place = range_find(ranges, address);
    return place < ranges->count && ranges->at[place].start <= address &&
           ranges->at[place].is_writable;
}
