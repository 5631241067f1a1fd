/**
 * The gate: this run's figures against a baseline's, with limits at which it warns or fails.
 *
 * Thread safety: a gate belongs to one thread.
 */
#ifndef FL_REPLAY_GATE_H
#define FL_REPLAY_GATE_H

#include <stdio.h>

#include <fl/status.h>

#include "metric.h"

#define FL_GATE_RULES_MAX 64u

enum fl_gate_level {
    FL_GATE_WARN,
    FL_GATE_FAIL,
};

/** Growth of a metric that is beyond its limit. */
struct fl_gate_rule {
    const struct fl_metric *metric;
    enum fl_gate_level level;
    double limit;    /* 0 or more; growth must be larger */
    bool is_percent; /* of the baseline's value; else in the metric's unit */
};

struct fl_gate {
    struct fl_gate_rule rules[FL_GATE_RULES_MAX];
    size_t count;
};

/** One figure that moved, or that a rule is about. */
struct fl_gate_move {
    const char *trace, *allocator;
    const struct fl_metric *metric;
    double before, now;
    const struct fl_gate_rule *rule; /* that is broken, the gravest; the gate's; NULL: none */
};

/** What came out. */
struct fl_gate_verdict {
    struct fl_gate_move *moves; /* owned; fl_gate_verdict_free */
    size_t move_count;
    size_t compared; /* figures */
    size_t warned, failed;
};

/**
 * Add the rules of `text`: METRIC>LIMIT[%][,METRIC>LIMIT[%]...], LIMIT a decimal number.
 *
 * @return FL_OK, or FL_USAGE with the word that is wrong; `gate` is then as it was
 */
enum fl_status fl_gate_add(struct fl_gate *gate, enum fl_gate_level level, const char *text,
                           struct fl_error *err) __attribute__((warn_unused_result));

/** Every exact metric fails at any growth: what holds without --fail-on. */
void fl_gate_add_default(struct fl_gate *gate);

/**
 * Compare two documents that fl_baseline_match accepted. Texts of the verdict belong to `now`.
 *
 * A timed figure is beyond its limit only when, besides, the smallest of this run's is larger
 * than the largest of the baseline's.
 *
 * @return FL_OK; FL_USAGE when a rule names what no allocator of the run can tell; FL_NOMEM
 */
enum fl_status fl_gate_compare(const struct fl_gate *gate, const json_t *before,
                               const json_t *now, struct fl_gate_verdict *verdict,
                               struct fl_error *err) __attribute__((warn_unused_result));

/** The metrics: --fail-on=help. */
void fl_gate_help(FILE *out);

/** A line for each figure that moved, and the verdict. */
void fl_gate_print(FILE *out, const struct fl_gate_verdict *verdict);
void fl_gate_verdict_free(struct fl_gate_verdict *verdict);

#endif
