/*
 * JUnit XML, as CI servers read it: a suite per trace; a test for the trace itself, one per
 * allocator for its answers, and one for its gate when there was one.
 */
#include "form.h"

#include <string.h>

/* Attribute or text; what XML 1.0 cannot hold becomes '?'. */
static void xml_write(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < 0x20 && *text != '\n' ? '?' : *text, out);
        }
    }
}

static void case_begin(FILE *out, const char *trace, const char *what, const char *name)
{
    fputs("    <testcase classname=\"", out);
    xml_write(out, trace);
    fputs("\" name=\"", out);
    xml_write(out, what);
    xml_write(out, name);
    fputs("\" time=\"0\">", out);
}

static void case_end(FILE *out)
{
    fputs("</testcase>\n", out);
}

static void element_write(FILE *out, const char *element, const char *message)
{
    fprintf(out, "<%s message=\"", element);
    xml_write(out, message);
    fputs("\"/>", out);
}

static bool is_wrong(const json_t *target)
{
    return strcmp(fl_form_text(target, "check"), "wrong") == 0;
}

static bool is_damaged(const json_t *trace)
{
    return strcmp(fl_form_text(trace, "status"), "ok") != 0;
}

/* Figures of this allocator and trace that failed the gate. */
static size_t failures_count(const struct fl_gate_verdict *verdict, const char *trace,
                             const char *allocator)
{
    size_t count = 0;
    for (size_t i = 0; verdict != NULL && i < verdict->move_count; i++) {
        const struct fl_gate_move *move = &verdict->moves[i];
        count += move->rule != NULL && move->rule->level == FL_GATE_FAIL &&
                 strcmp(move->trace, trace) == 0 && strcmp(move->allocator, allocator) == 0;
    }
    return count;
}

static void gate_write(FILE *out, const struct fl_gate_verdict *verdict, const char *trace,
                       const char *allocator)
{
    case_begin(out, trace, "gate: ", allocator);
    if (failures_count(verdict, trace, allocator) > 0) {
        fputs("<failure message=\"beyond its limit\">", out);
        for (size_t i = 0; i < verdict->move_count; i++) {
            const struct fl_gate_move *move = &verdict->moves[i];
            if (strcmp(move->trace, trace) == 0 && strcmp(move->allocator, allocator) == 0) {
                fprintf(out, "%s: %.17g -&gt; %.17g%s\n", move->metric->name, move->before,
                        move->now, move->rule != NULL ? ", beyond its limit" : "");
            }
        }
        fputs("</failure>", out);
    }
    case_end(out);
}

static void target_write(FILE *out, const struct fl_form_input *input, const char *trace,
                         const json_t *target)
{
    const char *allocator = fl_form_text(target, "allocator");
    case_begin(out, trace, "every answer: ", allocator);
    if (is_wrong(target)) {
        element_write(out, "failure", fl_form_text(json_object_get(target, "finding"), "text"));
    } else if (strcmp(fl_form_text(target, "check"), "unchecked") == 0) {
        fputs("<skipped/>", out);
    }
    case_end(out);
    if (input->verdict != NULL) {
        gate_write(out, input->verdict, trace, allocator);
    }
}

static void suite_write(FILE *out, const struct fl_form_input *input, const json_t *trace)
{
    const char *name = fl_form_text(trace, "trace");
    const json_t *targets = json_object_get(trace, "targets");
    const size_t count = json_array_size(targets);
    size_t failures = 0, skipped = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *target = json_array_get(targets, i);
        failures += is_wrong(target);
        failures += failures_count(input->verdict, name, fl_form_text(target, "allocator")) > 0;
        skipped += strcmp(fl_form_text(target, "check"), "unchecked") == 0;
    }
    fputs("  <testsuite name=\"", out);
    xml_write(out, name);
    fprintf(out,
            "\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"0\">\n",
            1 + count * (input->verdict != NULL ? 2 : 1), failures, is_damaged(trace), skipped);
    case_begin(out, name, "the trace", "");
    if (is_damaged(trace)) {
        element_write(out, "error", fl_form_text(trace, "status"));
    }
    case_end(out);
    for (size_t i = 0; i < count; i++) {
        target_write(out, input, name, json_array_get(targets, i));
    }
    fputs("  </testsuite>\n", out);
}

bool fl_form_junit(FILE *out, const struct fl_form_input *input)
{
    const json_t *traces = json_object_get(input->document, "traces");
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"flreplay\">\n", out);
    for (size_t i = 0; i < json_array_size(traces); i++) {
        suite_write(out, input, json_array_get(traces, i));
    }
    fputs("</testsuites>\n", out);
    return ferror(out) == 0;
}
