#include <fl_test.h>

#include <string.h>

#include "ranges.h"

#define PAGES      256u
#define PAGE_BYTES UINT64_C(4096)

enum page { PAGE_NONE, PAGE_MAPPED, PAGE_WRITABLE };

/* Compare the set with a naive model of one entry per page. */
static void assert_same(const struct fl_ranges *ranges, const unsigned char *model)
{
    uint64_t mapped = 0, writable = 0, runs = 0;
    for (size_t i = 0; i < PAGES; i++) {
        mapped += model[i] != PAGE_NONE;
        writable += model[i] == PAGE_WRITABLE;
        runs += model[i] != PAGE_NONE && (i == 0 || model[i] != model[i - 1]);
        assert_int_equal(fl_ranges_is_writable(ranges, i * PAGE_BYTES),
                         model[i] == PAGE_WRITABLE);
    }
    assert_int_equal(ranges->mapped_bytes, mapped * PAGE_BYTES);
    assert_int_equal(ranges->writable_bytes, writable * PAGE_BYTES);
    for (size_t i = 0; i + 1 < ranges->count; i++) {
        assert_true(ranges->at[i].end <= ranges->at[i + 1].start);
    }
    assert_true(ranges->count >= runs);
}

static void any_sequence_agrees_with_a_naive_model(void **state)
{
    (void)state;
    unsigned char model[PAGES] = {PAGE_NONE};
    struct fl_ranges ranges;
    assert_true(fl_ranges_init(&ranges, PAGES));
    uint32_t random = 12345;
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525u + 1013904223u;
        const size_t first = (random >> 8) % PAGES;
        const size_t count = (random >> 16) % (PAGES - first + 1) % 40;
        const bool is_writable = (random >> 31) != 0;
        const uint64_t start = first * PAGE_BYTES, end = (first + count) * PAGE_BYTES;
        switch ((random >> 28) % 4) {
        case 0:
        case 1:
            fl_ranges_map(&ranges, start, end, is_writable);
            memset(model + first, is_writable ? PAGE_WRITABLE : PAGE_MAPPED, count);
            break;
        case 2:
            fl_ranges_unmap(&ranges, start, end);
            memset(model + first, PAGE_NONE, count);
            break;
        default:
            fl_ranges_protect(&ranges, start, end, is_writable);
            for (size_t i = first; i < first + count; i++) {
                if (model[i] != PAGE_NONE) {
                    model[i] = is_writable ? PAGE_WRITABLE : PAGE_MAPPED;
                }
            }
        }
        assert_same(&ranges, model);
    }
    assert_false(ranges.has_overflowed);
    fl_ranges_free(&ranges);
}

static void alike_neighbours_are_one_range(void **state)
{
    (void)state;
    struct fl_ranges ranges;
    assert_true(fl_ranges_init(&ranges, 8));
    fl_ranges_map(&ranges, 0x1000, 0x2000, true);
    fl_ranges_map(&ranges, 0x3000, 0x4000, true);
    fl_ranges_map(&ranges, 0x2000, 0x3000, false);
    assert_int_equal(ranges.count, 3);
    fl_ranges_protect(&ranges, 0x2000, 0x3000, true);
    assert_int_equal(ranges.count, 1);
    assert_int_equal(ranges.writable_bytes, 0x3000);
    fl_ranges_free(&ranges);
}

static void one_too_many_is_told(void **state)
{
    (void)state;
    struct fl_ranges ranges;
    assert_true(fl_ranges_init(&ranges, 2));
    fl_ranges_map(&ranges, 0x1000, 0x2000, true);
    fl_ranges_map(&ranges, 0x3000, 0x4000, true);
    assert_false(ranges.has_overflowed);
    fl_ranges_map(&ranges, 0x5000, 0x6000, true);
    assert_true(ranges.has_overflowed);
    assert_int_equal(ranges.count, 2);
    fl_ranges_free(&ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_sequence_agrees_with_a_naive_model),
        cmocka_unit_test(alike_neighbours_are_one_range),
        cmocka_unit_test(one_too_many_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
