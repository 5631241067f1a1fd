/*
 * What a batch takes is not known before it ran; what it asks for is. Memory for all of that,
 * as if nothing were freed meanwhile, is kept faulted in ahead of the heap's end: mostly what
 * the batch before left unused, so little is added each time. MAP_POPULATE in the heap's own
 * mappings would not do: the kernel then makes the same faults, counted too, within the timed
 * call.
 *
 * Blocks above 1 MiB are left out: they have mappings of their own, or a program reserves much
 * and touches little.
 */
#include "populate.h"

#define BLOCK_BYTES 128u /* a header and rounding, whatever the knobs */

static uint64_t step_bytes(const struct fl_step *step)
{
    if (!fl_step_allocates(step) || step->size_bytes > FL_POPULATE_REQUEST_MAX) {
        return 0;
    }
    const uint64_t align = step->action == FL_DO_ALIGNED ? (uint64_t)1 << step->align_log2 : 1;
    return step->size_bytes + BLOCK_BYTES + (align > FL_POPULATE_REQUEST_MAX ? 0 : align);
}

void fl_populate_batch(struct fl_allocator *self, const struct fl_step_batch *batch)
{
    if (!fl_populate_applies(self->ops)) {
        return;
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        bytes += step_bytes(&batch->steps[i]);
    }
    self->ops->prefault(
        self, (size_t)(bytes < FL_POPULATE_BATCH_MAX ? bytes : FL_POPULATE_BATCH_MAX));
}
