/*
 * Steps of one trace to events of another. The table has for each slot the serial that its object has in
 * the new trace, and what is needed to write it as live. Frames and modules are copied when a stack
 * that leads to them is first used: O(1) for each known stack. Memory: 40 bytes per slot, 4 per frame.
 */
#include "rewrite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The object in a slot. */
struct place {
    uint64_t old_serial;
    uint64_t serial;     /* in the new trace; FL_SERIAL_NONE while it is not written */
    uint64_t size_bytes; /* of the live object */
    uint32_t stack;      /* in the old trace */
    uint8_t kind;        /* of the call that made it */
    uint8_t align_log2;
    bool is_live;
};

/* A thread that has begun and not ended. */
struct thread {
    uint64_t number;
    uint32_t system_id;
};

struct fl_rewrite {
    const struct fl_reader *reader;
    struct fl_part_file file;
    struct fl_writer *writer;
    struct place *places; /* by slot */
    size_t place_count;
    struct thread *threads;
    size_t thread_count, thread_room;
    uint64_t thread;  /* at work */
    uint32_t *frames; /* new number of each frame of the old trace; 0: not copied yet */
    size_t frame_room;
    uint32_t *modules; /* the same of modules, FL_MODULE_NONE: not copied yet */
    size_t module_room;
};

const char *fl_rewrite_path(const char *path)
{
    return strcmp(path, "-") == 0 ? NULL : path;
}

bool fl_rewrite_has_stacks(const struct fl_reader *reader)
{
    size_t bytes;
    const struct fl_metadata *meta = fl_reader_metadata(reader);
    return fl_metadata_get(meta, "stack_depth", &bytes) != NULL;
}

enum fl_status fl_rewrite_check(const struct fl_command *command, struct fl_reader *reader,
                                const char *path)
{
    struct fl_error err;
    enum fl_status status = FL_OK;
    if (path == NULL) {
        status = fl_fail(&err, FL_USAGE, "name the file to write: -o FILE");
    } else if (fl_rewrite_path(path) == NULL && isatty(STDOUT_FILENO)) {
        status = fl_fail(&err, FL_USAGE,
                         "a trace is not for a terminal; redirect it, or use -o FILE");
    } else if (fl_rewrite_has_stacks(reader)) {
        status = fl_reader_keep_stacks(reader, &err);
    }
    if (status != FL_OK) {
        fl_opt_report(command, &err);
    }
    return status;
}

enum fl_status fl_rewrite_begin(struct fl_reader *reader, const char *path,
                                const struct fl_writer_options *options,
                                const struct fl_metadata *meta, struct fl_rewrite **out,
                                struct fl_error *err)
{
    struct fl_rewrite *rewrite = calloc(1, sizeof *rewrite);
    if (rewrite == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory to write a trace");
    }
    rewrite->reader = reader;
    enum fl_status status = fl_part_open(&rewrite->file, path, err);
    if (status == FL_OK) {
        status =
            fl_writer_open(fileno(rewrite->file.out), options, meta, &rewrite->writer, err);
    }
    if (status != FL_OK) {
        fl_rewrite_drop(rewrite);
        return status;
    }
    *out = rewrite;
    return FL_OK;
}

static void rewrite_free(struct fl_rewrite *rewrite)
{
    free(rewrite->places);
    free(rewrite->threads);
    free(rewrite->frames);
    free(rewrite->modules);
    free(rewrite);
}

void fl_rewrite_drop(struct fl_rewrite *rewrite)
{
    fl_writer_abandon(rewrite->writer);
    fl_part_drop(&rewrite->file);
    rewrite_free(rewrite);
}

enum fl_status fl_rewrite_finish(struct fl_rewrite *rewrite, const struct fl_metadata *end,
                                 struct fl_writer_totals *totals, struct fl_error *err)
{
    enum fl_status status = fl_writer_finish(rewrite->writer, end, totals, err);
    if (status == FL_OK) {
        status = fl_part_close(&rewrite->file, err);
    } else {
        fl_part_drop(&rewrite->file);
    }
    rewrite_free(rewrite);
    return status;
}

/* Make `*numbers` hold index `wanted`; new entries get the bytes of `filler`. */
static bool numbers_reserve(uint32_t **numbers, size_t *room, size_t wanted, int filler)
{
    if (wanted < *room) {
        return true;
    }
    const size_t grown_room = 2 * wanted + 64;
    uint32_t *grown = reallocarray(*numbers, grown_room, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    memset(grown + *room, filler, (grown_room - *room) * sizeof *grown);
    *numbers = grown;
    *room = grown_room;
    return true;
}

/* Does the object that the step's pointer named end with it? */
static bool step_ends(const struct fl_step *step)
{
    return step->before.serial != FL_SERIAL_NONE && step->op->kind != FL_CALL_USABLE_SIZE &&
           !(step->op->flags & FL_FLAG_FAILED);
}

/* ---- what is known ---- */

static enum fl_status no_memory(struct fl_error *err)
{
    return fl_fail(err, FL_NOMEM, "no memory for what is live in the trace");
}

static struct place *place_of(struct fl_rewrite *rewrite, uint32_t slot)
{
    if (slot >= rewrite->place_count) {
        const size_t count = 2 * (size_t)slot + 256;
        struct place *grown = reallocarray(rewrite->places, count, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        memset(grown + rewrite->place_count, 0, (count - rewrite->place_count) * sizeof *grown);
        rewrite->places = grown;
        rewrite->place_count = count;
    }
    return &rewrite->places[slot];
}

static bool thread_begin(struct fl_rewrite *rewrite, const struct fl_op *op)
{
    if (rewrite->thread_count == rewrite->thread_room) {
        const size_t room = 2 * rewrite->thread_room + 16;
        struct thread *grown = reallocarray(rewrite->threads, room, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        rewrite->threads = grown;
        rewrite->thread_room = room;
    }
    rewrite->threads[rewrite->thread_count++] = (struct thread){op->size_bytes, op->slot};
    return true;
}

static void thread_end(struct fl_rewrite *rewrite, uint64_t number)
{
    for (size_t i = 0; i < rewrite->thread_count; i++) {
        if (rewrite->threads[i].number == number) {
            rewrite->threads[i] = rewrite->threads[--rewrite->thread_count];
            return;
        }
    }
}

static bool record_note(struct fl_rewrite *rewrite, const struct fl_op *op)
{
    if (op->kind == FL_RECORD_THREAD) {
        rewrite->thread = op->size_bytes;
    } else if (op->kind == FL_RECORD_THREAD_END) {
        thread_end(rewrite, op->size_bytes);
    } else if (op->kind == FL_RECORD_THREAD_START) {
        return thread_begin(rewrite, op);
    }
    return true;
}

/* `serial` is that of the object that the step makes, in the new trace. */
static bool step_note(struct fl_rewrite *rewrite, const struct fl_step *step, uint64_t serial)
{
    const struct fl_op *op = step->op;
    if (!fl_kind_is_call(op->kind)) {
        return record_note(rewrite, op);
    }
    if (op->slot == FL_SLOT_NONE) {
        return true;
    }
    struct place *place = place_of(rewrite, op->slot);
    if (place == NULL) {
        return false;
    }
    if (step->after.serial != FL_SERIAL_NONE) {
        *place = (struct place){.old_serial = step->after.serial,
                                .serial = serial,
                                .size_bytes = op->size_bytes,
                                .stack = step->stack,
                                .kind = op->kind,
                                .align_log2 = op->align_log2,
                                .is_live = true};
    } else if (step_ends(step)) {
        place->is_live = false;
    }
    return true;
}

enum fl_status fl_rewrite_pass(struct fl_rewrite *rewrite, const struct fl_step *step,
                               struct fl_error *err)
{
    return step_note(rewrite, step, FL_SERIAL_NONE) ? FL_OK : no_memory(err);
}

/* ---- stacks ---- */

static enum fl_status module_copy(struct fl_rewrite *rewrite, uint32_t module, uint32_t *number,
                                  struct fl_error *err)
{
    const struct fl_module *found = fl_stacks_module(fl_reader_stacks(rewrite->reader), module);
    *number = FL_MODULE_NONE;
    if (found == NULL) {
        return FL_OK;
    }
    if (!numbers_reserve(&rewrite->modules, &rewrite->module_room, module, 0xFF)) {
        return no_memory(err);
    }
    enum fl_status status = FL_OK;
    if (rewrite->modules[module] == FL_MODULE_NONE) {
        status = fl_writer_module(rewrite->writer, found, &rewrite->modules[module], err);
    }
    *number = rewrite->modules[module];
    return status;
}

/* Number of `stack` in the new trace: the outermost frame that has none yet is copied first, again and
 * again; a stack has some dozen frames. */
static enum fl_status stack_copy(struct fl_rewrite *rewrite, uint32_t stack, uint32_t *number,
                                 struct fl_error *err)
{
    const struct fl_stacks *stacks = fl_reader_stacks(rewrite->reader);
    const struct fl_frame *frame = stacks == NULL ? NULL : fl_stacks_frame(stacks, stack);
    *number = FL_STACK_NONE;
    if (frame == NULL) {
        return FL_OK;
    }
    if (!numbers_reserve(&rewrite->frames, &rewrite->frame_room, stack, 0)) {
        return no_memory(err);
    }
    while (rewrite->frames[stack] == FL_STACK_NONE) {
        uint32_t inner = stack;
        frame = fl_stacks_frame(stacks, inner);
        while (frame->parent != FL_STACK_NONE &&
               rewrite->frames[frame->parent] == FL_STACK_NONE &&
               fl_stacks_frame(stacks, frame->parent) != NULL) {
            inner = frame->parent;
            frame = fl_stacks_frame(stacks, inner);
        }
        struct fl_frame copy = *frame;
        copy.parent =
            frame->parent == FL_STACK_NONE ? FL_STACK_NONE : rewrite->frames[frame->parent];
        const enum fl_status status = module_copy(rewrite, frame->module, &copy.module, err);
        if (status != FL_OK) {
            return status;
        }
        rewrite->frames[inner] = fl_writer_frame(rewrite->writer, &copy);
        if (rewrite->frames[inner] == FL_STACK_NONE) {
            return no_memory(err);
        }
    }
    *number = rewrite->frames[stack];
    return FL_OK;
}

/* ---- writing ---- */

static enum fl_status mark_write(struct fl_rewrite *rewrite, const struct fl_step *step,
                                 struct fl_error *err)
{
    size_t bytes;
    const char *text = fl_reader_text(rewrite->reader, step->op, &bytes);
    return fl_writer_mark(rewrite->writer, text, bytes, err);
}

static enum fl_status record_write(struct fl_rewrite *rewrite, const struct fl_step *step,
                                   struct fl_error *err)
{
    const struct fl_op *op = step->op;
    if (op->kind == FL_RECORD_MARK) {
        return mark_write(rewrite, step, err);
    }
    const struct fl_event event = {.serial = FL_SERIAL_NONE,
                                   .size_bytes = op->size_bytes,
                                   .extra = op->kind == FL_RECORD_THREAD_START ? op->slot : 0,
                                   .kind = op->kind};
    return fl_writer_put(rewrite->writer, &event, 0, err);
}

static enum fl_status call_write(struct fl_rewrite *rewrite, const struct fl_step *step,
                                 struct fl_error *err)
{
    const struct fl_op *op = step->op;
    struct fl_event event = {.serial = FL_SERIAL_NONE,
                             .size_bytes = op->size_bytes,
                             .kind = op->kind,
                             .align_log2 = op->align_log2,
                             .flags = op->flags};
    uint64_t released_bytes = 0;
    if (step->before.serial != FL_SERIAL_NONE) {
        event.serial = rewrite->places[op->slot].serial;
        released_bytes = step_ends(step) ? step->before.size_bytes : 0;
    }
    const enum fl_status status = stack_copy(rewrite, step->stack, &event.extra, err);
    return status == FL_OK ? fl_writer_put(rewrite->writer, &event, released_bytes, err)
                           : status;
}

enum fl_status fl_rewrite_step(struct fl_rewrite *rewrite, const struct fl_step *step,
                               struct fl_error *err)
{
    const uint64_t serial = fl_writer_next_serial(rewrite->writer);
    const enum fl_status status = fl_kind_is_call(step->op->kind)
                                      ? call_write(rewrite, step, err)
                                      : record_write(rewrite, step, err);
    if (status != FL_OK) {
        return status;
    }
    return step_note(rewrite, step, serial) ? FL_OK : no_memory(err);
}

static enum fl_status threads_write(struct fl_rewrite *rewrite, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; i < rewrite->thread_count && status == FL_OK; i++) {
        const struct fl_event start = {.serial = FL_SERIAL_NONE,
                                       .size_bytes = rewrite->threads[i].number,
                                       .extra = rewrite->threads[i].system_id,
                                       .kind = FL_RECORD_THREAD_START};
        status = fl_writer_put(rewrite->writer, &start, 0, err);
    }
    const struct fl_event at_work = {
        .serial = FL_SERIAL_NONE, .size_bytes = rewrite->thread, .kind = FL_RECORD_THREAD};
    return status == FL_OK ? fl_writer_put(rewrite->writer, &at_work, 0, err) : status;
}

static enum fl_status place_write(struct fl_rewrite *rewrite, struct place *place,
                                  struct fl_error *err)
{
    const bool is_resized =
        place->kind == FL_CALL_REALLOC || place->kind == FL_CALL_REALLOCARRAY;
    struct fl_event event = {.serial = FL_SERIAL_NONE,
                             .size_bytes = place->size_bytes,
                             .kind = is_resized ? (uint8_t)FL_CALL_MALLOC : place->kind,
                             .align_log2 = place->align_log2};
    const enum fl_status status = stack_copy(rewrite, place->stack, &event.extra, err);
    place->serial = fl_writer_next_serial(rewrite->writer);
    return status == FL_OK ? fl_writer_put(rewrite->writer, &event, 0, err) : status;
}

static int by_serial(const void *left, const void *right)
{
    const struct place *one = *(struct place *const *)left;
    const struct place *other = *(struct place *const *)right;
    return one->old_serial < other->old_serial ? -1 : one->old_serial > other->old_serial;
}

enum fl_status fl_rewrite_live(struct fl_rewrite *rewrite, uint64_t *count,
                               struct fl_error *err)
{
    struct place **live = reallocarray(NULL, rewrite->place_count + 1, sizeof(struct place *));
    size_t found = 0;
    if (live == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < rewrite->place_count; i++) {
        if (rewrite->places[i].is_live) {
            live[found++] = &rewrite->places[i];
        }
    }
    qsort(live, found, sizeof(struct place *), by_serial);
    enum fl_status status = threads_write(rewrite, err);
    for (size_t i = 0; i < found && status == FL_OK; i++) {
        status = place_write(rewrite, live[i], err);
    }
    free(live);
    *count = found;
    return status;
}
