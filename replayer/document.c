/*
 * The document is written into memory first: what a gate compares, and what is kept as the next
 * baseline, are then the very bytes that --json gives.
 */
#include "document.h"

#include <errno.h>
#include <stdlib.h>

#include "baseline.h"
#include "out.h"

static bool is_wanted(const struct fl_document_request *request)
{
    return request->wants_json || request->baseline_path != NULL || request->save_path != NULL;
}

static void document_free(struct fl_document *document)
{
    if (document->text_stream != NULL) {
        fclose(document->text_stream);
    }
    if (document->json != NULL && document->json != stdout) {
        fclose(document->json);
    }
    free(document->text);
    json_decref(document->baseline);
    *document = (struct fl_document){0};
}

static enum fl_status streams_open(struct fl_document *document, struct fl_error *err)
{
    const struct fl_document_request *request = document->request;
    if (request->wants_json) {
        document->json = request->json_path == NULL ? stdout : fopen(request->json_path, "we");
        if (document->json == NULL) {
            return fl_fail_os(err, FL_IO, errno, "cannot write %s", request->json_path);
        }
    }
    document->text_stream = open_memstream(&document->text, &document->bytes);
    return document->text_stream != NULL ? FL_OK
                                         : fl_fail(err, FL_NOMEM, "no memory for the results");
}

enum fl_status fl_document_open(struct fl_document *document,
                                const struct fl_document_request *request,
                                const struct fl_run_request *run, struct fl_error *err)
{
    *document = (struct fl_document){.request = request};
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
        document_free(document);
        return status;
    }
    fl_out_json_start(&document->emit, document->text_stream, run);
    return FL_OK;
}

void fl_document_add(struct fl_document *document, const struct fl_trace_result *result)
{
    if (document->text_stream != NULL) {
        fl_out_json_trace(&document->emit, result);
    }
}

static enum fl_status gate_pass(const struct fl_document *document, const json_t *now,
                                FILE *gate_out, int *exit_code, struct fl_error *err)
{
    struct fl_gate gate = document->request->gate;
    struct fl_gate_verdict verdict;
    if (gate.count == 0) {
        fl_gate_add_default(&gate);
    }
    enum fl_status status =
        fl_baseline_match(document->baseline, now, document->request->baseline_path, err);
    if (status == FL_OK) {
        status = fl_gate_compare(&gate, document->baseline, now, &verdict, err);
    }
    if (status != FL_OK) {
        return status;
    }
    fl_gate_print(gate_out, &verdict);
    *exit_code = verdict.failed > 0 ? FL_EXIT_GATE : FL_EXIT_OK;
    fl_gate_verdict_free(&verdict);
    return FL_OK;
}

static enum fl_status gate_run(const struct fl_document *document, FILE *gate_out,
                               int *exit_code, struct fl_error *err)
{
    json_t *now = NULL;
    struct fl_error cause;
    if (document->baseline == NULL) {
        return FL_OK;
    }
    if (fl_baseline_parse(document->text, document->bytes, &now, &cause) != FL_OK) {
        return fl_fail(err, FL_BUG, "the results are no JSON: %s", cause.message);
    }
    const enum fl_status status = gate_pass(document, now, gate_out, exit_code, err);
    json_decref(now);
    return status;
}

static enum fl_status json_write(struct fl_document *document, struct fl_error *err)
{
    if (document->json == NULL) {
        return FL_OK;
    }
    bool is_written =
        fwrite(document->text, 1, document->bytes, document->json) == document->bytes;
    if (document->json != stdout) {
        is_written = fclose(document->json) == 0 && is_written;
        document->json = NULL;
    }
    return is_written ? FL_OK : fl_fail_os(err, FL_IO, errno, "the results cannot be written");
}

static enum fl_status text_end(struct fl_document *document, struct fl_error *err)
{
    const bool is_whole = fl_out_json_end(&document->emit);
    const bool is_closed = fclose(document->text_stream) == 0;
    document->text_stream = NULL;
    return is_whole && is_closed ? FL_OK : fl_fail(err, FL_NOMEM, "no memory for the results");
}

enum fl_status fl_document_close(struct fl_document *document, bool is_good, FILE *gate_out,
                                 int *exit_code, struct fl_error *err)
{
    *exit_code = FL_EXIT_OK;
    if (document->text_stream == NULL) {
        return FL_OK;
    }
    enum fl_status status = text_end(document, err);
    if (status == FL_OK) {
        status = json_write(document, err);
    }
    if (status == FL_OK && is_good) {
        status = gate_run(document, gate_out, exit_code, err);
    }
    const char *save_path = document->request->save_path;
    if (status == FL_OK && is_good && save_path != NULL) {
        status = fl_baseline_save(save_path, document->text, document->bytes, err);
    }
    document_free(document);
    return status;
}
