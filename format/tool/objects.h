/*
 * Walking a trace: each operation with the object it names and the one it makes, and the loop
 * over the batches that every verb shares.
 */
#ifndef FL_OBJECTS_H
#define FL_OBJECTS_H

#include <fl/opt.h>
#include <fl/reader.h>

#include "live.h"

/* What the number of an object is, until the verb sets it to another. */
enum fl_numbering {
    FL_BY_SERIAL,
    FL_BY_EVENT, /* that made it: for lifetimes */
};

/*
 * One operation. The table of live objects is as it was before it; it takes effect with the
 * next step. `event` is its number when it is one.
 */
struct fl_step {
    struct fl_reader *reader;
    const struct fl_op *op;
    bool is_event;
    bool ends; /* `before` ends with it */
    uint64_t event;
    uint32_t stack;           /* of an allocating call, where the reader keeps stacks */
    struct fl_live *live;     /* the table */
    struct fl_object *before; /* in it, what the pointer argument named; NULL: no live object */
    struct fl_object *after;  /* what it made, on its way there; NULL: nothing */
};

/* Called for each operation; false stops the walk. */
typedef bool fl_step_visitor(const struct fl_step *step, void *user);

/* --from, a row in the table of each verb that reads a trace; fl_verb_parse takes it. */
#define FL_OPT_FROM 1000
#define FL_OPTION_FROM                                                                         \
    {                                                                                          \
        FL_OPT_FROM, 0, "from", "FORMAT", FL_OPT_TEXT, "what the content says", NULL,          \
            "The trace is another tool's, of this format; help lists them."                    \
    }

/* Parse a verb's options with `handle`, NULL when it has none of its own; `first` receives the
 * place of the first operand, `from` the format to read a trace as, or NULL. Standard input is
 * one operand at most. Problems are printed. */
enum fl_status fl_verb_parse(const struct fl_command *command, int argc, char **argv,
                             fl_option_handler *handle, void *user, int *first,
                             const char **from);

/*
 * Begin a verb: parse its options with `handle` (NULL when it has none), open the one trace its
 * command line names. What is wrong, or --help, is printed.
 *
 * @return  FL_OK and a reader; FL_END after --help; else what went wrong, already reported
 */
enum fl_status fl_verb_begin(const struct fl_command *command, int argc, char **argv,
                             fl_option_handler *handle, void *user, struct fl_reader **reader);

/*
 * Walk a whole trace. Whatever is wrong is reported to standard error in the name of `command`
 * as it is met; behind a damaged chunk the walk goes on.
 *
 * @return  FL_OK, or the first thing that was wrong: what the command ends with
 */
enum fl_status fl_trace_walk(const struct fl_command *command, struct fl_reader *reader,
                             enum fl_numbering numbering, fl_step_visitor *visit, void *user);

/* A walk that is made step by step, as when several are under way at a time. */
struct fl_walk;

/* Begin to walk what `reader` gives, which stays the caller's, by serials; NULL when out of
 * memory. */
struct fl_walk *fl_walk_new(struct fl_reader *reader);
void fl_walk_free(struct fl_walk *walk);

/* What is live, the last step's effect with it once fl_walk_next has been called again. */
struct fl_live *fl_walk_live(struct fl_walk *walk);

/*
 * The next step, valid until the call after it.
 *
 * @return  FL_OK and a step; else as fl_reader_next: behind FL_CORRUPT it goes on
 */
enum fl_status fl_walk_next(struct fl_walk *walk, const struct fl_step **step,
                            struct fl_error *err) __attribute__((warn_unused_result));

#endif
