/**
 * flreplay --diff: from two files of results to what differs.
 *
 * Thread safety: called once, from main.
 */
#ifndef FL_REPLAY_DIFF_H
#define FL_REPLAY_DIFF_H

#include "request.h"

/**
 * Compare the files `paths[0]`, the old one, and `paths[1]` as `request` says.
 *
 * @return FL_OK; FL_USAGE when the files are not two, or no results; FL_IO, FL_NOMEM
 */
enum fl_status fl_diff_give(const struct fl_request *request, char *const *paths,
                            size_t path_count, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
