/**
 * Who called: the call stack of an allocating call, as a number for its thread's ring.
 *
 * Built twice: libflrec.so has none of it, libflrec-stacks.so (FL_WITH_STACKS) all.
 *
 * Thread safety: everything here belongs to the calling thread but fl_unwind_begin and _forget,
 * which run while the process has one thread, and _pause and
 * _resume.
 */
#ifndef FL_UNWIND_H
#define FL_UNWIND_H

#include "thread_buffer.h"

#ifdef FL_WITH_STACKS

/** Find libunwind; without it stacks stay unknown, and a line on standard error says so. */
void fl_unwind_begin(void);

/**
 * Put the caller's stack into the ring, for the allocating call that `self` records next:
 * nothing when it is the stack of the call before, one slot when this ring has met it, else one
 * slot for each frame and one more. Between fl_enter and fl_leave. Keeps errno.
 *
 * Cost 0.2-0.6 us for a stack of 10-30 frames, nearly all of it in unw_backtrace.
 */
void fl_unwind_note(struct fl_thread *self);

/** Before a fork: wait until no other thread is in libunwind, and let none in. Bounded. */
void fl_unwind_pause(void);

/** After it, in the parent. */
void fl_unwind_resume(void);

/** In a forked child: stacks that were met were told to the parent's rings. */
void fl_unwind_forget(void);

#else

static inline void fl_unwind_begin(void)
{
}

static inline void fl_unwind_note(struct fl_thread *self)
{
    (void)self;
}

static inline void fl_unwind_pause(void)
{
}

static inline void fl_unwind_resume(void)
{
}

static inline void fl_unwind_forget(void)
{
}

#endif
#endif
