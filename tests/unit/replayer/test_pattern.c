#include <fl_test.h>

#include "pattern.h"

#define BLOCK_BYTES 133u

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    unsigned char block[BLOCK_BYTES];
    fl_pattern_fill(block, 0, sizeof block, 7);
    assert_int_equal(fl_pattern_verify(block, 0, sizeof block, 7), FL_PATTERN_INTACT);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 1;
        assert_int_equal(fl_pattern_verify(block, 0, sizeof block, 7), i);
        block[i] ^= 1;
    }
}

static void a_pattern_filled_in_parts_is_the_same(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= BLOCK_BYTES; cut++) {
        unsigned char block[BLOCK_BYTES];
        fl_pattern_fill(block, cut, sizeof block, 99);
        fl_pattern_fill(block, 0, cut, 99);
        assert_int_equal(fl_pattern_verify(block, 0, sizeof block, 99), FL_PATTERN_INTACT);
        assert_int_equal(fl_pattern_verify(block, cut, sizeof block, 99), FL_PATTERN_INTACT);
    }
}

static void fill_writes_nothing_beside_its_range(void **state)
{
    (void)state;
    unsigned char block[BLOCK_BYTES] = {0};
    fl_pattern_fill(block, 13, 77, 5);
    assert_int_equal(fl_pattern_verify_zero(block, 0, 13), FL_PATTERN_INTACT);
    assert_int_equal(fl_pattern_verify_zero(block, 77, sizeof block), FL_PATTERN_INTACT);
}

static void neighbouring_objects_and_places_differ(void **state)
{
    (void)state;
    unsigned char block[BLOCK_BYTES];
    fl_pattern_fill(block, 0, sizeof block, 41);
    assert_int_not_equal(fl_pattern_verify(block, 0, 8, 42), FL_PATTERN_INTACT);
    memmove(block, block + 8, sizeof block - 8);
    assert_int_not_equal(fl_pattern_verify(block, 0, 8, 41), FL_PATTERN_INTACT);
}

static void the_first_byte_that_is_not_zero_is_found(void **state)
{
    (void)state;
    unsigned char block[BLOCK_BYTES] = {0};
    assert_int_equal(fl_pattern_verify_zero(block, 0, sizeof block), FL_PATTERN_INTACT);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = 0x80;
        assert_int_equal(fl_pattern_verify_zero(block, 0, sizeof block), i);
        block[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(a_pattern_filled_in_parts_is_the_same),
        cmocka_unit_test(fill_writes_nothing_beside_its_range),
        cmocka_unit_test(neighbouring_objects_and_places_differ),
        cmocka_unit_test(the_first_byte_that_is_not_zero_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
