/**
 * --series: what the heaps held in the course of the traces, as CSV or JSON in a file of its
 * own.
 *
 * Thread safety: one thread per file.
 */
#ifndef FL_REPLAY_OUT_SERIES_H
#define FL_REPLAY_OUT_SERIES_H

#include <fl/emit.h>
#include <fl/part_file.h>

#include "result.h"

#define FL_SERIES_SCHEMA 1 /* of the JSON: grows when a key changes its meaning or goes */

struct fl_out_series {
    struct fl_part_file file; /* not open: nobody wants series */
    bool is_json;
    struct fl_emit emit;
};

/**
 * Begin the file `path`, JSON when its name ends in ".json", else CSV; "-" is standard output.
 *
 * @return FL_OK; FL_IO when it cannot be written
 */
enum fl_status fl_out_series_open(struct fl_out_series *series, const char *path,
                                  const struct fl_run_request *request, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Add the series of one trace. Nothing when it is not open. */
void fl_out_series_trace(struct fl_out_series *series, const struct fl_trace_result *result);

/** End the file; FL_OK as well when it is not open. */
enum fl_status fl_out_series_close(struct fl_out_series *series, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
