/* Call stacks on their way from a chunk's sections to the table that a reader keeps. */
#ifndef FL_STACKS_INTERNAL_H
#define FL_STACKS_INTERNAL_H

#include <stdbool.h>

#include <fl/stacks.h>

#include "bytes.h"

/* The sections of one chunk; empty where it has none. */
struct fl_stack_sections {
    struct fl_cursor modules, frames, ids;
};

struct fl_stacks *fl_stacks_new(void);
void fl_stacks_free(struct fl_stacks *stacks);

/* Take in the modules and frames of a chunk; NULL, or what is wrong with them. What was taken
 * before the fault stays. */
const char *fl_stacks_take(struct fl_stacks *stacks, const struct fl_stack_sections *from);

/* The stack that the trace calls `number`; FL_STACK_NONE when it is not there. O(log lost
 * chunks). */
uint32_t fl_stacks_of_number(const struct fl_stacks *stacks, uint32_t number);

#endif
