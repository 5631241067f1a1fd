/*
 * A trace cannot be recorded again, so it is not written over by a slip of the pen; and of two
 * forms that were written to one file only one would be left. What is compared is the file, not
 * its name, so that links and "./" make no difference. The files of --shrink have endings of
 * their own and are judged when their names are known (reproduction.c).
 */
#include "outputs.h"

#include <limits.h>
#include <string.h>

#include <fl/part_file.h>

#include "reproduction.h"

enum {
    OUTPUTS_MAX = FL_DOCUMENT_OUTPUTS_MAX + 2, /* forms, baseline, series */
};

struct output_list {
    const char *paths[OUTPUTS_MAX];
    size_t count;
};

/* Standard output is none of them. */
static void list_add(struct output_list *list, const char *path)
{
    if (path != NULL && strcmp(path, "-") != 0) {
        list->paths[list->count++] = path;
    }
}

static struct output_list list_make(const struct fl_request *request)
{
    struct output_list list = {.count = 0};
    for (size_t i = 0; i < request->document.output_count; i++) {
        list_add(&list, request->document.outputs[i].path);
    }
    list_add(&list, request->document.save_path);
    list_add(&list, request->series_path);
    return list;
}

/* Traces of one name in several folders, of which each may be shrunk. */
static enum fl_status shrunk_check(const struct fl_request *request, char *const *traces,
                                   size_t count, struct fl_error *err)
{
    char name[PATH_MAX], earlier[PATH_MAX];
    for (size_t i = 0; i < count; i++) {
        enum fl_status status =
            fl_reproduction_name(traces[i], request->shrunk_name, name, err);
        for (size_t j = 0; status == FL_OK && j < i; j++) {
            status = fl_reproduction_name(traces[j], request->shrunk_name, earlier, err);
            if (status == FL_OK && strcmp(name, earlier) == 0) {
                return fl_fail(
                    err, FL_USAGE,
                    "--shrink: %s and %s would both be written to %s.c; replay one at a time",
                    traces[j], traces[i], name);
            }
        }
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

enum fl_status fl_outputs_check(const struct fl_request *request, char *const *operands,
                                size_t operand_count, struct fl_error *err)
{
    const struct output_list list = list_make(request);
    for (size_t i = 0; i < list.count; i++) {
        for (size_t j = 0; j < operand_count; j++) {
            if (fl_part_is_same(list.paths[i], operands[j])) {
                return fl_fail(err, FL_USAGE, "%s would be written over %s, which is read",
                               list.paths[i], operands[j]);
            }
        }
        for (size_t j = 0; j < i; j++) {
            if (fl_part_is_same(list.paths[i], list.paths[j])) {
                return fl_fail(err, FL_USAGE, "%s would be written twice", list.paths[i]);
            }
        }
    }
    return request->wants_shrunk ? shrunk_check(request, operands, operand_count, err) : FL_OK;
}
