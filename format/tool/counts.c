/*
 * O(1) for each step.
 */
#include "counts.h"

static void record_count(struct fl_counts *counts, const struct fl_op *op)
{
    counts->threads += op->kind == FL_RECORD_THREAD_START;
    counts->marks += op->kind == FL_RECORD_MARK;
    counts->lost_events += op->kind == FL_RECORD_LOST ? op->size_bytes : 0;
    counts->time_ns += op->kind == FL_RECORD_TICK ? op->size_bytes : 0;
    counts->implied_frees += op->kind == FL_CALL_FREE;
}

static void event_count(struct fl_counts *counts, const struct fl_op *op)
{
    counts->events++;
    counts->calls[op->kind]++;
    counts->failed[op->kind] += (op->flags & FL_FLAG_FAILED) != 0;
    counts->null_pointers += op->kind >= FL_CALL_FREE && (op->flags & FL_FLAG_NULL);
    counts->unknown_pointers += (op->flags & FL_FLAG_UNKNOWN) != 0;
    counts->freed_reallocs += (op->flags & FL_FLAG_FREED) != 0;
}

static void end_count(struct fl_counts *counts, uint64_t age, uint64_t size_bytes)
{
    struct fl_lives *lives = &counts->lives[fl_class_of(age)];
    lives->objects++;
    lives->bytes += size_bytes;
    counts->temporary += age == 1;
    counts->live_objects--;
    counts->live_bytes -= size_bytes;
}

static void begin_count(struct fl_counts *counts, uint64_t size_bytes)
{
    counts->allocations++;
    counts->allocated_bytes += size_bytes;
    counts->by_size[fl_class_of(size_bytes)]++;
    counts->live_objects++;
    counts->live_bytes += size_bytes;
}

static void peaks_note(struct fl_counts *counts, uint64_t event)
{
    if (counts->live_bytes > counts->peak_live_bytes) {
        counts->peak_live_bytes = counts->live_bytes;
        counts->peak_event = event;
    }
    if (counts->live_objects > counts->peak_live_objects) {
        counts->peak_live_objects = counts->live_objects;
        counts->peak_objects_event = event;
    }
}

void fl_counts_step(struct fl_counts *counts, const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    if (step->is_event) {
        event_count(counts, op);
    } else {
        record_count(counts, op);
    }
    if (!fl_kind_is_call(op->kind)) {
        return;
    }
    if (step->ends) {
        end_count(counts, step->event - step->before->number, step->before->size_bytes);
    }
    if (step->after != NULL) {
        begin_count(counts, step->after->size_bytes);
    }
    peaks_note(counts, step->event);
}
