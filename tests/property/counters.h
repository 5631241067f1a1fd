/*
 * What the statistics of a heap must be, counted by a model beside it and against each other.
 */
#ifndef FL_TEST_COUNTERS_H
#define FL_TEST_COUNTERS_H

#include <fl/allocator.h>

/** What a model counts itself. */
struct counters {
    uint64_t mallocs, frees, reallocs;
    uint64_t failed, failed_resizes; /* the second are part of the first */
    uint64_t live_blocks, live_payload, peak_payload, peak_live_blocks;
    uint64_t calls, free_blocks_sum; /* taken over from the heap at the end of each call */
    uint64_t at_peak_block_bytes, at_peak_footprint, seen_peak; /* the same; of that peak */
};

void counters_add(struct counters *counters, uint64_t payload_bytes);
void counters_remove(struct counters *counters, uint64_t payload_bytes);

/** NULL, or a sentence about a counter that is not what it must be. Called after every call. */
const char *counters_fault(struct counters *counters, const struct fl_alloc_stats *stats);

#endif
