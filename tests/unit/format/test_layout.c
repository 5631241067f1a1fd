#include <fl_test.h>

#include "layout.h"

static const struct fl_chunk_header sample = {
    .flags = 0,
    .sequence = 3,
    .compressed_bytes = 5,
    .decoded_bytes = 7,
    .records = 11,
    .events = 9,
    .first_event = UINT64_C(1) << 40,
    .first_serial = 17,
    .live_objects = 19,
    .live_bytes = 23,
    .start_ns = 29,
    .end_ns = UINT64_MAX,
    .lost_events = 37,
    .thread = 41,
};

static void a_chunk_header_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint8_t bytes[FL_CHUNK_FRAME_BYTES], again[FL_CHUNK_FRAME_BYTES];
    struct fl_chunk_header read;
    fl_chunk_header_encode(&sample, bytes);
    assert_true(fl_chunk_header_decode(bytes, &read));
    assert_int_equal(read.sequence, sample.sequence);
    assert_int_equal(read.end_ns, sample.end_ns);
    fl_chunk_header_encode(&read, again);
    assert_memory_equal(bytes, again, sizeof bytes);
}

static void every_flipped_bit_of_a_chunk_header_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[FL_CHUNK_FRAME_BYTES];
    struct fl_chunk_header read = {.thread = 99};
    fl_chunk_header_encode(&sample, bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(fl_chunk_header_decode(bytes, &read));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(read.thread, 99); /* unchanged on failure */
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(fl_kind_name(FL_CALL_MALLOC), "malloc");
    assert_string_equal(fl_kind_name(FL_CALL_USABLE_SIZE), "malloc_usable_size");
    assert_string_equal(fl_kind_name(FL_RECORD_LOST), "lost");
    assert_string_equal(fl_kind_name(FL_KIND_COUNT), "?");
}

static void flags_stand_together_only_where_they_mean_something(void **state)
{
    (void)state;
    assert_true(fl_flags_are_valid(FL_CALL_MALLOC, FL_FLAG_FAILED));
    assert_false(fl_flags_are_valid(FL_CALL_MALLOC, FL_FLAG_NULL));
    assert_true(fl_flags_are_valid(FL_CALL_REALLOC, FL_FLAG_FAILED | FL_FLAG_UNKNOWN));
    assert_true(fl_flags_are_valid(FL_CALL_REALLOC, FL_FLAG_FREED | FL_FLAG_UNKNOWN));
    assert_false(fl_flags_are_valid(FL_CALL_REALLOC, FL_FLAG_FREED | FL_FLAG_NULL));
    assert_false(fl_flags_are_valid(FL_CALL_REALLOC, FL_FLAG_FREED | FL_FLAG_FAILED));
    assert_false(fl_flags_are_valid(FL_CALL_REALLOC, FL_FLAG_IMPLIED));
    assert_true(fl_flags_are_valid(FL_CALL_FREE, FL_FLAG_IMPLIED));
    assert_false(fl_flags_are_valid(FL_CALL_FREE, FL_FLAG_IMPLIED | FL_FLAG_UNKNOWN));
    assert_false(fl_flags_are_valid(FL_CALL_FREE, FL_FLAG_FAILED));
    assert_false(fl_flags_are_valid(FL_CALL_FREE, FL_FLAG_NULL | FL_FLAG_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_header_is_read_as_it_was_written),
        cmocka_unit_test(every_flipped_bit_of_a_chunk_header_is_refused),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(flags_stand_together_only_where_they_mean_something),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
