/**
 * The latency pass: each call timed for itself.
 *
 * Thread safety: one measurement belongs to one thread. No memory comes from malloc.
 */
#ifndef FL_REPLAY_LATENCY_H
#define FL_REPLAY_LATENCY_H

#include "plan.h"
#include "table.h"
#include "target.h"
#include "touch.h"

/* X(name, name in tables and JSON, action) */
#define FL_LATENCY_LIST(X)                                                                     \
    X(MALLOC, "malloc", FL_DO_ALLOC)                                                           \
    X(CALLOC, "calloc", FL_DO_ZEROED)                                                          \
    X(ALIGNED, "aligned", FL_DO_ALIGNED)                                                       \
    X(REALLOC, "realloc", FL_DO_RESIZE)                                                        \
    X(FREE, "free", FL_DO_FREE)

enum fl_latency_kind {
#define FL_LATENCY_ENUM(name, word, action) FL_LATENCY_##name,
    FL_LATENCY_LIST(FL_LATENCY_ENUM)
#undef FL_LATENCY_ENUM
        FL_LATENCY_KINDS
};

/** Of all calls of a kind, in ns with the clock's own cost. Percentiles are the upper ends of
 *  their buckets, at most 1/32 above what was measured; the maximum is exact. */
struct fl_latency_figures {
    uint64_t calls;
    uint64_t p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
};

struct fl_latencies {
    uint64_t clock_ns; /* two readings of the clock with nothing between: median of 10,000 */
    struct fl_latency_figures of[FL_LATENCY_KINDS];
};

/** "malloc", ... ; static storage. */
const char *fl_latency_word(enum fl_latency_kind kind);

struct fl_latency;

/**
 * A pass over `allocator` (stays the caller's), or NULL when there is no memory.
 *
 * @param is_populated  its memory is faulted in before each batch, where that can be done
 */
struct fl_latency *fl_latency_new(struct fl_allocator *allocator, enum fl_touch touch,
                                  bool is_populated);
void fl_latency_free(struct fl_latency *latency);

/** Run `batch`. New payload is written in the manner of `touch` after the clock was read. False
 *  when there is no memory for the table of blocks. */
bool fl_latency_run(struct fl_latency *latency, const struct fl_step_batch *batch)
    __attribute__((warn_unused_result));

/** What was measured so far, and allocations that returned NULL though the program got one. */
void fl_latency_figures(const struct fl_latency *latency, struct fl_latencies *out,
                        uint64_t *refused);

#endif
