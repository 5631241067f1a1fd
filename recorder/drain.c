/*
 * The drain thread's loop: when to look, when to sleep, when a trace ends and the next begins.
 *
 * Pace. After a round it knows how fast the fullest ring grows, and sleeps for about as long as
 * that ring needs to fill by a quarter; at most doubling from one sleep to the next, at most
 * 20 ms, not at all when a quarter is already there. A program in a hurry is never made to
 * signal: it makes a system call only when its ring is full.
 *
 * Images. A process that execs attaches again and waits. Its old image has no producers any
 * more, so everything left belongs to the old trace, which ends; then all rings are free again
 * and the next trace begins.
 *
 * The thread holds the robust mutex `life` from before the program starts until it ends.
 */
#include "drain.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "futex.h"

#define FL_SLEEP_MIN_NS (50 * 1000)
#define FL_SLEEP_MAX_NS (20 * 1000 * 1000)
#define FL_RECYCLE_NS   (10 * 1000 * 1000)
#define FL_STACK_BYTES  (1024 * 1024)
#define FL_STATUS_RUNS  (-1)

struct fl_drain {
    struct fl_drain_config config;
    struct fl_merge merge;
    struct fl_session *session; /* of the current image, or NULL */
    struct fl_output output;    /* of its trace */
    uint32_t image;             /* number of the current one, from 0 */
    uint32_t attached;          /* the program's count of images, when last looked at */
    bool has_stream;            /* the first trace is no file: there is room for no other */
    _Atomic bool is_discarded; /* no trace is to be left behind; set when the program is over */
    uint64_t lost_seen;        /* lost events already told to a session */
    uint64_t nested_before;    /* nested calls of the images before */
    uint64_t round_ns;         /* start of the last round */
    uint64_t recycled_ns;      /* last look for threads that are gone */
    int64_t sleep_ns;
    struct fl_drain_report report;
    _Atomic int child_status; /* FL_STATUS_RUNS, then as from waitpid */
    pthread_t thread;
    sem_t has_begun;
};

static void merge_take(void *user, struct fl_lane *lane, uint64_t bound, uint64_t stop)
{
    const struct fl_drain *drain = user;
    if (drain->session)
        fl_session_take(drain->session, lane, bound, stop);
    else
        fl_session_pass(&drain->config.session, lane, stop);
}

static struct fl_drain_trace *report_add(struct fl_drain_report *report)
{
    struct fl_drain_trace *grown =
        realloc(report->traces, (report->trace_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    report->traces = grown;
    struct fl_drain_trace *added = &grown[report->trace_count++];
    memset(added, 0, sizeof *added);
    return added;
}

static struct fl_drain_trace *current_trace(struct fl_drain *drain)
{
    return &drain->report.traces[drain->report.trace_count - 1];
}

/* Begin the trace of the current image; the first one's file may be open already. */
static void image_open(struct fl_drain *drain)
{
    struct fl_drain_trace *trace = report_add(&drain->report);
    if (!trace) {
        drain->report.images_untold++;
        fl_output_discard(&drain->output);
        return;
    }
    trace->path = fl_output_name(drain->config.path, drain->image);
    if (drain->output.fd < 0 && trace->path &&
        fl_output_open(trace->path, &drain->output, &trace->result.error) != FL_OK)
        return;
    struct fl_inheritance inherited;
    const struct fl_session_config *session = &drain->config.session;
    const bool has_inherited =
        drain->image == 0 && session->fork != 0 &&
        fl_nursery_take(session->nursery, session->parent, session->fork, &inherited);
    drain->session = fl_session_open(session, drain->image, drain->output.fd,
                                     has_inherited ? &inherited : NULL);
    if (has_inherited)
        fl_inheritance_end(&inherited);
    trace->was_opened = drain->session != NULL;
    trace->is_file = !drain->has_stream;
    if (!drain->session) {
        (void)fl_fail(&trace->result.error, FL_NOMEM, "no memory to record");
        fl_output_discard(&drain->output); /* an empty file is not to get its name */
    }
}

/* A disk that is full took part of a chunk: leave what is whole. */
static void trace_trim(const struct fl_drain *drain, const struct fl_drain_trace *trace)
{
    const struct fl_session_result *result = &trace->result;
    if (result->error.status != FL_OK && trace->is_file &&
        ftruncate(drain->output.fd, (off_t)result->totals.bytes_written) != 0)
        return; /* the reader says so */
}

/* What is not whole does not take the place of a trace of before: it stays a part, or goes when
 * it holds no call. */
static void part_leave(struct fl_drain *drain, struct fl_drain_trace *trace)
{
    if (!trace->is_file || trace->result.error.status == FL_OK)
        return;
    if (trace->result.totals.chunks == 0) {
        trace->was_opened = false;
        fl_output_discard(&drain->output);
        return;
    }
    char *part = fl_output_leave(&drain->output);
    if (part) {
        free(trace->path);
        trace->path = part;
    }
}

static void output_close(struct fl_drain *drain)
{
    struct fl_error err;
    if (drain->is_discarded)
        fl_output_discard(&drain->output);
    else if (fl_output_finish(&drain->output, &err) != FL_OK && drain->report.trace_count > 0 &&
             current_trace(drain)->result.error.status == FL_OK)
        current_trace(drain)->result.error = err;
}

static void image_close(struct fl_drain *drain, const struct fl_session_end *end)
{
    const uint64_t nested_calls = atomic_load(&drain->config.shared->nested_calls);
    if (drain->session) {
        struct fl_drain_trace *trace = current_trace(drain);
        fl_session_close(drain->session, end, &trace->result);
        trace->nested_calls = nested_calls - drain->nested_before;
        trace_trim(drain, trace);
        part_leave(drain, trace);
    }
    drain->session = NULL;
    output_close(drain);
    drain->nested_before = nested_calls;
}

static void lost_note(struct fl_drain *drain)
{
    const struct fl_shared *shared = drain->config.shared;
    const uint64_t lost = atomic_load_explicit(&shared->lost_events, memory_order_relaxed) +
                          atomic_load_explicit(&shared->nested_calls, memory_order_relaxed);
    if (drain->session && lost > drain->lost_seen)
        fl_session_lose(drain->session, lost - drain->lost_seen);
    drain->lost_seen = lost;
}

static struct fl_round drain_round(struct fl_drain *drain, bool is_final)
{
    const uint64_t now_ns = fl_clock_now_ns();
    if (drain->session)
        fl_session_round(drain->session, now_ns);
    const struct fl_round found = fl_merge_round(&drain->merge, is_final);
    lost_note(drain);
    if (drain->session)
        fl_session_flush(drain->session, now_ns);
    return found;
}

/* Free the ring of a thread that is gone, once it is empty. Its last record was published
 * before it went, so the head is read after that is known. */
static void lane_recycle_if_over(struct fl_drain *drain, struct fl_lane *lane)
{
    const uint32_t tid = atomic_load(&lane->ring->tid);
    if (tid == 0 || atomic_load(&lane->ring->state) != FL_RING_CLAIMED ||
        lane->at != atomic_load(&lane->ring->head))
        return;
    if (tgkill(drain->config.session.pid, (pid_t)tid, 0) == 0 || errno != ESRCH ||
        lane->at != atomic_load(&lane->ring->head))
        return;
    if (drain->session)
        fl_session_thread_end(drain->session, lane);
    fl_lane_recycle(lane);
}

static void rings_recycle(struct fl_drain *drain, uint64_t now_ns)
{
    _Atomic uint32_t *wanted = &drain->config.shared->rings_wanted;
    const bool is_wanted = atomic_load(wanted) != 0;
    if (!is_wanted && now_ns - drain->recycled_ns < FL_RECYCLE_NS)
        return;
    drain->recycled_ns = now_ns;
    if (drain->merge.lane_count > 1)
        for (uint32_t i = 0; i < drain->merge.lane_count; i++)
            lane_recycle_if_over(drain, &drain->merge.lanes[i]);
    if (is_wanted) {
        atomic_store(wanted, 0);
        fl_futex_wake(wanted);
    }
}

static void drain_empty(struct fl_drain *drain)
{
    while (drain_round(drain, true).taken_slots > 0)
        continue;
}

/* Has the program announced an image? Whatever its count has become, it is one: an image waits
 * for its trace before it can exec the next. */
static bool image_has_come(struct fl_drain *drain)
{
    const uint32_t attached = atomic_load(&drain->config.shared->images_attached);
    const bool has_come = attached != drain->attached;
    drain->attached = attached;
    return has_come;
}

/* The image before, if any, has no producers any more: end its trace and begin the next. */
static void image_switch(struct fl_drain *drain)
{
    struct fl_shared *shared = drain->config.shared;
    const struct fl_session_end end = {.is_exec = true,
                                       .exit_code = -1,
                                       .time_ns = fl_clock_real_ns(),
                                       .nested_before = drain->nested_before};
    if (drain->report.images_seen > 0) {
        drain_empty(drain);
        image_close(drain, &end);
        for (uint32_t i = 0; i < drain->merge.lane_count; i++)
            fl_lane_recycle(&drain->merge.lanes[i]);
        atomic_store(&shared->ring_high, 0);
        drain->image++;
    }
    drain->report.images_seen++;
    if (drain->image > 0 && drain->has_stream)
        drain->report.images_skipped++;
    else
        image_open(drain);
    atomic_store(&shared->images_opened, drain->attached);
    fl_futex_wake(&shared->images_opened);
}

static void drain_sleep(struct fl_drain *drain, struct fl_round found, uint32_t bell)
{
    const uint64_t quarter = drain->merge.facts.ring_slots / 4;
    const uint64_t now_ns = fl_clock_now_ns();
    const uint64_t passed_ns = now_ns - drain->round_ns;
    drain->round_ns = now_ns;
    if (found.backlog_slots >= quarter) {
        drain->sleep_ns = FL_SLEEP_MIN_NS;
        return;
    }
    int64_t wish_ns = FL_SLEEP_MAX_NS;
    if (found.backlog_slots > 0 && passed_ns < FL_SLEEP_MAX_NS * 2)
        wish_ns = (int64_t)(passed_ns * quarter / found.backlog_slots);
    drain->sleep_ns *= 2;
    if (drain->sleep_ns > wish_ns)
        drain->sleep_ns = wish_ns;
    if (drain->sleep_ns < FL_SLEEP_MIN_NS)
        drain->sleep_ns = FL_SLEEP_MIN_NS;
    if (drain->sleep_ns > FL_SLEEP_MAX_NS)
        drain->sleep_ns = FL_SLEEP_MAX_NS;
    fl_futex_wait(&drain->config.shared->doorbell, bell, drain->sleep_ns);
}

static void drain_while_child_runs(struct fl_drain *drain)
{
    struct fl_shared *shared = drain->config.shared;
    drain->round_ns = fl_clock_now_ns();
    while (atomic_load(&drain->child_status) == FL_STATUS_RUNS) {
        const uint32_t bell = atomic_load(&shared->doorbell);
        if (image_has_come(drain))
            image_switch(drain);
        const struct fl_round found = drain_round(drain, false);
        rings_recycle(drain, drain->round_ns);
        if (atomic_load(&drain->child_status) == FL_STATUS_RUNS)
            drain_sleep(drain, found, bell);
    }
}

static void drain_end(struct fl_drain *drain)
{
    const int status = atomic_load(&drain->child_status);
    const bool is_known = status != FL_STATUS_UNKNOWN;
    const struct fl_session_end end = {
        .exit_code = is_known && WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = is_known && WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .time_ns = fl_clock_real_ns(),
        .nested_before = drain->nested_before,
    };
    if (image_has_come(drain))
        image_switch(drain); /* attached and gone before we looked */
    else if (drain->report.images_seen == 0)
        image_open(drain); /* never attached: a whole trace, without events */
    drain_empty(drain);
    image_close(drain, &end);
}

static void *drain_main(void *user)
{
    struct fl_drain *drain = user;
    prctl(PR_SET_TIMERSLACK, 1000UL);
    pthread_mutex_lock(&drain->config.shared->life);
    sem_post(&drain->has_begun);
    drain_while_child_runs(drain);
    drain_end(drain);
    return NULL; /* with the mutex held: whoever still shares the rings sees that we ended */
}

/* Eight megabytes of stack, the usual, are more than a limited address space may have. */
static int thread_create(struct fl_drain *drain)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, FL_STACK_BYTES);
    const int code = pthread_create(&drain->thread, &attributes, drain_main, drain);
    pthread_attr_destroy(&attributes);
    return code;
}

enum fl_status fl_drain_start(const struct fl_drain_config *config, struct fl_drain **out,
                              struct fl_error *err)
{
    struct fl_drain *drain = calloc(1, sizeof *drain);
    if (!drain)
        return fl_fail(err, FL_NOMEM, "no memory for the recorder");
    drain->config = *config;
    drain->output = config->output;
    drain->has_stream = config->output.fd >= 0 && !config->output.is_file;
    drain->sleep_ns = FL_SLEEP_MIN_NS;
    atomic_store(&drain->child_status, FL_STATUS_RUNS);
    sem_init(&drain->has_begun, 0, 0);
    if (!fl_merge_init(&drain->merge, config->shared, &config->session.facts, merge_take,
                       drain)) {
        free(drain);
        return fl_fail(err, FL_NOMEM, "no memory for the recorder");
    }
    const int code = thread_create(drain);
    if (code != 0) {
        fl_merge_end(&drain->merge);
        free(drain);
        return fl_fail_os(err, FL_NOMEM, code, "cannot start the drain thread");
    }
    sem_wait(&drain->has_begun);
    *out = drain;
    return FL_OK;
}

void fl_drain_finish(struct fl_drain *drain, int status, bool is_kept,
                     struct fl_drain_report *report)
{
    drain->is_discarded = !is_kept;
    atomic_store(&drain->child_status, status);
    fl_futex_ring(&drain->config.shared->doorbell);
    pthread_join(drain->thread, NULL);
    *report = drain->report;
    fl_merge_end(&drain->merge);
    sem_destroy(&drain->has_begun);
    free(drain);
}

void fl_drain_report_free(struct fl_drain_report *report)
{
    for (size_t i = 0; i < report->trace_count; i++)
        free(report->traces[i].path);
    free(report->traces);
    *report = (struct fl_drain_report){0};
}
