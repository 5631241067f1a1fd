/**
 * --populate: memory for the steps of a batch, faulted in before the clock runs.
 *
 * Thread safety: that of the allocator.
 */
#ifndef FL_REPLAY_POPULATE_H
#define FL_REPLAY_POPULATE_H

#include <fl/allocator.h>

#include "plan.h"

#define FL_POPULATE_REQUEST_MAX ((uint64_t)1 << 20)   /* larger requests are not counted */
#define FL_POPULATE_BATCH_MAX   ((uint64_t)256 << 20) /* faulted in ahead of a batch at most */

/** Can the memory of this allocator be faulted in from outside? */
static inline bool fl_populate_applies(const struct fl_allocator_ops *ops)
{
    return ops->prefault != NULL;
}

/** Fault in what `batch` can take of `self` at most, if that can be done. Cost: O(steps). */
void fl_populate_batch(struct fl_allocator *self, const struct fl_step_batch *batch);

#endif
