/*
 * Two documents of results: what is matched with what, what each figure comes to, and what
 * stands in the way.
 */
#include <fl_test.h>

#include <math.h>

#include "baseline.h"
#include "comparison.h"

static json_t *parse(const char *text)
{
    json_t *document = NULL;
    struct fl_error err;
    assert_int_equal(fl_baseline_parse(text, strlen(text), &document, &err), FL_OK);
    return document;
}

/* Both, and the comparison that points into them. */
struct both {
    json_t *before, *after;
    struct fl_comparison comparison;
};

static void both_make(struct both *both, const char *before, const char *after)
{
    both->before = parse(before);
    both->after = parse(after);
    assert_int_equal(fl_comparison_make(both->before, both->after, &both->comparison, NULL),
                     FL_OK);
}

static void both_clear(struct both *both)
{
    fl_comparison_free(&both->comparison);
    json_decref(both->before);
    json_decref(both->after);
}

#define DOCUMENT(traces) "{\"schema\": 1, \"version\": \"1\", \"traces\": [" traces "]}"
#define TRACE(name, hash, targets)                                                             \
    "{\"trace\": \"" name "\", \"trace_hash\": \"" hash "\", \"targets\": [" targets "]}"
#define TARGET(name, splits)                                                                   \
    "{\"allocator\": \"" name "\", \"check\": \"passed\", \"counts\": {\"splits\": " splits "}}"
#define TIMED(median, runs)                                                                    \
    "{\"allocator\": \"a\", \"check\": \"passed\", \"time\": "                                 \
    "{\"net_ns_per_operation\": " median ", \"net_ns_per_operation_runs\": [" runs "]}}"

static void row_is(const struct fl_comparison_row *row, const char *trace,
                   const char *allocator, const char *metric,
                   enum fl_comparison_verdict verdict)
{
    assert_string_equal(row->trace, trace);
    assert_string_equal(row->allocator, allocator);
    assert_string_equal(row->metric->name, metric);
    assert_int_equal(row->verdict, verdict);
}

/* ---- matching ---- */

static void traces_are_matched_by_their_calls_then_by_name(void **state)
{
    struct both both;
    (void)state;
    both_make(&both,
              DOCUMENT(TRACE("a", "1", TARGET("x", "1")) "," TRACE(
                  "b", "2", TARGET("x", "2")) "," TRACE("gone", "3", TARGET("x", "3"))),
              DOCUMENT(TRACE("moved", "1", TARGET("x", "1")) "," TRACE(
                  "b", "9", TARGET("x", "5")) "," TRACE("come", "8", TARGET("x", "3"))));
    const struct fl_comparison *comparison = &both.comparison;
    assert_int_equal(comparison->row_count, 2);
    row_is(&comparison->rows[0], "moved", "x", "splits", FL_ROW_SAME);
    assert_true(comparison->rows[0].is_same_trace);
    row_is(&comparison->rows[1], "b", "x", "splits", FL_ROW_DIFFERS);
    assert_false(comparison->rows[1].is_same_trace);
    assert_int_equal(comparison->lone_count, 2);
    assert_string_equal(comparison->lone[0].trace, "come");
    assert_int_equal(comparison->lone[0].age, FL_AFTER);
    assert_string_equal(comparison->lone[1].trace, "gone");
    assert_int_equal(comparison->lone[1].age, FL_BEFORE);
    assert_int_equal(comparison->difference_count, 1);
    assert_string_equal(comparison->differences[0].key, "trace_hash");
    both_clear(&both);
}

/* A name does not take away the trace whose calls another one has. */
static void calls_weigh_more_than_names(void **state)
{
    struct both both;
    (void)state;
    both_make(
        &both,
        DOCUMENT(TRACE("a", "1", TARGET("x", "1")) "," TRACE("b", "2", TARGET("x", "2"))),
        DOCUMENT(TRACE("b", "1", TARGET("x", "1")) "," TRACE("a", "2", TARGET("x", "2"))));
    assert_int_equal(both.comparison.row_count, 2);
    row_is(&both.comparison.rows[0], "b", "x", "splits", FL_ROW_SAME);
    row_is(&both.comparison.rows[1], "a", "x", "splits", FL_ROW_SAME);
    assert_int_equal(both.comparison.lone_count, 0);
    both_clear(&both);
    both_make(
        &both, DOCUMENT(TRACE("a", "1", TARGET("x", "1"))),
        DOCUMENT(TRACE("b", "1", TARGET("x", "1")) "," TRACE("a", "2", TARGET("x", "2"))));
    assert_int_equal(both.comparison.row_count, 1);
    assert_int_equal(both.comparison.lone_count, 1);
    assert_string_equal(both.comparison.lone[0].trace, "a");
    both_clear(&both);
}

static void allocators_are_matched_by_label(void **state)
{
    struct both both;
    (void)state;
    both_make(&both, DOCUMENT(TRACE("t", "1", TARGET("x", "1") "," TARGET("x,fit=best", "2"))),
              DOCUMENT(TRACE("t", "1", TARGET("y", "7") "," TARGET("x,fit=best", "3"))));
    assert_int_equal(both.comparison.row_count, 1);
    row_is(&both.comparison.rows[0], "t", "x,fit=best", "splits", FL_ROW_DIFFERS);
    assert_int_equal(both.comparison.lone_count, 2);
    assert_string_equal(both.comparison.lone[0].allocator, "y");
    assert_string_equal(both.comparison.lone[1].allocator, "x");
    both_clear(&both);
}

/* ---- figures ---- */

static enum fl_comparison_verdict timed(const char *before, const char *after)
{
    struct both both;
    both_make(&both, before, after);
    assert_int_equal(both.comparison.row_count, 1);
    const enum fl_comparison_verdict verdict = both.comparison.rows[0].verdict;
    both_clear(&both);
    return verdict;
}

static void times_differ_when_their_runs_say_so(void **state)
{
    (void)state;
    const char *slow = DOCUMENT(TRACE("t", "1", TIMED("20", "19, 20, 21, 20.5, 19.5")));
    const char *fast = DOCUMENT(TRACE("t", "1", TIMED("10", "9, 10, 11, 10.5, 9.5")));
    const char *mixed = DOCUMENT(TRACE("t", "1", TIMED("10", "9, 10, 30, 30.5, 9.5")));
    const char *few = DOCUMENT(TRACE("t", "1", TIMED("10", "9, 10, 11")));
    const char *other_few = DOCUMENT(TRACE("t", "1", TIMED("20", "19, 20, 21")));
    const char *none = DOCUMENT(TRACE("t", "1", TIMED("10", "")));
    assert_int_equal(timed(slow, fast), FL_ROW_BEYOND);
    assert_int_equal(timed(fast, slow), FL_ROW_BEYOND);
    assert_int_equal(timed(mixed, fast), FL_ROW_WITHIN);
    assert_int_equal(timed(few, other_few), FL_ROW_TOO_FEW);
    assert_int_equal(timed(few, slow), FL_ROW_BEYOND);
    assert_int_equal(timed(none, slow), FL_ROW_TOO_FEW);
    assert_int_equal(timed(fast, fast), FL_ROW_WITHIN);
}

static void one_figure_in_all_runs_is_the_same(void **state)
{
    (void)state;
    const char *still = DOCUMENT(TRACE("t", "1", TIMED("7", "7, 7, 7")));
    assert_int_equal(timed(still, still), FL_ROW_SAME);
}

static void percents_are_of_what_it_was(void **state)
{
    struct both both;
    double percent = 0;
    (void)state;
    both_make(&both,
              DOCUMENT(TRACE("t", "1",
                             TARGET("x", "200") "," TARGET("y", "0") "," TARGET("z", "null"))),
              DOCUMENT(TRACE("t", "1",
                             TARGET("x", "150") "," TARGET("y", "5") "," TARGET("z", "5"))));
    assert_int_equal(both.comparison.row_count, 3);
    assert_true(fl_comparison_percent(&both.comparison.rows[0], &percent));
    assert_true(percent == -25);
    assert_false(fl_comparison_percent(&both.comparison.rows[1], &percent));
    assert_int_equal(both.comparison.rows[2].verdict, FL_ROW_ONE_SIDE);
    assert_false(fl_comparison_percent(&both.comparison.rows[2], &percent));
    both_clear(&both);
}

static void means_are_over_traces_with_the_same_calls(void **state)
{
    struct both both;
    (void)state;
    both_make(&both,
              DOCUMENT(TRACE("a", "1", TARGET("x", "100")) "," TRACE(
                  "b", "2", TARGET("x", "100")) "," TRACE("c", "3", TARGET("x", "1"))),
              DOCUMENT(TRACE("a", "1", TARGET("x", "200")) "," TRACE(
                  "b", "2", TARGET("x", "50")) "," TRACE("c", "9", TARGET("x", "1000"))));
    assert_int_equal(both.comparison.mean_count, 1);
    assert_int_equal(both.comparison.means[0].trace_count, 2);
    assert_true(fabs(fl_comparison_ratio(&both.comparison.means[0]) - 1) < 1e-12);
    both_clear(&both);
    both_make(&both, DOCUMENT(TRACE("a", "1", TARGET("x", "100"))),
              DOCUMENT(TRACE("a", "1", TARGET("x", "200"))));
    assert_int_equal(both.comparison.mean_count, 0);
    both_clear(&both);
}

/* ---- what stands in the way ---- */

static void settings_and_machines_that_differ_are_named(void **state)
{
    struct both both;
    (void)state;
    both_make(
        &both,
        "{\"version\": \"1\", \"settings\": {\"touch\": \"none\", \"runs\": 5}, \"traces\": "
        "[], "
        "\"machine\": {\"processors\": 2}}",
        "{\"version\": \"2\", \"settings\": {\"touch\": \"all\", \"threads\": \"serial\", "
        "\"populate\": false, \"new\": 1, \"runs\": 5}, \"traces\": [], \"machine\": "
        "{\"processors\": 8}}");
    const struct fl_comparison *comparison = &both.comparison;
    static const char *const wanted[] = {"version", "touch", "new", "processors"};
    assert_int_equal(comparison->difference_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(comparison->differences[i].key, wanted[i]);
    }
    assert_null(comparison->differences[2].value[FL_BEFORE]);
    both_clear(&both);
}

static void a_check_that_failed_is_named(void **state)
{
    struct both both;
    (void)state;
    both_make(&both, DOCUMENT(TRACE("t", "1", TARGET("x", "1"))),
              DOCUMENT(TRACE("t", "1", "{\"allocator\": \"x\", \"check\": \"wrong\"}")));
    assert_int_equal(both.comparison.difference_count, 1);
    assert_string_equal(both.comparison.differences[0].key, "check");
    assert_string_equal(both.comparison.differences[0].allocator, "x");
    row_is(&both.comparison.rows[0], "t", "x", "splits", FL_ROW_ONE_SIDE);
    both_clear(&both);
}

static void documents_of_any_shape_are_compared(void **state)
{
    static const char *const odd[] = {
        "{}",
        "{\"traces\": 5}",
        "{\"traces\": [null, 1, {}, {\"trace\": 4, \"targets\": {}}, {\"targets\": [null, "
        "{}]}]}",
        "{\"traces\": [{\"trace_hash\": \"1\", \"targets\": [{\"allocator\": \"x\", "
        "\"counts\": [], "
        "\"time\": {\"net_ns_per_operation\": 1, \"net_ns_per_operation_runs\": [null, \"a\", "
        "{}]}}]}]}",
        "{\"settings\": [], \"machine\": 3, \"version\": {}}",
        DOCUMENT(TRACE("t", "1", TIMED("1", "1, 2"))),
    };
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t j = 0; j < sizeof odd / sizeof odd[0]; j++) {
            struct both both;
            both_make(&both, odd[i], odd[j]);
            both_clear(&both);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_are_matched_by_their_calls_then_by_name),
        cmocka_unit_test(calls_weigh_more_than_names),
        cmocka_unit_test(allocators_are_matched_by_label),
        cmocka_unit_test(times_differ_when_their_runs_say_so),
        cmocka_unit_test(one_figure_in_all_runs_is_the_same),
        cmocka_unit_test(percents_are_of_what_it_was),
        cmocka_unit_test(means_are_over_traces_with_the_same_calls),
        cmocka_unit_test(settings_and_machines_that_differ_are_named),
        cmocka_unit_test(a_check_that_failed_is_named),
        cmocka_unit_test(documents_of_any_shape_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
