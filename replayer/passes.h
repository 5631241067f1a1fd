/**
 * The passes of one trace: what each makes a worker do, and what it adds to the results.
 *
 * Thread safety: the untimed passes of different targets may run at once; what they share of a
 * trace is behind its lock. Everything else is one thread's.
 */
#ifndef FL_REPLAY_PASSES_H
#define FL_REPLAY_PASSES_H

#include <pthread.h>

#include "result.h"
#include "source.h"

/** One trace under way. */
struct fl_trace_run {
    const struct fl_run_request *request;
    struct fl_source source; /* open */
    struct fl_trace_result *result;
    pthread_mutex_t *lock; /* of `has_told`, and of the result but for its targets */
    bool has_told;         /* a pass has told about the trace */
    /** Called as passes go on, with how many more events are behind them; or NULL. */
    void (*progress)(uint64_t events, void *user);
    void *user;
};

/** How many passes fl_passes_untimed and the others make in all, when no answer is wrong. */
uint64_t fl_passes_planned(const struct fl_run_request *request);

/**
 * All that is not timed: the check, with one thread and with all, the count of a foreign
 * allocator's system calls, the series. A wrong answer ends it and is in `target`.
 *
 * @return FL_OK; a status of the trace when nothing of it could be read; FL_USAGE, FL_NOMEM, FL_IO,
 *         FL_MISSING when a pass could not be made
 */
enum fl_status fl_passes_untimed(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err) __attribute__((warn_unused_result));

/** The driver alone, at the head of a measured run. Returns as above, and so do the others. */
enum fl_status fl_passes_floor(struct fl_trace_run *run, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Measure `target` in the run that fl_passes_floor began; nothing where an answer was
 * wrong. */
enum fl_status fl_passes_measure(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err) __attribute__((warn_unused_result));

/** Time each call, where no answer was wrong. */
enum fl_status fl_passes_latency(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err) __attribute__((warn_unused_result));

#endif
