/**
 * Two documents of results compared: --diff. Every metric of metric.c for each trace and
 * allocator that both have, and what stands in the way of comparing them.
 *
 * Thread safety: a comparison belongs to one thread; it points into the documents.
 */
#ifndef FL_REPLAY_COMPARISON_H
#define FL_REPLAY_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <fl/status.h>

#include "metric.h"

enum fl_comparison_age { FL_BEFORE, FL_AFTER, FL_COMPARISON_AGES };

/** Something but a figure that is not the same in both: a setting, a version, the calls of a
 * trace. */
struct fl_comparison_difference {
    const char *trace, *allocator; /* "" where it is about all */
    const char *group;             /* "settings", "machine", or "" */
    const char *key;
    const json_t *value[FL_COMPARISON_AGES]; /* NULL: not told */
};

/** A trace, or an allocator of one (else ""), that only one of them has. */
struct fl_comparison_lone {
    const char *trace, *allocator;
    enum fl_comparison_age age; /* which one */
};

enum fl_comparison_verdict {
    FL_ROW_SAME,
    FL_ROW_DIFFERS,  /* exact, or counted from outside: it is another figure */
    FL_ROW_BEYOND,   /* timed: a difference beyond the noise of the runs */
    FL_ROW_WITHIN,   /* timed: none that the runs would show */
    FL_ROW_TOO_FEW,  /* timed: too few runs to tell */
    FL_ROW_ONE_SIDE, /* only one of them tells it */
};

struct fl_comparison_side {
    bool is_told;
    double value;
    double least, most; /* of the runs */
    size_t run_count;   /* of a timed metric */
};

struct fl_comparison_row {
    const char *trace, *allocator;
    bool is_same_trace; /* the same calls */
    const struct fl_metric *metric;
    struct fl_comparison_side side[FL_COMPARISON_AGES];
    enum fl_comparison_verdict verdict;
    double p; /* BEYOND, WITHIN: see ranksum.h */
};

/** Mean over the traces with the same calls in both, of at least two. */
struct fl_comparison_mean {
    const char *allocator;
    const struct fl_metric *metric;
    size_t trace_count;
    double log_ratio; /* sum of the logarithms of after / before */
    bool differs;     /* one of the rows does */
};

struct fl_comparison {
    struct fl_comparison_difference *differences;
    size_t difference_count;
    struct fl_comparison_lone *lone;
    size_t lone_count;
    struct fl_comparison_row *rows; /* in the order of the newer document */
    size_t row_count;
    struct fl_comparison_mean *means;
    size_t mean_count;
    json_t *mean_index; /* numbers of the means by metric and allocator */
    bool is_out_of_memory;
};

/**
 * Compare `after` with `before`.
 *
 * @param out  end it with fl_comparison_free; it points into both documents
 * @return     FL_OK or FL_NOMEM
 */
enum fl_status fl_comparison_make(const json_t *before, const json_t *after,
                                  struct fl_comparison *out, struct fl_error *err)
    __attribute__((warn_unused_result));

void fl_comparison_free(struct fl_comparison *comparison);

/** Change in percent of what it was; false where that has no meaning. */
bool fl_comparison_percent(const struct fl_comparison_row *row, double *percent);

/** Geometric mean of after / before. */
double fl_comparison_ratio(const struct fl_comparison_mean *mean);

/** "same", "changed", "beyond the noise", ... Static storage. */
const char *fl_comparison_word(enum fl_comparison_verdict verdict);

#endif
