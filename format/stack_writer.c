/*
 * Interning call stacks while a trace is written (SPEC.md, sections 2, 3 and 7 of a chunk).
 *
 * A hash over (parent, module, address) finds a frame that is known; a new one gets the next
 * number and is written into the chunk at hand. Memory: 26 bytes a frame, and the three
 * sections of one chunk.
 */
#include "stack_writer.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "bytes.h"
#include "layout.h"

#define FL_TABLE_MIN    4096u
#define FL_SECTION_ROOM 4096u

/* A section that grows. */
struct bytes {
    uint8_t *at;
    size_t used, capacity;
};

struct fl_stack_writer {
    struct fl_frame *frames; /* by number - 1 */
    uint16_t *depths;        /* of each: frames of its stack */
    uint32_t frame_count;
    size_t frame_capacity;
    uint32_t *table; /* numbers, 0: empty; open addressing, at most half full */
    uint32_t table_mask;
    uint32_t module_count;
    uint32_t chunk_first_frame, chunk_first_module; /* of those not yet written */
    uint32_t last_stack;                            /* of this chunk's column */
    struct bytes modules, new_frames, ids;
};

struct fl_stack_writer *fl_stack_writer_new(void)
{
    struct fl_stack_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return NULL;
    }
    writer->table = calloc(FL_TABLE_MIN, sizeof *writer->table);
    writer->table_mask = FL_TABLE_MIN - 1;
    writer->chunk_first_frame = 1;
    if (writer->table == NULL) {
        free(writer);
        return NULL;
    }
    return writer;
}

void fl_stack_writer_free(struct fl_stack_writer *writer)
{
    if (writer != NULL) {
        free(writer->frames);
        free(writer->depths);
        free(writer->table);
        free(writer->modules.at);
        free(writer->new_frames.at);
        free(writer->ids.at);
        free(writer);
    }
}

static bool bytes_reserve(struct bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->used >= more) {
        return true;
    }
    const size_t capacity = 2 * bytes->capacity + more + FL_SECTION_ROOM;
    uint8_t *grown = realloc(bytes->at, capacity);
    if (grown == NULL) {
        return false;
    }
    bytes->at = grown;
    bytes->capacity = capacity;
    return true;
}

/* With room reserved. */
static void bytes_put(struct bytes *bytes, uint64_t number)
{
    bytes->used = (size_t)(fl_put_varint(bytes->at + bytes->used, number) - bytes->at);
}

static void bytes_put_text(struct bytes *bytes, const char *text)
{
    const size_t length = strlen(text);
    bytes_put(bytes, length);
    memcpy(bytes->at + bytes->used, text, length);
    bytes->used += length;
}

bool fl_stack_writer_module(struct fl_stack_writer *writer, const struct fl_module *module,
                            uint32_t *number)
{
    const size_t room = 4 * FL_VARINT_MAX + strlen(module->path) + strlen(module->build_id);
    if (!bytes_reserve(&writer->modules, room)) {
        return false;
    }
    bytes_put_text(&writer->modules, module->path);
    bytes_put_text(&writer->modules, module->build_id);
    bytes_put(&writer->modules, module->base);
    bytes_put(&writer->modules, module->bytes);
    *number = writer->module_count++;
    return true;
}

static uint32_t frame_hash(const struct fl_frame *frame)
{
    const uint64_t key[] = {frame->address, (uint64_t)frame->parent << 32 | frame->module};
    return (uint32_t)XXH64(key, sizeof key, 0);
}

static bool frame_is(const struct fl_frame *one, const struct fl_frame *other)
{
    return one->address == other->address && one->parent == other->parent &&
           one->module == other->module;
}

/* Where the frame stands in the table, or would. */
static uint32_t table_find(const struct fl_stack_writer *writer, const struct fl_frame *frame)
{
    uint32_t place = frame_hash(frame) & writer->table_mask;
    while (writer->table[place] != 0 &&
           !frame_is(&writer->frames[writer->table[place] - 1], frame)) {
        place = (place + 1) & writer->table_mask;
    }
    return place;
}

static bool table_grow(struct fl_stack_writer *writer)
{
    const uint32_t mask = 2 * writer->table_mask + 1;
    uint32_t *table = calloc((size_t)mask + 1, sizeof *table);
    if (table == NULL) {
        return false;
    }
    free(writer->table);
    writer->table = table;
    writer->table_mask = mask;
    for (uint32_t i = 0; i < writer->frame_count; i++) {
        table[table_find(writer, &writer->frames[i])] = i + 1;
    }
    return true;
}

static bool frame_reserve(struct fl_stack_writer *writer)
{
    if (writer->frame_count < writer->frame_capacity) {
        return true;
    }
    const size_t capacity = writer->frame_count == 0 ? 1024 : 2 * (size_t)writer->frame_count;
    struct fl_frame *grown = reallocarray(writer->frames, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    writer->frames = grown;
    uint16_t *depths = reallocarray(writer->depths, capacity, sizeof *depths);
    if (depths == NULL) {
        return false;
    }
    writer->depths = depths;
    writer->frame_capacity = capacity;
    return true;
}

/* Without room for one frame more the stack is cut here, at its inner end. */
static uint32_t frame_add(struct fl_stack_writer *writer, const struct fl_frame *frame)
{
    const uint16_t callers =
        frame->parent == FL_STACK_NONE ? 0 : writer->depths[frame->parent - 1];
    if (callers >= FL_STACK_FRAMES_MAX || writer->frame_count + 1 >= FL_FRAMES_MAX ||
        !frame_reserve(writer) || !bytes_reserve(&writer->new_frames, 3 * FL_VARINT_MAX) ||
        (writer->frame_count >= writer->table_mask / 2 && !table_grow(writer))) {
        return FL_STACK_NONE;
    }
    const uint32_t number = ++writer->frame_count;
    writer->frames[number - 1] = *frame;
    writer->depths[number - 1] = (uint16_t)(callers + 1);
    writer->table[table_find(writer, frame)] = number;
    bytes_put(&writer->new_frames, number - frame->parent);
    bytes_put(&writer->new_frames,
              frame->module == FL_MODULE_NONE ? 0 : (uint64_t)frame->module + 1);
    bytes_put(&writer->new_frames, frame->address);
    return number;
}

uint32_t fl_stack_writer_frame(struct fl_stack_writer *writer, const struct fl_frame *frame)
{
    const uint32_t known = writer->table[table_find(writer, frame)];
    return known != 0 ? known : frame_add(writer, frame);
}

bool fl_stack_writer_id(struct fl_stack_writer *writer, uint32_t stack)
{
    if (!bytes_reserve(&writer->ids, FL_VARINT_MAX)) {
        return false;
    }
    bytes_put(&writer->ids, fl_zigzag((int64_t)stack - (int64_t)writer->last_stack));
    writer->last_stack = stack;
    return true;
}

size_t fl_stack_writer_bytes(const struct fl_stack_writer *writer)
{
    return 3 * FL_SECTION_HEADER_BYTES + 4 * FL_VARINT_MAX + writer->modules.used +
           writer->new_frames.used + writer->ids.used;
}

/* A section at `at`: its header, `number_count` numbers, the content. Returns the byte behind
 * it. */
static uint8_t *section_put(uint8_t *at, unsigned kind, const uint64_t *numbers,
                            size_t number_count, const struct bytes *content)
{
    uint8_t *end = at + FL_SECTION_HEADER_BYTES;
    for (size_t i = 0; i < number_count; i++) {
        end = fl_put_varint(end, numbers[i]);
    }
    memcpy(end, content->at, content->used);
    end += content->used;
    fl_store16(at, (uint16_t)kind);
    fl_store16(at + 2, 0);
    fl_store32(at + 4, (uint32_t)(end - at - FL_SECTION_HEADER_BYTES));
    return end;
}

size_t fl_stack_writer_end_chunk(struct fl_stack_writer *writer, uint8_t *at)
{
    uint8_t *end = at;
    const uint64_t modules[] = {writer->chunk_first_module,
                                writer->module_count - writer->chunk_first_module};
    const uint64_t frames[] = {writer->chunk_first_frame,
                               writer->frame_count + 1 - writer->chunk_first_frame};
    if (writer->modules.used > 0) {
        end = section_put(end, FL_SECTION_MODULES, modules, 2, &writer->modules);
    }
    if (writer->new_frames.used > 0) {
        end = section_put(end, FL_SECTION_FRAMES, frames, 2, &writer->new_frames);
    }
    if (writer->ids.used > 0) {
        end = section_put(end, FL_SECTION_STACK_IDS, NULL, 0, &writer->ids);
    }
    writer->chunk_first_module = writer->module_count;
    writer->chunk_first_frame = writer->frame_count + 1;
    writer->modules.used = writer->new_frames.used = writer->ids.used = 0;
    writer->last_stack = FL_STACK_NONE;
    return (size_t)(end - at);
}
