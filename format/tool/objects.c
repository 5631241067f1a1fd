/*
 * Walking a trace with its live objects at hand. A step is shown before it takes effect, so
 * that a verb can still see, and write, what was live before it.
 */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include <fl/import.h>
#include <fl/progress.h>

struct fl_walk {
    struct fl_batch batch;
    size_t at;               /* of the next operation in it */
    struct fl_step step;     /* the last one */
    struct fl_object made;   /* by it; step.after is this */
    struct fl_object *place; /* where that goes */
    struct fl_live live;
    enum fl_numbering numbering;
    uint64_t next_serial, next_event; /* of the next operation that has one */
};

static bool op_names_object(const struct fl_op *op)
{
    return (op->kind == FL_CALL_REALLOC || op->kind == FL_CALL_REALLOCARRAY ||
            op->kind >= FL_CALL_FREE) &&
           !(op->flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN));
}

/* The last step takes effect. */
static void step_settle(struct fl_walk *walk)
{
    const struct fl_step *step = &walk->step;
    if (step->after != NULL) {
        *walk->place = walk->made;
    } else if (step->ends) {
        step->before->number = FL_SERIAL_NONE;
    }
    walk->step.before = walk->step.after = NULL;
    walk->step.ends = false;
}

static void step_name(struct fl_step *step, struct fl_object *place)
{
    if (op_names_object(step->op) && place->number != FL_SERIAL_NONE) {
        step->before = place;
        step->ends =
            step->op->kind != FL_CALL_USABLE_SIZE && !(step->op->flags & FL_FLAG_FAILED);
    }
}

static void step_make(struct fl_walk *walk)
{
    const struct fl_op *op = walk->step.op;
    if (fl_op_allocates(op)) {
        const uint64_t serial = walk->next_serial++;
        walk->made = (struct fl_object){
            .number = walk->numbering == FL_BY_SERIAL ? serial : walk->step.event,
            .size_bytes = op->size_bytes,
            .stack = walk->step.stack,
            .kind = op->kind,
            .align_log2 = op->align_log2,
        };
        walk->step.after = &walk->made;
    }
}

/* The operation as a step; false when out of memory. */
static bool step_take(struct fl_walk *walk, const struct fl_op *op)
{
    struct fl_step *step = &walk->step;
    step_settle(walk);
    step->op = op;
    step->is_event = fl_kind_is_call(op->kind) && !(op->flags & FL_FLAG_IMPLIED);
    step->event = walk->next_event;
    walk->next_event += step->is_event;
    if (!fl_kind_is_call(op->kind) || op->slot == FL_SLOT_NONE) {
        return true;
    }
    struct fl_object *place = fl_live_place(&walk->live, op->slot);
    if (place == NULL) {
        return false;
    }
    walk->place = place;
    step_name(step, place);
    step_make(walk);
    return true;
}

static enum fl_status batch_read(struct fl_walk *walk, struct fl_error *err)
{
    step_settle(walk); /* its operation is the batch's */
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

static void walk_start(struct fl_walk *walk, struct fl_reader *reader,
                       enum fl_numbering numbering)
{
    *walk = (struct fl_walk){.numbering = numbering, .step = {.reader = reader}};
    walk->step.live = &walk->live;
}

struct fl_walk *fl_walk_new(struct fl_reader *reader)
{
    struct fl_walk *walk = calloc(1, sizeof *walk);
    if (walk != NULL) {
        walk_start(walk, reader, FL_BY_SERIAL);
    }
    return walk;
}

struct fl_live *fl_walk_live(struct fl_walk *walk)
{
    return &walk->live;
}

void fl_walk_free(struct fl_walk *walk)
{
    if (walk != NULL) {
        fl_live_clear(&walk->live);
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
                             enum fl_numbering numbering, fl_step_visitor *visit, void *user)
{
    struct fl_walk walk;
    struct fl_progress progress;
    struct fl_error err;
    enum fl_status first_damage = FL_OK;
    enum fl_status status;
    walk_start(&walk, reader, numbering);
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
    fl_live_clear(&walk.live);
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

/* The second to read it would find it empty. */
static enum fl_status streams_check(char *const *operands, int count, struct fl_error *err)
{
    int streams = 0;
    for (int i = 0; i < count; i++) {
        streams += strcmp(operands[i], "-") == 0;
    }
    return streams < 2 ? FL_OK
                       : fl_fail(err, FL_USAGE,
                                 "standard input is one trace; - is named %d times", streams);
}

enum fl_status fl_verb_parse(const struct fl_command *command, int argc, char **argv,
                             fl_option_handler *handle, void *user, int *first,
                             const char **from)
{
    struct fl_error err;
    struct verb_options options = {handle, user, NULL};
    enum fl_status status =
        fl_opt_parse(command, argc, argv, option_take, &options, first, &err);
    if (status == FL_OK) {
        status = streams_check(argv + *first, argc - *first, &err);
    }
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
