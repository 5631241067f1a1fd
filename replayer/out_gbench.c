/*
 * Google Benchmark's JSON (its user guide, "Output Formats"): a repetition per run, so that its
 * compare.py can test whether two differ, and the counts as user counters. An allocator that
 * was not timed is no benchmark and is left out.
 */
#include "form.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fl/emit.h>

static void context_write(struct fl_emit *emit)
{
    char date[40] = "", host[256] = "";
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", &parts);
    }
    gethostname(host, sizeof host - 1);
    fl_emit_object(emit, "context");
    fl_emit_text(emit, "date", date);
    fl_emit_text(emit, "host_name", host);
    fl_emit_text(emit, "executable", "flreplay");
    fl_emit_i64(emit, "num_cpus", sysconf(_SC_NPROCESSORS_ONLN));
    fl_emit_text(emit, "library_build_type", "release");
    fl_emit_close(emit);
}

static void counters_write(struct fl_emit *emit, const json_t *target)
{
    for (size_t i = 0; i < fl_metric_count(); i++) {
        const struct fl_metric *metric = fl_metric_at(i);
        double value;
        if (strcmp(metric->name, "net_ns") != 0 && fl_metric_value(metric, target, &value)) {
            fl_emit_double(emit, metric->name, value);
        }
    }
}

static void target_write(struct fl_emit *emit, const json_t *trace, const json_t *target)
{
    char name[1024];
    const json_t *runs =
        json_object_get(json_object_get(target, "time"), "net_ns_per_operation_runs");
    snprintf(name, sizeof name, "%s/%s", fl_form_text(trace, "trace"),
             fl_form_text(target, "allocator"));
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const double ns = json_number_value(json_array_get(runs, i));
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "name", name);
        fl_emit_text(emit, "run_name", name);
        fl_emit_text(emit, "run_type", "iteration");
        fl_emit_u64(emit, "repetitions", json_array_size(runs));
        fl_emit_u64(emit, "repetition_index", i);
        fl_emit_u64(emit, "threads", 1);
        fl_emit_i64(emit, "iterations",
                    json_integer_value(json_object_get(trace, "operations")));
        fl_emit_double(emit, "real_time", ns);
        fl_emit_double(emit, "cpu_time", ns);
        fl_emit_text(emit, "time_unit", "ns");
        counters_write(emit, target);
        fl_emit_close(emit);
    }
}

bool fl_form_gbench(FILE *out, const struct fl_form_input *input)
{
    struct fl_emit emit;
    const json_t *traces = json_object_get(input->document, "traces");
    fl_emit_start(&emit, out);
    fl_emit_object(&emit, NULL);
    context_write(&emit);
    fl_emit_array(&emit, "benchmarks");
    for (size_t i = 0; i < json_array_size(traces); i++) {
        const json_t *trace = json_array_get(traces, i);
        const json_t *targets = json_object_get(trace, "targets");
        for (size_t j = 0; j < json_array_size(targets); j++) {
            target_write(&emit, trace, json_array_get(targets, j));
        }
    }
    fl_emit_close(&emit);
    fl_emit_close(&emit);
    return fl_emit_finish(&emit);
}
