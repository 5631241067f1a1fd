/*
 * Numbers of one kind to numbers of another, as those of a trace's threads: an open hash, at
 * most half full. O(1) a number, 32 bytes each.
 */
#ifndef FL_NUMBERS_H
#define FL_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FL_NUMBER_NONE UINT32_MAX

struct fl_number {
    uint64_t from;
    uint32_t to; /* FL_NUMBER_NONE: an empty place */
};

/* All zeros is an empty table; end it with fl_numbers_clear. */
struct fl_numbers {
    struct fl_number *places;
    size_t count, capacity;
};

/* What `from` was set to, or FL_NUMBER_NONE. */
uint32_t fl_numbers_get(const struct fl_numbers *numbers, uint64_t from);

/* Set `from` to `to`, which is not FL_NUMBER_NONE. False when out of memory. */
bool fl_numbers_set(struct fl_numbers *numbers, uint64_t from, uint32_t to);

void fl_numbers_clear(struct fl_numbers *numbers);

#endif
