/*
 * Nothing is replayed here: the figures are those of the files. The forms are those of a run
 * that a comparison can be written in.
 */
#include "diff.h"

#include <errno.h>
#include <string.h>

#include <fl/part_file.h>

#include "baseline.h"
#include "out_comparison.h"
#include "outputs.h"

static fl_comparison_writer *writer_find(const char *name)
{
    static const struct {
        const char *name;
        fl_comparison_writer *write;
    } forms[] = {
        {"json", fl_out_comparison_json},
        {"csv", fl_out_comparison_csv},
        {"md", fl_out_comparison_md},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].name, name) == 0) {
            return forms[i].write;
        }
    }
    return NULL;
}

static enum fl_status request_check(const struct fl_request *request, size_t path_count,
                                    struct fl_error *err)
{
    const struct fl_document_request *document = &request->document;
    if (path_count != 2) {
        return fl_fail(err, FL_USAGE,
                       "--diff compares two files of results, the old one first; %zu are given",
                       path_count);
    }
    if (request->has_targets || document->baseline_path != NULL ||
        document->save_path != NULL || document->gate.count > 0 ||
        request->series_path != NULL || request->wants_shrunk ||
        fl_lesson_is_wanted(&request->lesson)) {
        return fl_fail(err, FL_USAGE,
                       "--diff replays nothing: of the other options it takes --json, --format "
                       "and --color");
    }
    for (size_t i = 0; i < document->output_count; i++) {
        const char *name = document->outputs[i].form->name;
        if (writer_find(name) == NULL) {
            return fl_fail(err, FL_USAGE, "--diff has no form %s: json, csv and md it has",
                           name);
        }
    }
    return FL_OK;
}

static enum fl_status output_write(const struct fl_document_output *output,
                                   const struct fl_comparison_view *view, struct fl_error *err)
{
    struct fl_part_file file;
    const enum fl_status status = fl_part_open(&file, output->path, err);
    if (status != FL_OK) {
        return status;
    }
    if (!writer_find(output->form->name)(file.out, view)) {
        const int saved_errno = errno;
        fl_part_drop(&file);
        return fl_fail_os(err, FL_IO, saved_errno, "the comparison cannot be written");
    }
    return fl_part_close(&file, err);
}

static enum fl_status view_write(const struct fl_request *request,
                                 const struct fl_comparison_view *view, struct fl_error *err)
{
    const struct fl_document_request *document = &request->document;
    if (!fl_document_takes_stdout(document) && !fl_out_comparison_table(stdout, view)) {
        return fl_fail_os(err, FL_IO, errno, "the comparison cannot be written");
    }
    for (size_t i = 0; i < document->output_count; i++) {
        const enum fl_status status = output_write(&document->outputs[i], view, err);
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

enum fl_status fl_diff_give(const struct fl_request *request, char *const *paths,
                            size_t path_count, struct fl_error *err)
{
    json_t *document[FL_COMPARISON_AGES] = {NULL, NULL};
    struct fl_comparison comparison = {0};
    enum fl_status status = request_check(request, path_count, err);
    if (status == FL_OK) {
        status = fl_outputs_check(request, paths, path_count, err);
    }
    for (int age = FL_BEFORE; status == FL_OK && age < FL_COMPARISON_AGES; age++) {
        status = fl_baseline_read(paths[age], &document[age], err);
    }
    if (status == FL_OK) {
        status = fl_comparison_make(document[FL_BEFORE], document[FL_AFTER], &comparison, err);
    }
    if (status == FL_OK) {
        const struct fl_comparison_view view = {.comparison = &comparison,
                                                .path = {paths[FL_BEFORE], paths[FL_AFTER]},
                                                .is_all = request->wants_same};
        status = view_write(request, &view, err);
    }
    fl_comparison_free(&comparison);
    json_decref(document[FL_BEFORE]);
    json_decref(document[FL_AFTER]);
    return status;
}
