/*
 * Costs by call stack.
 *
 * What was live at the peak is known only when the trace is over, and then it is too late to
 * look. So each stack remembers the step of its last change: when it is about to change, and no
 * change of it lies behind the latest peak, what it has now is what it had then. O(1) an event.
 */
#include "costs.h"

#include <stdlib.h>

static bool costs_reserve(struct fl_costs *costs, uint32_t stack)
{
    if (stack < costs->count) {
        return true;
    }
    const size_t count = (size_t)stack + stack / 4 + 1024;
    struct fl_cost *grown = reallocarray(costs->by_stack, count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    for (size_t i = costs->count; i < count; i++) {
        grown[i] = (struct fl_cost){0};
    }
    costs->by_stack = grown;
    costs->count = count;
    return true;
}

/* Before its live bytes change, or the trace is over. */
static void cost_settle(const struct fl_costs *costs, struct fl_cost *cost)
{
    if (cost->changed_at <= costs->peak_step) {
        cost->peak_bytes = cost->live_bytes;
    }
}

static void object_end(struct fl_costs *costs, const struct fl_object *object, uint64_t event)
{
    struct fl_cost *cost = &costs->by_stack[object->stack];
    cost_settle(costs, cost);
    cost->live_bytes -= object->size_bytes;
    cost->changed_at = costs->step;
    cost->ended++;
    cost->lifetime += event - object->number;
    cost->temporary += event == object->number + 1;
    costs->all.live_bytes -= object->size_bytes;
}

static void object_begin(struct fl_costs *costs, const struct fl_object *object)
{
    struct fl_cost *cost = &costs->by_stack[object->stack];
    cost_settle(costs, cost);
    cost->live_bytes += object->size_bytes;
    cost->changed_at = costs->step;
    cost->bytes += object->size_bytes;
    cost->count++;
    costs->all.live_bytes += object->size_bytes;
}

bool fl_costs_step(struct fl_costs *costs, const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    if (!fl_kind_is_call(op->kind) || op->kind == FL_CALL_USABLE_SIZE ||
        (op->flags & FL_FLAG_FAILED)) {
        return true;
    }
    if (!costs_reserve(costs, step->stack)) {
        return false;
    }
    costs->step++;
    if (step->ends) {
        object_end(costs, step->before, step->event);
    }
    if (step->after != NULL) {
        object_begin(costs, step->after);
    }
    if (costs->all.live_bytes > costs->all.peak_bytes) {
        costs->all.peak_bytes = costs->all.live_bytes;
        costs->peak_step = costs->step;
        costs->peak_event = step->event;
    }
    return true;
}

void fl_costs_add(struct fl_cost *to, const struct fl_cost *cost)
{
    to->bytes += cost->bytes;
    to->count += cost->count;
    to->live_bytes += cost->live_bytes;
    to->peak_bytes += cost->peak_bytes;
    to->ended += cost->ended;
    to->lifetime += cost->lifetime;
    to->temporary += cost->temporary;
}

void fl_costs_finish(struct fl_costs *costs)
{
    costs->all = (struct fl_cost){0};
    for (size_t i = 0; i < costs->count; i++) {
        cost_settle(costs, &costs->by_stack[i]);
        fl_costs_add(&costs->all, &costs->by_stack[i]);
    }
}

bool fl_costs_start(struct fl_costs *costs)
{
    *costs = (struct fl_costs){0};
    return costs_reserve(costs, FL_STACK_NONE);
}

static bool step_count(const struct fl_step *step, void *user)
{
    struct fl_costs *costs = user;
    costs->is_out_of_memory = !fl_costs_step(costs, step);
    return !costs->is_out_of_memory;
}

/* Says the header that there are none? One that was lost says nothing: the walk tells of it. */
static bool is_without_stacks(const struct fl_reader *reader)
{
    const struct fl_metadata *meta = fl_reader_metadata(reader);
    return fl_metadata_count(meta) > 0 && fl_metadata_get(meta, "stack_depth", NULL) == NULL;
}

static enum fl_status stacks_check(const struct fl_reader *reader, struct fl_error *err)
{
    if (!is_without_stacks(reader)) {
        return FL_OK;
    }
    const char *from = fl_metadata_get(fl_reader_metadata(reader), "imported_from", NULL);
    if (from != NULL) {
        return fl_fail(err, FL_MISSING,
                       "this trace has no call stacks: none are read of the format %s; flrec "
                       "--stacks records them",
                       from);
    }
    return fl_fail(err, FL_MISSING,
                   "this trace has no call stacks: record it with flrec --stacks");
}

enum fl_status fl_costs_gather(const struct fl_command *command, int argc, char **argv,
                               fl_option_handler *handle, void *user, struct fl_costs *costs,
                               struct fl_reader **reader)
{
    struct fl_error err;
    enum fl_status status = fl_verb_begin(command, argc, argv, handle, user, reader);
    if (status != FL_OK) {
        *reader = NULL;
        return status;
    }
    status = fl_reader_keep_stacks(*reader, &err);
    if (status == FL_OK) {
        status = stacks_check(*reader, &err);
    }
    if (status == FL_OK && !fl_costs_start(costs)) {
        status = fl_fail(&err, FL_NOMEM, "no memory for the costs");
    }
    if (status != FL_OK) {
        fl_opt_report(command, &err);
        fl_reader_close(*reader);
        *reader = NULL;
        return status;
    }
    status = fl_trace_walk(command, *reader, FL_BY_EVENT, step_count, costs);
    fl_costs_finish(costs);
    if (costs->is_out_of_memory) {
        status = fl_fail(&err, FL_NOMEM, "no memory for the costs");
        fl_opt_report(command, &err);
    }
    return status;
}

void fl_costs_clear(struct fl_costs *costs)
{
    free(costs->by_stack);
}
