/*
 * From operations to steps. Decisions, one place each:
 *
 *   realloc(NULL, n), realloc of an unknown pointer    an allocation (it has a slot of its own)
 *   realloc(p, 0) that freed p                         a free
 *   realloc(p, 0) that gave a block                    a resize to 0
 *   free of NULL or of an unknown pointer              counted, left out
 *   a call that failed when it was recorded            counted, left out
 *   a sized free of another size than was asked for    counted, a free: the program was wrong
 *
 * Every event keeps its number through `origin`, and every object its serial, because the steps
 * that are left out never use one up. Peaks are counted here, from the trace alone, so they are
 * the same for every target. Cost: 6 ns per operation and 8 bytes per live object, brief 3 ns
 * and none.
 */
#include "plan.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void fl_plan_init(struct fl_plan *plan, uint64_t event_limit, bool is_brief)
{
    *plan = (struct fl_plan){.event_limit = event_limit, .is_brief = is_brief};
}

void fl_plan_free(struct fl_plan *plan)
{
    free(plan->size_of);
    plan->size_of = NULL;
}

/* Make room for `slot` in the table of sizes. */
static bool sizes_reserve(struct fl_plan *plan, uint32_t slot)
{
    if (slot >= plan->slot_capacity) {
        const size_t wanted = ((size_t)slot + 1) + ((size_t)slot + 1) / 8 + 1024;
        uint64_t *grown = reallocarray(plan->size_of, wanted, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        memset(grown + plan->slot_capacity, 0, (wanted - plan->slot_capacity) * sizeof *grown);
        plan->size_of = grown;
        plan->slot_capacity = wanted;
    }
    if (slot >= plan->slot_limit) {
        plan->slot_limit = slot + 1;
    }
    return true;
}

static void totals_add_record(struct fl_plan_totals *totals, const struct fl_op *op)
{
    totals->threads += op->kind == FL_RECORD_THREAD_START;
    totals->marks += op->kind == FL_RECORD_MARK;
    totals->lost_events += op->kind == FL_RECORD_LOST ? op->size_bytes : 0;
    totals->time_ns += op->kind == FL_RECORD_TICK ? op->size_bytes : 0;
}

/* Count an operation that no step comes of. */
static void totals_add_left_out(struct fl_plan_totals *totals, const struct fl_op *op)
{
    if (op->flags & FL_FLAG_FAILED) {
        totals->failed_calls++;
    } else if (op->flags & FL_FLAG_NULL) {
        totals->null_pointers++;
    } else if (op->kind >= FL_CALL_FREE && op->kind < FL_CALL_USABLE_SIZE) {
        totals->unknown_frees++;
    } else {
        totals->unknown_others++;
    }
}

static bool op_is_realloc(const struct fl_op *op)
{
    return op->kind == FL_CALL_REALLOC || op->kind == FL_CALL_REALLOCARRAY;
}

static enum fl_action action_of_odd(const struct fl_op *op)
{
    if (op->kind == FL_CALL_USABLE_SIZE) {
        return FL_DO_USABLE;
    }
    if (op->kind >= FL_CALL_FREE || (op->flags & FL_FLAG_FREED)) {
        return op->kind > FL_CALL_FREE ? FL_DO_FREE_SIZED : FL_DO_FREE;
    }
    if (op_is_realloc(op) && !(op->flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN))) {
        return FL_DO_RESIZE;
    }
    if (op->kind == FL_CALL_CALLOC) {
        return FL_DO_ZEROED;
    }
    return op->align_log2 == FL_ALIGN_DEFAULT || op->align_log2 >= 64 ? FL_DO_ALLOC
                                                                      : FL_DO_ALIGNED;
}

/* What a call without flags and alignment is. */
static const uint8_t plain_actions[FL_CALL_COUNT] = {
    [FL_CALL_MALLOC] = FL_DO_ALLOC,
    [FL_CALL_CALLOC] = FL_DO_ZEROED,
    [FL_CALL_REALLOC] = FL_DO_RESIZE,
    [FL_CALL_REALLOCARRAY] = FL_DO_RESIZE,
    [FL_CALL_FREE] = FL_DO_FREE,
    [FL_CALL_FREE_SIZED] = FL_DO_FREE_SIZED,
    [FL_CALL_FREE_ALIGNED_SIZED] = FL_DO_FREE_SIZED,
    [FL_CALL_USABLE_SIZE] = FL_DO_USABLE,
};

/* Most calls are plain: then the kind says it, without a branch that follows the program and is
 * hard to foresee. */
static inline bool op_is_plain(const struct fl_op *op)
{
    const bool is_plain = op->flags == 0 && op->align_log2 == FL_ALIGN_DEFAULT;
    return __builtin_expect(is_plain, 1);
}

static inline enum fl_action action_of(const struct fl_op *op)
{
    return op_is_plain(op) ? (enum fl_action)plain_actions[op->kind] : action_of_odd(op);
}

static inline bool is_left_out(const struct fl_op *op)
{
    return (op->flags & FL_FLAG_FAILED) || op->slot == FL_SLOT_NONE;
}

/* `event` is the number of the batch's events before it. */
static inline struct fl_step step_of(const struct fl_op *op, enum fl_action action,
                                     uint32_t event)
{
    return (struct fl_step){
        .size_bytes = op->size_bytes,
        .slot = op->slot,
        .action = (uint8_t)action,
        .align_log2 = op->align_log2,
        .origin = (uint16_t)((unsigned)op->kind << 12 | event),
    };
}

/* Live objects and bytes after a step; `size_of` holds what the slot had before. */
static void totals_add_step(struct fl_plan *plan, const struct fl_op *op, enum fl_action action)
{
    struct fl_plan_totals *totals = &plan->totals;
    uint64_t *size_of = &plan->size_of[op->slot];
    if (action == FL_DO_FREE || action == FL_DO_FREE_SIZED) {
        totals->frees++;
        totals->live_objects--;
        totals->live_bytes -= *size_of;
        *size_of = 0;
        return;
    }
    totals->allocs += action != FL_DO_RESIZE;
    totals->resizes += action == FL_DO_RESIZE;
    totals->objects++;
    totals->live_objects += action != FL_DO_RESIZE;
    totals->live_bytes += op->size_bytes - (action == FL_DO_RESIZE ? *size_of : 0);
    *size_of = op->size_bytes;
    if (totals->live_objects > totals->peak_live_objects) {
        totals->peak_live_objects = totals->live_objects;
    }
    if (totals->live_bytes > totals->peak_bytes) {
        totals->peak_bytes = totals->live_bytes;
        totals->peak_event = totals->events;
    }
}

static void totals_add_oddities(struct fl_plan_totals *totals, const struct fl_op *op,
                                enum fl_action action)
{
    const bool resizes = op_is_realloc(op) && !(op->flags & FL_FLAG_NULL);
    totals->implied_frees += (op->flags & FL_FLAG_IMPLIED) != 0;
    totals->unknown_others += action == FL_DO_ALLOC && (op->flags & FL_FLAG_UNKNOWN);
    if (op->kind < FL_CALL_FREE && op->size_bytes == 0) {
        totals->resize_zero += resizes;
        totals->size_zero += !resizes;
    }
}

/* Who makes the next steps, and who makes no more. */
static void thread_note(struct fl_plan *plan, const struct fl_op *op, struct fl_step_batch *out)
{
    if (op->kind == FL_RECORD_THREAD) {
        plan->thread = (uint32_t)(op->size_bytes % FL_PLAN_THREADS_MAX);
    } else if (op->kind == FL_RECORD_THREAD_END && plan->has_threads) {
        out->ended[out->ended_count++] = (uint32_t)(op->size_bytes % FL_PLAN_THREADS_MAX);
    }
}

/* What to do in place of `action`, where what it says of its object is not so: no allocator can
 * be right then. */
static enum fl_action action_safe(struct fl_plan *plan, const struct fl_op *op,
                                  enum fl_action action)
{
    if (action != FL_DO_FREE_SIZED || op->size_bytes == plan->size_of[op->slot]) {
        return action;
    }
    plan->totals.wrong_sizes++;
    return FL_DO_FREE;
}

/* One call to at most one step. */
static bool call_plan(struct fl_plan *plan, const struct fl_op *op, struct fl_step_batch *out)
{
    if (is_left_out(op)) {
        totals_add_left_out(&plan->totals, op);
        return true;
    }
    if (!sizes_reserve(plan, op->slot)) {
        return false;
    }
    const enum fl_action action = action_safe(plan, op, action_of(op));
    totals_add_oddities(&plan->totals, op, action);
    if (action == FL_DO_RESIZE) {
        out->old_bytes[out->resizes++] = plan->size_of[op->slot];
    }
    if (action != FL_DO_USABLE) {
        totals_add_step(plan, op, action);
    }
    if (plan->has_times) {
        out->time_ns[out->count] = plan->totals.time_ns;
    }
    if (plan->has_threads) {
        out->threads[out->count] = plan->thread;
    }
    out->steps[out->count++] = step_of(op, action, out->events);
    return true;
}

/* splitmix64's step over what there was and the call: order matters. Slots are given by the
 * order of calls alone, so the file's chunks do not. */
static void totals_add_hash(struct fl_plan_totals *totals, const struct fl_op *op)
{
    const uint64_t what = (uint64_t)op->kind | (uint64_t)op->flags << 8 |
                          (uint64_t)op->align_log2 << 16 | (uint64_t)op->slot << 32;
    const uint64_t hash =
        (totals->hash ^ what ^ (op->size_bytes * 0xBF58476D1CE4E5B9u)) * 0x9E3779B97F4A7C15u;
    totals->hash = hash ^ (hash >> 29);
}

static enum fl_status batch_plan(struct fl_plan *plan, const struct fl_batch *batch,
                                 struct fl_step_batch *out, struct fl_error *err)
{
    for (size_t i = 0; i < batch->count && !fl_plan_is_done(plan); i++) {
        const struct fl_op *op = &batch->ops[i];
        if (!fl_kind_is_call(op->kind)) {
            totals_add_record(&plan->totals, op);
            thread_note(plan, op, out);
            continue;
        }
        if (!call_plan(plan, op, out)) {
            return fl_fail(err, FL_NOMEM, "no memory for a table of %u live objects", op->slot);
        }
        totals_add_hash(&plan->totals, op);
        out->events++;
        plan->totals.events++;
    }
    return FL_OK;
}

/* The counts are kept in registers: a step that is stored might else be one of them for all the
 * compiler knows, and each operation would wait for the one before. */
__attribute__((always_inline)) static inline void
batch_plan_briefly(struct fl_plan *plan, const struct fl_batch *batch,
                   struct fl_step_batch *out, const bool has_threads)
{
    const uint64_t left = plan->event_limit - plan->totals.events;
    const uint32_t events_left = left < FL_BATCH_OPS ? (uint32_t)left : FL_BATCH_OPS;
    const struct fl_op *const end = batch->ops + batch->count;
    struct fl_step *step = out->steps;
    uint32_t slot_limit = plan->slot_limit, events = 0, resizes = 0;
    for (const struct fl_op *op = batch->ops; op < end && events < events_left; op++) {
        if (__builtin_expect(!fl_kind_is_call(op->kind), 0)) {
            thread_note(plan, op, out);
            continue;
        }
        if (!is_left_out(op)) {
            if (has_threads) {
                out->threads[step - out->steps] = plan->thread;
            }
            *step = step_of(op, action_of(op), events);
            resizes += step->action == FL_DO_RESIZE;
            slot_limit = op->slot >= slot_limit ? op->slot + 1 : slot_limit;
            step++;
        }
        events++;
    }
    memset(out->old_bytes, 0, resizes * sizeof out->old_bytes[0]);
    out->count = (uint32_t)(step - out->steps);
    out->events = events;
    out->resizes = resizes;
    plan->slot_limit = slot_limit;
    plan->totals.events += events;
}

enum fl_status fl_plan_batch(struct fl_plan *plan, const struct fl_batch *batch,
                             struct fl_step_batch *out, struct fl_error *err)
{
    out->first_event = batch->first_event;
    out->first_serial = batch->first_serial;
    out->chunk = batch->chunk;
    out->count = 0;
    out->events = 0;
    out->is_end = 0;
    out->resizes = 0;
    out->ended_count = 0;
    enum fl_status status = FL_OK;
    if (!plan->is_brief) {
        status = batch_plan(plan, batch, out, err);
    } else if (plan->has_threads) {
        batch_plan_briefly(plan, batch, out, true);
    } else {
        batch_plan_briefly(plan, batch, out, false);
    }
    out->slot_limit = plan->slot_limit;
    plan->totals.steps += out->count;
    return status;
}

void fl_plan_copy(const struct fl_plan *plan, const struct fl_step_batch *from,
                  struct fl_step_batch *to)
{
    memcpy(to, from, offsetof(struct fl_step_batch, steps));
    memcpy(to->steps, from->steps, from->count * sizeof from->steps[0]);
    memcpy(to->old_bytes, from->old_bytes, from->resizes * sizeof from->old_bytes[0]);
    if (plan->has_times) {
        memcpy(to->time_ns, from->time_ns, from->count * sizeof from->time_ns[0]);
    }
    to->ended_count = from->ended_count;
    if (plan->has_threads) {
        memcpy(to->threads, from->threads, from->count * sizeof from->threads[0]);
        memcpy(to->ended, from->ended, from->ended_count * sizeof from->ended[0]);
    }
}
