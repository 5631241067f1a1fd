/**
 * The program's side of a ring: per-thread state and the hot path of one record.
 *
 * A call is recorded between fl_enter and fl_leave. Inside, the thread is BUSY: what the real
 * allocator or a signal handler calls in the meantime is passed through.
 *
 * Thread safety: `fl_thread` belongs to its thread; `fl_process` is written while the process
 * attaches (one thread), and by whoever notices that flrec is gone; `rings_open` by any thread.
 */
#ifndef FL_THREAD_BUFFER_H
#define FL_THREAD_BUFFER_H

#include "ring.h"
#include "stamp.h"

#define FL_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define FL_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

enum fl_thread_phase {
    FL_THREAD_NEW, /* no ring yet: the state of zeroed thread storage */
    FL_THREAD_READY,
    FL_THREAD_BUSY,     /* inside a call */
    FL_THREAD_OURS,     /* in libunwind or the loader, on our behalf: not counted as nested */
    FL_THREAD_EXPECTS,  /* inside a call that is made of another one of the family */
    FL_THREAD_RINGLESS, /* no ring was free: its calls are counted as lost */
};

struct fl_thread {
    struct fl_slot *slots;
    struct fl_ring *ring;
    uint64_t head;  /* slots written, as published */
    uint64_t limit; /* head may grow up to here, at most last tail seen + slots in the ring */
    uint64_t mask;  /* slots in the ring - 1 */
    uint64_t stamp_base; /* stamp of the last WIDE slot */
    uint32_t lost_count; /* calls while RINGLESS */
    uint8_t phase;       /* enum fl_thread_phase */
    bool is_stamping;    /* the process has, or once had, a second thread */
    bool is_losing;      /* the start of this call was dropped, and its end will be */
};

struct fl_process {
    const volatile uint8_t *is_recording; /* in a page the kernel wipes in a forked child */
    const volatile char *is_single;       /* libc's flag, or a constant 0 */
    struct fl_shared *shared;
    uint32_t ring_count; /* mapped: fewer than there are where address space is limited */
    _Atomic uint32_t rings_open; /* the slots of this many, the lowest, can be reached */
    uint32_t stamp_source;
    uint32_t stack_depth; /* of fl_shared */
    uint32_t page_log2;
    _Atomic bool was_multi; /* is_single was seen false: stamps stay on */
};

extern _Thread_local struct fl_thread fl_thread __attribute__((tls_model("initial-exec")));
extern struct fl_process fl_process;

/** The cold half of fl_enter: attach, count, or decide to pass through. Keeps errno. */
bool fl_enter_slowly(struct fl_thread *self) __attribute__((cold, noinline));

/** Wait for room for `op`. False when flrec is gone, and recording with it, or when the call is
 *  dropped and counted instead (--lossy). Keeps errno. */
bool fl_thread_make_room(struct fl_thread *self, unsigned op) __attribute__((cold, noinline));

/** Wait until flrec has taken all that this thread has written, or is gone. Keeps errno. */
void fl_thread_settle(struct fl_thread *self) __attribute__((cold, noinline));

/** Write the WIDE slot that goes before an event. */
void fl_thread_put_wide(struct fl_thread *self, uint64_t size_bytes, uint64_t stamp)
    __attribute__((cold, noinline));

/** Turn stamps on for this thread and every one that attaches later. */
void fl_thread_begin_stamps(struct fl_thread *self) __attribute__((cold, noinline));

/** May this call be recorded? When true, fl_leave must follow. */
static inline bool fl_enter(struct fl_thread *self)
{
    if (FL_UNLIKELY(self->phase != FL_THREAD_READY || !*fl_process.is_recording))
        return fl_enter_slowly(self);
    self->phase = FL_THREAD_BUSY;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return true;
}

static inline void fl_leave(struct fl_thread *self)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    self->phase = FL_THREAD_READY;
}

static inline uint64_t fl_thread_stamp(struct fl_thread *self)
{
    if (FL_LIKELY(!self->is_stamping)) {
        if (FL_LIKELY(*fl_process.is_single &&
                      !atomic_load_explicit(&fl_process.was_multi, memory_order_relaxed)))
            return 0;
        fl_thread_begin_stamps(self);
    }
    return fl_stamp_take(fl_process.shared, fl_process.stamp_source);
}

/** Slots that must be free before `op` is written: two, a WIDE one and its own, and as many for
 * each other that the same call may write after it. So a call is in the ring as a whole or not
 * at all. */
static inline uint64_t fl_op_room(unsigned op)
{
    switch (op & FL_OP_KIND) {
    case FL_OP_REALLOC_BEGIN:
    case FL_OP_MODULES:
    case FL_OP_FRAME:
        return 6; /* STACK and the call */
    case FL_OP_STACK:
        return 4;
    default:
        return 2;
    }
}

/** Write and publish one event. `op` is a constant, wherever this is inlined. */
static inline void fl_thread_record(struct fl_thread *self, unsigned op, unsigned align_log2,
                                    const void *address, uint64_t size_bytes)
{
    if (FL_UNLIKELY(self->limit - self->head < fl_op_room(op)) &&
        !fl_thread_make_room(self, op))
        return;
    const uint64_t stamp = fl_thread_stamp(self);
    if (FL_UNLIKELY(fl_slot_is_wide(size_bytes, stamp, self->stamp_base)))
        fl_thread_put_wide(self, size_bytes, stamp);
    struct fl_slot *slot = &self->slots[self->head & self->mask];
    slot->what = fl_slot_what((uint64_t)(uintptr_t)address, op, align_log2);
    slot->rest = fl_slot_rest(size_bytes, stamp);
    atomic_store_explicit(&self->ring->head, ++self->head, memory_order_release);
}

#endif
