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

/** The results of a call that can be shown. */
struct fl_out_results {
    const struct fl_trace_result *const *at; /* `count`, at least one; not owned */
    size_t count;
    const struct fl_means *means; /* over them */
};

/** How many rows a table has: each target of each trace. */
static inline size_t fl_out_row_count(const struct fl_out_results *results)
{
    return results->count * results->at[0]->target_count;
}

/** Row `i` of them; `result` (may be NULL) receives its trace. */
static inline const struct fl_target_result *fl_out_row(const struct fl_out_results *results,
                                                        size_t i,
                                                        const struct fl_trace_result **result)
{
    const size_t target_count = results->at[0]->target_count;
    const struct fl_trace_result *of = results->at[i / target_count];
    if (result != NULL) {
        *result = of;
    }
    return &of->targets[i % target_count];
}

/** What was replayed and how, and one table of each kind. */
void fl_out_tables(FILE *out, const struct fl_out_results *results, bool is_colored);

/** The parts above the tables: the traces, and what the times depend on. */
void fl_out_traces(FILE *out, const struct fl_out_results *results);
void fl_out_setting(FILE *out, const struct fl_out_results *results);

/** How many calls made how many visits, as bars: one block per allocator that counts them. */
void fl_out_histograms(FILE *out, const struct fl_trace_result *result);

/** The names, knobs and defaults of a catalog: --alloc=help. */
void fl_out_catalog(FILE *out, const struct fl_catalog *catalog);

/** A field of CSV (RFC 4180), in quotes where it needs them. */
void fl_csv_field(FILE *out, const char *text);

/** Text in Markdown that stays text, whatever is in it. */
void fl_md_text(FILE *out, const char *text);

#define FL_RESULT_SCHEMA 1 /* grows when a key changes its meaning or goes; RESULTS.md */

/** The JSON document: begin, one trace at a time, end. False (errno set) when it was not
 * written. */
void fl_out_json_start(struct fl_emit *emit, FILE *out, const struct fl_run_request *request);
void fl_out_json_trace(struct fl_emit *emit, const struct fl_trace_result *result);
bool fl_out_json_end(struct fl_emit *emit, const struct fl_means *means)
    __attribute__((warn_unused_result));

#endif
