/* The gate's rules: what they may look like, and when a figure is beyond its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "baseline.h"
#include "gate.h"

/* A document of one trace and one allocator with two figures: visits, and the times of three
 * runs. */
static json_t *document_make(int visits, double first, double second, double third)
{
    char text[1024];
    struct fl_error err;
    json_t *document = NULL;
    snprintf(text, sizeof text,
             "{\"schema\": 1, \"version\": \"1\", \"traces\": [{\"trace\": \"t\", "
             "\"trace_hash\": \"0\", \"targets\": [{\"allocator\": \"a\", \"counts\": "
             "{\"visits_malloc\": %d, \"visits_free\": 0}, \"time\": "
             "{\"net_ns_per_operation\": %g, \"net_ns_per_operation_runs\": [%g, %g, %g]}}]}]}",
             visits, second, first, second, third);
    assert_int_equal(fl_baseline_parse(text, strlen(text), &document, &err), FL_OK);
    return document;
}

/* Figures failed when `now` is held against `before` with --fail-on=`rules`. */
static size_t failed(const char *rules, json_t *before, json_t *now)
{
    struct fl_gate gate = {0};
    struct fl_gate_verdict verdict;
    struct fl_error err;
    assert_int_equal(fl_gate_add(&gate, FL_GATE_FAIL, rules, &err), FL_OK);
    assert_int_equal(fl_gate_compare(&gate, before, now, &verdict, &err), FL_OK);
    const size_t count = verdict.failed;
    fl_gate_verdict_free(&verdict);
    json_decref(before);
    json_decref(now);
    return count;
}

static void words_are_refused(void **state)
{
    static const char *const bad[] = {"",          ",",         "visits",      "visits>",
                                      "visits>%",  "visits>-1", "visits>1%%",  "visits>1,",
                                      "visits>1 ", "Visits>1",  "visits>inf",  "visits>nan",
                                      "visits<1",  ">1",        "visits>1e999"};
    struct fl_gate gate = {0};
    struct fl_error err;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(fl_gate_add(&gate, FL_GATE_FAIL, bad[i], &err), FL_USAGE);
        assert_int_equal(gate.count, 0);
    }
    assert_int_equal(fl_gate_add(&gate, FL_GATE_FAIL, "visits>1%,merges>0.5,splits>0", &err),
                     FL_OK);
    assert_int_equal(gate.count, 3);
    while (gate.count < FL_GATE_RULES_MAX) {
        assert_int_equal(fl_gate_add(&gate, FL_GATE_WARN, "visits>1", &err), FL_OK);
    }
    assert_int_equal(fl_gate_add(&gate, FL_GATE_WARN, "visits>1", &err), FL_USAGE);
}

static void limits_are_what_is_still_allowed(void **state)
{
    (void)state;
    assert_int_equal(
        failed("visits>0", document_make(100, 1, 1, 1), document_make(100, 1, 1, 1)), 0);
    assert_int_equal(
        failed("visits>0", document_make(100, 1, 1, 1), document_make(101, 1, 1, 1)), 1);
    assert_int_equal(
        failed("visits>1%", document_make(100, 1, 1, 1), document_make(101, 1, 1, 1)), 0);
    assert_int_equal(
        failed("visits>1%", document_make(100, 1, 1, 1), document_make(102, 1, 1, 1)), 1);
    assert_int_equal(failed("visits>5", document_make(0, 1, 1, 1), document_make(6, 1, 1, 1)),
                     1);
    assert_int_equal(failed("visits>5%", document_make(0, 1, 1, 1), document_make(1, 1, 1, 1)),
                     1);
    assert_int_equal(failed("visits>0", document_make(100, 1, 1, 1), document_make(1, 9, 9, 9)),
                     0);
}

static void times_fail_only_apart(void **state)
{
    (void)state;
    assert_int_equal(
        failed("net_ns>10%", document_make(1, 10, 11, 14), document_make(1, 13, 20, 21)), 0);
    assert_int_equal(
        failed("net_ns>10%", document_make(1, 10, 11, 14), document_make(1, 15, 20, 21)), 1);
    assert_int_equal(
        failed("net_ns>100%", document_make(1, 10, 11, 14), document_make(1, 15, 20, 21)), 0);
}

static void a_rule_nobody_answers_is_refused(void **state)
{
    struct fl_gate gate = {0};
    struct fl_gate_verdict verdict;
    struct fl_error err;
    (void)state;
    json_t *now = document_make(1, 1, 1, 1);
    assert_int_equal(fl_gate_add(&gate, FL_GATE_FAIL, "merges>0", &err), FL_OK);
    assert_int_equal(fl_gate_compare(&gate, now, now, &verdict, &err), FL_USAGE);
    json_decref(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_refused),
        cmocka_unit_test(limits_are_what_is_still_allowed),
        cmocka_unit_test(times_fail_only_apart),
        cmocka_unit_test(a_rule_nobody_answers_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
