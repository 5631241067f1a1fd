/**
 * All passes over one trace, in their order.
 *
 * Thread safety: one call at a time in a process.
 */
#ifndef FL_REPLAY_RUN_H
#define FL_REPLAY_RUN_H

#include "result.h"

/**
 * Replay the trace at `path` into every target of `request`.
 *
 * @param out  what was learned; also when an allocator was wrong or the trace is damaged; on a
 *             failure the targets, without results. Ends with fl_result_free, on a failure too
 * @return     FL_OK with `out`; a status of the trace when nothing of it could be read; FL_USAGE,
 *             FL_NOMEM, FL_IO when a pass could not be made
 */
enum fl_status fl_run_trace(const struct fl_run_request *request, const char *path,
                            struct fl_trace_result *out, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
