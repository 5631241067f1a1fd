/*
 * The list of forms, and what they share: a walk over every figure of a document.
 */
#include "form.h"

#include <string.h>

static bool json_write(FILE *out, const struct fl_form_input *input)
{
    return fwrite(input->text, 1, input->bytes, out) == input->bytes;
}

static const struct fl_form forms[] = {
    {"json", "everything; schema in replayer/RESULTS.md", json_write, true},
    {"csv", "one line per figure", fl_form_csv, false},
    {"md", "Markdown tables, as for a GitHub step summary", fl_form_md, false},
    {"junit", "JUnit XML: a test per allocator, one for its gate", fl_form_junit, false},
    {"gab", "github-action-benchmark, tool customSmallerIsBetter", fl_form_gab, false},
    {"bmf", "Bencher Metric Format", fl_form_bmf, false},
    {"gbench", "Google Benchmark JSON: times by run, counts as counters", fl_form_gbench,
     false},
};

const struct fl_form *fl_form_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strncmp(forms[i].name, name, length) == 0 && forms[i].name[length] == '\0') {
            return &forms[i];
        }
    }
    return NULL;
}

void fl_form_help(FILE *out)
{
    fputs("--format=FORM[:FILE]; without FILE to standard output, in place of the tables\n\n",
          out);
    fprintf(out, "%-8s %s\n", "table", "tables for people; the default");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        fprintf(out, "%-8s %s\n", forms[i].name, forms[i].summary);
    }
}

const char *fl_form_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static void target_each(const json_t *trace, const json_t *target, fl_form_visitor *visit,
                        void *user)
{
    for (size_t i = 0; i < fl_metric_count(); i++) {
        double value;
        if (fl_metric_value(fl_metric_at(i), target, &value)) {
            visit(user, trace, target, fl_metric_at(i), value);
        }
    }
}

void fl_form_each(const json_t *document, fl_form_visitor *visit, void *user)
{
    const json_t *traces = json_object_get(document, "traces");
    for (size_t i = 0; i < json_array_size(traces); i++) {
        const json_t *trace = json_array_get(traces, i);
        const json_t *targets = json_object_get(trace, "targets");
        for (size_t j = 0; j < json_array_size(targets); j++) {
            target_each(trace, json_array_get(targets, j), visit, user);
        }
    }
}
