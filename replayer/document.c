/*
 * The document is written into memory first: what a gate compares, and what is kept as the next
 * baseline, are then the very bytes that --json gives.
 */
#include "document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fl/text_stream.h>

#include "baseline.h"
#include "out.h"
#include "steps.h"

static bool is_wanted(const struct fl_document_request *request)
{
    return request->output_count > 0 || request->baseline_path != NULL ||
           request->save_path != NULL;
}

bool fl_document_takes_stdout(const struct fl_document_request *request)
{
    for (size_t i = 0; i < request->output_count; i++) {
        if (request->outputs[i].path == NULL) {
            return true;
        }
    }
    return false;
}

enum fl_status fl_document_request_output(struct fl_document_request *request,
                                          const struct fl_form *form, const char *path,
                                          struct fl_error *err)
{
    const bool is_stdout = path == NULL || strcmp(path, "-") == 0;
    if (is_stdout && fl_document_takes_stdout(request)) {
        return fl_fail(err, FL_USAGE, "two forms for standard output; give one a FILE");
    }
    if (request->output_count == FL_DOCUMENT_OUTPUTS_MAX) {
        return fl_fail(err, FL_USAGE, "more than %u forms", FL_DOCUMENT_OUTPUTS_MAX);
    }
    request->outputs[request->output_count++] =
        (struct fl_document_output){form, is_stdout ? NULL : path};
    return FL_OK;
}

enum fl_status fl_document_request_add(struct fl_document_request *request, const char *text,
                                       struct fl_error *err)
{
    if (strcmp(text, "table") == 0) {
        return FL_OK;
    }
    const size_t length = strcspn(text, ":");
    const struct fl_form *form = fl_form_find(text, length);
    if (form == NULL) {
        return fl_fail(err, FL_USAGE, "--format=%s: no such form; --format=help lists them",
                       text);
    }
    const char *path = text[length] == ':' ? text + length + 1 : NULL;
    if (path != NULL && *path == '\0') {
        return fl_fail(err, FL_USAGE, "--format=%s: the file has no name", text);
    }
    return fl_document_request_output(request, form, path, err);
}

void fl_document_drop(struct fl_document *document)
{
    if (document->text_stream != NULL) {
        fclose(document->text_stream);
    }
    for (size_t i = 0; i < FL_DOCUMENT_OUTPUTS_MAX; i++) {
        fl_part_drop(&document->outputs[i]);
    }
    free(document->text);
    json_decref(document->baseline);
    *document = (struct fl_document){0};
}

static enum fl_status streams_open(struct fl_document *document, struct fl_error *err)
{
    const struct fl_document_request *request = document->request;
    for (size_t i = 0; i < request->output_count; i++) {
        const enum fl_status status =
            fl_part_open(&document->outputs[i], request->outputs[i].path, err);
        if (status != FL_OK) {
            return status;
        }
    }
    document->text_stream = fl_text_stream_open(&document->text, &document->bytes);
    return document->text_stream != NULL ? FL_OK
                                         : fl_fail(err, FL_NOMEM, "no memory for the results");
}

enum fl_status fl_document_open(struct fl_document *document,
                                const struct fl_document_request *request,
                                const struct fl_run_request *run, struct fl_error *err)
{
    *document = (struct fl_document){.request = request, .gate = request->gate};
    if (document->gate.count == 0) {
        fl_gate_add_default(&document->gate);
    }
    if (!is_wanted(request)) {
        return FL_OK;
    }
    enum fl_status status = FL_OK;
    if (request->baseline_path != NULL) {
        status = fl_baseline_read(request->baseline_path, &document->baseline, err);
    }
    if (status == FL_OK) {
        status = streams_open(document, err);
    }
    if (status != FL_OK) {
        fl_document_drop(document);
        return status;
    }
    fl_out_json_start(&document->emit, document->text_stream, run);
    return FL_OK;
}

/* ---- what can be known before a run ---- */

static enum fl_status step_pass(const struct fl_step *step, void *user, struct fl_error *err)
{
    (void)step;
    (void)user;
    (void)err;
    return FL_OK;
}

/* The counts of a whole trace in a file that can be read twice. False: the run will tell. */
static bool trace_scan(const char *path, const struct fl_run_request *run,
                       struct fl_plan_totals *totals)
{
    struct stat status;
    struct fl_source source;
    struct fl_steps_told told;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        fl_source_open(&source, path, run->from, NULL) != FL_OK) {
        return false;
    }
    const bool is_read =
        fl_steps_each(&source, run->event_limit, step_pass, NULL, &told, NULL) == FL_OK &&
        told.damage.status == FL_END;
    fl_source_close(&source);
    *totals = told.totals;
    return is_read;
}

/* The document that a run would give, without its results. NULL: no memory, or no JSON of
 * ours. */
static json_t *document_foresee(const struct fl_run_request *run, char *const *paths,
                                size_t path_count)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = fl_text_stream_open(&text, &bytes);
    struct fl_trace_result result = {0};
    struct fl_means means = {0};
    struct fl_emit emit;
    json_t *foreseen = NULL;
    bool is_whole = false;
    if (stream != NULL && fl_result_init(&result, run, NULL)) {
        fl_out_json_start(&emit, stream, run);
        for (size_t i = 0; i < path_count; i++) {
            result.name = paths[i];
            if (trace_scan(paths[i], run, &result.plan)) {
                fl_out_json_trace(&emit, &result);
            }
        }
        is_whole = fl_out_json_end(&emit, &means);
    }
    is_whole = stream != NULL && fclose(stream) == 0 && is_whole;
    if (is_whole && fl_baseline_parse(text, bytes, &foreseen, NULL) != FL_OK) {
        foreseen = NULL;
    }
    fl_result_free(&result);
    free(text);
    return foreseen;
}

enum fl_status fl_document_foresee(const struct fl_document *document,
                                   const struct fl_run_request *run, char *const *paths,
                                   size_t path_count, struct fl_error *err)
{
    const char *save_path = document->request->save_path;
    struct fl_part_file file;
    if (save_path != NULL) {
        const enum fl_status status = fl_part_open(&file, save_path, err);
        if (status != FL_OK) {
            return status;
        }
        fl_part_drop(&file);
    }
    if (document->baseline == NULL) {
        return FL_OK;
    }
    json_t *foreseen = document_foresee(run, paths, path_count);
    if (foreseen == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for the results");
    }
    const enum fl_status status =
        fl_baseline_match(document->baseline, foreseen, document->request->baseline_path, err);
    json_decref(foreseen);
    return status;
}

/* ---- the results ---- */

void fl_document_add(struct fl_document *document, const struct fl_trace_result *result)
{
    fl_means_add(&document->means, result);
    if (document->text_stream != NULL) {
        fl_out_json_trace(&document->emit, result);
    }
}

/* Hold `now` against the baseline. */
static enum fl_status gate_run(const struct fl_document *document, const json_t *now,
                               struct fl_gate_verdict *verdict, struct fl_error *err)
{
    const enum fl_status status =
        fl_baseline_match(document->baseline, now, document->request->baseline_path, err);
    return status == FL_OK
               ? fl_gate_compare(&document->gate, document->baseline, now, verdict, err)
               : status;
}

static enum fl_status outputs_write(struct fl_document *document,
                                    const struct fl_form_input *input, struct fl_error *err)
{
    for (size_t i = 0; i < document->request->output_count; i++) {
        struct fl_part_file *file = &document->outputs[i];
        if (!document->request->outputs[i].form->write(file->out, input)) {
            return fl_fail_os(err, FL_IO, errno, "cannot write %s",
                              file->path == NULL ? "the results" : file->path);
        }
        const enum fl_status status = fl_part_close(file, err);
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

/* Is the document to be read again, for a gate or a form that is a view of it? */
static bool is_read_again(const struct fl_document *document, bool has_gate)
{
    const struct fl_document_request *request = document->request;
    for (size_t i = 0; i < request->output_count && !has_gate; i++) {
        has_gate = !request->outputs[i].form->is_text;
    }
    return has_gate;
}

static enum fl_status text_end(struct fl_document *document, struct fl_error *err)
{
    const bool is_whole = fl_out_json_end(&document->emit, &document->means);
    const bool is_closed = fclose(document->text_stream) == 0;
    document->text_stream = NULL;
    if (!is_whole || !is_closed) {
        return fl_fail(err, FL_NOMEM, "no memory for the results");
    }
    return FL_OK;
}

static enum fl_status text_read(struct fl_document *document, json_t **now,
                                struct fl_error *err)
{
    struct fl_error cause;
    if (fl_baseline_parse(document->text, document->bytes, now, &cause) != FL_OK) {
        if (cause.status == FL_NOMEM) {
            return fl_fail(err, FL_NOMEM, "no memory for the results");
        }
        return fl_fail(err, FL_BUG, "the results are no JSON: %s", cause.message);
    }
    return FL_OK;
}

/* The forms are written whatever the gate meets: a baseline that does not fit loses no
 * figure. */
static enum fl_status results_give(struct fl_document *document, const json_t *now,
                                   bool has_gate, FILE *gate_out, int *exit_code,
                                   struct fl_error *err)
{
    struct fl_gate_verdict verdict = {0};
    enum fl_status status = has_gate ? gate_run(document, now, &verdict, err) : FL_OK;
    const bool is_judged = has_gate && status == FL_OK;
    const struct fl_form_input input = {.text = document->text,
                                        .bytes = document->bytes,
                                        .document = now,
                                        .verdict = is_judged ? &verdict : NULL};
    struct fl_error write_error;
    const enum fl_status written = outputs_write(document, &input, &write_error);
    if (is_judged) {
        fl_gate_print(gate_out, &verdict);
        *exit_code = verdict.failed > 0 ? FL_EXIT_GATE : FL_EXIT_OK;
    }
    fl_gate_verdict_free(&verdict);
    if (status == FL_OK && written != FL_OK) {
        *err = write_error;
        status = written;
    }
    return status;
}

enum fl_status fl_document_close(struct fl_document *document, bool is_good, FILE *gate_out,
                                 int *exit_code, struct fl_error *err)
{
    *exit_code = FL_EXIT_OK;
    if (document->text_stream == NULL) {
        return FL_OK;
    }
    json_t *now = NULL;
    const bool has_gate = is_good && document->baseline != NULL;
    enum fl_status status = text_end(document, err);
    if (status == FL_OK && is_read_again(document, has_gate)) {
        status = text_read(document, &now, err);
    }
    if (status == FL_OK) {
        status = results_give(document, now, has_gate, gate_out, exit_code, err);
    }
    json_decref(now);
    const char *save_path = document->request->save_path;
    if (status == FL_OK && is_good && save_path != NULL) {
        status = fl_baseline_save(save_path, document->text, document->bytes, err);
    }
    fl_document_drop(document);
    return status;
}
