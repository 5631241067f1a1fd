/*
 * A trace that a verb writes from another one: objects, stacks and modules get new numbers where
 * some are left out.
 */
#ifndef FL_REWRITE_H
#define FL_REWRITE_H

#include <fl/part_file.h>
#include <fl/writer.h>

#include "objects.h"

struct fl_rewrite;

/*
 * Make `reader` ready: it keeps stacks where the trace has them. Refuses where no output was named, or a terminal is it.
 * What is wrong is reported in the name of `command`.
 */
enum fl_status fl_rewrite_check(const struct fl_command *command, struct fl_reader *reader,
                                const char *path);

/* What fl_rewrite_begin takes for the FILE of -o: "-" is standard output. */
const char *fl_rewrite_path(const char *path);

/* Does the trace say that it has stacks? */
bool fl_rewrite_has_stacks(const struct fl_reader *reader);

/*
 * Begin to write `path`, NULL for standard output, from what `reader` gives.
 *
 * @param meta  header metadata; copied
 * @return      FL_OK; FL_IO, FL_NOMEM, FL_LIMIT
 */
enum fl_status fl_rewrite_begin(struct fl_reader *reader, const char *path,
                                const struct fl_writer_options *options,
                                const struct fl_metadata *meta, struct fl_rewrite **out,
                                struct fl_error *err) __attribute__((warn_unused_result));

/* Know what is live and which threads there are after `step`, and write nothing. */
enum fl_status fl_rewrite_pass(struct fl_rewrite *rewrite, const struct fl_step *step,
                               struct fl_error *err) __attribute__((warn_unused_result));

/* Write what is known: the threads that are there, then what is live as calls of malloc and its
 * like by the thread at work, in the order in which it was allocated. `count` gets how many. */
enum fl_status fl_rewrite_live(struct fl_rewrite *rewrite, uint64_t *count,
                               struct fl_error *err) __attribute__((warn_unused_result));

/* Write the step. */
enum fl_status fl_rewrite_step(struct fl_rewrite *rewrite, const struct fl_step *step,
                               struct fl_error *err) __attribute__((warn_unused_result));

/* End the trace with `end` (NULL: nothing is known of the end), and free it. */
enum fl_status fl_rewrite_finish(struct fl_rewrite *rewrite, const struct fl_metadata *end,
                                 struct fl_writer_totals *totals, struct fl_error *err)
    __attribute__((warn_unused_result));

/* Free it; no file is left behind. */
void fl_rewrite_drop(struct fl_rewrite *rewrite);

#endif
