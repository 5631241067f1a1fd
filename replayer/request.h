/**
 * What the command line of flreplay asks for.
 *
 * Thread safety: plain data.
 */
#ifndef FL_REPLAY_REQUEST_H
#define FL_REPLAY_REQUEST_H

#include <fl/opt.h>
#include <fl/term.h>

#include "document.h"
#include "lesson.h"
#include "result.h"

struct fl_request {
    struct fl_run_request run;
    struct fl_document_request document;
    bool wants_catalog, wants_metrics, wants_forms, wants_histogram, has_targets;
    bool wants_shrunk;
    bool wants_diff, wants_same; /* same: what is the same in both, too */
    const char *shrunk_name;     /* NULL: after the trace */
    const char *series_path;     /* NULL: none */
    enum fl_color color;
    struct fl_lesson lesson;
};

/** Options, help and name. */
extern const struct fl_command fl_replay_command;

/**
 * Read the options.
 *
 * @param request        receives them, and the defaults of what is not there; points into `argv`
 * @param first_operand  receives the index of the first trace
 * @return               FL_OK; FL_END when the answer was printed (--help); FL_USAGE
 */
enum fl_status fl_request_parse(struct fl_request *request, const struct fl_catalog *catalog,
                                int argc, char **argv, int *first_operand, struct fl_error *err)
    __attribute__((warn_unused_result));

/** For a lesson: is nothing asked for that only a replay gives? Least of all a gate, which
 * would pass. FL_OK, FL_USAGE. */
enum fl_status fl_request_lesson_check(const struct fl_request *request, struct fl_error *err)
    __attribute__((warn_unused_result));

/** For a replay of `trace_count` traces: do the options go together? Adds the default targets.
 * FL_OK, FL_USAGE. */
enum fl_status fl_request_complete(struct fl_request *request, size_t trace_count,
                                   struct fl_error *err) __attribute__((warn_unused_result));

#endif
