/*
 * Traces are matched by their calls (trace_hash), else by name, allocators by their labels.
 * Whether times differ is for the runs in the documents to say: the rank-sum test on them
 * (ranksum.h). What differs between two starts of flreplay, on the same machine even, is in no
 * run, so a small difference beyond the noise of the runs may still be one of the moment.
 *
 * Traces, allocators and means are found through indexes, so a document of any shape costs its
 * size.
 */
#include "comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "form.h"
#include "ranksum.h"
#include "result.h"

/* Room for one more element; the array as it is when there is no memory. */
static void *array_grow(struct fl_comparison *comparison, void *array, size_t count,
                        size_t bytes)
{
    if ((count & (count + 1)) != 0 && count != 0) {
        return array; /* grown to the next power of two before */
    }
    void *grown = reallocarray(array, 2 * count + 1, bytes);
    comparison->is_out_of_memory |= grown == NULL;
    return grown != NULL ? grown : array; /* cppcheck-suppress memleak ; the caller has it */
}

/* The elements of an array by the text that they have under `key`, the first of each; those
 * without one are left out. Owned by the caller; NULL when out of memory. */
static json_t *index_make(const json_t *array, const char *key)
{
    json_t *index = json_object();
    for (size_t i = 0; index != NULL && i < json_array_size(array); i++) {
        json_t *element = json_array_get(array, i);
        const char *text = fl_form_text(element, key);
        if (*text != '\0' && json_object_get(index, text) == NULL &&
            json_object_set(index, text, element) != 0) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

static const json_t *index_find(const json_t *index, const json_t *element, const char *key)
{
    return json_object_get(index, fl_form_text(element, key));
}

/* ---- what is not the same ---- */

static void difference_add(struct fl_comparison *comparison,
                           const struct fl_comparison_difference *difference)
{
    if (fl_baseline_is_same(difference->value[FL_BEFORE], difference->value[FL_AFTER])) {
        return;
    }
    comparison->differences =
        array_grow(comparison, comparison->differences, comparison->difference_count,
                   sizeof *comparison->differences);
    if (!comparison->is_out_of_memory) {
        comparison->differences[comparison->difference_count++] = *difference;
    }
}

/* One key of the objects that both have of something. */
static void key_compare(struct fl_comparison *comparison, struct fl_comparison_difference what,
                        const json_t *before, const json_t *after, const char *key)
{
    what.key = key;
    what.value[FL_BEFORE] = json_object_get(before, key);
    what.value[FL_AFTER] = json_object_get(after, key);
    difference_add(comparison, &what);
}

/* All keys of a group, those that only one of them has behind the others. */
static void group_compare(struct fl_comparison *comparison, const char *group,
                          const json_t *before, const json_t *after)
{
    const struct fl_comparison_difference what = {.trace = "", .allocator = "", .group = group};
    json_t *old = json_object_get(before, group), *now = json_object_get(after, group);
    const char *key;
    json_t *value;
    json_object_foreach(now, key, value)
    {
        key_compare(comparison, what, old, now, key);
    }
    json_object_foreach(old, key, value)
    {
        if (json_object_get(now, key) == NULL) {
            key_compare(comparison, what, old, now, key);
        }
    }
}

static void lone_add(struct fl_comparison *comparison, const char *trace, const char *allocator,
                     enum fl_comparison_age age)
{
    comparison->lone = array_grow(comparison, comparison->lone, comparison->lone_count,
                                  sizeof *comparison->lone);
    if (!comparison->is_out_of_memory) {
        comparison->lone[comparison->lone_count++] =
            (struct fl_comparison_lone){trace, allocator, age};
    }
}

/* ---- rows ---- */

/* The runs of a timed metric, FL_RUNS_MAX of them at most. */
static size_t runs_read(const struct fl_metric *metric, const json_t *target, double *runs)
{
    const json_t *array =
        json_object_get(json_object_get(target, metric->object), metric->runs_key);
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(array) && count < FL_RUNS_MAX; i++) {
        const json_t *run = json_array_get(array, i);
        if (json_is_number(run)) {
            runs[count++] = json_number_value(run);
        }
    }
    return count;
}

static void side_read(const struct fl_metric *metric, const json_t *target,
                      struct fl_comparison_side *side)
{
    side->is_told = fl_metric_value(metric, target, &side->value) &&
                    fl_metric_range(metric, target, &side->least, &side->most);
}

/* Nothing but one figure in all runs of both. */
static bool is_one_figure(const struct fl_comparison_side *before,
                          const struct fl_comparison_side *after)
{
    return before->value == after->value && before->least == after->least &&
           before->most == after->most && before->least == before->most;
}

static void timed_judge(struct fl_comparison *comparison, struct fl_comparison_row *row,
                        const json_t *before, const json_t *after)
{
    double old[FL_RUNS_MAX], now[FL_RUNS_MAX];
    const size_t old_count = runs_read(row->metric, before, old);
    const size_t now_count = runs_read(row->metric, after, now);
    row->side[FL_BEFORE].run_count = old_count;
    row->side[FL_AFTER].run_count = now_count;
    if (is_one_figure(&row->side[FL_BEFORE], &row->side[FL_AFTER])) {
        row->verdict = FL_ROW_SAME;
    } else if (!fl_ranksum_can_tell(old_count, now_count)) {
        row->verdict = FL_ROW_TOO_FEW;
    } else {
        row->p = fl_ranksum_p(old, old_count, now, now_count);
        comparison->is_out_of_memory |= row->p < 0;
        row->verdict = row->p < FL_RANKSUM_ALPHA ? FL_ROW_BEYOND : FL_ROW_WITHIN;
    }
}

static void row_judge(struct fl_comparison *comparison, struct fl_comparison_row *row,
                      const json_t *before, const json_t *after)
{
    if (row->side[FL_BEFORE].is_told != row->side[FL_AFTER].is_told) {
        row->verdict = FL_ROW_ONE_SIDE;
    } else if (row->metric->kind == FL_METRIC_TIMED) {
        timed_judge(comparison, row, before, after);
    } else {
        row->verdict = row->side[FL_BEFORE].value == row->side[FL_AFTER].value ? FL_ROW_SAME
                                                                               : FL_ROW_DIFFERS;
    }
}

/* The mean that the row counts for; a new one is empty. NULL when out of memory. */
static struct fl_comparison_mean *mean_of(struct fl_comparison *comparison,
                                          const struct fl_comparison_row *row)
{
    char *key = NULL;
    if (asprintf(&key, "%s %s", row->metric->name, row->allocator) < 0) {
        return NULL;
    }
    const json_t *known = json_object_get(comparison->mean_index, key);
    size_t i = known != NULL ? (size_t)json_integer_value(known) : comparison->mean_count;
    if (known == NULL) {
        comparison->means = array_grow(comparison, comparison->means, comparison->mean_count,
                                       sizeof *comparison->means);
        if (comparison->is_out_of_memory ||
            json_object_set_new(comparison->mean_index, key, json_integer((json_int_t)i)) !=
                0) {
            free(key);
            return NULL;
        }
        comparison->means[comparison->mean_count++] =
            (struct fl_comparison_mean){.allocator = row->allocator, .metric = row->metric};
    }
    free(key);
    return &comparison->means[i];
}

static void mean_add(struct fl_comparison *comparison, const struct fl_comparison_row *row)
{
    const double before = row->side[FL_BEFORE].value, after = row->side[FL_AFTER].value;
    if (!row->is_same_trace || row->verdict == FL_ROW_ONE_SIDE || before <= 0 || after <= 0) {
        return;
    }
    struct fl_comparison_mean *mean = mean_of(comparison, row);
    if (mean == NULL) {
        comparison->is_out_of_memory = true;
        return;
    }
    mean->trace_count++;
    mean->log_ratio += log(after / before);
    mean->differs |= row->verdict != FL_ROW_SAME;
}

static void row_add(struct fl_comparison *comparison, struct fl_comparison_row row,
                    const json_t *before, const json_t *after)
{
    side_read(row.metric, before, &row.side[FL_BEFORE]);
    side_read(row.metric, after, &row.side[FL_AFTER]);
    if (!row.side[FL_BEFORE].is_told && !row.side[FL_AFTER].is_told) {
        return;
    }
    row_judge(comparison, &row, before, after);
    comparison->rows = array_grow(comparison, comparison->rows, comparison->row_count,
                                  sizeof *comparison->rows);
    if (!comparison->is_out_of_memory) {
        comparison->rows[comparison->row_count++] = row;
        mean_add(comparison, &row);
    }
}

/* ---- traces and allocators ---- */

static void target_compare(struct fl_comparison *comparison, const json_t *trace,
                           bool is_same_trace, const json_t *before, const json_t *after)
{
    struct fl_comparison_row row = {.trace = fl_form_text(trace, "trace"),
                                    .allocator = fl_form_text(after, "allocator"),
                                    .is_same_trace = is_same_trace};
    const struct fl_comparison_difference what = {
        .trace = row.trace, .allocator = row.allocator, .group = ""};
    key_compare(comparison, what, before, after, "check");
    for (size_t i = 0; i < fl_metric_count(); i++) {
        row.metric = fl_metric_at(i);
        row_add(comparison, row, before, after);
    }
}

/* The allocators of a trace. */
static void targets_compare(struct fl_comparison *comparison, const json_t *before,
                            const json_t *after)
{
    const char *name = fl_form_text(after, "trace"), *hash = fl_form_text(after, "trace_hash");
    const bool is_same_trace =
        *hash != '\0' && strcmp(fl_form_text(before, "trace_hash"), hash) == 0;
    const json_t *old = json_object_get(before, "targets");
    const json_t *now = json_object_get(after, "targets");
    json_t *old_index = index_make(old, "allocator"), *now_index = index_make(now, "allocator");
    comparison->is_out_of_memory |= old_index == NULL || now_index == NULL;
    for (size_t i = 0; i < json_array_size(now); i++) {
        const json_t *target = json_array_get(now, i);
        const json_t *match = index_find(old_index, target, "allocator");
        if (match == NULL) {
            lone_add(comparison, name, fl_form_text(target, "allocator"), FL_AFTER);
        } else {
            target_compare(comparison, after, is_same_trace, match, target);
        }
    }
    for (size_t i = 0; i < json_array_size(old); i++) {
        const json_t *target = json_array_get(old, i);
        if (index_find(now_index, target, "allocator") == NULL) {
            lone_add(comparison, name, fl_form_text(target, "allocator"), FL_BEFORE);
        }
    }
    json_decref(old_index);
    json_decref(now_index);
}

static void trace_compare(struct fl_comparison *comparison, const json_t *before,
                          const json_t *after)
{
    const struct fl_comparison_difference what = {
        .trace = fl_form_text(after, "trace"), .allocator = "", .group = ""};
    key_compare(comparison, what, before, after, "trace_hash");
    key_compare(comparison, what, before, after, "events");
    key_compare(comparison, what, before, after, "status");
    targets_compare(comparison, before, after);
}

/* The traces of a document, by their calls and by their names. */
struct traces {
    const json_t *array;
    json_t *by_hash, *by_name;
};

static bool traces_index(struct traces *traces, const json_t *document)
{
    traces->array = json_object_get(document, "traces");
    traces->by_hash = index_make(traces->array, "trace_hash");
    traces->by_name = index_make(traces->array, "trace");
    return traces->by_hash != NULL && traces->by_name != NULL;
}

/* The one of `there` that `trace`, which is one of `here`, is compared with: that of the same
 * calls, else that of the same name, when no other of `here` has its calls. NULL: none. */
static const json_t *trace_match(const struct traces *there, const struct traces *here,
                                 const json_t *trace)
{
    const json_t *same = index_find(there->by_hash, trace, "trace_hash");
    const json_t *named = index_find(there->by_name, trace, "trace");
    if (same != NULL) {
        return same;
    }
    return named != NULL && index_find(here->by_hash, named, "trace_hash") == NULL ? named
                                                                                   : NULL;
}

static void traces_compare(struct fl_comparison *comparison, const struct traces *before,
                           const struct traces *after)
{
    for (size_t i = 0; i < json_array_size(after->array); i++) {
        const json_t *trace = json_array_get(after->array, i);
        const json_t *old = trace_match(before, after, trace);
        if (old == NULL) {
            lone_add(comparison, fl_form_text(trace, "trace"), "", FL_AFTER);
        } else {
            trace_compare(comparison, old, trace);
        }
    }
    for (size_t i = 0; i < json_array_size(before->array); i++) {
        const json_t *trace = json_array_get(before->array, i);
        if (trace_match(after, before, trace) == NULL) {
            lone_add(comparison, fl_form_text(trace, "trace"), "", FL_BEFORE);
        }
    }
}

/* Only of several traces is there a mean. */
static void means_keep(struct fl_comparison *comparison)
{
    size_t kept = 0;
    for (size_t i = 0; i < comparison->mean_count; i++) {
        if (comparison->means[i].trace_count > 1) {
            comparison->means[kept++] = comparison->means[i];
        }
    }
    comparison->mean_count = kept;
}

enum fl_status fl_comparison_make(const json_t *before, const json_t *after,
                                  struct fl_comparison *out, struct fl_error *err)
{
    const struct fl_comparison_difference what = {.trace = "", .allocator = "", .group = ""};
    struct traces old, now;
    *out = (struct fl_comparison){.mean_index = json_object()};
    const bool has_old = traces_index(&old, before), has_now = traces_index(&now, after);
    out->is_out_of_memory = out->mean_index == NULL || !has_old || !has_now;
    if (!out->is_out_of_memory) {
        key_compare(out, what, before, after, "version");
        group_compare(out, "settings", before, after);
        group_compare(out, "machine", before, after);
        traces_compare(out, &old, &now);
        means_keep(out);
    }
    json_decref(old.by_hash);
    json_decref(old.by_name);
    json_decref(now.by_hash);
    json_decref(now.by_name);
    if (out->is_out_of_memory) {
        fl_comparison_free(out);
        return fl_fail(err, FL_NOMEM, "no memory for the comparison");
    }
    return FL_OK;
}

void fl_comparison_free(struct fl_comparison *comparison)
{
    free(comparison->differences);
    free(comparison->lone);
    free(comparison->rows);
    free(comparison->means);
    json_decref(comparison->mean_index);
    *comparison = (struct fl_comparison){0};
}

bool fl_comparison_percent(const struct fl_comparison_row *row, double *percent)
{
    const double before = row->side[FL_BEFORE].value, after = row->side[FL_AFTER].value;
    if (row->verdict == FL_ROW_ONE_SIDE || before == 0) {
        return false;
    }
    *percent = 100 * (after - before) / before;
    return true;
}

double fl_comparison_ratio(const struct fl_comparison_mean *mean)
{
    return exp(mean->log_ratio / (double)mean->trace_count);
}

const char *fl_comparison_word(enum fl_comparison_verdict verdict)
{
    static const char *const words[] = {
        [FL_ROW_SAME] = "same",
        [FL_ROW_DIFFERS] = "changed",
        [FL_ROW_BEYOND] = "beyond the noise",
        [FL_ROW_WITHIN] = "within the noise",
        [FL_ROW_TOO_FEW] = "too few runs to say",
        [FL_ROW_ONE_SIDE] = "told by one file only",
    };
    return words[verdict];
}
