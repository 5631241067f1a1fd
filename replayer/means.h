/**
 * Geometric means over several traces: one figure per allocator that no long trace outweighs.
 *
 * Thread safety: plain data.
 */
#ifndef FL_REPLAY_MEANS_H
#define FL_REPLAY_MEANS_H

#include "result.h"

/** Sums of logarithms; zero before the first trace. A trace counts for a figure only when every
 *  target but `none` has it, so that all means are over the same traces. */
struct fl_means {
    size_t trace_count;                              /* added */
    size_t target_count;                             /* of each trace */
    size_t timed_count;                              /* traces in `log_net` */
    size_t sized_count;                              /* traces in `log_footprint` */
    const struct fl_target *targets[FL_TARGETS_MAX]; /* owned by the request */
    double log_net[FL_TARGETS_MAX];                  /* of ns per operation */
    double log_footprint[FL_TARGETS_MAX]; /* of largest footprint / largest payload */
};

void fl_means_add(struct fl_means *means, const struct fl_trace_result *result);

/** Geometric mean of target `i`; below 0: there is none. */
double fl_means_net_ns(const struct fl_means *means, size_t i);
double fl_means_footprint(const struct fl_means *means, size_t i);

#endif
