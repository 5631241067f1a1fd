/**
 * What the driver and a worker process share: a job, a ring of ready batches, an answer.
 *
 * Thread safety: one driver (producer) and one worker (consumer), in two processes.
 */
#ifndef FL_REPLAY_RING_H
#define FL_REPLAY_RING_H

#include <stdatomic.h>
#include <sys/types.h>

#include "check.h"
#include "finding.h"
#include "latency.h"
#include "memory_watch.h"
#include "plan.h"
#include "preload.h"
#include "series_pass.h"
#include "target.h"
#include "touch.h"

#define FL_RING_BATCHES    8u
#define FL_RING_HALF       (FL_RING_BATCHES / 2)
#define FL_JOB_NAME_BYTES  64u
#define FL_RING_WAIT_MS    100u
#define FL_CACHE_LINE_SIZE 64

enum fl_pass {
    FL_PASS_CHECK,
    FL_PASS_CHECK_REAL, /* the same by as many threads as recorded the trace */
    FL_PASS_MEASURE,
    FL_PASS_COUNT,   /* of the system calls that concern memory */
    FL_PASS_LATENCY, /* each call is timed */
    FL_PASS_SERIES,  /* of the heap's state after each event */
    FL_PASS_PROBE,   /* nothing is replayed: only whether the library is there */
};

/** What a worker is to do; written before it starts. */
struct fl_job {
    char name[FL_JOB_NAME_BYTES]; /* of the allocator, in the catalog */
    pid_t driver; /* dies with it; it may be gone before the worker could say so */
    char library[FL_LIBRARY_MAX]; /* that should be preloaded, "" for none */
    struct fl_memory_held bare;   /* of a process without the library, when there is one */
    struct fl_allocator_config config;
    enum fl_pass pass;
    enum fl_touch touch; /* measure pass */
    bool is_populated;   /* the same */
    bool is_real;        /* the same: by as many threads as recorded the trace */
    bool is_locked;      /* such threads wait for one lock at each call */
    uint64_t timeout_s;  /* without progress of such threads; 0: wait for ever */
    bool is_watched;     /* series pass: the footprint comes from the system calls */
    enum fl_check_mode check_mode;
    uint64_t walk_every; /* as in struct fl_checker_options */
};

/** What it answers; complete when `is_done`. */
struct fl_answer {
    enum fl_status status; /* FL_OK, FL_WRONG with a finding, FL_NOMEM, FL_MISSING */
    int os_errno;
    struct fl_preload preload;     /* foreign targets */
    struct fl_memory_held held;    /* FL_PASS_PROBE */
    struct fl_memory_calls memory; /* FL_PASS_COUNT, when memory_errno is 0 */
    int memory_errno;
    uint64_t page_faults;  /* FL_PASS_MEASURE */
    uint64_t instructions; /* the same; 0: not counted */
    struct fl_finding finding;
    struct fl_check_result check;  /* FL_PASS_CHECK */
    struct fl_latencies latencies; /* FL_PASS_LATENCY */
    uint64_t elapsed_ns, steps;    /* FL_PASS_MEASURE */
    uint64_t threads, switches;    /* the same, with real threads */
    struct fl_series_facts series; /* FL_PASS_SERIES */
    uint64_t refused;
    bool has_stats, has_offsets;
    struct fl_alloc_stats stats;
};

struct fl_ring {
    _Alignas(FL_CACHE_LINE_SIZE) _Atomic uint32_t produced; /* batches put in; a futex word */
    _Atomic uint32_t is_worker_waiting;                     /* for `produced` */
    _Alignas(FL_CACHE_LINE_SIZE) _Atomic uint32_t consumed; /* batches done; a futex word */
    _Atomic uint32_t is_driver_waiting;                     /* for `consumed` */
    _Atomic uint32_t has_begun;                             /* the worker has the ring */
    _Atomic uint32_t is_done;                 /* the answer is there; a futex word */
    _Atomic uint64_t event;                   /* check pass: the event at work, for crashes */
    _Atomic uint64_t first_event, last_event; /* real threads: the events at work */
    struct fl_job job;
    struct fl_answer answer;
    struct fl_step_batch batches[FL_RING_BATCHES];
    struct fl_series series; /* FL_PASS_SERIES, else not touched and so no memory */
};

/** Make a ring; `*fd` is its memfd for the worker. FL_OK, or FL_NOMEM. */
enum fl_status fl_ring_new(struct fl_ring **out, int *fd, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Map the ring behind `fd` in the worker, or NULL. */
struct fl_ring *fl_ring_map(int fd);
void fl_ring_free(struct fl_ring *ring);

/** Driver: the next free batch, or NULL when there was none for FL_RING_WAIT_MS. */
struct fl_step_batch *fl_ring_reserve(struct fl_ring *ring);

/** Driver: hand over what fl_ring_reserve gave. */
void fl_ring_put(struct fl_ring *ring);

/** Worker: the next batch, or NULL when it is the one with is_end. Waits without limit. */
const struct fl_step_batch *fl_ring_get(struct fl_ring *ring);

/** Worker: done with what fl_ring_get gave. */
void fl_ring_release(struct fl_ring *ring);

/** Worker: the answer is complete. */
void fl_ring_answer(struct fl_ring *ring);

/** Driver: wait until the answer is complete, for FL_RING_WAIT_MS at most. */
void fl_ring_wait_answer(struct fl_ring *ring);

/** The batch that was at work when the worker stopped, or NULL. */
const struct fl_step_batch *fl_ring_at_work(const struct fl_ring *ring);

#endif
