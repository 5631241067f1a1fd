/*
 * Any bytes through the reader, until its status is final. Every operation must keep the rules
 * of struct fl_op: slots are dense, a new object's slot is free, an ended object's slot was in
 * use.
 *
 * The first byte says what the others are (modulo 3): 0, a file; 1, a file whose checks are made
 * right first, since a fuzzer would not find them; 2, chunks of which only the event sections
 * and counts are given, so that they reach the decoder: events, calls and serials as one byte
 * each, the number of bytes, the bytes.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fl/reader.h>

#include "craft.h"
#include "frame.h"

struct walk {
    uint8_t *in_use; /* by slot */
    size_t capacity;
    uint64_t live;
};

static void must(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static uint8_t *slot_at(struct walk *walk, uint32_t slot)
{
    if (slot >= walk->capacity) {
        const size_t capacity = 2 * (size_t)slot + 64;
        walk->in_use = realloc(walk->in_use, capacity);
        must(walk->in_use != NULL, "no memory");
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
    must(op->slot <= walk->live, "slots are dense");
    uint8_t *in_use = slot_at(walk, op->slot);
    const bool has_reference = fl_has_reference(op->kind, op->flags);
    must(*in_use == has_reference, "the slot is of the object named");
    walk->live += !*in_use;
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

/* Make right the checks of all frames of ours. */
static void frames_seal(uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at + FL_SKIPPABLE_BYTES + 4 <= count; at++) {
        const size_t content = fl_load32(bytes + at + 4);
        if (fl_load32(bytes + at) == FL_SKIPPABLE_MAGIC && content >= FL_CHECK_BYTES &&
            content <= count - at - FL_SKIPPABLE_BYTES) {
            at += fl_skippable_seal(bytes + at, content - FL_CHECK_BYTES) - 1;
        }
    }
}

static void read_all(int fd)
{
    struct walk walk = {0};
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err;
    if (fl_reader_open_fd(fd, "fuzz", &reader, &err) != FL_OK) {
        return;
    }
    must(fl_reader_keep_stacks(reader, NULL) == FL_OK, "room for stacks");
    unsigned damages = 0;
    enum fl_status status;
    do {
        status = fl_reader_next(reader, &batch, &err);
        for (size_t i = 0; status == FL_OK && i < batch.count; i++) {
            op_walk(&walk, reader, &batch.ops[i]);
            stack_walk(reader, fl_reader_stack(reader, i));
        }
        damages += status == FL_CORRUPT;
        must(damages < 100000, "damage is reported once");
    } while (status == FL_OK || status == FL_CORRUPT);
    must(err.status == status, "an error says its status");
    fl_reader_close(reader);
    free(walk.in_use);
}

/* A chunk of one malloc with the sections that the bytes are, each a kind, a length and content. */
static void sections_put(struct craft *craft, const uint8_t *bytes, size_t count)
{
    static const uint8_t one_malloc[] = {FL_CODE_MALLOC_SMALL};
    struct fl_cursor from = {bytes, bytes + count};
    struct fl_cursor header, content;
    uint8_t *payload = malloc(64 + 8 * count);
    must(payload != NULL, "room for a chunk");
    size_t used = craft_section(payload, FL_SECTION_EVENTS, 1, one_malloc, 1);
    while (fl_get_span(&from, 2, &header)) {
        const size_t left = fl_cursor_left(&from);
        if (!fl_get_span(&from, header.at[1] < left ? header.at[1] : left, &content)) {
            break;
        }
        used += craft_section(payload + used, header.at[0] % 8, 0, content.at,
                              fl_cursor_left(&content));
    }
    craft_header(craft, FL_FORMAT_MAJOR, 0);
    craft_chunk(craft, (struct fl_chunk_header){.records = 1, .events = 1}, payload, used);
    craft_end(craft);
    free(payload);
}

/* A file of chunks with these event sections. */
static void chunks_put(struct craft *craft, const uint8_t *bytes, size_t count)
{
    struct fl_cursor from = {bytes, bytes + count};
    struct fl_cursor header, events;
    craft_header(craft, FL_FORMAT_MAJOR, 0);
    while (fl_get_span(&from, 4, &header)) {
        const size_t left = fl_cursor_left(&from);
        const size_t wanted = header.at[3] < left ? header.at[3] : left;
        if (!fl_get_span(&from, wanted, &events)) {
            break;
        }
        craft_events(craft, events.at, wanted, header.at[0], header.at[1], header.at[2]);
    }
    craft_end(craft);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 2) {
        return 0;
    }
    struct craft craft = {0};
    if (bytes[0] % 4 == 3) {
        sections_put(&craft, bytes + 1, count - 1);
    } else if (bytes[0] % 4 == 2) {
        chunks_put(&craft, bytes + 1, count - 1);
    } else {
        craft_put(&craft, bytes + 1, count - 1);
    }
    if (bytes[0] % 4 == 1) {
        frames_seal(craft.at, craft.bytes);
    }
    const int fd = craft_file(craft.at, craft.bytes);
    read_all(fd);
    close(fd);
    craft_clear(&craft);
    return 0;
}
