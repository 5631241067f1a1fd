/*
 * A table of slots in use beside the reader's own, and each stack followed outwards. Linear,
 * but for deep stacks.
 */
#include "trace_walk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "layout.h"

#define DAMAGES_MAX                                                                            \
    100000u /* of a file of some kilobytes: more means that reading does not advance */

struct walk {
    uint8_t *in_use; /* by slot */
    size_t capacity;
    uint64_t slot_count; /* ever used */
    uint64_t events;
};

static uint8_t *slot_at(struct walk *walk, uint32_t slot)
{
    if (slot >= walk->capacity) {
        const size_t capacity = 2 * (size_t)slot + 64;
        walk->in_use = realloc(walk->in_use, capacity);
        must(walk->in_use != NULL, "room for slots");
        memset(walk->in_use + walk->capacity, 0, capacity - walk->capacity);
        walk->capacity = capacity;
    }
    return &walk->in_use[slot];
}

static void op_walk(struct walk *walk, const struct fl_reader *reader, const struct fl_op *op)
{
    size_t bytes;
    if (op->kind == FL_RECORD_MARK) {
        const char *text = fl_reader_text(reader, op, &bytes);
        volatile char last = bytes > 0 ? text[bytes - 1] : 0;
        (void)last;
    }
    must(op->kind < FL_KIND_COUNT, "a kind of the list");
    if (!fl_kind_is_call(op->kind) || op->slot == FL_SLOT_NONE) {
        must(op->kind >= FL_CALL_COUNT || !fl_op_allocates(op), "a new object has a slot");
        return;
    }
    must(op->slot <= walk->slot_count, "slots are dense");
    walk->slot_count += op->slot == walk->slot_count;
    uint8_t *in_use = slot_at(walk, op->slot);
    const bool has_reference = fl_has_reference(op->kind, op->flags);
    must(*in_use == has_reference, "the slot is of the object named");
    *in_use = fl_op_allocates(op) || !fl_ends_object(op->kind, op->flags);
}

/* A stack leads to the root, through modules that are there or none. */
static void stack_walk(const struct fl_reader *reader, uint32_t stack)
{
    const struct fl_stacks *stacks = fl_reader_stacks(reader);
    while (stack != FL_STACK_NONE) {
        const struct fl_frame *frame = fl_stacks_frame(stacks, stack);
        must(frame != NULL, "a stack is there");
        must(frame->parent < stack, "callers come before whom they call");
        const struct fl_module *module = fl_stacks_module(stacks, frame->module);
        must(module == NULL || module->path != NULL, "a module has a path");
        stack = frame->parent;
    }
}

static void batch_walk(struct walk *walk, const struct fl_reader *reader,
                       const struct fl_batch *batch)
{
    must(batch->first_event >= walk->events, "events are counted");
    walk->events = batch->first_event;
    for (size_t i = 0; i < batch->count; i++) {
        op_walk(walk, reader, &batch->ops[i]);
        stack_walk(reader, fl_reader_stack(reader, i));
    }
}

static void error_note(struct trace_walked *walked, const struct fl_error *err)
{
    must_tell(err, walked->ended);
    walked->damages += walked->ended == FL_CORRUPT;
    if (walked->message[0] == '\0' && walked->ended != FL_END) {
        memcpy(walked->message, err->message, sizeof walked->message);
    }
}

struct trace_walked trace_walk_reader(struct fl_reader *reader)
{
    struct trace_walked walked = {.opened = FL_OK};
    struct walk walk = {.slot_count = 0};
    struct fl_batch batch;
    struct fl_error err;
    must(fl_reader_keep_stacks(reader, NULL) == FL_OK, "room for stacks");
    do {
        walked.ended = fl_reader_next(reader, &batch, &err);
        if (walked.ended == FL_OK) {
            batch_walk(&walk, reader, &batch);
        } else {
            error_note(&walked, &err);
        }
        must(walked.damages < DAMAGES_MAX, "damage is reported once");
    } while (walked.ended == FL_OK || walked.ended == FL_CORRUPT);
    walked.events = fl_reader_totals(reader)->events;
    fl_reader_close(reader);
    free(walk.in_use);
    return walked;
}

struct trace_walked trace_walk(int fd)
{
    struct fl_reader *reader;
    struct fl_error err;
    must(lseek(fd, 0, SEEK_SET) == 0, "a file in memory can be read again");
    const enum fl_status opened = fl_reader_open_fd(fd, "fuzz", &reader, &err);
    if (opened == FL_OK) {
        return trace_walk_reader(reader);
    }
    must_tell(&err, opened);
    return (struct trace_walked){.opened = opened};
}
