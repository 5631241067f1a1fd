/**
 * The measure pass: run steps as fast as the machine allows and time whole batches.
 *
 * Thread safety: one measurement belongs to one thread. No memory comes from malloc.
 */
#ifndef FL_REPLAY_MEASURE_H
#define FL_REPLAY_MEASURE_H

#include "counter.h"
#include "plan.h"
#include "table.h"
#include "target.h"
#include "touch.h"

struct fl_measure {
    struct fl_allocator *allocator;
    enum fl_touch touch;
    bool is_populated; /* set by the owner: memory is faulted in before the clock runs */
    struct fl_counter
        counter;            /* set by the owner: on in the timed sections; not open at first */
    struct fl_table blocks; /* void * by slot, NULL: none */
    uint64_t elapsed_ns;    /* in the timed sections */
    uint64_t steps;         /* run in them */
    uint64_t page_faults;   /* of this process in them, none of which read a disk */
    uint64_t refused;       /* allocations that returned NULL though the program got one */
    uint64_t usable_sum;    /* keeps calls of usable_size from being optimised away */
};

/** `touch` other than FL_TOUCH_NONE needs blocks that can be written to: not those of
 * `none`. */
void fl_measure_init(struct fl_measure *measure, struct fl_allocator *allocator,
                     enum fl_touch touch);
void fl_measure_free(struct fl_measure *measure);

/** Make room for the blocks of `batch`. False when there is no memory for their table. */
bool fl_measure_reserve(struct fl_measure *measure, const struct fl_step_batch *batch)
    __attribute__((warn_unused_result));

/** Run and time `batch`, for which room was made. Nothing here takes memory but the
 * allocator. */
void fl_measure_run(struct fl_measure *measure, const struct fl_step_batch *batch);

#endif
