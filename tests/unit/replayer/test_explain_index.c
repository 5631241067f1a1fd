#include <fl_test.h>

#include "explain.h"

/* Blocks an index is made to show. */
struct fake {
    struct fl_allocator base;
    const struct fl_index_view *views;
    size_t count;
};

static void fake_index(const struct fl_allocator *self, fl_index_visitor *visit, void *user)
{
    const struct fake *fake = (const struct fake *)self;
    for (size_t i = 0; i < fake->count; i++) {
        assert_true(visit(&fake->views[i], user));
    }
}

static const struct fl_allocator_ops fake_ops = {.name = "fake", .index = fake_index};

static void expect_drawing(const struct fl_index_view *views, size_t count, uint64_t base,
                           const char *expected)
{
    const struct fake fake = {{.ops = &fake_ops}, views, count};
    struct fl_test_output output;
    fl_test_output_open(&output);
    fl_explain_index(output.file, &fake.base, base);
    assert_string_equal(fl_test_output_text(&output), expected);
    fl_test_output_close(&output);
}

static void an_empty_index_is_said_in_words(void **state)
{
    (void)state;
    expect_drawing(NULL, 0, 0, "  no block is free\n");
}

static void a_list_is_a_row_of_arrows(void **state)
{
    (void)state;
    const struct fl_index_view views[] = {
        {"free list", FL_INDEX_NEXT, 0, 108, 208},
        {"free list", FL_INDEX_NEXT, 0, 316, 3780},
    };
    expect_drawing(views, 2, 10000, "  free list: (10108: 208) -> (10316: 3780)\n");
}

static void a_long_list_goes_on_in_the_next_line(void **state)
{
    (void)state;
    struct fl_index_view views[9];
    for (size_t i = 0; i < 9; i++) {
        views[i] = (struct fl_index_view){"free list", FL_INDEX_NEXT, 0, i * 1000, 500};
    }
    expect_drawing(views, 9, 10000,
                   "  free list: (10000: 500) -> (11000: 500) -> (12000: 500) -> (13000: 500)"
                   " -> (14000: 500)\n"
                   "    -> (15000: 500) -> (16000: 500) -> (17000: 500) -> (18000: 500)\n");
}

static void a_tree_is_indented_and_equals_stand_beside_their_node(void **state)
{
    (void)state;
    const struct fl_index_view views[] = {
        {"tree by size", FL_INDEX_ROOT, 0, 108, 208},
        {"tree by size", FL_INDEX_LEFT, 1, 16, 64},
        {"tree by size", FL_INDEX_EQUAL, 1, 800, 64},
        {"tree by size", FL_INDEX_RIGHT, 2, 400, 96},
        {"tree by size", FL_INDEX_RIGHT, 1, 900, 4096},
    };
    expect_drawing(views, 5, 0,
                   "  tree by size:\n"
                   "    (108: 208)\n"
                   "      left  (16: 64) = (800: 64)\n"
                   "        right (400: 96)\n"
                   "      right (900: 4096)\n");
}

static void a_combined_design_shows_both_trees(void **state)
{
    (void)state;
    const struct fl_index_view views[] = {
        {"tree by size", FL_INDEX_ROOT, 0, 0, 64},
        {"tree by address", FL_INDEX_ROOT, 0, 0, 64},
    };
    expect_drawing(views, 2, 10000,
                   "  tree by size:\n    (10000: 64)\n  tree by address:\n    (10000: 64)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_is_said_in_words),
        cmocka_unit_test(a_list_is_a_row_of_arrows),
        cmocka_unit_test(a_long_list_goes_on_in_the_next_line),
        cmocka_unit_test(a_tree_is_indented_and_equals_stand_beside_their_node),
        cmocka_unit_test(a_combined_design_shows_both_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
