/*
 * Walking a trace with its live objects at hand. Memory: 32 bytes per slot.
 */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include <fl/import.h>
#include <fl/progress.h>

struct fl_walk {
    struct fl_batch batch;
    size_t at;                 /* of the next operation in it */
    struct fl_step step;       /* the last one */
    struct fl_object *objects; /* by slot */
    size_t capacity;
    uint64_t next_serial, next_event; /* of the next operation that has one */
};

static bool objects_reserve(struct fl_walk *walk, size_t slot)
{
    if (slot < walk->capacity) {
        return true;
    }
    const size_t capacity = slot < 512 ? 1024 : 2 * slot;
    struct fl_object *grown = reallocarray(walk->objects, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    walk->objects = grown;
    walk->capacity = capacity;
    return true;
}

/* What the operation does to the objects, told in the step. */
static bool step_take(struct fl_walk *walk, const struct fl_op *op)
{
    const struct fl_object none = {.serial = FL_SERIAL_NONE};
    struct fl_step *step = &walk->step;
    step->op = op;
    step->before = step->after = none;
    step->is_event = fl_kind_is_call(op->kind) && !(op->flags & FL_FLAG_IMPLIED);
    step->event = walk->next_event;
    walk->next_event += step->is_event;
    if (!fl_kind_is_call(op->kind) || op->slot == FL_SLOT_NONE) {
        return true;
    }
    if (!objects_reserve(walk, op->slot)) {
        return false;
    }
    struct fl_object *object = &walk->objects[op->slot];
    const bool is_named = op->kind == FL_CALL_REALLOC || op->kind == FL_CALL_REALLOCARRAY ||
                          op->kind >= FL_CALL_FREE;
    if (is_named && !(op->flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN))) {
        step->before = *object;
    }
    if (fl_op_allocates(op)) {
        *object =
            (struct fl_object){walk->next_serial++, op->size_bytes, step->event, step->stack};
        step->after = *object;
    }
    return true;
}

static enum fl_status batch_read(struct fl_walk *walk, struct fl_error *err)
{
    const enum fl_status status = fl_reader_next(walk->step.reader, &walk->batch, err);
    walk->at = 0;
    if (status != FL_OK) {
        walk->batch.count = 0;
        return status;
    }
    walk->next_event = walk->batch.first_event;
    walk->next_serial = walk->batch.first_serial;
    return FL_OK;
}

/* The next step of the batch, which is not over. */
static enum fl_status batch_step(struct fl_walk *walk, struct fl_error *err)
{
    const size_t i = walk->at++;
    walk->step.stack = fl_reader_stack(walk->step.reader, i);
    return step_take(walk, &walk->batch.ops[i])
               ? FL_OK
               : fl_fail(err, FL_NOMEM, "no memory for the live objects");
}

struct fl_walk *fl_walk_new(struct fl_reader *reader)
{
    struct fl_walk *walk = calloc(1, sizeof *walk);
    if (walk != NULL) {
        walk->step.reader = reader;
    }
    return walk;
}

void fl_walk_free(struct fl_walk *walk)
{
    if (walk != NULL) {
        free(walk->objects);
        free(walk);
    }
}

enum fl_status fl_walk_next(struct fl_walk *walk, const struct fl_step **step,
                            struct fl_error *err)
{
    enum fl_status status = FL_OK;
    while (status == FL_OK && walk->at == walk->batch.count) {
        status = batch_read(walk, err);
    }
    if (status == FL_OK) {
        status = batch_step(walk, err);
    }
    if (status == FL_OK) {
        *step = &walk->step;
    }
    return status;
}

/* Give a batch to the visitor, operation by operation; FL_END when it wants no more. */
static enum fl_status batch_walk(struct fl_walk *walk, fl_step_visitor *visit, void *user,
                                 struct fl_error *err)
{
    while (walk->at < walk->batch.count) {
        const enum fl_status status = batch_step(walk, err);
        if (status != FL_OK) {
            return status;
        }
        if (!visit(&walk->step, user)) {
            return FL_END;
        }
    }
    return FL_OK;
}

enum fl_status fl_trace_walk(const struct fl_command *command, struct fl_reader *reader,
                             fl_step_visitor *visit, void *user)
{
    struct fl_walk walk = {.step = {.reader = reader}};
    struct fl_progress progress;
    struct fl_error err;
    enum fl_status first_damage = FL_OK;
    enum fl_status status;
    fl_progress_start(&progress, "reading", "bytes", fl_reader_file_bytes(reader));
    do {
        status = batch_read(&walk, &err);
        if (status == FL_OK) {
            status = batch_walk(&walk, visit, user, &err);
            fl_progress_update(&progress, fl_reader_totals(reader)->compressed_bytes);
        }
        if (status != FL_OK && status != FL_END) {
            fl_progress_end(&progress);
            fflush(stdout); /* what was printed so far stands before the message */
            fl_opt_report(command, &err);
            first_damage = first_damage == FL_OK ? status : first_damage;
        }
    } while (status == FL_OK || status == FL_CORRUPT);
    fl_progress_end(&progress);
    free(walk.objects);
    return first_damage;
}

/* A verb's own options, and --from. */
struct verb_options {
    fl_option_handler *handle; /* NULL: there are none */
    void *user;
    const char *from;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    struct verb_options *options = user;
    if (value->id != FL_OPT_FROM) {
        return options->handle != NULL
                   ? options->handle(value, options->user, err)
                   : fl_fail(err, FL_BUG, "option %d is in no table", value->id);
    }
    options->from = value->text;
    if (strcmp(value->text, "help") == 0) {
        fl_import_list(stdout);
        return FL_END;
    }
    return fl_import_check(value->text, err);
}

enum fl_status fl_verb_parse(const struct fl_command *command, int argc, char **argv,
                             fl_option_handler *handle, void *user, int *first,
                             const char **from)
{
    struct fl_error err;
    struct verb_options options = {handle, user, NULL};
    const enum fl_status status =
        fl_opt_parse(command, argc, argv, option_take, &options, first, &err);
    if (status != FL_OK && status != FL_END) {
        fl_opt_report(command, &err);
    }
    *from = options.from;
    return status;
}

enum fl_status fl_verb_begin(const struct fl_command *command, int argc, char **argv,
                             fl_option_handler *handle, void *user, struct fl_reader **reader)
{
    struct fl_error err;
    const char *from;
    int first;
    enum fl_status status = fl_verb_parse(command, argc, argv, handle, user, &first, &from);
    if (status != FL_OK) {
        return status;
    }
    if (first + 1 != argc) {
        status = fl_fail(&err, FL_USAGE, "give one trace; %d are given", argc - first);
    }
    if (status == FL_OK) {
        status = fl_import_open(argv[first], from, reader, &err);
    }
    if (status != FL_OK && status != FL_END) {
        fl_opt_report(command, &err);
    }
    return status;
}
