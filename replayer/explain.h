/**
 * A text trace replayed call by call, with what each call returned, took and left behind: the
 * worked example of a course, for any allocator.
 *
 * Thread safety: one thread per stream.
 */
#ifndef FL_REPLAY_EXPLAIN_H
#define FL_REPLAY_EXPLAIN_H

#include <stdio.h>

#include "script.h"
#include "target.h"

/* Address space of an explained heap: what no text trace needs, and few machines lack. */
#define FL_EXPLAIN_RESERVE  ((size_t)256 << 20)
#define FL_EXPLAIN_BASE_MAX ((uint64_t)1 << 60)

struct fl_explain_options {
    uint64_t base;       /* address that the heap's start is shown as, below the maximum */
    uint64_t call_limit; /* stop after so many */
    bool wants_check;    /* walk the whole heap after each call */
};

/**
 * Replay `script` into an instance of `target` made for it, in this process, and write to
 * `out`.
 *
 * @return FL_OK; FL_WRONG when an answer or the heap is, with the line; FL_NOMEM
 */
enum fl_status fl_explain(FILE *out, const struct fl_script *script,
                          const struct fl_target *target,
                          const struct fl_explain_options *options, struct fl_error *err)
    __attribute__((warn_unused_result));

/** The free blocks of an instance as --explain draws them: lists as arrows, trees indented. */
void fl_explain_index(FILE *out, const struct fl_allocator *allocator, uint64_t base);

#endif
