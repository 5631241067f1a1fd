/*
 * A single-producer ring over a memfd. Two counters only grow; their difference is the number
 * of batches that wait. Whole batches go over, never one event at a time, and whoever sleeps is
 * woken when half the ring is ready for it, or all there will be: one system call for some
 * 16,000 steps, and none of them inside a timed section. A side says that it sleeps before it
 * looks a last time, and the other looks for that after it has moved its counter, so that none
 * is left asleep.
 *
 * Eight batches (half a MiB) are enough for the driver to decode ahead while the worker runs,
 * and few enough to stay in the cache both share. The driver waits with a limit, because the
 * worker may crash; a worker dies with its driver (worker.c), so it waits without one.
 */
#include "ring.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *limit)
{
    syscall(SYS_futex, word, FUTEX_WAIT, seen, limit, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

enum fl_status fl_ring_new(struct fl_ring **out, int *fd, struct fl_error *err)
{
    const int memory = memfd_create("flreplay-ring", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, (off_t)sizeof(struct fl_ring)) != 0) {
        const int os_errno = errno;
        if (memory >= 0) {
            close(memory);
        }
        return fl_fail_os(err, FL_NOMEM, os_errno, "no shared memory for a worker");
    }
    struct fl_ring *ring = fl_ring_map(memory);
    if (ring == NULL) {
        close(memory);
        return fl_fail(err, FL_NOMEM, "no address space for a worker's shared memory");
    }
    *out = ring;
    *fd = memory;
    return FL_OK;
}

struct fl_ring *fl_ring_map(int fd)
{
    void *memory =
        mmap(NULL, sizeof(struct fl_ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void fl_ring_free(struct fl_ring *ring)
{
    munmap(ring, sizeof *ring);
}

struct fl_step_batch *fl_ring_reserve(struct fl_ring *ring)
{
    const uint32_t produced = atomic_load_explicit(&ring->produced, memory_order_relaxed);
    uint32_t consumed = atomic_load(&ring->consumed);
    if (produced - consumed == FL_RING_BATCHES) {
        const struct timespec limit = {.tv_nsec = FL_RING_WAIT_MS * 1000000L};
        atomic_store(&ring->is_driver_waiting, 1);
        futex_wait(&ring->consumed, consumed, &limit);
        consumed = atomic_load(&ring->consumed);
    }
    const bool is_full = produced - consumed == FL_RING_BATCHES;
    return is_full ? NULL : &ring->batches[produced % FL_RING_BATCHES];
}

void fl_ring_put(struct fl_ring *ring)
{
    const uint32_t produced = atomic_load_explicit(&ring->produced, memory_order_relaxed);
    const bool is_last = ring->batches[produced % FL_RING_BATCHES].is_end != 0;
    atomic_store(&ring->produced, produced + 1);
    const bool is_due = is_last || produced + 1 - atomic_load(&ring->consumed) >= FL_RING_HALF;
    if (is_due && atomic_load(&ring->is_worker_waiting) != 0) {
        atomic_store(&ring->is_worker_waiting, 0);
        futex_wake(&ring->produced);
    }
}

const struct fl_step_batch *fl_ring_get(struct fl_ring *ring)
{
    const uint32_t consumed = atomic_load_explicit(&ring->consumed, memory_order_relaxed);
    while (atomic_load(&ring->produced) == consumed) {
        atomic_store(&ring->is_worker_waiting, 1);
        futex_wait(&ring->produced, consumed, NULL);
    }
    const struct fl_step_batch *batch = &ring->batches[consumed % FL_RING_BATCHES];
    return batch->is_end ? NULL : batch;
}

void fl_ring_release(struct fl_ring *ring)
{
    const uint32_t consumed = atomic_load_explicit(&ring->consumed, memory_order_relaxed) + 1;
    atomic_store(&ring->consumed, consumed);
    if (atomic_load(&ring->is_driver_waiting) != 0 &&
        atomic_load(&ring->produced) - consumed <= FL_RING_HALF) {
        atomic_store(&ring->is_driver_waiting, 0);
        futex_wake(&ring->consumed);
    }
}

void fl_ring_answer(struct fl_ring *ring)
{
    atomic_store(&ring->is_done, 1);
    futex_wake(&ring->consumed);
    futex_wake(&ring->is_done);
}

void fl_ring_wait_answer(struct fl_ring *ring)
{
    const struct timespec limit = {.tv_nsec = FL_RING_WAIT_MS * 1000000L};
    futex_wait(&ring->is_done, 0, &limit);
}

const struct fl_step_batch *fl_ring_at_work(const struct fl_ring *ring)
{
    const uint32_t consumed = atomic_load(&ring->consumed);
    return atomic_load(&ring->produced) == consumed
               ? NULL
               : &ring->batches[consumed % FL_RING_BATCHES];
}
