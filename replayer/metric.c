/*
 * The one list of metrics. Exact ones are our own heaps' counters, which are equal in every run
 * and on every machine, so a gate on them has no false alarm; the others need a threshold.
 */
#include "metric.h"

#include <math.h>
#include <string.h>

static const struct fl_metric metrics[] = {
    {"visits", "count", FL_METRIC_EXACT, "counts", "visits_malloc", "visits_free", NULL,
     "free blocks looked at, all calls"},
    {"visits_malloc_max", "count", FL_METRIC_EXACT, "counts", "visits_malloc_max", NULL, NULL,
     "the same, the worst malloc or realloc"},
    {"visits_free_max", "count", FL_METRIC_EXACT, "counts", "visits_free_max", NULL, NULL,
     "the same, the worst free"},
    {"splits", "count", FL_METRIC_EXACT, "counts", "splits", NULL, NULL,
     "free blocks cut in two"},
    {"merges", "count", FL_METRIC_EXACT, "counts", "merges", NULL, NULL, "free blocks joined"},
    {"peak_free_blocks", "count", FL_METRIC_EXACT, "counts", "peak_free_blocks", NULL, NULL,
     "the longest free list"},
    {"peak_block_bytes", "B", FL_METRIC_EXACT, "counts", "peak_block_bytes", NULL, NULL,
     "payload, headers and rounding"},
    {"peak_footprint", "B", FL_METRIC_EXACT, "counts", "peak_footprint_bytes", NULL, NULL,
     "memory taken from the kernel"},
    {"mmap_calls", "count", FL_METRIC_EXACT, "counts", "mmap_calls", NULL, NULL,
     "that took memory from the kernel"},
    {"mmap_bytes", "B", FL_METRIC_EXACT, "counts", "mmap_bytes", NULL, NULL, "of them"},
    {"munmap_calls", "count", FL_METRIC_EXACT, "counts", "munmap_calls", NULL, NULL,
     "that gave it back"},
    {"madvise_calls", "count", FL_METRIC_EXACT, "counts", "madvise_calls", NULL, NULL,
     "that gave back pages of free blocks"},
    {"failed", "count", FL_METRIC_EXACT, "counts", "failed", NULL, NULL,
     "calls that returned NULL"},
    {"system_calls", "count", FL_METRIC_MEASURED, "memory", "calls", NULL, NULL,
     "that touch memory; foreign allocators too"},
    {"footprint", "B", FL_METRIC_MEASURED, "memory", "peak_footprint_bytes", NULL, NULL,
     "peak, seen from outside; foreign allocators too"},
    {"page_faults", "count", FL_METRIC_TIMED, "time", "page_faults", NULL, "page_faults_runs",
     "in the timed loop"},
    {"instructions", "count/op", FL_METRIC_TIMED, "time", "instructions_per_operation", NULL,
     "instructions_per_operation_runs",
     "without the driver's own, where the machine counts them"},
    {"net_ns", "ns/op", FL_METRIC_TIMED, "time", "net_ns_per_operation", NULL,
     "net_ns_per_operation_runs", "time without the driver's own"},
};

const char *fl_metric_kind_word(enum fl_metric_kind kind)
{
    static const char *const words[] = {[FL_METRIC_EXACT] = "exact",
                                        [FL_METRIC_MEASURED] = "measured",
                                        [FL_METRIC_TIMED] = "timed"};
    return words[kind];
}

struct fl_fmt fl_metric_text(double value)
{
    const bool is_whole = value == floor(value) && fabs(value) < 1e15;
    struct fl_fmt text;
    if (is_whole) {
        snprintf(text.text, sizeof text.text, "%s%.28s", value < 0 ? "-" : "",
                 fl_fmt_count((uint64_t)fabs(value)).text);
    } else {
        snprintf(text.text, sizeof text.text, fabs(value) < 1e15 ? "%.2f" : "%.6g", value);
    }
    return text;
}

size_t fl_metric_count(void)
{
    return sizeof metrics / sizeof metrics[0];
}

const struct fl_metric *fl_metric_at(size_t i)
{
    return &metrics[i];
}

const struct fl_metric *fl_metric_find(const char *name, size_t length)
{
    for (size_t i = 0; i < fl_metric_count(); i++) {
        if (strncmp(metrics[i].name, name, length) == 0 && metrics[i].name[length] == '\0') {
            return &metrics[i];
        }
    }
    return NULL;
}

bool fl_metric_value(const struct fl_metric *metric, const json_t *target, double *value)
{
    const json_t *object = json_object_get(target, metric->object);
    const json_t *figure = json_object_get(object, metric->key);
    if (!json_is_number(figure)) {
        return false;
    }
    *value = json_number_value(figure);
    if (metric->second_key != NULL) {
        *value += json_number_value(json_object_get(object, metric->second_key));
    }
    return true;
}

bool fl_metric_range(const struct fl_metric *metric, const json_t *target, double *least,
                     double *most)
{
    if (!fl_metric_value(metric, target, least)) {
        return false;
    }
    *most = *least;
    if (metric->runs_key == NULL) {
        return true;
    }
    const json_t *runs =
        json_object_get(json_object_get(target, metric->object), metric->runs_key);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const double value = json_number_value(json_array_get(runs, i));
        *least = value < *least ? value : *least;
        *most = value > *most ? value : *most;
    }
    return true;
}
