/*
 * Any bytes as a file of another tool, until the reader's status is final. The first byte says what they are taken
 * for: 0, what their content says, compressed ones unpacked; else the format of that number in the list, from 1.
 * Every operation must keep the rules of struct fl_op: slots are dense, a new object's slot is free, an ended one's was in use.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fl/import.h>

#include "craft.h"
#include "import_internal.h"
#include "layout.h"

struct walk {
    uint8_t *in_use; /* by slot */
    size_t capacity;
    uint64_t slot_count; /* ever used */
    uint64_t events, serials;
};

static uint8_t *slot_at(struct walk *walk, uint32_t slot)
{
    must(slot <= walk->slot_count, "slots are dense");
    walk->slot_count += slot == walk->slot_count;
    if (slot >= walk->capacity) {
        const size_t capacity = 2 * (size_t)slot + 64;
        walk->in_use = realloc(walk->in_use, capacity);
        must(walk->in_use != NULL, "no memory");
        memset(walk->in_use + walk->capacity, 0, capacity - walk->capacity);
        walk->capacity = capacity;
    }
    return &walk->in_use[slot];
}

static void op_walk(struct walk *walk, const struct fl_op *op)
{
    must(op->kind < FL_KIND_COUNT, "a kind of the list");
    if (!fl_kind_is_call(op->kind)) {
        return;
    }
    walk->events += !(op->flags & FL_FLAG_IMPLIED);
    walk->serials += fl_op_allocates(op);
    must(fl_flags_are_valid(op->kind, op->flags) || op->flags == FL_FLAG_IMPLIED,
         "flags that go together");
    if (op->slot == FL_SLOT_NONE) {
        must(!fl_op_allocates(op), "a new object has a slot");
        return;
    }
    uint8_t *in_use = slot_at(walk, op->slot);
    must(*in_use == fl_has_reference(op->kind, op->flags), "the slot is of the object named");
    *in_use = fl_op_allocates(op) || !fl_ends_object(op->kind, op->flags);
}

static void batch_walk(struct walk *walk, const struct fl_batch *batch)
{
    must(batch->first_event == walk->events, "events are counted");
    must(batch->first_serial == walk->serials, "serials are counted");
    for (size_t i = 0; i < batch->count; i++) {
        op_walk(walk, &batch->ops[i]);
    }
}

static void all_read(struct fl_reader *reader)
{
    struct walk walk = {0};
    struct fl_batch batch;
    struct fl_error err;
    unsigned damages = 0;
    enum fl_status status;
    do {
        status = fl_reader_next(reader, &batch, &err);
        if (status == FL_OK) {
            batch_walk(&walk, &batch);
        }
        damages += status == FL_CORRUPT;
        must(damages < 100, "few reports of damage");
    } while (status == FL_OK || status == FL_CORRUPT);
    must(err.status == status, "an error says its status");
    must(fl_reader_totals(reader)->events == walk.events, "totals are those of the batches");
    free(walk.in_use);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct fl_reader *reader;
    struct fl_error err;
    if (count < 1 || bytes[0] > fl_import_format_count ||
        (bytes[0] == 0 && fl_reader_knows(bytes + 1, count - 1))) {
        return 0; /* traces of ours are the reader's target */
    }
    const char *from = bytes[0] == 0 ? NULL : fl_import_formats[bytes[0] - 1]->name;
    const int fd = craft_file(bytes + 1, count - 1);
    if (fl_import_open_fd(fd, "fuzz", from, &reader, &err) == FL_OK) {
        if (reader->imported != NULL) {
            all_read(reader);
        }
        fl_reader_close(reader);
    }
    close(fd);
    return 0;
}
