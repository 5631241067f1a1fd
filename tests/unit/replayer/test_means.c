#include <fl_test.h>

#include "means.h"

static const struct fl_target own = {.ops = &fl_target_system};
static const struct fl_target other = {.ops = &fl_target_glibc};
static const struct fl_target floor_target = {.ops = &fl_target_none};

static struct fl_trace_result *result_make(double own_ns, double other_ns, uint64_t footprint)
{
    static struct fl_trace_result result;
    static struct fl_target_result targets[3];
    result = (struct fl_trace_result){
        .targets = targets, .target_count = 3, .plan = {.peak_bytes = 100}};
    result.targets[0] = (struct fl_target_result){.target = &own, .run_count = 1};
    result.targets[1] = (struct fl_target_result){.target = &other, .run_count = 1};
    result.targets[2] = (struct fl_target_result){.target = &floor_target, .run_count = 1};
    result.targets[0].net_ns[0] = own_ns;
    result.targets[1].net_ns[0] = other_ns;
    for (size_t i = 0; i < 2; i++) {
        result.targets[i].has_stats = footprint > 0;
        result.targets[i].stats.peak_footprint = footprint;
    }
    return &result;
}

static void means_are_geometric(void **state)
{
    (void)state;
    struct fl_means means = {0};
    fl_means_add(&means, result_make(2, 30, 200));
    fl_means_add(&means, result_make(8, 30, 800));
    assert_int_equal(means.timed_count, 2);
    assert_float_equal(fl_means_net_ns(&means, 0), 4, 1e-9);
    assert_float_equal(fl_means_net_ns(&means, 1), 30, 1e-9);
    assert_float_equal(fl_means_footprint(&means, 0), 4, 1e-9);
    assert_true(fl_means_net_ns(&means, 2) < 0);
}

static void a_trace_counts_for_all_or_none(void **state)
{
    (void)state;
    struct fl_means means = {0};
    fl_means_add(&means, result_make(2, 30, 200));
    fl_means_add(&means, result_make(8, 0, 0)); /* the other has no figure */
    struct fl_trace_result *wrong = result_make(8, 8, 200);
    wrong->targets[1].verdict = FL_VERDICT_WRONG;
    fl_means_add(&means, wrong);
    assert_int_equal(means.trace_count, 3);
    assert_int_equal(means.timed_count, 1);
    assert_int_equal(means.sized_count, 1);
    assert_float_equal(fl_means_net_ns(&means, 0), 2, 1e-9);
}

static void nothing_gives_nothing(void **state)
{
    (void)state;
    struct fl_means means = {0};
    fl_means_add(&means, &(struct fl_trace_result){.target_count = 0}); /* could not be read */
    assert_int_equal(means.timed_count, 0);
    fl_means_add(&means, result_make(0, 0, 0));
    assert_true(fl_means_net_ns(&means, 0) < 0);
    assert_true(fl_means_footprint(&means, 0) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_geometric),
        cmocka_unit_test(a_trace_counts_for_all_or_none),
        cmocka_unit_test(nothing_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
