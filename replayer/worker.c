/*
 * The worker is this program, executed anew: its libc heap is as fresh as that of any program,
 * its page faults and its memory are the allocator's. From here on nothing of ours calls malloc
 * or stdio; tables are mapped, text is made by the driver from plain data.
 *
 * It dies with its driver (PR_SET_PDEATHSIG), so an interrupted flreplay leaves nothing behind.
 */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "check.h"
#include "crew.h"
#include "latency.h"
#include "measure.h"
#include "ring.h"

static void pass_check(struct fl_ring *ring, struct fl_allocator *allocator)
{
    struct fl_answer *answer = &ring->answer;
    const struct fl_checker_options options = {
        .mode = ring->job.check_mode,
        .walk_every = ring->job.walk_every,
        .event = &ring->event,
    };
    struct fl_checker *checker = fl_checker_new(allocator, &options);
    if (checker == NULL) {
        answer->status = FL_NOMEM;
        return;
    }
    for (const struct fl_step_batch *batch = fl_ring_get(ring);
         answer->status == FL_OK && batch != NULL; batch = fl_ring_get(ring)) {
        answer->status = fl_checker_run(checker, batch, &answer->finding);
        if (answer->status != FL_OK) {
            return;
        }
        fl_ring_release(ring);
    }
    answer->status = fl_checker_end(checker, &answer->finding, &answer->check);
    answer->refused = answer->check.refused;
    fl_checker_free(checker);
}

static void pass_measure(struct fl_ring *ring, struct fl_allocator *allocator)
{
    struct fl_measure measure;
    fl_measure_init(&measure, allocator, ring->job.touch);
    measure.is_populated = ring->job.is_populated;
    const bool is_counting = fl_counter_open_instructions(&measure.counter) == 0;
    for (const struct fl_step_batch *batch = fl_ring_get(ring); batch != NULL;
         batch = fl_ring_get(ring)) {
        if (!fl_measure_reserve(&measure, batch)) {
            ring->answer.status = FL_NOMEM;
            return;
        }
        fl_measure_run(&measure, batch);
        fl_ring_release(ring);
    }
    ring->answer.elapsed_ns = measure.elapsed_ns;
    ring->answer.steps = measure.steps;
    ring->answer.page_faults = measure.page_faults;
    ring->answer.instructions = is_counting ? fl_counter_value(&measure.counter) : 0;
    ring->answer.refused = measure.refused;
    fl_counter_close(&measure.counter);
    fl_measure_free(&measure);
}

static void pass_crew(struct fl_ring *ring, struct fl_allocator *allocator, bool is_checking)
{
    struct fl_answer *answer = &ring->answer;
    const struct fl_crew_options options = {
        .allocator = allocator,
        .is_locked = ring->job.is_locked,
        .is_checking = is_checking,
        .touch = ring->job.touch,
        .patience_ms = ring->job.timeout_s * 900, /* before the driver loses its own */
        .first_event = &ring->first_event,
        .last_event = &ring->last_event,
        .progress = &ring->event,
    };
    struct fl_crew_result result = {0};
    struct fl_crew *crew = fl_crew_new(&options);
    answer->status = crew == NULL ? FL_NOMEM : FL_OK;
    for (const struct fl_step_batch *batch = NULL;
         answer->status == FL_OK && (batch = fl_ring_get(ring)) != NULL;) {
        answer->status = fl_crew_take(crew, batch, &answer->finding);
        fl_ring_release(ring);
    }
    if (answer->status == FL_OK) {
        answer->status = fl_crew_finish(crew, &result, &answer->finding);
    }
    answer->elapsed_ns = result.elapsed_ns;
    answer->steps = result.steps;
    answer->page_faults = result.page_faults;
    answer->refused = result.refused;
    answer->threads = result.threads;
    answer->switches = result.switches;
}

static void pass_latency(struct fl_ring *ring, struct fl_allocator *allocator)
{
    struct fl_answer *answer = &ring->answer;
    struct fl_latency *latency =
        fl_latency_new(allocator, ring->job.touch, ring->job.is_populated);
    if (latency == NULL) {
        answer->status = FL_NOMEM;
        return;
    }
    for (const struct fl_step_batch *batch = fl_ring_get(ring); batch != NULL;
         batch = fl_ring_get(ring)) {
        if (!fl_latency_run(latency, batch)) {
            answer->status = FL_NOMEM;
            return;
        }
        fl_ring_release(ring);
    }
    fl_latency_figures(latency, &answer->latencies, &answer->refused);
    fl_latency_free(latency);
}

/* As pass_measure; what matters is not the time but what the steps make of the kernel. */
static void pass_count(struct fl_ring *ring, struct fl_allocator *allocator)
{
    struct fl_memory_watch watch;
    const bool has_bare = ring->job.library[0] != '\0';
    ring->answer.memory_errno =
        fl_memory_watch_start(&watch, has_bare ? &ring->job.bare : NULL);
    if (ring->answer.memory_errno != 0) {
        return;
    }
    struct fl_measure measure;
    fl_measure_init(&measure, allocator, FL_TOUCH_NONE);
    for (const struct fl_step_batch *batch = fl_ring_get(ring); batch != NULL;
         batch = fl_ring_get(ring)) {
        if (!fl_measure_reserve(&measure, batch)) {
            ring->answer.status = FL_NOMEM;
            return;
        }
        fl_memory_watch_count(&watch, true);
        fl_measure_run(&measure, batch);
        fl_memory_watch_count(&watch, false);
        fl_ring_release(ring);
    }
    ring->answer.refused = measure.refused;
    ring->answer.memory = watch.calls;
    ring->answer.memory_errno = watch.ranges.has_overflowed ? EOVERFLOW : 0;
}

static void pass_series(struct fl_ring *ring, struct fl_allocator *allocator)
{
    struct fl_answer *answer = &ring->answer;
    struct fl_memory_watch watch;
    const bool has_bare = ring->job.library[0] != '\0';
    const bool is_watched =
        ring->job.is_watched &&
        fl_memory_watch_start(&watch, has_bare ? &ring->job.bare : NULL) == 0;
    struct fl_series_pass pass;
    fl_series_pass_start(&pass, allocator, ring->job.touch, is_watched ? &watch : NULL,
                         &ring->series, &answer->series);
    for (const struct fl_step_batch *batch = fl_ring_get(ring); batch != NULL;
         batch = fl_ring_get(ring)) {
        if (!fl_series_pass_run(&pass, batch)) {
            answer->status = FL_NOMEM;
            return;
        }
        fl_ring_release(ring);
    }
    answer->refused = pass.refused;
    fl_series_pass_end(&pass);
}

static void job_run(struct fl_ring *ring, const struct fl_allocator_ops *ops)
{
    struct fl_answer *answer = &ring->answer;
    struct fl_allocator *allocator = NULL;
    const int result = ops->create(&ring->job.config, &allocator);
    if (result != 0) {
        answer->status = result == -EINVAL ? FL_USAGE : FL_NOMEM;
        answer->os_errno = -result;
        return;
    }
    switch (ring->job.pass) {
    case FL_PASS_CHECK:
        pass_check(ring, allocator);
        break;
    case FL_PASS_CHECK_REAL:
        pass_crew(ring, allocator, true);
        break;
    case FL_PASS_MEASURE:
        if (ring->job.is_real) {
            pass_crew(ring, allocator, false);
        } else {
            pass_measure(ring, allocator);
        }
        break;
    case FL_PASS_COUNT:
        pass_count(ring, allocator);
        break;
    case FL_PASS_LATENCY:
        pass_latency(ring, allocator);
        break;
    case FL_PASS_SERIES:
        pass_series(ring, allocator);
        break;
    case FL_PASS_PROBE:
        answer->status = fl_memory_held_now(&answer->held) ? FL_OK : FL_IO;
        break;
    }
    answer->has_offsets = ops->offset != NULL;
    answer->has_stats = ops->stats != NULL;
    if (answer->has_stats) {
        ops->stats(allocator, &answer->stats);
    }
    if (answer->status == FL_OK) {
        ops->destroy(allocator);
    }
}

int fl_worker_main(const struct fl_catalog *catalog, const char *fd_text)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct fl_ring *ring = fl_ring_map(atoi(fd_text));
    if (ring == NULL || getppid() != ring->job.driver) {
        return FL_EXIT_ENVIRONMENT;
    }
    atomic_store(&ring->has_begun, 1);
    const char *name = ring->job.name;
    const struct fl_allocator_ops *ops = fl_catalog_find(catalog, name, strlen(name));
    if (ops == NULL || (fl_target_is_foreign(ops) &&
                        !fl_preload_examine(ring->job.library, &ring->answer.preload))) {
        ring->answer.status = FL_MISSING;
    } else {
        job_run(ring, ops);
    }
    fl_ring_answer(ring);
    _exit(FL_EXIT_OK); /* no exit handlers: they would run on the heap that was tested */
}
