/**
 * The one heap of the process, its lock, and what fork does to both.
 *
 * Thread safety: any thread, any time; the heap belongs to the thread between enter and leave.
 */
#ifndef FL_DROPIN_INSTANCE_H
#define FL_DROPIN_INSTANCE_H

#include <fl/allocator.h>

/**
 * Take the heap; it is made at the first call. Each enter has its leave.
 *
 * @param call  the entry point, for the line that ends the program when a signal handler comes
 *              here having interrupted this very code
 * @return      the heap; NULL when there is no memory to make one, which is tried again each time
 */
struct fl_allocator *fl_instance_enter(const char *call);

/** Give the heap back after a call that changed nothing, or that is about to end the
 * program. */
void fl_instance_leave(void);

/** Give the heap back after a call: first checks it, as FLMALLOC asks for. */
void fl_instance_finish(void);

#endif
