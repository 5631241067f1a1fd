/**
 * The driver's side of one pass: start a worker, decode the trace for it, take its answer.
 *
 * Thread safety: passes share nothing. A worker dies with the thread that makes its pass.
 */
#ifndef FL_REPLAY_DRIVER_H
#define FL_REPLAY_DRIVER_H

#include "ring.h"
#include "source.h"

/** Called for each batch with the number of events behind us in this pass; for progress. */
typedef void fl_driver_progress(uint64_t events, void *user);

struct fl_pass_request {
    const struct fl_source *source;
    const struct fl_target *target;
    enum fl_pass pass;
    enum fl_touch touch; /* measure pass; `none` is never touched */
    bool is_populated;   /* the same */
    bool is_real;        /* the same, and FL_PASS_CHECK_REAL: by the trace's threads */
    bool is_watched;     /* series pass: the footprint comes from the system calls */
    struct fl_series_result *series; /* series pass: what it receives; else NULL */
    enum fl_check_mode check_mode;
    uint64_t walk_every;
    uint64_t event_limit;
    bool is_brief;                /* the trace is known: see fl_plan_init */
    uint64_t timeout_s;           /* without progress of the worker; 0: wait for ever */
    fl_driver_progress *progress; /* or NULL */
    void *user;
};

/** What one pass told about the trace and about the target. */
struct fl_pass_outcome {
    struct fl_plan_totals plan;
    struct fl_reader_totals reader;
    struct fl_error trace_error; /* status FL_END: the trace is whole, or not read to its end */
    char guess[FL_GUESS_BYTES];  /* what its importer guessed, printable; empty: nothing */
    struct fl_answer answer;     /* status FL_WRONG also for a crash */
    uint64_t driver_cpu_ns; /* processor's time that reading, planning and handing over took */
};

/**
 * Replay once.
 *
 * @return FL_OK with an outcome, a damaged trace and a wrong allocator included; what
 *         fl_source_read gave when there was nothing to replay; FL_NOMEM, FL_IO, FL_USAGE (knobs
 *         that do not go together) when the pass could not be made
 */
enum fl_status fl_driver_run(const struct fl_pass_request *request, struct fl_pass_outcome *out,
                             struct fl_error *err) __attribute__((warn_unused_result));

#endif
