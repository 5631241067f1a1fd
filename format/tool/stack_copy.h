/*
 * Stacks of one trace as stacks of another that is written.
 */
#ifndef FL_STACK_COPY_H
#define FL_STACK_COPY_H

#include <fl/writer.h>

#include "names.h"

struct fl_stack_copy {
    const struct fl_stacks *stacks; /* of the trace that is read; NULL: it has none */
    struct fl_writer *writer;
    struct fl_names
        *shared;      /* modules that the new trace has, by all they say, numbered alike; NULL:
                                each module is a new one */
    uint32_t *frames; /* new number of each frame of the old trace; 0: not copied yet */
    size_t frame_room;
    uint32_t *modules; /* the same of modules, FL_MODULE_NONE: not copied yet */
    size_t module_room;
    uint32_t *chain; /* of the stack at hand, while it is copied */
    size_t chain_count, chain_room;
};

/* Number of `stack` in the new trace; frames and modules that it does not have yet are copied.
 * O(1) for each known stack. */
enum fl_status fl_stack_copy(struct fl_stack_copy *copy, uint32_t stack, uint32_t *number,
                             struct fl_error *err) __attribute__((warn_unused_result));

void fl_stack_copy_clear(struct fl_stack_copy *copy);

#endif
