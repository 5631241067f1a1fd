/*
 * What github-action-benchmark reads as `customSmallerIsBetter`: an array of name, unit, value
 * and, of timed figures, range (its README, "Examples").
 */
#include "form.h"

#include <stdlib.h>

#include <fl/emit.h>

static void entry_write(void *user, const json_t *trace, const json_t *target,
                        const struct fl_metric *metric, double value)
{
    struct fl_emit *emit = user;
    char name[1024], range[64];
    double least, most;
    snprintf(name, sizeof name, "%s / %s / %s", fl_form_text(trace, "trace"),
             fl_form_text(target, "allocator"), metric->name);
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "name", name);
    fl_emit_text(emit, "unit", metric->unit);
    fl_emit_double(emit, "value", value);
    if (metric->kind == FL_METRIC_TIMED && fl_metric_range(metric, target, &least, &most)) {
        snprintf(range, sizeof range, "%.2f", most - least);
        fl_emit_text(emit, "range", range);
    }
    fl_emit_close(emit);
}

bool fl_form_gab(FILE *out, const struct fl_form_input *input)
{
    struct fl_emit emit;
    fl_emit_start(&emit, out);
    fl_emit_array(&emit, NULL);
    fl_form_each(input->document, entry_write, &emit);
    fl_emit_close(&emit);
    return fl_emit_finish(&emit);
}
