/*
 * Numbers to numbers: dense ones, far ones, and those that were set again.
 */
#include <fl_test.h>

#include "numbers.h"

#define COUNT 5000u

static uint64_t far(unsigned i)
{
    return ~(uint64_t)0 - (uint64_t)i * i * 0x100000001u;
}

static void numbers_are_found_again(void **state)
{
    struct fl_numbers numbers = {0};
    (void)state;
    assert_int_equal(fl_numbers_get(&numbers, 0), FL_NUMBER_NONE);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(fl_numbers_get(&numbers, i), FL_NUMBER_NONE);
        assert_true(fl_numbers_set(&numbers, i, 2 * i));
        assert_true(fl_numbers_set(&numbers, far(i), i));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(fl_numbers_get(&numbers, i), 2 * i);
        assert_int_equal(fl_numbers_get(&numbers, far(i)), i);
    }
    assert_int_equal(numbers.count, 2 * COUNT);
    fl_numbers_clear(&numbers);
}

static void the_last_setting_counts(void **state)
{
    struct fl_numbers numbers = {0};
    (void)state;
    assert_true(fl_numbers_set(&numbers, 7, 1));
    assert_true(fl_numbers_set(&numbers, 7, 2));
    assert_int_equal(fl_numbers_get(&numbers, 7), 2);
    assert_int_equal(numbers.count, 1);
    fl_numbers_clear(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_again),
        cmocka_unit_test(the_last_setting_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
