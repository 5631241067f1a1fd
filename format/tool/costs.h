/*
 * What each call stack of a trace cost. One pass, so a pipe will do. Memory: 72 bytes for each
 * frame of the tree, beside the walk's own.
 */
#ifndef FL_COSTS_H
#define FL_COSTS_H

#include <fl/reader.h>

#include "objects.h"

struct fl_cost {
    uint64_t bytes, count; /* allocated; a realloc counts in full where it was called */
    uint64_t live_bytes;   /* now: at the end of the trace, when the walk is over */
    uint64_t peak_bytes;   /* live when the payload of the whole trace was largest */
    uint64_t ended;        /* objects that ended */
    uint64_t lifetime;     /* of those, sum of the events from their first to their last */
    uint64_t temporary;    /* ended by the very next event */
    uint64_t changed_at;   /* step of the last change of live_bytes */
};

struct fl_costs {
    struct fl_cost *by_stack; /* `count` of them, [FL_STACK_NONE] for those not known */
    size_t count;
    struct fl_cost all;
    uint64_t step;      /* changes so far */
    uint64_t peak_step; /* of the peak */
    uint64_t peak_event;
    bool is_out_of_memory; /* the costs end before the trace */
};

/*
 * Open the one trace of a verb's command line (as fl_verb_begin) and gather the costs of its
 * stacks. A trace without stacks is an error. `reader` stays open for its stacks and metadata.
 *
 * @return  FL_OK; FL_END after --help; else what went wrong, already reported: with a damaged
 *          trace the costs hold for what could be read, and `reader` is set
 */
enum fl_status fl_costs_gather(const struct fl_command *command, int argc, char **argv,
                               fl_option_handler *handle, void *user, struct fl_costs *costs,
                               struct fl_reader **reader);

/* The same step by step, for a verb that does more in one walk: start, each step, finish. False
 * when out of memory. */
bool fl_costs_start(struct fl_costs *costs) __attribute__((warn_unused_result));
bool fl_costs_step(struct fl_costs *costs, const struct fl_step *step)
    __attribute__((warn_unused_result));
void fl_costs_finish(struct fl_costs *costs);

void fl_costs_add(struct fl_cost *to, const struct fl_cost *cost);
void fl_costs_clear(struct fl_costs *costs);

#endif
