/**
 * A cut: a copy of a trace, in memory, without some of its objects or calls, or with one call
 * made simpler.
 *
 * Thread safety: pure but for the copy it makes.
 */
#ifndef FL_REPLAY_CUT_H
#define FL_REPLAY_CUT_H

#include "steps.h"

enum fl_cut_kind {
    FL_CUT_NOTHING,
    FL_CUT_OBJECTS, /* objects [from, to) with all their calls, counted in order of allocation */
    FL_CUT_CALLS,   /* frees, reallocs and usable_size [from, to), counted among themselves */
    FL_CUT_PLAIN,   /* the allocation number `from`, counted as objects are, becomes a malloc */
    FL_CUT_SIZE,    /* allocation or realloc number `from`, of both, asks for `size_bytes` */
};

struct fl_cut {
    enum fl_cut_kind kind;
    uint64_t from, to, size_bytes;
};

/** What there is to cut, and so the numbers of struct fl_cut end below. */
struct fl_cut_counts {
    uint64_t objects;
    uint64_t calls; /* besides the allocations */
    uint64_t sizes; /* allocations and reallocs */
};

/**
 * Copy the first `event_limit` events of `from` but for what `cut` leaves out. Records, failed
 * calls and unknown pointers are never copied: of the copy each event is a step.
 *
 * @param to      the copy; end it with fl_source_close
 * @param counts  of the copy
 * Cost: decoding `from` and encoding the copy; memory: the copy, and 24 bytes for each slot.
 */
enum fl_status fl_cut_make(const struct fl_source *from, uint64_t event_limit,
                           const struct fl_cut *cut, struct fl_source *to,
                           struct fl_cut_counts *counts, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
