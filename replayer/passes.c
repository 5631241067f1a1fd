/*
 * Each pass is one worker process and one reading of the trace (driver.c). The first one of a
 * trace tells what is in it; those that begin later plan briefly. A target that gave a wrong
 * answer makes no more passes.
 *
 * Our own allocators count their system calls themselves; those of the foreign ones take a
 * pass.
 */
#include "passes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/* One pass of a trace under way. */
struct pass {
    struct fl_trace_run *run;
    uint64_t events; /* told of as progress */
};

static void pass_progress(uint64_t events, void *user)
{
    struct pass *pass = user;
    pass->run->progress(events - pass->events, pass->run->user);
    pass->events = events;
}

/* ---- the trace ---- */

/* What a pass told about the trace is the same in all of them: the first one's is kept. */
static void trace_note(struct fl_trace_run *run, const struct fl_pass_outcome *outcome)
{
    struct fl_trace_result *result = run->result;
    pthread_mutex_lock(run->lock);
    if (!run->has_told) {
        run->has_told = true;
        result->plan = outcome->plan;
        result->reader = outcome->reader;
        memcpy(result->guess, outcome->guess, sizeof result->guess);
        result->trace_error = outcome->trace_error;
        result->is_limited = outcome->plan.events >= run->request->event_limit;
    }
    pthread_mutex_unlock(run->lock);
}

/* May a pass with `target` plan briefly? It must not need what another one has told already. */
static bool plan_is_brief(const struct fl_trace_run *run, const struct fl_target *target)
{
    pthread_mutex_lock(run->lock);
    const bool is_told = run->has_told && run->result->plan.wrong_sizes == 0;
    pthread_mutex_unlock(run->lock);
    return is_told && (run->request->touch == FL_TOUCH_NONE || target->ops == &fl_target_none);
}

/* Did the trace end with an error before its first event? There is nothing to show then. */
static bool trace_is_empty(const struct fl_pass_outcome *outcome)
{
    return outcome->plan.events == 0 && outcome->trace_error.status != FL_END;
}

/* A cut trace's hint is that its whole chunks were read; here there were none. */
static enum fl_status trace_fail(const struct fl_pass_outcome *outcome, struct fl_error *err)
{
    *err = outcome->trace_error;
    if (err->status == FL_TRUNCATED) {
        err->status = FL_EMPTY;
    }
    return err->status;
}

/* ---- any pass ---- */

static struct fl_pass_request pass_request(const struct fl_trace_run *run,
                                           const struct fl_target *target, enum fl_pass pass)
{
    const struct fl_run_request *request = run->request;
    return (struct fl_pass_request){
        .source = &run->source,
        .target = target,
        .pass = pass,
        .touch = request->touch,
        .is_populated = request->is_populated,
        .is_real = request->is_real && (pass == FL_PASS_MEASURE || pass == FL_PASS_CHECK_REAL),
        .check_mode = request->check_mode,
        .walk_every = request->walk_every,
        .event_limit = request->event_limit,
        .is_brief = plan_is_brief(run, target),
        .timeout_s = request->timeout_s,
    };
}

static enum fl_status pass_run(struct fl_trace_run *run, const struct fl_pass_request *wanted,
                               struct fl_pass_outcome *outcome, struct fl_error *err)
{
    struct pass pass = {.run = run};
    struct fl_pass_request request = *wanted;
    if (run->progress != NULL) {
        request.progress = pass_progress;
        request.user = &pass;
    }
    const enum fl_status status = fl_driver_run(&request, outcome, err);
    if (status != FL_OK) {
        return status;
    }
    trace_note(run, outcome);
    return trace_is_empty(outcome) ? trace_fail(outcome, err) : FL_OK;
}

static enum fl_status pass_make(struct fl_trace_run *run, const struct fl_target *target,
                                enum fl_pass pass, struct fl_pass_outcome *outcome,
                                struct fl_error *err)
{
    struct fl_pass_request request = pass_request(run, target, pass);
    return pass_run(run, &request, outcome, err);
}

/* Counters of a pass: the first ones are kept, later ones must be the same. */
static void stats_note(struct fl_target_result *target, const struct fl_answer *answer)
{
    if (target->has_told) {
        target->is_repeatable = target->is_repeatable && memcmp(&target->stats, &answer->stats,
                                                                sizeof target->stats) == 0;
        return;
    }
    target->has_told = true;
    target->has_stats = answer->has_stats;
    target->has_offsets = answer->has_offsets;
    target->stats = answer->stats;
    snprintf(target->malloc_file, sizeof target->malloc_file, "%s",
             answer->preload.malloc_file);
    target->is_repeatable = true;
    target->refused = answer->refused;
}

/* What real threads make of a heap depends on who came first: no exact counters. */
static void stats_note_measured(const struct fl_trace_run *run, struct fl_target_result *target,
                                const struct fl_answer *answer)
{
    if (!run->request->is_real) {
        stats_note(target, answer);
    } else if (!target->has_told) {
        stats_note(target, answer);
        target->has_stats = target->has_offsets = false;
    }
}

/* True when the answer is a finding, which is then the target's result. */
static bool finding_note(struct fl_target_result *target, const struct fl_answer *answer)
{
    if (answer->status != FL_WRONG) {
        return false;
    }
    target->verdict = FL_VERDICT_WRONG;
    target->finding = answer->finding;
    return true;
}

/* ---- the passes that are not timed ---- */

static bool is_checked(const struct fl_run_request *request, const struct fl_target *target)
{
    return request->check_mode != FL_CHECK_MODE_OFF && target->ops != &fl_target_none;
}

static enum fl_status target_check(struct fl_trace_run *run, struct fl_target_result *target,
                                   struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status = pass_make(run, target->target, FL_PASS_CHECK, &outcome, err);
    if (status != FL_OK || finding_note(target, &outcome.answer)) {
        return status;
    }
    target->verdict = FL_VERDICT_PASSED;
    target->check = outcome.answer.check;
    stats_note(target, &outcome.answer);
    return FL_OK;
}

/* By one thread the answers are right; are they by all? */
static enum fl_status target_check_real(struct fl_trace_run *run,
                                        struct fl_target_result *target, struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status =
        pass_make(run, target->target, FL_PASS_CHECK_REAL, &outcome, err);
    if (status == FL_OK) {
        (void)finding_note(target, &outcome.answer);
    }
    return status;
}

static bool is_counted(const struct fl_target *target)
{
    return fl_target_is_foreign(target->ops);
}

/* Was the process ended because nothing may be watched in it? */
static bool is_forbidden(const struct fl_answer *answer)
{
    return answer->status == FL_WRONG && answer->finding.kind == FL_FINDING_CRASH &&
           answer->finding.found == SIGSYS;
}

static enum fl_status target_count(struct fl_trace_run *run, struct fl_target_result *target,
                                   struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status = pass_make(run, target->target, FL_PASS_COUNT, &outcome, err);
    if (status != FL_OK) {
        return status;
    }
    const struct fl_answer *answer = &outcome.answer;
    target->memory_errno = is_forbidden(answer) ? EPERM : answer->memory_errno;
    if (target->memory_errno == 0 && !finding_note(target, answer)) {
        target->has_memory = true;
        target->memory = answer->memory;
    }
    return FL_OK;
}

static enum fl_status target_follow(struct fl_trace_run *run, struct fl_target_result *target,
                                    struct fl_error *err)
{
    struct fl_pass_request request = pass_request(run, target->target, FL_PASS_SERIES);
    struct fl_pass_outcome outcome;
    request.is_watched = target->has_memory;
    request.is_brief = false; /* steps have no times then */
    request.series = malloc(sizeof *request.series);
    if (request.series == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for a series");
    }
    const enum fl_status status = pass_run(run, &request, &outcome, err);
    if (status != FL_OK || finding_note(target, &outcome.answer)) {
        free(request.series);
        return status;
    }
    stats_note(target, &outcome.answer);
    target->series = request.series;
    return FL_OK;
}

enum fl_status fl_passes_untimed(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err)
{
    const struct fl_run_request *request = run->request;
    enum fl_status status = FL_OK;
    if (is_checked(request, target->target)) {
        status = target_check(run, target, err);
    }
    if (status == FL_OK && request->is_real && target->verdict == FL_VERDICT_PASSED) {
        status = target_check_real(run, target, err);
    }
    if (status == FL_OK && is_counted(target->target) && target->verdict != FL_VERDICT_WRONG) {
        status = target_count(run, target, err);
    }
    if (status == FL_OK && request->has_series && target->verdict != FL_VERDICT_WRONG) {
        status = target_follow(run, target, err);
    }
    return status;
}

/* ---- the timed ones ---- */

static double per_step(uint64_t sum, const struct fl_answer *answer)
{
    return answer->steps == 0 ? 0 : (double)sum / (double)answer->steps;
}

enum fl_status fl_passes_floor(struct fl_trace_run *run, struct fl_error *err)
{
    struct fl_target none = {.ops = &fl_target_none};
    strcpy(none.label, "none");
    struct fl_pass_outcome outcome;
    const enum fl_status status = pass_make(run, &none, FL_PASS_MEASURE, &outcome, err);
    if (status == FL_OK) {
        const size_t at = run->result->run_count++;
        run->result->floor_ns[at] = per_step(outcome.answer.elapsed_ns, &outcome.answer);
        run->result->driver_cpu_ns[at] =
            (double)outcome.driver_cpu_ns /
            (double)(outcome.plan.events + (outcome.plan.events == 0));
        run->result->floor_instructions[at] =
            per_step(outcome.answer.instructions, &outcome.answer);
    }
    return status;
}

enum fl_status fl_passes_measure(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    if (target->verdict == FL_VERDICT_WRONG) {
        return FL_OK;
    }
    const enum fl_status status =
        pass_make(run, target->target, FL_PASS_MEASURE, &outcome, err);
    const struct fl_answer *answer = &outcome.answer;
    if (status != FL_OK || finding_note(target, answer)) {
        return status;
    }
    stats_note_measured(run, target, answer);
    const size_t at = target->run_count++;
    target->threads = answer->threads;
    target->switches[at] = per_step(answer->switches, answer);
    target->raw_ns[at] = per_step(answer->elapsed_ns, answer);
    /* What the driver costs by itself passes while other threads work: it does not subtract. */
    target->net_ns[at] =
        target->raw_ns[at] - (run->request->is_real ? 0 : run->result->floor_ns[at]);
    target->page_faults[at] = (double)answer->page_faults;
    target->has_instructions = answer->instructions > 0;
    target->instructions[at] =
        per_step(answer->instructions, answer) - run->result->floor_instructions[at];
    return FL_OK;
}

enum fl_status fl_passes_latency(struct fl_trace_run *run, struct fl_target_result *target,
                                 struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    if (target->verdict == FL_VERDICT_WRONG) {
        return FL_OK;
    }
    const enum fl_status status =
        pass_make(run, target->target, FL_PASS_LATENCY, &outcome, err);
    if (status == FL_OK && !finding_note(target, &outcome.answer)) {
        target->has_latencies = true;
        target->latencies = outcome.answer.latencies;
    }
    return status;
}

uint64_t fl_passes_planned(const struct fl_run_request *request)
{
    const size_t count = request->targets.count;
    uint64_t passes = request->run_count * (count + 1);
    passes += request->has_latency ? count : 0;
    passes += request->has_series ? count : 0;
    for (size_t i = 0; i < count; i++) {
        passes += is_checked(request, &request->targets.at[i]) * (request->is_real ? 2u : 1u);
        passes += is_counted(&request->targets.at[i]);
    }
    return passes;
}
