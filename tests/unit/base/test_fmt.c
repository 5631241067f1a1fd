#include <fl_test.h>

#include <fl/fmt.h>

static void count_has_a_separator_every_three_digits(void **state)
{
    (void)state;
    assert_string_equal(fl_fmt_count(0).text, "0");
    assert_string_equal(fl_fmt_count(999).text, "999");
    assert_string_equal(fl_fmt_count(1000).text, "1,000");
    assert_string_equal(fl_fmt_count(12345678).text, "12,345,678");
    assert_string_equal(fl_fmt_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void bytes_below_a_kibibyte_are_exact(void **state)
{
    (void)state;
    assert_string_equal(fl_fmt_bytes(0).text, "0 B");
    assert_string_equal(fl_fmt_bytes(1023).text, "1023 B");
}

static void bytes_keep_one_decimal_below_ten_units(void **state)
{
    (void)state;
    assert_string_equal(fl_fmt_bytes(1024).text, "1.0 KiB");
    assert_string_equal(fl_fmt_bytes(1536 << 10).text, "1.5 MiB");
    assert_string_equal(fl_fmt_bytes((10 << 10) - 1).text, "10 KiB");
    assert_string_equal(fl_fmt_bytes(12 << 20).text, "12 MiB");
}

static void bytes_that_round_to_1024_move_one_unit_up(void **state)
{
    (void)state;
    assert_string_equal(fl_fmt_bytes((1 << 20) - 1).text, "1.0 MiB");
    assert_string_equal(fl_fmt_bytes((1023 << 10) + 511).text, "1023 KiB");
    assert_string_equal(fl_fmt_bytes(UINT64_MAX).text, "16 EiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count_has_a_separator_every_three_digits),
        cmocka_unit_test(bytes_below_a_kibibyte_are_exact),
        cmocka_unit_test(bytes_keep_one_decimal_below_ten_units),
        cmocka_unit_test(bytes_that_round_to_1024_move_one_unit_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
