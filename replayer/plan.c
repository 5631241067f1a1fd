/*
 * From operations to steps. Decisions, one place each:
 *
 *   realloc(NULL, n), realloc of an unknown pointer    an allocation (it has a slot of its own)
 *   realloc(p, 0) that freed p                         a free
 *   realloc(p, 0) that gave a block                    a resize to 0
 *   free of NULL or of an unknown pointer              counted, left out
 *   a call that failed when it was recorded            counted, left out
 *
 * Every event keeps its number through `origin`, and every object its serial, because the steps
 * that are left out never use one up. Peaks are counted here, from the trace alone, so they are
 * the same for every target. Cost: 2-3 ns per operation; memory 8 bytes per live object.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

void fl_plan_init(struct fl_plan *plan, uint64_t event_limit)
{
    *plan = (struct fl_plan){.event_limit = event_limit};
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
        const size_t wanted = ((size_t)slot + 1) + ((size_t)slot + 1) / 4 + 1024;
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

static enum fl_action action_of(const struct fl_op *op)
{
    if (op->kind == FL_CALL_USABLE_SIZE) {
        return FL_DO_USABLE;
    }
    if (op->kind >= FL_CALL_FREE || (op->flags & FL_FLAG_FREED)) {
        return FL_DO_FREE;
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

/* Live objects and bytes after a step; `size_of` holds what the slot had before. */
static void totals_add_step(struct fl_plan *plan, const struct fl_op *op, enum fl_action action)
{
    struct fl_plan_totals *totals = &plan->totals;
    uint64_t *size_of = &plan->size_of[op->slot];
    if (action == FL_DO_FREE) {
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

/* One call to at most one step. */
static bool call_plan(struct fl_plan *plan, const struct fl_op *op, uint32_t event_index,
                      struct fl_step_batch *out)
{
    if ((op->flags & FL_FLAG_FAILED) || op->slot == FL_SLOT_NONE) {
        totals_add_left_out(&plan->totals, op);
        return true;
    }
    if (!sizes_reserve(plan, op->slot)) {
        return false;
    }
    const enum fl_action action = action_of(op);
    totals_add_oddities(&plan->totals, op, action);
    if (action == FL_DO_RESIZE) {
        out->old_bytes[out->resizes++] = plan->size_of[op->slot];
    }
    if (action != FL_DO_USABLE) {
        totals_add_step(plan, op, action);
    }
    out->steps[out->count++] = (struct fl_step){
        .size_bytes = op->size_bytes,
        .slot = op->slot,
        .action = (uint8_t)action,
        .align_log2 = action == FL_DO_ALIGNED ? op->align_log2 : 0,
        .origin = (uint16_t)((unsigned)op->kind << 12 | event_index),
    };
    return true;
}

/* splitmix64's step over what there was and the call: order matters. Slots are given by the order
 * of calls alone, so the file's chunks do not. */
static void totals_add_hash(struct fl_plan_totals *totals, const struct fl_op *op)
{
    const uint64_t what = (uint64_t)op->kind | (uint64_t)op->flags << 8 |
                          (uint64_t)op->align_log2 << 16 | (uint64_t)op->slot << 32;
    const uint64_t hash =
        (totals->hash ^ what ^ (op->size_bytes * 0xBF58476D1CE4E5B9u)) * 0x9E3779B97F4A7C15u;
    totals->hash = hash ^ (hash >> 29);
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
    for (size_t i = 0; i < batch->count && !fl_plan_is_done(plan); i++) {
        const struct fl_op *op = &batch->ops[i];
        if (!fl_kind_is_call(op->kind)) {
            totals_add_record(&plan->totals, op);
            continue;
        }
        if (!call_plan(plan, op, out->events, out)) {
            return fl_fail(err, FL_NOMEM, "no memory for a table of %u live objects", op->slot);
        }
        totals_add_hash(&plan->totals, op);
        out->events++;
        plan->totals.events++;
    }
    out->slot_limit = plan->slot_limit;
    plan->totals.steps += out->count;
    return FL_OK;
}
