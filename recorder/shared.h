/** Making the memory of ring.h. Thread safety: one thread, before the program starts. */
#ifndef FL_SHARED_H
#define FL_SHARED_H

#include <fl/status.h>

#include "control.h"
#include "ring.h"

/** What picks the stamp: the values of --stamp in the order of its choices, and one more. */
enum fl_stamp_choice {
    FL_STAMP_AUTO,
    FL_STAMP_ASK_CYCLES,
    FL_STAMP_ASK_COUNTER,
    FL_STAMP_AUTO_CLOCK, /* none of the option's: auto, where stamps must also tell the time */
};

/** What flrec wrote at the start of the memory, where the program may write over it: flrec goes
 * by this copy, taken before the program runs. */
struct fl_shared_facts {
    uint64_t total_bytes;
    uint64_t slots_offset; /* bytes from the start to ring 0's slots */
    uint64_t ring_slots;   /* per ring, a power of two */
    uint32_t ring_count;
    uint32_t stamp_source; /* enum fl_stamp_source */
    uint32_t stack_depth;  /* 0: no stacks */
    bool is_lossy;
};

struct fl_shared_facts fl_shared_facts(const struct fl_shared *shared);

/**
 * Make and map the shared memory.
 *
 * @param ring_bytes  slots of one ring, rounded up to a power of two within ring.h's limits
 * @param fd          receives the memfd, close-on-exec, the caller's
 * @param inode       receives its inode, by which a later image recognises it
 */
enum fl_status fl_shared_make(uint64_t ring_bytes, enum fl_stamp_choice stamp,
                              struct fl_shared **out, int *fd, uint64_t *inode,
                              struct fl_error *err) __attribute__((warn_unused_result));

/** Make and map the page by which processes join; `fd` and `inode` as above. */
enum fl_status fl_control_make(struct fl_control **out, int *fd, uint64_t *inode,
                               struct fl_error *err) __attribute__((warn_unused_result));

#endif
