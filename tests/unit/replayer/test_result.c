#include <fl_test.h>

#include "result.h"

static void median_is_the_middle_or_the_mean_of_both(void **state)
{
    (void)state;
    const double values[] = {5, 1, 9, 2};
    assert_true(fl_median(values, 0) == 0.0);
    assert_true(fl_median(values, 1) == 5.0);
    assert_true(fl_median(values, 3) == 5.0);
    assert_true(fl_median(values, 4) == 3.5);
}

static void range_is_largest_minus_smallest(void **state)
{
    (void)state;
    const double values[] = {5, -1, 9, 2};
    assert_true(fl_range(values, 0) == 0.0);
    assert_true(fl_range(values, 1) == 0.0);
    assert_true(fl_range(values, 4) == 10.0);
}

static void a_wrong_answer_wins_over_a_damaged_trace(void **state)
{
    (void)state;
    static struct fl_target_result targets[2];
    static struct fl_trace_result result = {.targets = targets, .target_count = 2};
    result.trace_error.status = FL_END;
    assert_int_equal(fl_result_exit(&result), FL_EXIT_OK);
    result.trace_error.status = FL_TRUNCATED;
    assert_int_equal(fl_result_exit(&result), FL_EXIT_TRACE);
    result.targets[1].verdict = FL_VERDICT_WRONG;
    assert_int_equal(fl_result_exit(&result), FL_EXIT_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_is_the_middle_or_the_mean_of_both),
        cmocka_unit_test(range_is_largest_minus_smallest),
        cmocka_unit_test(a_wrong_answer_wins_over_a_damaged_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
