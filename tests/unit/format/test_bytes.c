#include <fl_test.h>

#include "bytes.h"

static void integers_are_little_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];
    fl_store64(bytes, 0x1122334455667788u);
    assert_int_equal(bytes[0], 0x88);
    assert_int_equal(bytes[7], 0x11);
    assert_int_equal(fl_load16(bytes), 0x7788);
    assert_int_equal(fl_load32(bytes), 0x55667788);
    assert_int_equal(fl_load64(bytes), 0x1122334455667788u);
}

static void check_varint(uint64_t value)
{
    uint8_t bytes[FL_VARINT_MAX + 1];
    const size_t count = (size_t)(fl_put_varint(bytes, value) - bytes);
    assert_in_range(count, 1, FL_VARINT_MAX);
    uint64_t read = ~value;
    struct fl_cursor from = {bytes, bytes + count};
    assert_true(fl_get_varint(&from, &read));
    assert_int_equal(read, value);
    assert_ptr_equal(from.at, bytes + count);
    for (size_t cut = 0; cut < count; cut++) {
        from = (struct fl_cursor){bytes, bytes + cut};
        assert_false(fl_get_varint(&from, &read));
        assert_ptr_equal(from.at, bytes); /* fails and stays */
    }
}

static void varints_of_every_length_are_read_back(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++) {
        check_varint(UINT64_C(1) << shift);
        check_varint((UINT64_C(1) << shift) - 1);
    }
    check_varint(UINT64_MAX);
}

static void a_varint_beyond_64_bits_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[12];
    uint64_t value = 5;
    memset(bytes, 0xFF, sizeof bytes);
    bytes[9] = 0x01;
    struct fl_cursor from = {bytes, bytes + sizeof bytes};
    assert_true(fl_get_varint(&from, &value));
    assert_int_equal(value, UINT64_MAX);
    bytes[9] = 0x02;
    from.at = bytes;
    assert_false(fl_get_varint(&from, &value));
    bytes[9] = 0x81;
    bytes[10] = 0x00;
    assert_false(fl_get_varint(&from, &value));
    assert_ptr_equal(from.at, bytes);
}

static void zigzag_is_its_own_way_back(void **state)
{
    (void)state;
    assert_int_equal(fl_zigzag(0), 0);
    assert_int_equal(fl_zigzag(-1), 1);
    assert_int_equal(fl_zigzag(1), 2);
    assert_int_equal(fl_zigzag(INT64_MIN), UINT64_MAX);
    for (int64_t value = INT64_MIN; value < INT64_MAX - (INT64_MAX >> 8);
         value += INT64_MAX >> 9) {
        assert_int_equal(fl_unzigzag(fl_zigzag(value)), value);
    }
}

static void a_span_ends_at_the_end_or_is_refused(void **state)
{
    (void)state;
    const uint8_t bytes[4] = {1, 2, 3, 4};
    struct fl_cursor from = {bytes, bytes + 4}, span;
    assert_false(fl_get_span(&from, 5, &span));
    assert_false(fl_get_span(&from, UINT64_MAX, &span));
    assert_true(fl_get_span(&from, 3, &span));
    assert_int_equal(fl_cursor_left(&span), 3);
    assert_int_equal(fl_cursor_left(&from), 1);
    uint8_t byte;
    assert_true(fl_get_u8(&from, &byte));
    assert_int_equal(byte, 4);
    assert_false(fl_get_u8(&from, &byte));
    assert_true(fl_get_span(&from, 0, &span));
    assert_int_equal(fl_cursor_left(&span), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(varints_of_every_length_are_read_back),
        cmocka_unit_test(a_varint_beyond_64_bits_is_refused),
        cmocka_unit_test(zigzag_is_its_own_way_back),
        cmocka_unit_test(a_span_ends_at_the_end_or_is_refused),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
