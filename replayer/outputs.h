/**
 * The files that a call of flreplay writes, before any is opened.
 *
 * Thread safety: one thread per request.
 */
#ifndef FL_REPLAY_OUTPUTS_H
#define FL_REPLAY_OUTPUTS_H

#include "request.h"

/**
 * Is none of them a file that is read (one of the `operand_count` traces, or results of
 * --diff), and none written twice? Pipes and devices may be.
 *
 * @return FL_OK; FL_USAGE with both named
 */
enum fl_status fl_outputs_check(const struct fl_request *request, char *const *operands,
                                size_t operand_count, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
