/*
 * Markdown (GitHub's tables): a table per trace, and what the gate said below. The columns are
 * what a reader of a summary asks first; everything is in the JSON.
 */
#include "form.h"

#include <math.h>
#include <string.h>

#include <fl/fmt.h>

#include "out.h"

static const char *const columns[] = {"net_ns", "footprint", "visits", "splits", "merges"};
#define COLUMN_COUNT (sizeof columns / sizeof columns[0])

/* Text from a file or a command line stays text. */
void fl_md_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|\\`*_<>[]", *text) != NULL) {
            fputc('\\', out);
        }
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
    }
}

static bool figure_find(const json_t *target, const char *name, double *value)
{
    const struct fl_metric *metric = fl_metric_find(name, strlen(name));
    if (fl_metric_value(metric, target, value)) {
        return true;
    }
    /* Our own heaps count their footprint themselves. */
    metric = fl_metric_find("peak_footprint", strlen("peak_footprint"));
    return strcmp(name, "footprint") == 0 && fl_metric_value(metric, target, value);
}

static void cell_write(FILE *out, const json_t *target, const char *name)
{
    double value;
    if (!figure_find(target, name, &value)) {
        fputs(" - |", out);
    } else if (strcmp(name, "net_ns") == 0) {
        fprintf(out, " %.1f |", value);
    } else if (strcmp(name, "footprint") == 0) {
        fprintf(out, " %s |", fl_fmt_bytes((uint64_t)value).text);
    } else {
        fprintf(out, " %s |", fl_fmt_count((uint64_t)value).text);
    }
}

static void trace_write(FILE *out, const json_t *trace)
{
    fputs("### ", out);
    fl_md_text(out, fl_form_text(trace, "trace"));
    fprintf(out, "\n\n%s events, %s\n\n| allocator | check |",
            fl_fmt_count((uint64_t)json_integer_value(json_object_get(trace, "events"))).text,
            fl_form_text(trace, "status"));
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const struct fl_metric *metric = fl_metric_find(columns[i], strlen(columns[i]));
        fprintf(out, " %s |", metric->kind == FL_METRIC_TIMED ? "net ns/op" : metric->name);
    }
    fputs("\n|---|---|", out);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        fputs("--:|", out);
    }
    fputc('\n', out);
    const json_t *targets = json_object_get(trace, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        fputs("| ", out);
        fl_md_text(out, fl_form_text(target, "allocator"));
        fprintf(out, " | %s |", fl_form_text(target, "check"));
        for (size_t j = 0; j < COLUMN_COUNT; j++) {
            cell_write(out, target, columns[j]);
        }
        fputc('\n', out);
    }
    fputc('\n', out);
}

bool fl_form_md(FILE *out, const struct fl_form_input *input)
{
    const json_t *traces = json_object_get(input->document, "traces");
    for (size_t i = 0; i < json_array_size(traces); i++) {
        trace_write(out, json_array_get(traces, i));
    }
    if (input->verdict != NULL) {
        fputs("```\n", out);
        fl_gate_print(out, input->verdict);
        fputs("```\n", out);
    }
    return ferror(out) == 0;
}
