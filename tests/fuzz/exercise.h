/* A few calls of every kind into a heap that was made from untrusted knobs. */
#ifndef FL_FUZZ_EXERCISE_H
#define FL_FUZZ_EXERCISE_H

#include <fl/allocator.h>

/* Make a heap of at most `reserve_bytes`, use it, checking it whole after each call, and end
 * it. Knobs that do not go together are refused; anything else that goes wrong is a finding. */
void exercise(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
              size_t reserve_bytes);

#endif
