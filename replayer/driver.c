/*
 * One pass. The driver decodes ahead while the worker runs. When the worker stops early,
 * because it found something or crashed, the rest of the trace is still decoded (into one batch
 * nobody runs), so that what is told about the trace is the same whatever its allocator did.
 *
 * A worker that makes no progress is killed: neither a batch nor, in the check pass, an event
 * was finished while the driver waited for so long. Time counts only in steps as long as one
 * wait, so a stopped and continued flreplay, or a machine that slept, takes no worker for hung.
 */
#include "driver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker_start.h"

#define NS_PER_S      1000000000u
#define WATCH_STEP_NS (2u * FL_RING_WAIT_MS * 1000000u)

/* A pass under way. */
struct pass {
    const struct fl_pass_request *request;
    struct fl_pass_outcome *outcome;
    struct fl_ring *ring;
    pid_t worker;
    int wait_status; /* of the worker, when it has ended */
    bool has_ended;  /* the worker has, and was waited for */
    bool has_hung;   /* it was killed because it made no progress */
    struct {
        uint32_t consumed; /* of the ring, when the worker was last looked at */
        uint64_t event;    /* the same */
        uint64_t at_ns;    /* then; CLOCK_MONOTONIC */
        uint64_t idle_ns;  /* waited since one of them changed */
    } watch;
    struct fl_source_reading reading;
    struct fl_plan plan;
    struct fl_step_batch *planned; /* the batch at hand, on its way to the ring; owned */
};

static void job_fill(struct fl_job *job, const struct fl_pass_request *request)
{
    *job = (struct fl_job){
        .driver = getpid(),
        .bare = request->target->bare,
        .config = request->target->config,
        .pass = request->pass,
        .touch = request->target->ops == &fl_target_none ? FL_TOUCH_NONE : request->touch,
        .is_populated = request->is_populated,
        .is_real = request->is_real,
        .is_locked = !fl_target_is_foreign(request->target->ops) &&
                     request->target->ops != &fl_target_none,
        .timeout_s = request->timeout_s,
        .is_watched = request->is_watched,
        .check_mode = request->check_mode,
        .walk_every = request->walk_every,
    };
    snprintf(job->name, sizeof job->name, "%s", request->target->ops->name);
    snprintf(job->library, sizeof job->library, "%s", request->target->library);
}

/* Has the worker answered or ended? Never blocks. */
static bool worker_is_gone(struct pass *pass)
{
    if (!pass->has_ended &&
        waitpid(pass->worker, &pass->wait_status, WNOHANG) == pass->worker) {
        pass->has_ended = true;
    }
    return pass->has_ended || atomic_load(&pass->ring->is_done) != 0;
}

static void worker_wait(struct pass *pass)
{
    while (!pass->has_ended && waitpid(pass->worker, &pass->wait_status, 0) < 0 &&
           errno == EINTR) {
    }
    pass->has_ended = true;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* After each wait for the worker: end it when it has not moved for too long. */
static void worker_watch(struct pass *pass)
{
    const uint64_t limit_ns = pass->request->timeout_s * NS_PER_S;
    const uint32_t consumed = atomic_load(&pass->ring->consumed);
    const uint64_t event = atomic_load(&pass->ring->event);
    const uint64_t at_ns = clock_ns(CLOCK_MONOTONIC), waited_ns = at_ns - pass->watch.at_ns;
    const bool has_moved = consumed != pass->watch.consumed || event != pass->watch.event;
    const uint64_t step_ns = waited_ns < WATCH_STEP_NS ? waited_ns : WATCH_STEP_NS;
    pass->watch.idle_ns = has_moved ? 0 : pass->watch.idle_ns + step_ns;
    pass->watch.consumed = consumed;
    pass->watch.event = event;
    pass->watch.at_ns = at_ns;
    if (limit_ns > 0 && pass->watch.idle_ns >= limit_ns && !worker_is_gone(pass)) {
        pass->has_hung = true;
        kill(pass->worker, SIGKILL);
        worker_wait(pass);
    }
}

/* A place in the ring for the next batch; NULL when the worker is gone. */
static struct fl_step_batch *batch_reserve(struct pass *pass)
{
    while (!worker_is_gone(pass)) {
        struct fl_step_batch *batch = fl_ring_reserve(pass->ring);
        if (batch != NULL) {
            return batch;
        }
        worker_watch(pass);
    }
    return NULL;
}

/* Hand over what was planned, in one go: whole lines of the cache change hands, where steps
 * written one by one would wait for each. */
static void batch_put(struct pass *pass)
{
    struct fl_step_batch *batch = batch_reserve(pass);
    if (batch == NULL) {
        return;
    }
    fl_plan_copy(&pass->plan, pass->planned, batch);
    fl_ring_put(pass->ring);
}

/* Remember the first thing that was wrong with the trace. True: there is more to read. */
static bool trace_goes_on(struct fl_pass_outcome *outcome, enum fl_status status,
                          const struct fl_error *trace_error)
{
    if (status != FL_OK && status != FL_END && outcome->trace_error.status == FL_END) {
        outcome->trace_error = *trace_error;
    }
    return status == FL_OK || status == FL_CORRUPT;
}

/* Decode, plan and hand over every batch, then the one that says it was the last. */
static enum fl_status pass_feed(struct pass *pass, struct fl_error *err)
{
    struct fl_error trace_error = {.status = FL_OK};
    struct fl_batch batch;
    enum fl_status read = FL_OK;
    while (!fl_plan_is_done(&pass->plan) &&
           trace_goes_on(pass->outcome,
                         read = fl_reader_next(pass->reading.reader, &batch, &trace_error),
                         &trace_error)) {
        if (read == FL_CORRUPT) {
            continue;
        }
        const enum fl_status planned = fl_plan_batch(&pass->plan, &batch, pass->planned, err);
        if (planned != FL_OK) {
            return planned;
        }
        batch_put(pass);
        if (pass->request->progress != NULL) {
            pass->request->progress(pass->plan.totals.events, pass->request->user);
        }
    }
    *pass->planned = (struct fl_step_batch){.is_end = 1};
    batch_put(pass);
    return FL_OK;
}

/* The worker ended without an answer: say what it was doing. */
static void end_describe(struct pass *pass)
{
    struct fl_answer *answer = &pass->outcome->answer;
    const struct fl_step_batch *batch = fl_ring_at_work(pass->ring);
    const uint64_t last = pass->plan.totals.events > 0 ? pass->plan.totals.events - 1 : 0;
    const bool has_event = pass->request->pass == FL_PASS_CHECK;
    const bool in_batch = batch != NULL && !batch->is_end && batch->events > 0;
    *answer = (struct fl_answer){
        .status = FL_WRONG,
        .finding =
            {
                .kind = pass->has_hung ? FL_FINDING_HANG : FL_FINDING_CRASH,
                .serial = FL_SERIAL_NONE,
                .event = in_batch ? batch->first_event : last,
                .last_event = in_batch ? batch->first_event + batch->events - 1 : last,
                .found = (uint64_t)WTERMSIG(pass->wait_status),
                .expected = pass->has_hung ? pass->request->timeout_s
                                           : (uint64_t)WEXITSTATUS(pass->wait_status),
            },
    };
    if (has_event) {
        answer->finding.event = atomic_load(&pass->ring->event);
        answer->finding.last_event = answer->finding.event;
    } else if (pass->request->is_real) {
        answer->finding.event = atomic_load(&pass->ring->first_event);
        answer->finding.last_event = atomic_load(&pass->ring->last_event);
    }
}

static enum fl_status answer_take(struct pass *pass, struct fl_error *err)
{
    struct fl_answer *answer = &pass->outcome->answer;
    const struct fl_target *target = pass->request->target;
    if (atomic_load(&pass->ring->is_done) == 0) {
        const bool has_exited = WIFEXITED(pass->wait_status);
        if (has_exited && atomic_load(&pass->ring->has_begun) == 0) {
            return fl_fail(err, FL_NOMEM,
                           "%s: the worker process could not begin, it ended with code %d",
                           target->label, WEXITSTATUS(pass->wait_status));
        }
        if (!pass->has_hung && !has_exited && WTERMSIG(pass->wait_status) == SIGKILL) {
            return fl_fail(err, FL_NOMEM, "%s: the worker process was killed, memory ran out?",
                           target->label);
        }
        end_describe(pass);
        return FL_OK;
    }
    *answer = pass->ring->answer;
    if (answer->status == FL_OK || answer->status == FL_WRONG) {
        return FL_OK;
    }
    if (answer->status == FL_USAGE) {
        return fl_fail(err, FL_USAGE, "%s: these knobs do not go together", target->label);
    }
    if (answer->status == FL_MISSING) {
        return fl_fail(err, FL_MISSING, "%s: the library is no longer there", target->label);
    }
    return answer->os_errno != 0
               ? fl_fail_os(err, answer->status, answer->os_errno, "%s cannot be set up",
                            target->label)
               : fl_fail(err, answer->status, "%s: no memory for the replay's tables%s",
                         target->label,
                         pass->request->pass == FL_PASS_CHECK
                             ? "; --check=off needs less address space (ulimit -v)"
                             : "");
}

/* The points are chosen here, so that the worker needs no room for them. */
static void series_take(struct pass *pass)
{
    struct fl_series_result *series = pass->request->series;
    const struct fl_series_facts *facts = &pass->outcome->answer.series;
    fl_series_finish(&pass->ring->series, series);
    series->rss_before_bytes = facts->rss_before_bytes;
    memcpy(series->has_column, facts->has_column, sizeof series->has_column);
}

/* All batches are handed over: wait for the answer and the worker's end. */
static void answer_await(struct pass *pass)
{
    while (!worker_is_gone(pass)) {
        fl_ring_wait_answer(pass->ring);
        worker_watch(pass);
    }
    worker_wait(pass);
}

/* Which of another tool's calls are guessed. */
static void guess_take(const struct pass *pass)
{
    const struct fl_metadata *meta = fl_reader_metadata(pass->reading.reader);
    const char *guess = fl_metadata_get(meta, "import_guess", NULL);
    snprintf(pass->outcome->guess, FL_GUESS_BYTES, "%s", guess == NULL ? "" : guess);
    fl_make_printable(pass->outcome->guess);
}

static enum fl_status pass_run(struct pass *pass, int ring_fd, struct fl_error *err)
{
    enum fl_status status =
        fl_worker_start(pass->request->target->library, ring_fd, -1, &pass->worker, err);
    if (status != FL_OK) {
        return status;
    }
    status = pass_feed(pass, err);
    if (status != FL_OK) {
        kill(pass->worker, SIGKILL);
    }
    answer_await(pass);
    pass->outcome->plan = pass->plan.totals;
    pass->outcome->reader = *fl_reader_totals(pass->reading.reader);
    guess_take(pass);
    if (status == FL_OK) {
        status = answer_take(pass, err);
    }
    if (status == FL_OK && pass->request->series != NULL &&
        pass->outcome->answer.status == FL_OK) {
        series_take(pass);
    }
    return status;
}

enum fl_status fl_driver_run(const struct fl_pass_request *request, struct fl_pass_outcome *out,
                             struct fl_error *err)
{
    struct fl_pass_outcome outcome = {.trace_error = {.status = FL_END}};
    struct pass pass = {.request = request, .outcome = &outcome};
    const uint64_t start_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    enum fl_status status = fl_source_read(request->source, &pass.reading, err);
    if (status != FL_OK) {
        return status;
    }
    int ring_fd = -1;
    fl_plan_init(&pass.plan, request->event_limit, request->is_brief);
    pass.plan.has_times = request->series != NULL;
    pass.plan.has_threads = request->is_real;
    pass.planned = malloc(sizeof *pass.planned);
    status = pass.planned == NULL ? fl_fail(err, FL_NOMEM, "no memory for a batch")
                                  : fl_ring_new(&pass.ring, &ring_fd, err);
    if (status == FL_OK) {
        job_fill(&pass.ring->job, request);
        status = pass_run(&pass, ring_fd, err);
        fl_ring_free(pass.ring);
        close(ring_fd);
    }
    free(pass.planned);
    fl_plan_free(&pass.plan);
    fl_source_done(&pass.reading);
    outcome.driver_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu_ns;
    if (status == FL_OK) {
        *out = outcome;
    }
    return status;
}
