#include <fl_test.h>

#include "table.h"

static void elements_are_zero_and_stay_through_growth(void **state)
{
    (void)state;
    struct fl_table table = {.element_bytes = 24};
    size_t filled = 0;
    for (size_t count = 1; count < 1000000; count = count * 3 + 1) {
        assert_true(fl_table_reserve(&table, count));
        assert_true(table.capacity >= count);
        unsigned char *bytes = table.base;
        for (size_t i = 0; i < count; i++) {
            uint64_t value;
            memcpy(&value, bytes + i * 24, sizeof value);
            assert_int_equal(value, i < filled ? i + 1 : 0);
            value = i + 1;
            memcpy(bytes + i * 24, &value, sizeof value);
        }
        filled = count;
    }
    fl_table_free(&table);
    assert_null(table.base);
}

static void growth_follows_the_need(void **state)
{
    (void)state;
    struct fl_table table = {.element_bytes = 8};
    assert_true(fl_table_reserve(&table, 1000000));
    assert_true(table.capacity <= 1400000);
    const size_t before = table.capacity;
    assert_true(fl_table_reserve(&table, before));
    assert_int_equal(table.capacity, before);
    fl_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_zero_and_stay_through_growth),
        cmocka_unit_test(growth_follows_the_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
