/**
 * Results as people and programs read them. Both come from the one result model.
 *
 * Thread safety: one thread per stream.
 */
#ifndef FL_REPLAY_OUT_H
#define FL_REPLAY_OUT_H

#include <stdio.h>

#include <fl/emit.h>

#include "means.h"
#include "result.h"

/** The tables of one trace. */
void fl_out_table(FILE *out, const struct fl_trace_result *result, bool is_colored);

/** Geometric means over the traces; nothing for a single one. */
void fl_out_means(FILE *out, const struct fl_means *means, bool is_colored);

/** How many calls made how many visits, as bars: one block per allocator that counts them. */
void fl_out_histograms(FILE *out, const struct fl_trace_result *result);

/** The names, knobs and defaults of a catalog: --alloc=help. */
void fl_out_catalog(FILE *out, const struct fl_catalog *catalog);

/** A field of CSV (RFC 4180), in quotes where it needs them. */
void fl_csv_field(FILE *out, const char *text);

#define FL_RESULT_SCHEMA 1 /* grows when a key changes its meaning or goes; RESULTS.md */

/** The JSON document: begin, one trace at a time, end. False (errno set) when it was not written. */
void fl_out_json_start(struct fl_emit *emit, FILE *out, const struct fl_run_request *request);
void fl_out_json_trace(struct fl_emit *emit, const struct fl_trace_result *result);
bool fl_out_json_end(struct fl_emit *emit, const struct fl_means *means)
    __attribute__((warn_unused_result));

#endif
