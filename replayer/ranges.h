/**
 * A set of address ranges that are mapped, each writable or not, and how many bytes they are.
 *
 * Thread safety: one set belongs to one thread at a time. No memory comes from malloc.
 */
#ifndef FL_REPLAY_RANGES_H
#define FL_REPLAY_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** [start, end), never empty. Neighbours that touch differ in `is_writable`. */
struct fl_range {
    uint64_t start, end;
    bool is_writable;
};

struct fl_ranges {
    struct fl_range *at; /* sorted, disjoint; owned */
    size_t count, capacity;
    uint64_t mapped_bytes;   /* of all of them */
    uint64_t writable_bytes; /* of those that are */
    bool has_overflowed;     /* one did not fit: the figures are not right from then on */
};

/** An empty set of at most `capacity` ranges. False when there is no memory. */
bool fl_ranges_init(struct fl_ranges *ranges, size_t capacity)
    __attribute__((warn_unused_result));
void fl_ranges_free(struct fl_ranges *ranges);

/** [start, end) becomes mapped, in place of what was there. */
void fl_ranges_map(struct fl_ranges *ranges, uint64_t start, uint64_t end, bool is_writable);

/** [start, end) is mapped no more; what was not is left alone. */
void fl_ranges_unmap(struct fl_ranges *ranges, uint64_t start, uint64_t end);

/** What is mapped in [start, end) becomes writable, or not. */
void fl_ranges_protect(struct fl_ranges *ranges, uint64_t start, uint64_t end,
                       bool is_writable);

/** Is the byte at `address` mapped and writable? */
bool fl_ranges_is_writable(const struct fl_ranges *ranges, uint64_t address);

#endif
