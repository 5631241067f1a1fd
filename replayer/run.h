/**
 * All passes over all traces of a call, in their order.
 *
 * Thread safety: one call at a time in a process.
 */
#ifndef FL_REPLAY_RUN_H
#define FL_REPLAY_RUN_H

#include "result.h"

/**
 * Replay the traces of `results[0 .. count)` into every target of `request`.
 *
 * @param results  each begun by fl_result_init; each receives what was learned, also when an allocator was
 *                 wrong or the trace is damaged, or why it could not be replayed. A trace of which nothing
 *                 can be read keeps none of the others back; what has to do with the environment or with us
 *                 ends all, and those whose passes were not all made are not complete
 */
void fl_run_traces(const struct fl_run_request *request, struct fl_trace_result *results,
                   size_t count);

#endif
