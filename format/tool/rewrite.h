/*
 * A trace that a verb writes from others: objects, stacks, modules and, of several, threads get
 * new numbers. The walk is one by serials: an object that is written has its new serial as its
 * number from then on.
 */
#ifndef FL_REWRITE_H
#define FL_REWRITE_H

#include <fl/part_file.h>
#include <fl/writer.h>

#include "objects.h"

struct fl_rewrite; /* the trace that is written */
struct fl_origin;  /* one that it is written from */

/* Refuses where no output was named, or a terminal is it, or `trace`, of which more is read
 * than is written (NULL: it may be written over). What is wrong is reported in the name of
 * `command`. */
enum fl_status fl_rewrite_check(const struct fl_command *command, const char *path,
                                const char *trace);

/* What fl_rewrite_begin takes for the FILE of -o: "-" is standard output. */
const char *fl_rewrite_path(const char *path);

/* Does the trace say that it has stacks? */
bool fl_rewrite_has_stacks(const struct fl_reader *reader);

/* Make `reader` keep the stacks, where the trace has them. */
enum fl_status fl_rewrite_keep_stacks(struct fl_reader *reader, struct fl_error *err)
    __attribute__((warn_unused_result));

/*
 * Begin to write `path`, NULL for standard output.
 *
 * @param meta  header metadata; copied
 * @return      FL_OK; FL_IO, FL_NOMEM, FL_LIMIT
 */
enum fl_status fl_rewrite_begin(const char *path, const struct fl_writer_options *options,
                                const struct fl_metadata *meta, struct fl_rewrite **out,
                                struct fl_error *err) __attribute__((warn_unused_result));

/* Write that `ns` passed. */
enum fl_status fl_rewrite_tick(struct fl_rewrite *rewrite, uint64_t ns, struct fl_error *err)
    __attribute__((warn_unused_result));

/* End the trace with `end` (NULL: nothing is known of the end), and free it. */
enum fl_status fl_rewrite_finish(struct fl_rewrite *rewrite, const struct fl_metadata *end,
                                 struct fl_writer_totals *totals, struct fl_error *err)
    __attribute__((warn_unused_result));

/* Free it; no file is left behind. NULL is nothing. */
void fl_rewrite_drop(struct fl_rewrite *rewrite);

/*
 * Write from what `reader` gives, which outlives it. It is to be freed before the rewrite ends.
 *
 * @param is_one_of_several  threads get the next free numbers, modules that another origin has too are
 *                           the same; else both are as they were
 * @return                   NULL when out of memory
 */
struct fl_origin *fl_origin_new(struct fl_rewrite *rewrite, const struct fl_reader *reader,
                                bool is_one_of_several);
void fl_origin_free(struct fl_origin *origin);

/* Know the time and which threads there are after `step`, and write nothing. */
enum fl_status fl_origin_pass(struct fl_origin *origin, const struct fl_step *step,
                              struct fl_error *err) __attribute__((warn_unused_result));

/* Write what is known: the time that passed, the threads that are there, then what is live as
 * calls of malloc and its like by the thread at work, in the order in which it was allocated.
 * `count` gets how many. */
enum fl_status fl_origin_live(struct fl_origin *origin, struct fl_live *live, uint64_t *count,
                              struct fl_error *err) __attribute__((warn_unused_result));

/* Write the step. */
enum fl_status fl_origin_step(struct fl_origin *origin, const struct fl_step *step,
                              struct fl_error *err) __attribute__((warn_unused_result));

/* Write that `events` were lost here. */
enum fl_status fl_origin_lost(struct fl_origin *origin, uint64_t events, struct fl_error *err)
    __attribute__((warn_unused_result));

/* Write an implied free of each object that is live; then none is. `count` gets how many. */
enum fl_status fl_origin_release(struct fl_origin *origin, struct fl_live *live,
                                 uint64_t *count, struct fl_error *err)
    __attribute__((warn_unused_result));

/* The threads of one of several as "OLD:NEW OLD:NEW", in the order in which they appeared, the
 * first FL_THREADS_TOLD of them; owned by the caller. NULL when out of memory. */
#define FL_THREADS_TOLD 1024u
char *fl_origin_threads(const struct fl_origin *origin);

#endif
