/**
 * One step as the call of an allocator, for the passes that look at each call by itself.
 *
 * Thread safety: that of the allocator.
 */
#ifndef FL_REPLAY_CALL_H
#define FL_REPLAY_CALL_H

#include <string.h>

#include <fl/allocator.h>

#include "plan.h"

static inline void *fl_call_zeroed(struct fl_allocator *self, size_t bytes)
{
    if (self->ops->alloc_zeroed != NULL) {
        return self->ops->alloc_zeroed(self, bytes);
    }
    void *block = self->ops->alloc(self, bytes, 0);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

/** Give `block` back as `action` says; the size and the alignment are used where the allocator
 * takes them. */
static inline bool fl_call_free(struct fl_allocator *self, enum fl_action action, void *block,
                                uint64_t bytes, uint8_t align_log2)
{
    if (action != FL_DO_FREE_SIZED || self->ops->free_sized == NULL) {
        return self->ops->free(self, block);
    }
    return self->ops->free_sized(self, block, (size_t)bytes,
                                 align_log2 == 0 ? 0 : (size_t)1 << align_log2);
}

/**
 * The call of `step` on `block`, what its slot holds: NULL where it never got one.
 *
 * @return  what the call returned; after a free NULL, after usable_size the block
 */
__attribute__((always_inline)) static inline void *
fl_call_run(struct fl_allocator *self, const struct fl_step *step, void *block)
{
    const size_t bytes = (size_t)step->size_bytes;
    switch ((enum fl_action)step->action) {
    case FL_DO_ALLOC:
        return self->ops->alloc(self, bytes, 0);
    case FL_DO_ZEROED:
        return fl_call_zeroed(self, bytes);
    case FL_DO_ALIGNED:
        return self->ops->alloc(self, bytes, (size_t)1 << step->align_log2);
    case FL_DO_RESIZE:
        return block == NULL ? self->ops->alloc(self, bytes, 0)
                             : self->ops->resize(self, block, bytes);
    case FL_DO_FREE:
    case FL_DO_FREE_SIZED:
        fl_call_free(self, (enum fl_action)step->action, block, step->size_bytes,
                     step->align_log2);
        return NULL;
    case FL_DO_USABLE:
        (void)self->ops->usable_size(self, block);
        return block;
    }
    return block;
}

#endif
