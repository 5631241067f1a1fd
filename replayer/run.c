/*
 * The order of the passes: first every target is checked, then the system calls of the foreign
 * ones are counted (ours count their own), then all are measured, the targets in turn
 * within a run and the floor at its head (none A B, none A B, ...), so that what disturbs the
 * machine for a while falls on all of them and on the floor that is subtracted. A target that
 * gave a wrong answer is not measured. The latency pass, in which each call is timed, and the series
 * pass, which looks at the heap after each, come last.
 *
 * Cost: (targets + foreign ones + runs * (targets + 1)) readings of the trace; one worker process each.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <fl/progress.h>

#include "driver.h"

/* One trace's passes under way. */
struct schedule {
    const struct fl_run_request *request;
    struct fl_source source;
    struct fl_trace_result *result;
    struct fl_progress progress;
    uint64_t events_done; /* in finished passes */
    uint64_t pass_count;  /* that are planned */
    bool has_trace;       /* a pass has told about the trace */
};

static void progress_step(uint64_t events, void *user)
{
    struct schedule *schedule = user;
    fl_progress_update(&schedule->progress, schedule->events_done + events);
}

/* What a pass told about the trace is the same in all of them: the first one's is kept. */
static void trace_note(struct schedule *schedule, const struct fl_pass_outcome *outcome)
{
    struct fl_trace_result *result = schedule->result;
    schedule->events_done += outcome->plan.events;
    if (schedule->has_trace) {
        return;
    }
    schedule->has_trace = true;
    schedule->progress.total = outcome->plan.events * schedule->pass_count;
    result->plan = outcome->plan;
    result->reader = outcome->reader;
    result->trace_error = outcome->trace_error;
    result->is_limited = outcome->plan.events >= schedule->request->event_limit;
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

static struct fl_pass_request pass_request(struct schedule *schedule,
                                           const struct fl_target *target, enum fl_pass pass)
{
    const enum fl_touch touch = schedule->request->touch;
    return (struct fl_pass_request){
        .source = &schedule->source,
        .target = target,
        .pass = pass,
        .touch = touch,
        .is_populated = schedule->request->is_populated,
        .is_real = schedule->request->is_real &&
                   (pass == FL_PASS_MEASURE || pass == FL_PASS_CHECK_REAL),
        .check_mode = schedule->request->check_mode,
        .walk_every = schedule->request->walk_every,
        .event_limit = schedule->request->event_limit,
        .is_brief = schedule->has_trace && schedule->result->plan.wrong_sizes == 0 &&
                    (touch == FL_TOUCH_NONE || target->ops == &fl_target_none),
        .timeout_s = schedule->request->timeout_s,
        .progress = schedule->request->is_quiet ? NULL : progress_step,
        .user = schedule,
    };
}

static enum fl_status pass_run(struct schedule *schedule, const struct fl_pass_request *request,
                               struct fl_pass_outcome *outcome, struct fl_error *err)
{
    const enum fl_status status = fl_driver_run(request, outcome, err);
    if (status != FL_OK) {
        return status;
    }
    trace_note(schedule, outcome);
    return trace_is_empty(outcome) ? trace_fail(outcome, err) : FL_OK;
}

static enum fl_status pass_make(struct schedule *schedule, const struct fl_target *target,
                                enum fl_pass pass, struct fl_pass_outcome *outcome,
                                struct fl_error *err)
{
    const struct fl_pass_request request = pass_request(schedule, target, pass);
    return pass_run(schedule, &request, outcome, err);
}

/* Counters of a pass: the first ones are kept, later ones must be the same. */
static void stats_note(struct fl_target_result *target, const struct fl_answer *answer,
                       bool is_first)
{
    if (is_first) {
        target->has_stats = answer->has_stats;
        target->has_offsets = answer->has_offsets;
        target->stats = answer->stats;
        strcpy(target->malloc_file, answer->preload.malloc_file);
        target->is_repeatable = true;
        target->refused = answer->refused;
    } else if (memcmp(&target->stats, &answer->stats, sizeof target->stats) != 0) {
        target->is_repeatable = false;
    }
}

/* What real threads make of a heap depends on who came first: no exact counters. */
static void measured_note(const struct schedule *schedule, struct fl_target_result *target,
                          const struct fl_answer *answer, bool is_first)
{
    if (is_first || !schedule->request->is_real) {
        stats_note(target, answer, is_first);
    }
    if (is_first && schedule->request->is_real) {
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

static enum fl_status target_check(struct schedule *schedule, struct fl_target_result *target,
                                   struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status =
        pass_make(schedule, target->target, FL_PASS_CHECK, &outcome, err);
    if (status != FL_OK || finding_note(target, &outcome.answer)) {
        return status;
    }
    target->verdict = FL_VERDICT_PASSED;
    target->check = outcome.answer.check;
    stats_note(target, &outcome.answer, true);
    return FL_OK;
}

/* By one thread the answers are right; are they by all? */
static enum fl_status target_check_real(struct schedule *schedule,
                                        struct fl_target_result *target, struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status =
        pass_make(schedule, target->target, FL_PASS_CHECK_REAL, &outcome, err);
    if (status == FL_OK) {
        (void)finding_note(target, &outcome.answer);
    }
    return status;
}

static double ns_per_step(const struct fl_answer *answer)
{
    return answer->steps == 0 ? 0 : (double)answer->elapsed_ns / (double)answer->steps;
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

static enum fl_status target_count(struct schedule *schedule, struct fl_target_result *target,
                                   struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status =
        pass_make(schedule, target->target, FL_PASS_COUNT, &outcome, err);
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

static enum fl_status all_count(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < schedule->result->target_count; i++) {
        struct fl_target_result *target = &schedule->result->targets[i];
        if (is_counted(target->target) && target->verdict != FL_VERDICT_WRONG) {
            status = target_count(schedule, target, err);
        }
    }
    return status;
}

static enum fl_status floor_measure(struct schedule *schedule, struct fl_error *err)
{
    struct fl_target none = {.ops = &fl_target_none};
    strcpy(none.label, "none");
    struct fl_pass_outcome outcome;
    const enum fl_status status = pass_make(schedule, &none, FL_PASS_MEASURE, &outcome, err);
    if (status == FL_OK) {
        schedule->result->floor_ns[schedule->result->run_count++] =
            ns_per_step(&outcome.answer);
    }
    return status;
}

static enum fl_status target_measure(struct schedule *schedule, struct fl_target_result *target,
                                     struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    const enum fl_status status =
        pass_make(schedule, target->target, FL_PASS_MEASURE, &outcome, err);
    if (status != FL_OK || finding_note(target, &outcome.answer)) {
        return status;
    }
    const bool is_first = target->verdict == FL_VERDICT_UNCHECKED && target->run_count == 0;
    measured_note(schedule, target, &outcome.answer, is_first);
    const size_t run = target->run_count++;
    target->threads = outcome.answer.threads;
    target->switches[run] = outcome.answer.steps == 0 ? 0
                                                      : (double)outcome.answer.switches /
                                                            (double)outcome.answer.steps;
    target->raw_ns[run] = ns_per_step(&outcome.answer);
    /* What the driver costs by itself passes while other threads work: it does not subtract. */
    const double floor_ns = schedule->request->is_real ? 0 : schedule->result->floor_ns[run];
    target->net_ns[run] = target->raw_ns[run] - floor_ns;
    target->page_faults[run] = (double)outcome.answer.page_faults;
    return FL_OK;
}

static enum fl_status all_time(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < schedule->result->target_count; i++) {
        struct fl_target_result *target = &schedule->result->targets[i];
        struct fl_pass_outcome outcome;
        if (target->verdict == FL_VERDICT_WRONG) {
            continue;
        }
        status = pass_make(schedule, target->target, FL_PASS_LATENCY, &outcome, err);
        if (status == FL_OK && !finding_note(target, &outcome.answer)) {
            target->has_latencies = true;
            target->latencies = outcome.answer.latencies;
        }
    }
    return status;
}

static enum fl_status target_follow(struct schedule *schedule, struct fl_target_result *target,
                                    struct fl_error *err)
{
    struct fl_pass_request request = pass_request(schedule, target->target, FL_PASS_SERIES);
    struct fl_pass_outcome outcome;
    request.is_watched = target->has_memory;
    request.is_brief = false; /* steps have no times then */
    request.series = malloc(sizeof *request.series);
    if (request.series == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for a series");
    }
    const enum fl_status status = pass_run(schedule, &request, &outcome, err);
    if (status != FL_OK || finding_note(target, &outcome.answer)) {
        free(request.series);
        return status;
    }
    stats_note(target, &outcome.answer,
               target->verdict == FL_VERDICT_UNCHECKED && target->run_count == 0);
    target->series = request.series;
    return FL_OK;
}

static enum fl_status all_follow(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < schedule->result->target_count; i++) {
        struct fl_target_result *target = &schedule->result->targets[i];
        if (target->verdict != FL_VERDICT_WRONG) {
            status = target_follow(schedule, target, err);
        }
    }
    return status;
}

static bool is_checked(const struct schedule *schedule, const struct fl_target *target)
{
    return schedule->request->check_mode != FL_CHECK_MODE_OFF && target->ops != &fl_target_none;
}

static enum fl_status all_check(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < schedule->result->target_count; i++) {
        struct fl_target_result *target = &schedule->result->targets[i];
        if (is_checked(schedule, target->target)) {
            status = target_check(schedule, target, err);
        }
        if (status == FL_OK && schedule->request->is_real &&
            target->verdict == FL_VERDICT_PASSED) {
            status = target_check_real(schedule, target, err);
        }
    }
    return status;
}

static enum fl_status run_measure(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = floor_measure(schedule, err);
    for (size_t i = 0; status == FL_OK && i < schedule->result->target_count; i++) {
        struct fl_target_result *target = &schedule->result->targets[i];
        if (target->verdict != FL_VERDICT_WRONG) {
            status = target_measure(schedule, target, err);
        }
    }
    return status;
}

static enum fl_status schedule_run(struct schedule *schedule, struct fl_error *err)
{
    enum fl_status status = all_check(schedule, err);
    if (status == FL_OK) {
        status = all_count(schedule, err);
    }
    for (size_t run = 0; status == FL_OK && run < schedule->request->run_count; run++) {
        status = run_measure(schedule, err);
    }
    if (status == FL_OK && schedule->request->has_latency) {
        status = all_time(schedule, err);
    }
    return status == FL_OK && schedule->request->has_series ? all_follow(schedule, err)
                                                            : status;
}

enum fl_status fl_run_trace(const struct fl_run_request *request, const char *path,
                            struct fl_trace_result *out, struct fl_error *err)
{
    *out = (struct fl_trace_result){.target_count = request->targets.count,
                                    .touch = request->touch,
                                    .is_populated = request->is_populated,
                                    .is_real = request->is_real};
    struct schedule schedule = {.request = request, .result = out};
    for (size_t i = 0; i < request->targets.count; i++) {
        out->targets[i].target = &request->targets.at[i];
    }
    enum fl_status status = fl_source_open(&schedule.source, path, err);
    if (status != FL_OK) {
        return status;
    }
    out->name = schedule.source.name;
    for (size_t i = 0; i < request->targets.count; i++) {
        schedule.pass_count +=
            is_checked(&schedule, &request->targets.at[i]) * (request->is_real ? 2u : 1u);
        schedule.pass_count += is_counted(&request->targets.at[i]);
    }
    schedule.pass_count += request->run_count * (request->targets.count + 1);
    schedule.pass_count += request->has_latency ? request->targets.count : 0;
    schedule.pass_count += request->has_series ? request->targets.count : 0;
    fl_progress_start(&schedule.progress, "replaying", "events", 0);
    status = schedule_run(&schedule, err);
    fl_progress_end(&schedule.progress);
    fl_source_close(&schedule.source);
    return status;
}
