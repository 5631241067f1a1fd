/*
 * The cold half of a thread's ring: claiming one, waiting for room, wide slots, nested calls.
 *
 * A ring is claimed by one compare-and-swap when a thread records its first call. It is not
 * given back by the thread: destructors of thread storage, and libc itself, free after any
 * destructor of ours. flrec sees that the thread is gone and frees the ring when it is empty.
 * Claims take the lowest free ring, so that its pages are likely to be there already. O(rings).
 *
 * Waiting for room is the only place where a recorded program sleeps because of us. There, and
 * where a call is dropped instead (--lossy), flrec's death is noticed: the kernel marks the
 * robust mutex that flrec holds.
 */
#include "thread_buffer.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"
#include "futex.h"

#define FL_ROOM_WAIT_NS    (50 * 1000 * 1000)
#define FL_CLAIM_WAIT_NS   (2 * 1000 * 1000)
#define FL_CLAIM_TRIES     25
#define FL_LOST_BEFORE_TRY 1024
#define RECORDER_ENDED     "the recorder ended; recording stops, the program goes on"

_Thread_local struct fl_thread fl_thread __attribute__((tls_model("initial-exec")));

static void ring_high_raise(struct fl_shared *shared, uint32_t high)
{
    uint32_t seen = atomic_load(&shared->ring_high);
    while (seen < high && !atomic_compare_exchange_weak(&shared->ring_high, &seen, high))
        continue;
}

/* Slots of rings that no thread has had yet are out of reach (attach.c). */
static bool slots_open(struct fl_shared *shared, uint32_t index)
{
    uint32_t open = atomic_load(&fl_process.rings_open);
    if (index < open)
        return true;
    const uintptr_t inside_page = ((uintptr_t)1 << fl_process.page_log2) - 1;
    const uintptr_t begin = (uintptr_t)fl_ring_slots(shared, open) & ~inside_page;
    const uintptr_t end = (uintptr_t)fl_ring_slots(shared, index + 1);
    if (mprotect((void *)begin, end - begin, PROT_READ | PROT_WRITE) != 0)
        return false;
    while (open <= index &&
           !atomic_compare_exchange_weak(&fl_process.rings_open, &open, index + 1))
        continue;
    return true;
}

static bool ring_claim(struct fl_shared *shared, uint32_t *index)
{
    for (uint32_t i = 0; i < fl_process.ring_count; i++) {
        uint32_t expected = FL_RING_FREE;
        _Atomic uint32_t *state = &shared->rings[i].state;
        if (atomic_load_explicit(state, memory_order_relaxed) != FL_RING_FREE ||
            !atomic_compare_exchange_strong(state, &expected, FL_RING_CLAIMED))
            continue;
        if (!slots_open(shared, i)) {
            atomic_store(state, FL_RING_FREE);
            return false;
        }
        ring_high_raise(shared, i + 1);
        *index = i;
        return true;
    }
    return false;
}

/* flrec frees the rings of threads that are gone when it is asked to. */
static bool ring_claim_patiently(struct fl_shared *shared, uint32_t *index)
{
    for (int i = 0; i < FL_CLAIM_TRIES; i++) {
        if (ring_claim(shared, index))
            return true;
        atomic_store(&shared->rings_wanted, 1);
        fl_futex_ring(&shared->doorbell);
        fl_futex_wait(&shared->rings_wanted, 1, FL_CLAIM_WAIT_NS);
    }
    return ring_claim(shared, index);
}

static void thread_begin(struct fl_thread *self, uint32_t index)
{
    struct fl_shared *shared = fl_process.shared;
    const uint32_t tid = (uint32_t)gettid();
    self->ring = &shared->rings[index];
    self->slots = fl_ring_slots(shared, index);
    self->mask = shared->ring_slots - 1;
    self->limit = shared->ring_slots;
    self->head = 0;
    self->stamp_base = 0;
    atomic_store(&self->ring->tid, tid);
    fl_thread_record(self, FL_OP_THREAD_START, 0, NULL, tid);
}

static bool thread_lose(struct fl_thread *self)
{
    struct fl_shared *shared = fl_process.shared;
    uint32_t index;
    if (++self->lost_count % FL_LOST_BEFORE_TRY == 0 && ring_claim(shared, &index)) {
        self->phase = FL_THREAD_BUSY;
        thread_begin(self, index);
        return true;
    }
    atomic_fetch_add_explicit(&shared->lost_events, 1, memory_order_relaxed);
    return false;
}

static bool thread_start(struct fl_thread *self)
{
    self->phase = FL_THREAD_BUSY;
    fl_attach();
    uint32_t index;
    if (!*fl_process.is_recording) {
        self->phase = FL_THREAD_NEW;
        return false;
    }
    if (!ring_claim_patiently(fl_process.shared, &index)) {
        self->phase = FL_THREAD_RINGLESS;
        return thread_lose(self);
    }
    thread_begin(self, index);
    return true;
}

static bool enter_slowly(struct fl_thread *self)
{
    switch (self->phase) {
    case FL_THREAD_NEW:
        return thread_start(self);
    case FL_THREAD_BUSY:
        if (*fl_process.is_recording)
            atomic_fetch_add_explicit(&fl_process.shared->nested_calls, 1,
                                      memory_order_relaxed);
        return false;
    case FL_THREAD_OURS:
        return false;
    case FL_THREAD_EXPECTS:
        self->phase = FL_THREAD_BUSY;
        return false;
    case FL_THREAD_RINGLESS:
        return *fl_process.is_recording && thread_lose(self);
    default:
        return false; /* READY behind a closed gate: a forked child, or flrec is gone */
    }
}

bool fl_enter_slowly(struct fl_thread *self)
{
    const int saved_errno = errno;
    const bool is_entered = enter_slowly(self);
    errno = saved_errno;
    return is_entered;
}

static bool tail_has_reached(struct fl_thread *self, uint64_t goal)
{
    const uint64_t tail = atomic_load(&self->ring->tail);
    self->limit = tail + self->mask + 1;
    return (int64_t)(tail - goal) >= 0;
}

/* The flag is set before the tail is read again, and flrec moves the tail before it reads the
 * flag, all in one total order: one of the two sees the other, so no wake-up is missed. */
static bool tail_wait(struct fl_thread *self, uint64_t goal)
{
    struct fl_shared *shared = fl_process.shared;
    while (!tail_has_reached(self, goal)) {
        atomic_store(&self->ring->is_waiting, 1);
        _Atomic uint32_t *tail = &self->ring->tail_futex;
        const uint32_t seen = atomic_load(tail);
        if (tail_has_reached(self, goal))
            return true;
        fl_futex_ring(&shared->doorbell);
        fl_futex_wait(tail, seen, FL_ROOM_WAIT_NS);
        if (!*fl_process.is_recording)
            return false; /* a handler that interrupted us has forked, and this is the child */
        if (fl_life_is_over(&shared->life)) {
            fl_detach(RECORDER_ENDED);
            return false;
        }
    }
    return true;
}

/* --lossy: calls may be dropped, and what only they need. All else waits: without a FORK the
 * child's trace would begin with nothing, without a FRAME all later stacks of the ring would be
 * unknown, and a MARK is what the user looks for. They are few, and a fork waits for flrec in
 * any case. A THREAD_START finds its ring empty. */
static bool op_may_be_lost(unsigned op)
{
    const unsigned kind = op & FL_OP_KIND;
    return kind < (unsigned)FL_CALL_COUNT || kind == FL_OP_REALLOC_BEGIN || kind == FL_OP_STACK;
}

/* Drop the call that `op` belongs to; it is counted where it would have ended. Until then the
 * limit brings each of its events here, though there be room again. */
static void call_lose(struct fl_thread *self, unsigned op)
{
    struct fl_shared *shared = fl_process.shared;
    self->is_losing = (op & FL_OP_KIND) >= (unsigned)FL_CALL_COUNT;
    self->limit = self->head;
    if (self->is_losing)
        return;
    atomic_fetch_add_explicit(&shared->lost_events, 1, memory_order_relaxed);
    if (fl_life_is_over(&shared->life)) {
        fl_detach(RECORDER_ENDED);
    } else if (atomic_load_explicit(&self->ring->is_waiting, memory_order_relaxed) == 0) {
        atomic_store(&self->ring->is_waiting, 1); /* flrec clears it when a quarter is free */
        fl_futex_ring(&shared->doorbell);
    }
}

static bool room_make(struct fl_thread *self, unsigned op)
{
    const uint64_t goal = self->head + fl_op_room(op) - (self->mask + 1);
    if (!self->is_losing && tail_has_reached(self, goal))
        return true;
    if (!fl_process.shared->is_lossy || !op_may_be_lost(op))
        return tail_wait(self, goal);
    call_lose(self, op);
    return false;
}

bool fl_thread_make_room(struct fl_thread *self, unsigned op)
{
    const int saved_errno = errno;
    const bool is_made = *fl_process.is_recording && room_make(self, op);
    errno = saved_errno;
    return is_made;
}

void fl_thread_settle(struct fl_thread *self)
{
    const int saved_errno = errno;
    if (*fl_process.is_recording)
        (void)tail_wait(self, self->head);
    errno = saved_errno;
}

void fl_thread_put_wide(struct fl_thread *self, uint64_t size_bytes, uint64_t stamp)
{
    struct fl_slot *slot = &self->slots[self->head++ & self->mask];
    slot->what = fl_slot_what(size_bytes >> 32, FL_OP_WIDE, 0);
    slot->rest = stamp;
    self->stamp_base = stamp;
}

void fl_thread_begin_stamps(struct fl_thread *self)
{
    atomic_store_explicit(&fl_process.was_multi, true, memory_order_relaxed);
    self->is_stamping = true;
}
