#include <fl_test.h>

#include "growth.h"

static enum fl_growth_class class_of(uint64_t first, uint64_t second, uint64_t third)
{
    const struct fl_growth_curve curve = {.visits = {first, second, third}};
    return fl_growth_classify(&curve, 3);
}

static void a_class_is_what_every_step_fits(void **state)
{
    (void)state;
    assert_int_equal(class_of(0, 0, 0), FL_GROWTH_CONSTANT);
    assert_int_equal(class_of(3, 4, 2), FL_GROWTH_CONSTANT);
    assert_int_equal(class_of(7, 10, 14), FL_GROWTH_LOGARITHMIC);
    assert_int_equal(class_of(7, 14, 14), FL_GROWTH_LOGARITHMIC);
    assert_int_equal(class_of(100, 1000, 10000), FL_GROWTH_LINEAR);
    assert_int_equal(class_of(100, 500, 2500), FL_GROWTH_LINEAR);
}

static void what_fits_no_class_is_unclear(void **state)
{
    (void)state;
    /* n log n is no class of the notes, a square root is none, nor is a curve that bends. */
    assert_int_equal(class_of(10, 32, 100), FL_GROWTH_UNCLEAR);
    assert_int_equal(class_of(7, 10, 10000), FL_GROWTH_UNCLEAR);
    assert_int_equal(class_of(100, 1000, 1000), FL_GROWTH_UNCLEAR);
    const struct fl_growth_curve curve = {.visits = {5}};
    assert_int_equal(fl_growth_classify(&curve, 1), FL_GROWTH_UNCLEAR);
}

static void points_are_powers_of_ten(void **state)
{
    (void)state;
    assert_int_equal(fl_growth_points(99), 0);
    assert_int_equal(fl_growth_points(100), 1);
    assert_int_equal(fl_growth_points(99999), 3);
    assert_int_equal(fl_growth_points(100000), 4);
    assert_int_equal(fl_growth_points(UINT64_MAX), FL_GROWTH_POINTS_MAX);
}

static struct fl_target target_of(const char *text)
{
    const struct fl_catalog catalog = {.extra = NULL};
    struct fl_target_list list = {.count = 0};
    assert_int_equal(fl_target_list_add(&catalog, text, &list, NULL), FL_OK);
    return list.at[0];
}

static void counts_are_equal_in_two_runs_and_exact(void **state)
{
    (void)state;
    const struct fl_target target = target_of("list-addr");
    struct fl_growth_result first, second;
    assert_int_equal(fl_growth_measure(&target, 2, &first, NULL), FL_OK);
    assert_int_equal(fl_growth_measure(&target, 2, &second, NULL), FL_OK);
    assert_memory_equal(&first, &second, sizeof first);
    /* The largest block is the last of n; when it comes back it passes all the others. */
    assert_int_equal(first.malloc_curve.visits[0], 100);
    assert_int_equal(first.malloc_curve.visits[1], 1000);
    assert_int_equal(first.free_curve.visits[0], 99);
    assert_int_equal(first.free_curve.visits[1], 999);
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    struct fl_growth_result result;
    struct fl_error err;
    const struct fl_target system = target_of("system");
    assert_int_equal(fl_growth_measure(&system, 2, &result, &err), FL_USAGE);
    const struct fl_target small_big = target_of("list-addr,big=4k");
    assert_int_equal(fl_growth_measure(&small_big, 2, &result, &err), FL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_what_every_step_fits),
        cmocka_unit_test(what_fits_no_class_is_unclear),
        cmocka_unit_test(points_are_powers_of_ten),
        cmocka_unit_test(counts_are_equal_in_two_runs_and_exact),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
