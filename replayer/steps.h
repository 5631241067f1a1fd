/**
 * All steps of a trace, one after the other, in this process: for what needs no worker.
 *
 * Thread safety: a call belongs to one thread.
 */
#ifndef FL_REPLAY_STEPS_H
#define FL_REPLAY_STEPS_H

#include "plan.h"
#include "source.h"

/** What a walk told about the trace. */
struct fl_steps_told {
    struct fl_plan_totals totals;
    struct fl_error
        damage; /* the first; status FL_END: the trace is whole, or not read to its end */
};

/** Called for each step; anything but FL_OK ends the walk and is its result. */
typedef enum fl_status fl_step_visitor(const struct fl_step *step, void *user,
                                       struct fl_error *err);

/**
 * Visit the steps of the first `event_limit` events of `source`, as the plan makes them.
 *
 * @param told  what was learned of the trace, or NULL
 * @return      FL_OK, also when the trace is damaged or cut: as far as a replay gets; what
 *              `visit` returned; FL_NOMEM, FL_IO
 */
enum fl_status fl_steps_each(const struct fl_source *source, uint64_t event_limit,
                             fl_step_visitor *visit, void *user, struct fl_steps_told *told,
                             struct fl_error *err) __attribute__((warn_unused_result));

#endif
