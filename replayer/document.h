/**
 * The document of a run: its results as JSON, where they go, and the gate they pass.
 *
 * Thread safety: one document at a time in a process.
 */
#ifndef FL_REPLAY_DOCUMENT_H
#define FL_REPLAY_DOCUMENT_H

#include <stdio.h>

#include <fl/emit.h>
#include <fl/part_file.h>

#include "form.h"
#include "means.h"
#include "result.h"

#define FL_DOCUMENT_OUTPUTS_MAX 8u

/** A form of the results and where it goes. */
struct fl_document_output {
    const struct fl_form *form;
    const char *path; /* NULL: standard output, in place of the tables */
};

/** What is to be done with the results besides the tables. */
struct fl_document_request {
    struct fl_document_output outputs[FL_DOCUMENT_OUTPUTS_MAX];
    size_t output_count;
    const char *baseline_path; /* compare with it; or NULL */
    const char *save_path;     /* the next baseline; or NULL */
    struct fl_gate gate;       /* without rules: the default ones */
};

struct fl_document {
    const struct fl_document_request *request;
    struct fl_emit emit;
    FILE *text_stream; /* NULL: nobody wants the document */
    char *text;
    size_t bytes;
    struct fl_part_file outputs[FL_DOCUMENT_OUTPUTS_MAX]; /* as in the request */
    struct fl_gate gate;                                  /* a verdict points to its rules */
    struct fl_means means;                                /* of the traces so far */
    json_t *baseline; /* read before the run, so that a bad one is told at once; or NULL */
};

/**
 * Add FORM[:FILE] of `text`; "table" is no form of a document and adds nothing.
 *
 * @param text  outlives the request
 * @return      FL_OK, or FL_USAGE: no such form, two for standard output, too many
 */
enum fl_status fl_document_request_add(struct fl_document_request *request, const char *text,
                                       struct fl_error *err)
    __attribute__((warn_unused_result));

/** As above, for a form and a path that is NULL or "-" for standard output. */
enum fl_status fl_document_request_output(struct fl_document_request *request,
                                          const struct fl_form *form, const char *path,
                                          struct fl_error *err)
    __attribute__((warn_unused_result));

/** Are the tables of standard output left out? */
bool fl_document_takes_stdout(const struct fl_document_request *request);

/** Begin; reads the baseline. FL_OK, FL_IO, FL_NOMEM, FL_USAGE. On failure nothing is left
 * open. */
enum fl_status fl_document_open(struct fl_document *document,
                                const struct fl_document_request *request,
                                const struct fl_run_request *run, struct fl_error *err)
    __attribute__((warn_unused_result));

/**
 * Before the run, tell what it would end with: a baseline that does not fit, by version,
 * settings, allocators and, where a trace is a plain file, its content, which costs a reading
 * of it; or one that cannot be saved.
 *
 * @return FL_OK; FL_USAGE, FL_IO, FL_NOMEM
 */
enum fl_status fl_document_foresee(const struct fl_document *document,
                                   const struct fl_run_request *run, char *const *paths,
                                   size_t path_count, struct fl_error *err)
    __attribute__((warn_unused_result));

/** End it without writing anything more. */
void fl_document_drop(struct fl_document *document);

/** Add the results of one trace, to the means as well. */
void fl_document_add(struct fl_document *document, const struct fl_trace_result *result);

/**
 * Write it where it was asked for. When `is_good`, every trace was whole and every allocator
 * right: only then is there a gate (to `gate_out`) and a new baseline.
 *
 * @param exit_code  receives FL_EXIT_OK or FL_EXIT_GATE
 * @return           FL_OK; FL_IO when something could not be written; FL_USAGE when the baseline is
 *                   of another trace, version or configuration
 */
enum fl_status fl_document_close(struct fl_document *document, bool is_good, FILE *gate_out,
                                 int *exit_code, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
