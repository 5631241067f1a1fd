/*
 * A naive reader's view: slots as an array of owners, every rule of struct fl_op spelled out.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

void model_init(struct model *model)
{
    *model = (struct model){0};
}

void model_clear(struct model *model)
{
    free(model->owner);
    model->owner = NULL;
}

static void owner_reserve(struct model *model, size_t slot)
{
    if (slot < model->capacity) {
        return;
    }
    const size_t before = model->capacity;
    model->capacity = 2 * slot + 64;
    model->owner = reallocarray(model->owner, model->capacity, sizeof *model->owner);
    if (model->owner == NULL) {
        perror("model");
        abort();
    }
    memset(model->owner + before, 0xFF, (model->capacity - before) * sizeof *model->owner);
}

static const char *mark_compare(const struct gen_record *record, const struct fl_reader *reader,
                                const struct fl_op *op)
{
    size_t bytes;
    const char *text = fl_reader_text(reader, op, &bytes);
    if (bytes != record->event.size_bytes) {
        return "a mark of another length";
    }
    for (size_t i = 0; i < bytes; i++) {
        if ((uint8_t)text[i] != gen_text(bytes, i)) {
            return "a mark of another text";
        }
    }
    return NULL;
}

const char *model_compare(const struct gen_record *record, const struct fl_reader *reader,
                          const struct fl_op *op, bool has_gaps)
{
    const struct fl_event *event = &record->event;
    const unsigned allowed = has_gaps ? FL_FLAG_UNKNOWN : 0;
    if (op->kind != event->kind) {
        return "another kind";
    }
    if ((op->flags & ~allowed) != (event->flags & ~allowed)) {
        return "other flags";
    }
    if (op->align_log2 != event->align_log2 || op->reserved != 0) {
        return "another alignment";
    }
    if (op->kind == FL_RECORD_MARK) {
        return mark_compare(record, reader, op);
    }
    if (op->size_bytes != event->size_bytes) {
        return "another size";
    }
    if (op->kind == FL_RECORD_THREAD_START && op->slot != event->extra) {
        return "another system id";
    }
    return NULL;
}

/* Follow the slots of a call. */
static const char *slots_take(struct model *model, const struct fl_event *event, uint32_t slot)
{
    const bool has_reference = fl_has_reference(event->kind, event->flags);
    const bool ends = fl_ends_object(event->kind, event->flags);
    const bool begins = fl_begins_object(event->kind, event->flags);
    if (!has_reference && !begins) {
        return slot == FL_SLOT_NONE ? NULL : "a slot where there is no object";
    }
    owner_reserve(model, slot);
    if (model->owner[slot] != (has_reference ? event->serial : FL_SERIAL_NONE)) {
        return "a slot of another object";
    }
    if (ends) {
        model->owner[slot] = FL_SERIAL_NONE;
        model->live--;
    }
    if (begins) {
        model->owner[slot] = model->next_serial++;
        model->live++;
        model->peak_live = model->live > model->peak_live ? model->live : model->peak_live;
    }
    return slot < model->peak_live ? NULL : "slots are not dense";
}

const char *model_take(struct model *model, const struct gen_record *record,
                       const struct fl_reader *reader, const struct fl_op *op)
{
    const char *wrong = model_compare(record, reader, op, false);
    if (wrong != NULL || !fl_kind_is_call(op->kind)) {
        return wrong;
    }
    model->next_event += !(op->flags & FL_FLAG_IMPLIED);
    return slots_take(model, &record->event, op->slot);
}
