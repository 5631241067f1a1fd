/*
 * The order of the passes. First those that take no time of an allocator, of all traces and
 * targets, as many at once as are allowed (--jobs): they are exact, so what else runs on the
 * machine does not matter. Then, one at a time, trace by trace, the timed ones, the targets in
 * turn within a run and the floor at its head (none A B, none A B, ...), so that what disturbs
 * the machine for a while falls on all of them and on the floor that is subtracted. The latency
 * pass, in which each call is timed, comes last.
 *
 * Cost: (targets + foreign ones + runs * (targets + 1)) readings of a trace; one worker process
 * each.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include <fl/progress.h>

#include "passes.h"

/* All traces under way. */
struct schedule {
    const struct fl_run_request *request;
    struct fl_trace_run *traces;
    size_t trace_count;
    pthread_mutex_t lock; /* of all below, and of what passes share of a trace */
    struct fl_progress progress;
    uint64_t events_done;
    size_t next_task; /* trace * targets + target */
    bool is_stopped;  /* by a failure that no trace is to blame for */
};

/* ---- progress and failure ---- */

/* Known once every trace has told how long it is. The lock is held. */
static uint64_t events_total(const struct schedule *schedule)
{
    uint64_t total = 0;
    for (size_t i = 0; i < schedule->trace_count; i++) {
        const struct fl_trace_run *run = &schedule->traces[i];
        if (!run->has_told && run->result->failure.status == FL_OK) {
            return 0;
        }
        total += run->result->plan.events * fl_passes_planned(schedule->request);
    }
    return total;
}

static void progress_add(uint64_t events, void *user)
{
    struct schedule *schedule = user;
    pthread_mutex_lock(&schedule->lock);
    schedule->events_done += events;
    if (schedule->progress.total == 0) {
        schedule->progress.total = events_total(schedule);
    }
    fl_progress_update(&schedule->progress, schedule->events_done);
    pthread_mutex_unlock(&schedule->lock);
}

/* A trace's first failure is kept. */
static void failure_note(struct schedule *schedule, struct fl_trace_run *run,
                         const struct fl_error *err)
{
    pthread_mutex_lock(&schedule->lock);
    if (run->result->failure.status == FL_OK) {
        run->result->failure = *err;
    }
    schedule->is_stopped = schedule->is_stopped || fl_status_exit(err->status) != FL_EXIT_TRACE;
    pthread_mutex_unlock(&schedule->lock);
}

static bool goes_on(struct schedule *schedule, const struct fl_trace_run *run)
{
    pthread_mutex_lock(&schedule->lock);
    const bool is_sound = !schedule->is_stopped && run->result->failure.status == FL_OK;
    pthread_mutex_unlock(&schedule->lock);
    return is_sound;
}

/* ---- the passes that are not timed ---- */

/* The next one; false when there is none. */
static bool task_take(struct schedule *schedule, struct fl_trace_run **run,
                      struct fl_target_result **target)
{
    const size_t target_count = schedule->request->targets.count;
    pthread_mutex_lock(&schedule->lock);
    const size_t task = schedule->next_task++;
    pthread_mutex_unlock(&schedule->lock);
    if (task >= schedule->trace_count * target_count) {
        return false;
    }
    *run = &schedule->traces[task / target_count];
    *target = &(*run)->result->targets[task % target_count];
    return true;
}

static void *tasks_work(void *user)
{
    struct schedule *schedule = user;
    struct fl_trace_run *run;
    struct fl_target_result *target;
    while (task_take(schedule, &run, &target)) {
        struct fl_error err;
        if (goes_on(schedule, run) && fl_passes_untimed(run, target, &err) != FL_OK) {
            failure_note(schedule, run, &err);
        }
    }
    return NULL;
}

/* This thread is one of the workers; where no more can be had, there are fewer. */
static void tasks_run(struct schedule *schedule)
{
    pthread_t threads[FL_JOBS_MAX];
    size_t count = 0;
    while (count + 1 < schedule->request->job_count &&
           pthread_create(&threads[count], NULL, tasks_work, schedule) == 0) {
        count++;
    }
    (void)tasks_work(schedule);
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* ---- the timed ones ---- */

typedef enum fl_status target_pass(struct fl_trace_run *run, struct fl_target_result *target,
                                   struct fl_error *err);

static enum fl_status each_target(struct fl_trace_run *run, target_pass *pass,
                                  struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < run->result->target_count; i++) {
        status = pass(run, &run->result->targets[i], err);
    }
    return status;
}

static enum fl_status trace_time(struct fl_trace_run *run, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < run->request->run_count; i++) {
        status = fl_passes_floor(run, err);
        if (status == FL_OK) {
            status = each_target(run, fl_passes_measure, err);
        }
    }
    return status == FL_OK && run->request->has_latency
               ? each_target(run, fl_passes_latency, err)
               : status;
}

static void traces_time(struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->trace_count; i++) {
        struct fl_trace_run *run = &schedule->traces[i];
        struct fl_error err;
        if (!goes_on(schedule, run)) {
            continue;
        }
        if (trace_time(run, &err) == FL_OK) {
            run->result->is_complete = true;
        } else {
            failure_note(schedule, run, &err);
        }
    }
}

/* ---- all ---- */

/* Each trace is opened before anything is replayed, so that a missing one is told at once. */
static void traces_open(struct schedule *schedule, struct fl_trace_result *results)
{
    for (size_t i = 0; i < schedule->trace_count; i++) {
        struct fl_trace_run *run = &schedule->traces[i];
        struct fl_error err;
        *run = (struct fl_trace_run){
            .request = schedule->request,
            .source = {.fd = -1},
            .result = &results[i],
            .lock = &schedule->lock,
            .progress = schedule->request->is_quiet ? NULL : progress_add,
            .user = schedule,
        };
        if (fl_source_open(&run->source, results[i].path, schedule->request->from, &err) ==
            FL_OK) {
            results[i].name = run->source.name;
        } else {
            failure_note(schedule, run, &err);
        }
    }
}

static void traces_close(struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->trace_count; i++) {
        if (schedule->traces[i].source.fd >= 0) {
            fl_source_close(&schedule->traces[i].source);
        }
    }
}

void fl_run_traces(const struct fl_run_request *request, struct fl_trace_result *results,
                   size_t count)
{
    struct schedule schedule = {
        .request = request,
        .traces = calloc(count, sizeof *schedule.traces),
        .trace_count = count,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    if (schedule.traces == NULL) {
        (void)fl_fail(&results[0].failure, FL_NOMEM, "no memory for %zu traces", count);
        return;
    }
    traces_open(&schedule, results);
    fl_progress_start(&schedule.progress, "replaying", "events", 0);
    tasks_run(&schedule);
    traces_time(&schedule);
    fl_progress_end(&schedule.progress);
    traces_close(&schedule);
    free(schedule.traces);
    pthread_mutex_destroy(&schedule.lock);
}
