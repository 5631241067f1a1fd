/*
 * Steps of one trace to events of another. The walk's table of live objects holds all that is
 * needed to write one: its number becomes the serial that it has in the new trace. New serials
 * rise with the old ones, so the order of the numbers stays that of the allocations.
 */
#include "rewrite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fl/text_stream.h>

#include "numbers.h"
#include "stack_copy.h"

/* A thread that has begun. */
struct thread {
    uint64_t number;
    uint32_t system_id;
    bool has_ended;
};

struct fl_rewrite {
    struct fl_part_file file;
    struct fl_writer *writer;
    uint64_t thread;         /* at work */
    uint32_t thread_count;   /* new numbers given away */
    struct fl_names modules; /* of several origins */
};

struct fl_origin {
    struct fl_rewrite *rewrite;
    const struct fl_reader *reader;
    struct thread *threads; /* before what is written, each number once */
    size_t thread_count, thread_room;
    struct fl_numbers thread_places; /* index among them by number */
    uint64_t thread;                 /* at work, as the origin numbers it */
    uint64_t passed_ns;              /* before what is written */
    bool is_one_of_several;
    struct fl_numbers new_threads; /* then: new numbers by old ones */
    uint64_t *told;                /* and the first of the old ones as they appeared */
    size_t told_count;
    struct fl_stack_copy stacks;
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

enum fl_status fl_rewrite_check(const struct fl_command *command, const char *path,
                                const char *trace)
{
    struct fl_error err;
    enum fl_status status = FL_OK;
    if (path == NULL) {
        status = fl_fail(&err, FL_USAGE, "name the file to write: -o FILE");
    } else if (fl_rewrite_path(path) == NULL && isatty(STDOUT_FILENO)) {
        status = fl_fail(&err, FL_USAGE,
                         "a trace is not for a terminal; redirect it, or use -o FILE");
    } else if (trace != NULL && fl_part_is_same(path, trace)) {
        status =
            fl_fail(&err, FL_USAGE, "%s would be written over %s, which is read", path, trace);
    }
    if (status != FL_OK) {
        fl_opt_report(command, &err);
    }
    return status;
}

enum fl_status fl_rewrite_keep_stacks(struct fl_reader *reader, struct fl_error *err)
{
    return fl_rewrite_has_stacks(reader) ? fl_reader_keep_stacks(reader, err) : FL_OK;
}

enum fl_status fl_rewrite_begin(const char *path, const struct fl_writer_options *options,
                                const struct fl_metadata *meta, struct fl_rewrite **out,
                                struct fl_error *err)
{
    struct fl_rewrite *rewrite = calloc(1, sizeof *rewrite);
    if (rewrite == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory to write a trace");
    }
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
    fl_names_clear(&rewrite->modules);
    free(rewrite);
}

void fl_rewrite_drop(struct fl_rewrite *rewrite)
{
    if (rewrite != NULL) {
        fl_writer_abandon(rewrite->writer);
        fl_part_drop(&rewrite->file);
        rewrite_free(rewrite);
    }
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

struct fl_origin *fl_origin_new(struct fl_rewrite *rewrite, const struct fl_reader *reader,
                                bool is_one_of_several)
{
    struct fl_origin *origin = calloc(1, sizeof *origin);
    if (origin == NULL) {
        return NULL;
    }
    origin->rewrite = rewrite;
    origin->reader = reader;
    origin->is_one_of_several = is_one_of_several;
    origin->stacks = (struct fl_stack_copy){
        .stacks = fl_reader_stacks(reader),
        .writer = rewrite->writer,
        .shared = is_one_of_several ? &rewrite->modules : NULL,
    };
    return origin;
}

void fl_origin_free(struct fl_origin *origin)
{
    if (origin != NULL) {
        free(origin->threads);
        fl_numbers_clear(&origin->thread_places);
        free(origin->told);
        fl_numbers_clear(&origin->new_threads);
        fl_stack_copy_clear(&origin->stacks);
        free(origin);
    }
}

/* ---- what is known ---- */

static enum fl_status no_memory(struct fl_error *err)
{
    return fl_fail(err, FL_NOMEM, "no memory for what is live in the trace");
}

static bool thread_add(struct fl_origin *origin, const struct thread *thread)
{
    if (origin->thread_count == origin->thread_room) {
        const size_t room = 2 * origin->thread_room + 16;
        struct thread *grown = reallocarray(origin->threads, room, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        origin->threads = grown;
        origin->thread_room = room;
    }
    if (!fl_numbers_set(&origin->thread_places, thread->number,
                        (uint32_t)origin->thread_count)) {
        return false;
    }
    origin->threads[origin->thread_count++] = *thread;
    return true;
}

static bool thread_begin(struct fl_origin *origin, const struct fl_op *op)
{
    const struct thread thread = {.number = op->size_bytes, .system_id = op->slot};
    const uint32_t known = fl_numbers_get(&origin->thread_places, thread.number);
    if (known == FL_NUMBER_NONE) {
        return thread_add(origin, &thread);
    }
    origin->threads[known] = thread;
    return true;
}

static void thread_end(struct fl_origin *origin, uint64_t number)
{
    const uint32_t known = fl_numbers_get(&origin->thread_places, number);
    if (known != FL_NUMBER_NONE) {
        origin->threads[known].has_ended = true;
    }
}

enum fl_status fl_origin_pass(struct fl_origin *origin, const struct fl_step *step,
                              struct fl_error *err)
{
    const struct fl_op *op = step->op;
    switch (op->kind) {
    case FL_RECORD_THREAD:
        origin->thread = op->size_bytes;
        break;
    case FL_RECORD_TICK:
        origin->passed_ns += op->size_bytes;
        break;
    case FL_RECORD_THREAD_START:
        return thread_begin(origin, op) ? FL_OK : no_memory(err);
    case FL_RECORD_THREAD_END:
        thread_end(origin, op->size_bytes);
        break;
    default:
        break;
    }
    return FL_OK;
}

/* ---- threads of several ---- */

static bool thread_tell(struct fl_origin *origin, uint64_t number)
{
    if (origin->told_count == FL_THREADS_TOLD) {
        return true;
    }
    if (origin->told == NULL) {
        origin->told = calloc(FL_THREADS_TOLD, sizeof *origin->told);
    }
    if (origin->told != NULL) {
        origin->told[origin->told_count++] = number;
    }
    return origin->told != NULL;
}

/* The new number of thread `old`. */
static enum fl_status thread_number(struct fl_origin *origin, uint64_t old, uint64_t *number,
                                    struct fl_error *err)
{
    *number = old;
    if (!origin->is_one_of_several) {
        return FL_OK;
    }
    uint32_t known = fl_numbers_get(&origin->new_threads, old);
    if (known == FL_NUMBER_NONE) {
        known = origin->rewrite->thread_count;
        if (known == FL_NUMBER_NONE || !thread_tell(origin, old) ||
            !fl_numbers_set(&origin->new_threads, old, known)) {
            return fl_fail(err, FL_NOMEM, "no memory for the threads of a trace");
        }
        origin->rewrite->thread_count++;
    }
    *number = known;
    return FL_OK;
}

static enum fl_status number_write(struct fl_origin *origin, uint8_t kind, uint64_t number,
                                   uint32_t extra, struct fl_error *err)
{
    const struct fl_event event = {
        .serial = FL_SERIAL_NONE, .size_bytes = number, .extra = extra, .kind = kind};
    return fl_writer_put(origin->rewrite->writer, &event, 0, err);
}

/* What follows is written as its thread's; the last one may have been another origin's. */
static enum fl_status thread_resume(struct fl_origin *origin, struct fl_error *err)
{
    uint64_t number;
    if (!origin->is_one_of_several) {
        return FL_OK;
    }
    const enum fl_status status = thread_number(origin, origin->thread, &number, err);
    if (status != FL_OK || number == origin->rewrite->thread) {
        return status;
    }
    origin->rewrite->thread = number;
    return number_write(origin, FL_RECORD_THREAD, number, 0, err);
}

char *fl_origin_threads(const struct fl_origin *origin)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = fl_text_stream_open(&text, &bytes);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < origin->told_count; i++) {
        fprintf(out, "%s%" PRIu64 ":%" PRIu32, i > 0 ? " " : "", origin->told[i],
                fl_numbers_get(&origin->new_threads, origin->told[i]));
    }
    return fclose(out) == 0 ? text : (free(text), NULL);
}

/* ---- writing ---- */

static enum fl_status mark_write(struct fl_origin *origin, const struct fl_step *step,
                                 struct fl_error *err)
{
    size_t bytes;
    const char *text = fl_reader_text(origin->reader, step->op, &bytes);
    const enum fl_status status = thread_resume(origin, err);
    return status == FL_OK ? fl_writer_mark(origin->rewrite->writer, text, bytes, err) : status;
}

static enum fl_status record_write(struct fl_origin *origin, const struct fl_step *step,
                                   struct fl_error *err)
{
    const struct fl_op *op = step->op;
    uint64_t number = op->size_bytes;
    enum fl_status status = FL_OK;
    switch (op->kind) {
    case FL_RECORD_MARK:
        return mark_write(origin, step, err);
    case FL_RECORD_THREAD:
        if (origin->is_one_of_several) {
            return FL_OK; /* written when the thread does something */
        }
        break;
    case FL_RECORD_THREAD_START:
    case FL_RECORD_THREAD_END:
        status = thread_number(origin, op->size_bytes, &number, err);
        break;
    default:
        break;
    }
    const uint32_t extra = op->kind == FL_RECORD_THREAD_START ? op->slot : 0;
    return status == FL_OK ? number_write(origin, op->kind, number, extra, err) : status;
}

static enum fl_status call_write(struct fl_origin *origin, const struct fl_step *step,
                                 struct fl_error *err)
{
    const struct fl_op *op = step->op;
    struct fl_event event = {.serial = FL_SERIAL_NONE,
                             .size_bytes = op->size_bytes,
                             .kind = op->kind,
                             .align_log2 = op->align_log2,
                             .flags = op->flags};
    uint64_t released_bytes = 0;
    if ((op->flags & FL_FLAG_IMPLIED) && step->before == NULL) {
        return FL_OK; /* of an object that was lost with a damaged chunk: nothing ends */
    }
    if (step->before != NULL) {
        event.serial = step->before->number;
        released_bytes = step->ends ? step->before->size_bytes : 0;
    }
    enum fl_status status = thread_resume(origin, err);
    if (status == FL_OK) {
        status = fl_stack_copy(&origin->stacks, step->stack, &event.extra, err);
    }
    return status == FL_OK ? fl_writer_put(origin->rewrite->writer, &event, released_bytes, err)
                           : status;
}

enum fl_status fl_origin_step(struct fl_origin *origin, const struct fl_step *step,
                              struct fl_error *err)
{
    const uint64_t serial = fl_writer_next_serial(origin->rewrite->writer);
    const enum fl_status status = fl_kind_is_call(step->op->kind)
                                      ? call_write(origin, step, err)
                                      : record_write(origin, step, err);
    if (status != FL_OK) {
        return status;
    }
    if (step->after != NULL) {
        step->after->number = serial;
    } else if (step->op->kind == FL_RECORD_THREAD) {
        origin->thread = step->op->size_bytes;
    }
    return FL_OK;
}

enum fl_status fl_rewrite_tick(struct fl_rewrite *rewrite, uint64_t ns, struct fl_error *err)
{
    const struct fl_event tick = {
        .serial = FL_SERIAL_NONE, .size_bytes = ns, .kind = FL_RECORD_TICK};
    return fl_writer_put(rewrite->writer, &tick, 0, err);
}

enum fl_status fl_origin_lost(struct fl_origin *origin, uint64_t events, struct fl_error *err)
{
    return number_write(origin, FL_RECORD_LOST, events, 0, err);
}

/* ---- what is live ---- */

typedef enum fl_status object_writer(struct fl_origin *origin, struct fl_object *object,
                                     struct fl_error *err);

/* Write each live object in the order in which it was allocated. */
static enum fl_status live_write(struct fl_origin *origin, struct fl_live *live,
                                 object_writer *write, uint64_t *count, struct fl_error *err)
{
    size_t found = 0;
    uint32_t *slots = fl_live_sorted(live, &found);
    if (slots == NULL) {
        return no_memory(err);
    }
    enum fl_status status = FL_OK;
    for (size_t i = 0; i < found && status == FL_OK; i++) {
        status = write(origin, &live->at[slots[i]], err);
    }
    free(slots);
    *count = found;
    return status;
}

static enum fl_status object_write(struct fl_origin *origin, struct fl_object *object,
                                   struct fl_error *err)
{
    const bool is_resized =
        object->kind == FL_CALL_REALLOC || object->kind == FL_CALL_REALLOCARRAY;
    struct fl_event event = {.serial = FL_SERIAL_NONE,
                             .size_bytes = object->size_bytes,
                             .kind = is_resized ? (uint8_t)FL_CALL_MALLOC : object->kind,
                             .align_log2 = object->align_log2};
    struct fl_writer *writer = origin->rewrite->writer;
    const enum fl_status status =
        fl_stack_copy(&origin->stacks, object->stack, &event.extra, err);
    object->number = fl_writer_next_serial(writer);
    return status == FL_OK ? fl_writer_put(writer, &event, 0, err) : status;
}

static enum fl_status object_release(struct fl_origin *origin, struct fl_object *object,
                                     struct fl_error *err)
{
    const struct fl_event event = {
        .serial = object->number, .kind = FL_CALL_FREE, .flags = FL_FLAG_IMPLIED};
    const enum fl_status status = thread_resume(origin, err);
    object->number = FL_SERIAL_NONE;
    return status == FL_OK
               ? fl_writer_put(origin->rewrite->writer, &event, object->size_bytes, err)
               : status;
}

static enum fl_status threads_write(struct fl_origin *origin, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; i < origin->thread_count && status == FL_OK; i++) {
        const struct thread *thread = &origin->threads[i];
        if (!thread->has_ended) {
            status = number_write(origin, FL_RECORD_THREAD_START, thread->number,
                                  thread->system_id, err);
        }
    }
    return status == FL_OK ? number_write(origin, FL_RECORD_THREAD, origin->thread, 0, err)
                           : status;
}

enum fl_status fl_origin_live(struct fl_origin *origin, struct fl_live *live, uint64_t *count,
                              struct fl_error *err)
{
    enum fl_status status = FL_OK;
    if (origin->passed_ns > 0) {
        status = fl_rewrite_tick(origin->rewrite, origin->passed_ns, err);
    }
    if (status == FL_OK) {
        status = threads_write(origin, err);
    }
    return status == FL_OK ? live_write(origin, live, object_write, count, err) : status;
}

enum fl_status fl_origin_release(struct fl_origin *origin, struct fl_live *live,
                                 uint64_t *count, struct fl_error *err)
{
    return live_write(origin, live, object_release, count, err);
}
