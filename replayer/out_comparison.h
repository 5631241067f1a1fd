/**
 * A comparison as people and programs read it.
 *
 * Thread safety: one thread per stream.
 */
#ifndef FL_REPLAY_OUT_COMPARISON_H
#define FL_REPLAY_OUT_COMPARISON_H

#include <stdio.h>

#include "comparison.h"

#define FL_COMPARISON_SCHEMA 1 /* grows when a key changes its meaning or goes; RESULTS.md */

struct fl_comparison_view {
    const struct fl_comparison *comparison;
    const char *path[FL_COMPARISON_AGES];
    bool is_all; /* what is the same, too; of the forms for programs always */
};

/** Write a view. False, errno set: it was not written. */
typedef bool fl_comparison_writer(FILE *out, const struct fl_comparison_view *view);

fl_comparison_writer fl_out_comparison_table, fl_out_comparison_md, fl_out_comparison_csv,
    fl_out_comparison_json;

#endif
