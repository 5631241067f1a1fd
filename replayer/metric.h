/**
 * Metrics: the figures of the JSON document that a gate and the forms for CI go by. One table
 * names them all; RESULTS.md says what each key means.
 *
 * Thread safety: constants and pure functions.
 */
#ifndef FL_REPLAY_METRIC_H
#define FL_REPLAY_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <fl/fmt.h>

/** What one run is to another with the same trace. In all of them less is better. */
enum fl_metric_kind {
    FL_METRIC_EXACT, /* the same in every run: more than before is a change of the allocator */
    FL_METRIC_MEASURED, /* counted from outside, where an allocator may depend on the clock */
    FL_METRIC_TIMED,    /* one figure per run */
};

struct fl_metric {
    const char *name; /* as in --fail-on */
    const char *unit; /* "ns/op", "B", or "count" */
    enum fl_metric_kind kind;
    const char *object; /* of a target in the document; "" for the target itself */
    const char *key;
    const char *second_key; /* added to it, or NULL */
    const char *runs_key;   /* TIMED: one figure per run */
    const char *summary;
};

/** "exact", "measured" or "timed". Static storage. */
const char *fl_metric_kind_word(enum fl_metric_kind kind);

/** A figure for people: whole numbers with their thousands, others with two places. */
struct fl_fmt fl_metric_text(double value);

size_t fl_metric_count(void);
const struct fl_metric *fl_metric_at(size_t i);

/** The metric called `name[0 .. length)`, or NULL. */
const struct fl_metric *fl_metric_find(const char *name, size_t length);

/** Its value for a target of a document. False: this allocator cannot tell. */
bool fl_metric_value(const struct fl_metric *metric, const json_t *target, double *value);

/** Smallest and largest value of the runs; the value itself where there are none. */
bool fl_metric_range(const struct fl_metric *metric, const json_t *target, double *least,
                     double *most);

#endif
