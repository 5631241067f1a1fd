/*
 * The herd thread. It sleeps on the doorbell of the control page, at most 20 ms, and then
 *
 *   answers   each process that asks: a known one that has exec'd gets the rings it has, a new
 *             one rings and a drain of its own
 *   buries    processes that are gone: a pidfd tells of any process's end, not its status, which
 *             only a parent learns
 *
 * Over. The recording ends when no process is left. A child that its parent forked before it
 * died may not have joined yet: `forking` counts those, and the herd waits for them, a second
 * at most, for a child may also have been killed before it could join.
 *
 * The thread holds the robust mutex `life` of the control page as long as it lives.
 */
#include "herd.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "futex.h"

#define FL_LOOK_NS     (20 * 1000 * 1000)
#define FL_LINGER_NS   UINT64_C(1000000000)
#define FL_STACK_BYTES (1024 * 1024)
#define FL_STATUS_RUNS (-1)

struct process {
    pid_t pid;
    int pidfd; /* -1: the first one, which the launcher waits for, or an old kernel */
    int memfd;
    uint64_t inode;
    struct fl_shared *shared;
    struct fl_shared_facts facts;
    struct fl_drain *drain;
    const char *path; /* of its first trace */
    char *own_path;   /* the same, where the name is ours to free */
    bool is_first;
};

struct fl_herd {
    struct fl_herd_config config;
    struct fl_clock clock; /* started, where exact times are wanted */
    struct fl_control *control;
    int control_fd;
    struct fl_nursery *nursery;
    const char *path;
    bool is_stream;
    _Atomic bool is_discarded; /* no trace is to be left behind; set while the thread may ask */
    struct process first_made; /* rings made before the process is there */
    struct process *processes; /* alive */
    size_t count, room;
    struct fl_herd_report report;
    uint64_t empty_ns;        /* since when no process is there; 0: one is */
    _Atomic int first_status; /* FL_STATUS_RUNS, then as from waitpid */
    _Atomic bool is_paused;
    _Atomic bool is_stopping; /* end, whoever still runs */
    _Atomic bool is_over;
    pthread_t thread;
    sem_t has_begun;
};

/* ---- one process ---- */

static enum fl_stamp_choice stamp_choice(const struct fl_herd_config *config)
{
    const bool needs_clock = fl_times_are_exact(config->times);
    return config->stamp == FL_STAMP_AUTO && needs_clock ? FL_STAMP_AUTO_CLOCK : config->stamp;
}

static enum fl_status rings_make(const struct fl_herd *herd, struct process *process,
                                 struct fl_error *err)
{
    const enum fl_status status =
        fl_shared_make(herd->config.ring_bytes, stamp_choice(&herd->config), &process->shared,
                       &process->memfd, &process->inode, err);
    if (status != FL_OK)
        return status;
    struct fl_shared *shared = process->shared;
    shared->stack_depth = herd->config.stack_depth;
    shared->is_lossy = herd->config.is_lossy;
    shared->has_times = fl_times_are_exact(herd->config.times);
    process->facts = fl_shared_facts(shared);
    return FL_OK;
}

static void rings_free(const struct process *process)
{
    if (!process->shared)
        return;
    munmap(process->shared, process->facts.total_bytes);
    close(process->memfd);
}

static bool room_make(struct fl_herd *herd)
{
    if (herd->count < herd->room)
        return true;
    const size_t room = herd->room > 0 ? 2 * herd->room : 16;
    struct process *grown = realloc(herd->processes, room * sizeof *grown);
    if (!grown)
        return false;
    herd->processes = grown;
    herd->room = room;
    return true;
}

/* Start the drain of a process whose rings are made. */
static enum fl_status process_start(struct fl_herd *herd, struct process *process,
                                    struct fl_output output, pid_t parent, uint64_t fork,
                                    struct fl_error *err)
{
    const struct fl_drain_config config = {
        .session = {.shared = process->shared,
                    .facts = process->facts,
                    .nursery = herd->config.is_following ? herd->nursery : NULL,
                    .pid = process->pid,
                    .parent = parent,
                    .fork = fork,
                    .level = herd->config.level,
                    .limits = herd->config.limits,
                    .is_paused = &herd->is_paused,
                    .times = herd->config.times,
                    .clock = herd->clock,
                    .has_environment = herd->config.has_environment,
                    .library = herd->config.library},
        .shared = process->shared,
        .path = process->path,
        .output = output,
    };
    if (!room_make(herd))
        return fl_fail(err, FL_NOMEM, "no memory for another process");
    const enum fl_status status = fl_drain_start(&config, &process->drain, err);
    if (status == FL_OK)
        herd->processes[herd->count++] = *process;
    return status;
}

static void report_add(struct fl_herd *herd, const struct process *process,
                       struct fl_drain_report *report)
{
    struct fl_herd_process *grown =
        realloc(herd->report.processes, (herd->report.count + 1) * sizeof *grown);
    if (!grown) {
        fl_drain_report_free(report);
        herd->report.untold++;
        return;
    }
    herd->report.processes = grown;
    const size_t at = process->is_first ? 0 : herd->report.count;
    memmove(&grown[at + 1], &grown[at], (herd->report.count - at) * sizeof *grown);
    grown[at] = (struct fl_herd_process){process->pid, *report};
    herd->report.count++;
}

/* Process number `at` is gone, or we are; or it cannot write to what we made for it, and has no
 * trace. */
static void process_end(struct fl_herd *herd, size_t at, int status, bool is_kept)
{
    struct process process = herd->processes[at];
    struct fl_drain_report report;
    herd->processes[at] = herd->processes[--herd->count];
    fl_drain_finish(process.drain, status, is_kept && !herd->is_discarded, &report);
    if (is_kept)
        report_add(herd, &process, &report);
    else
        fl_drain_report_free(&report);
    rings_free(&process);
    if (process.pidfd >= 0)
        close(process.pidfd);
    free(process.own_path);
}

static bool process_is_gone(const struct fl_herd *herd, const struct process *process)
{
    if (process->is_first)
        return atomic_load(&herd->first_status) != FL_STATUS_RUNS;
    struct pollfd poll_fd = {.fd = process->pidfd, .events = POLLIN};
    if (process->pidfd >= 0)
        return poll(&poll_fd, 1, 0) == 1;
    return kill(process->pid, 0) != 0 && errno == ESRCH;
}

static struct process *process_of(struct fl_herd *herd, pid_t pid)
{
    for (size_t i = 0; i < herd->count; i++)
        if (herd->processes[i].pid == pid)
            return &herd->processes[i];
    return NULL;
}

/* It could not open its rings: it runs on without us. */
static void request_undo(struct fl_herd *herd, struct fl_request *request)
{
    struct process *process = process_of(herd, request->pid);
    if (process && !process->is_first) {
        process_end(herd, (size_t)(process - herd->processes), FL_STATUS_UNKNOWN, false);
        herd->report.unreached++;
    }
    atomic_store(&request->pid, 0);
    atomic_store(&request->state, FL_REQUEST_FREE);
}

/* The request of a process that said so, and may have ended since. */
static struct fl_request *request_failed(const struct fl_herd *herd, pid_t pid)
{
    for (uint32_t i = 0; i < FL_REQUESTS; i++) {
        struct fl_request *request = &herd->control->requests[i];
        if (atomic_load(&request->state) == FL_REQUEST_FAILED &&
            atomic_load(&request->pid) == pid)
            return request;
    }
    return NULL;
}

static void bury(struct fl_herd *herd, bool is_all)
{
    for (size_t i = herd->count; i-- > 0;) {
        const struct process *process = &herd->processes[i];
        if (!is_all && !process_is_gone(herd, process))
            continue;
        struct fl_request *failed = request_failed(herd, process->pid);
        if (failed && !process->is_first) {
            request_undo(herd, failed);
            continue;
        }
        const int first = atomic_load(&herd->first_status);
        const bool is_known = process->is_first && first != FL_STATUS_RUNS;
        process_end(herd, i, is_known ? first : FL_STATUS_UNKNOWN, true);
    }
}

/* ---- joining ---- */

/* How often has this pid had a trace already, and one more? */
static uint32_t pid_use(const struct fl_herd *herd, pid_t pid)
{
    uint32_t use = 1;
    for (size_t i = 0; i < herd->report.count; i++)
        use += herd->report.processes[i].pid == pid;
    return use;
}

static struct process *process_add(struct fl_herd *herd, const struct fl_request *request)
{
    struct fl_error err;
    struct process made = {.pid = request->pid};
    if (!herd->config.is_following || herd->is_stream)
        return NULL;
    made.pidfd = (int)syscall(SYS_pidfd_open, request->pid, 0);
    if (made.pidfd < 0 && errno == ESRCH)
        return NULL;
    made.path = made.own_path =
        fl_output_name_of(herd->path, request->pid, pid_use(herd, request->pid));
    if (made.path && rings_make(herd, &made, &err) == FL_OK) {
        if (process_start(herd, &made, FL_OUTPUT_NONE, request->parent, request->fork, &err) ==
            FL_OK)
            return &herd->processes[herd->count - 1];
        rings_free(&made);
    }
    free(made.own_path);
    if (made.pidfd >= 0)
        close(made.pidfd);
    return NULL;
}

static void request_answer(struct fl_herd *herd, struct fl_request *request)
{
    struct process *process = process_of(herd, request->pid);
    if (process && (request->fork != 0 || process_is_gone(herd, process))) {
        /* Its number has been given to another process. */
        process_end(herd, (size_t)(process - herd->processes), FL_STATUS_UNKNOWN, true);
        process = NULL;
    }
    if (!process)
        process = process_add(herd, request);
    if (!process && kill(request->pid, 0) == 0)
        herd->report.refused++; /* it is there, and runs on without us */
    else if (process) {
        request->fd = process->memfd;
        request->ring_inode = process->inode;
    }
    atomic_store(&request->state, process ? FL_REQUEST_ANSWERED : FL_REQUEST_REFUSED);
    fl_futex_wake(&request->state);
}

/* A process that was killed while it joined leaves its request taken. */
static void request_free_if_stale(struct fl_request *request)
{
    const pid_t pid = (pid_t)atomic_load(&request->pid);
    if (pid == 0 || kill(pid, 0) == 0 || errno != ESRCH)
        return;
    atomic_store(&request->pid, 0);
    atomic_store(&request->state, FL_REQUEST_FREE);
}

static void requests_answer(struct fl_herd *herd)
{
    for (uint32_t i = 0; i < FL_REQUESTS; i++) {
        struct fl_request *request = &herd->control->requests[i];
        const uint32_t state = atomic_load(&request->state);
        if (state == FL_REQUEST_ASKED)
            request_answer(herd, request);
        else if (state == FL_REQUEST_FAILED)
            request_undo(herd, request);
        else if (state != FL_REQUEST_FREE)
            request_free_if_stale(request);
    }
}

/* ---- the thread ---- */

static bool herd_is_over(struct fl_herd *herd)
{
    if (herd->count > 0) {
        herd->empty_ns = 0;
        return false;
    }
    if (atomic_load(&herd->control->forking) == 0)
        return true;
    if (herd->empty_ns == 0)
        herd->empty_ns = fl_clock_now_ns();
    return fl_clock_now_ns() - herd->empty_ns > FL_LINGER_NS;
}

static void *herd_main(void *user)
{
    struct fl_herd *herd = user;
    pthread_mutex_lock(&herd->control->life);
    sem_post(&herd->has_begun);
    while (!atomic_load(&herd->is_stopping)) {
        const uint32_t bell = atomic_load(&herd->control->doorbell);
        requests_answer(herd);
        bury(herd, false);
        if (herd_is_over(herd))
            break;
        fl_futex_wait(&herd->control->doorbell, bell, FL_LOOK_NS);
    }
    bury(herd, true);
    atomic_store(&herd->is_over, true);
    kill(getpid(), SIGCHLD);
    return NULL; /* with the mutex held, as a drain does */
}

/* ---- for the launcher ---- */

static enum fl_status clock_start(struct fl_herd *herd, struct fl_error *err)
{
    if (!fl_times_are_exact(herd->config.times))
        return FL_OK;
    if (herd->first_made.facts.stamp_source != FL_STAMP_CYCLES)
        return fl_fail(
            err, FL_USAGE, "--time=us and ns need the processor's counter as stamp, and %s",
            herd->config.stamp == FL_STAMP_AUTO ? "this kernel does not keep time by it"
                                                : "--stamp=counter takes another");
    fl_clock_start(&herd->clock);
    return FL_OK;
}

enum fl_status fl_herd_make(const struct fl_herd_config *config, struct fl_herd **out,
                            struct fl_herd_door *door, struct fl_error *err)
{
    struct fl_herd *herd = calloc(1, sizeof *herd);
    struct fl_nursery *nursery = fl_nursery_new();
    uint64_t inode;
    if (!herd || !nursery) {
        fl_nursery_free(nursery);
        free(herd);
        return fl_fail(err, FL_NOMEM, "no memory");
    }
    herd->config = *config;
    enum fl_status status = rings_make(herd, &herd->first_made, err);
    if (status == FL_OK)
        status = clock_start(herd, err);
    if (status == FL_OK)
        status = fl_control_make(&herd->control, &herd->control_fd, &inode, err);
    if (status != FL_OK) {
        fl_nursery_free(nursery);
        free(herd);
        return status;
    }
    herd->nursery = nursery;
    herd->control->is_following = config->is_following;
    atomic_store(&herd->is_paused, config->is_paused);
    *door =
        (struct fl_herd_door){herd->control, herd->control_fd, inode, herd->first_made.memfd};
    *out = herd;
    return FL_OK;
}

static void herd_free(struct fl_herd *herd)
{
    fl_nursery_free(herd->nursery);
    munmap(herd->control, sizeof *herd->control);
    close(herd->control_fd);
    free(herd->processes);
    free(herd);
}

void fl_herd_cancel(struct fl_herd *herd)
{
    rings_free(&herd->first_made);
    herd_free(herd);
}

/* Each process costs three descriptors; the program has been forked with its own limit. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int thread_create(struct fl_herd *herd)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, FL_STACK_BYTES);
    const int code = pthread_create(&herd->thread, &attributes, herd_main, herd);
    pthread_attr_destroy(&attributes);
    return code;
}

enum fl_status fl_herd_start(struct fl_herd *herd, pid_t pid, const char *path,
                             struct fl_output output, struct fl_error *err)
{
    struct process *first = &herd->first_made;
    first->pid = pid;
    first->pidfd = -1;
    first->path = path;
    first->is_first = true;
    herd->path = path;
    herd->is_stream = !output.is_file;
    atomic_store(&herd->first_status, FL_STATUS_RUNS);
    sem_init(&herd->has_begun, 0, 0);
    descriptors_raise();
    const enum fl_status status = process_start(herd, first, output, 0, 0, err);
    if (status != FL_OK) {
        fl_output_discard(&output);
        return status;
    }
    const int code = thread_create(herd);
    if (code != 0) {
        herd->is_discarded = true;
        process_end(herd, 0, FL_STATUS_UNKNOWN, true);
        fl_herd_report_free(&herd->report);
        first->shared = NULL;
        return fl_fail_os(err, FL_NOMEM, code, "cannot start the herd thread");
    }
    sem_wait(&herd->has_begun);
    return FL_OK;
}

void fl_herd_toggle(struct fl_herd *herd)
{
    atomic_store(&herd->is_paused, !atomic_load(&herd->is_paused));
}

void fl_herd_first_ended(struct fl_herd *herd, int status)
{
    atomic_store(&herd->first_status, status);
    fl_futex_ring(&herd->control->doorbell);
}

bool fl_herd_is_over(const struct fl_herd *herd)
{
    return atomic_load(&herd->is_over);
}

void fl_herd_finish(struct fl_herd *herd, bool is_kept, struct fl_herd_report *report)
{
    herd->is_discarded = !is_kept;
    atomic_store(&herd->is_stopping, true);
    fl_futex_ring(&herd->control->doorbell);
    pthread_join(herd->thread, NULL);
    *report = herd->report;
    sem_destroy(&herd->has_begun);
    herd_free(herd);
}

void fl_herd_report_free(struct fl_herd_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        fl_drain_report_free(&report->processes[i].report);
    free(report->processes);
    *report = (struct fl_herd_report){0};
}
