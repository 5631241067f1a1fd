/*
 * What a trace holds in numbers: calls by kind, sizes, lifetimes, peaks. Counted by walking it,
 * so the counts hold for a damaged one too. Plain numbers: nothing to free.
 */
#ifndef FL_COUNTS_H
#define FL_COUNTS_H

#include "objects.h"

#define FL_SIZE_CLASSES 65u /* 0, then [2^(i-1), 2^i) for i = 1 .. 64 */
#define FL_LIFE_CLASSES 65u /* the same, of events */

/* Objects that ended. */
struct fl_lives {
    uint64_t objects, bytes;
};

struct fl_counts {
    uint64_t events;
    uint64_t calls[FL_CALL_COUNT], failed[FL_CALL_COUNT];
    uint64_t null_pointers, unknown_pointers, implied_frees, freed_reallocs;
    uint64_t allocations, allocated_bytes; /* a realloc counts in full */
    uint64_t by_size[FL_SIZE_CLASSES];
    uint64_t live_objects, live_bytes; /* now: at the end, never freed */
    uint64_t peak_live_bytes, peak_event;
    uint64_t peak_live_objects, peak_objects_event;
    struct fl_lives
        lives[FL_LIFE_CLASSES]; /* by the events from an object's first to its last */
    uint64_t temporary;         /* objects that the very next event ended */
    uint64_t threads, time_ns, marks, lost_events;
};

/* The class of a size or lifetime, and the least number of a class. */
static inline unsigned fl_class_of(uint64_t number)
{
    return number == 0 ? 0 : 64u - (unsigned)__builtin_clzll(number);
}

static inline uint64_t fl_class_least(unsigned number)
{
    return number == 0 ? 0 : UINT64_C(1) << (number - 1);
}

/* Count a step; all zeros is before the first. */
void fl_counts_step(struct fl_counts *counts, const struct fl_step *step);

#endif
