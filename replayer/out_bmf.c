/*
 * Bencher Metric Format: benchmark, measure, and value with the bounds of its runs
 * (bencher.dev, "Bencher Metric Format").
 */
#include "form.h"

#include <fl/emit.h>

/* The benchmark whose object is open. */
struct state {
    struct fl_emit emit;
    const json_t *target;
};

static void measure_write(void *user, const json_t *trace, const json_t *target,
                          const struct fl_metric *metric, double value)
{
    struct state *state = user;
    double least, most;
    if (state->target != target) {
        char name[1024];
        snprintf(name, sizeof name, "%s / %s", fl_form_text(trace, "trace"),
                 fl_form_text(target, "allocator"));
        if (state->target != NULL) {
            fl_emit_close(&state->emit);
        }
        fl_emit_object(&state->emit, name);
        state->target = target;
    }
    fl_emit_object(&state->emit, metric->name);
    fl_emit_double(&state->emit, "value", value);
    if (metric->kind == FL_METRIC_TIMED && fl_metric_range(metric, target, &least, &most)) {
        fl_emit_double(&state->emit, "lower_value", least);
        fl_emit_double(&state->emit, "upper_value", most);
    }
    fl_emit_close(&state->emit);
}

bool fl_form_bmf(FILE *out, const struct fl_form_input *input)
{
    struct state state = {.target = NULL};
    fl_emit_start(&state.emit, out);
    fl_emit_object(&state.emit, NULL);
    fl_form_each(input->document, measure_write, &state);
    if (state.target != NULL) {
        fl_emit_close(&state.emit);
    }
    fl_emit_close(&state.emit);
    return fl_emit_finish(&state.emit);
}
