/*
 * Comma-separated values (RFC 4180): one line per trace, allocator and figure, with the range
 * of its runs, so that a column never changes its meaning when a metric is added.
 */
#include "form.h"

#include <string.h>

#include "out.h"

void fl_csv_field(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void line_write(void *user, const json_t *trace, const json_t *target,
                       const struct fl_metric *metric, double value)
{
    FILE *out = user;
    double least = value, most = value;
    (void)fl_metric_range(metric, target, &least, &most);
    fl_csv_field(out, fl_form_text(trace, "trace"));
    fputc(',', out);
    fl_csv_field(out, fl_form_text(target, "allocator"));
    fprintf(out, ",%s,%s,%.17g,%.17g,%.17g\r\n", metric->name, metric->unit, value, least,
            most);
}

bool fl_form_csv(FILE *out, const struct fl_form_input *input)
{
    fputs("trace,allocator,metric,unit,value,least,most\r\n", out);
    fl_form_each(input->document, line_write, out);
    return ferror(out) == 0;
}
