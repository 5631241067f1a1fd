/**
 * --shrink: the smallest trace into which a target still gives the same kind of wrong answer.
 *
 * Thread safety: one call at a time in a process (it starts workers).
 */
#ifndef FL_REPLAY_SHRINK_H
#define FL_REPLAY_SHRINK_H

#include "result.h"
#include "source.h"

/** What was reached. */
struct fl_shrunk {
    struct fl_source source;   /* the small trace, in memory; end it with fl_source_close */
    struct fl_finding finding; /* of its replay */
    uint64_t calls_before;     /* steps up to the finding, in the trace that was given */
    uint64_t calls;            /* steps of the small one */
    uint64_t tests;            /* replays made */
    bool is_minimal;           /* no call can be left out; false: tests ran out before */
};

/**
 * Shrink the trace at `path`, which made `target` fail with `finding`.
 *
 * Delta debugging (A. Zeller and R. Hildebrandt, Simplifying and Isolating Failure-Inducing
 * Input, IEEE TSE 28(2), 2002) over objects first, then calls, then sizes. Cost: a replay for
 * each test, whose length falls with what is left; at most FL_SHRINK_TESTS_MAX tests.
 *
 * @return FL_OK; FL_LIMIT when the check pass does not find the same again; FL_NOMEM, FL_IO and
 *         what else a pass can end with
 */
enum fl_status fl_shrink(const struct fl_run_request *request, const char *path,
                         const struct fl_target *target, const struct fl_finding *finding,
                         struct fl_shrunk *out, struct fl_error *err)
    __attribute__((warn_unused_result));

#define FL_SHRINK_TESTS_MAX 5000u

#endif
