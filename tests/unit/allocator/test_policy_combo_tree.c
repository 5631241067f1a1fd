#include <fl_test.h>

#include "heap_fixture.h"

#define BLOCKS 600
#define PAIRS  600

static void both_trees_hold_each_free_block(void **state)
{
    (void)state;
    static const size_t sizes[] = {300, 100, 200, 100, 100};
    static struct fixture_index by_size, by_address;
    struct fl_allocator *heap = fixture_open("combo-tree", 0);
    void *blocks[5];
    fixture_alloc_apart(heap, sizes, 5, blocks);
    for (size_t i = 0; i < 5; i++) {
        heap->ops->free(heap, blocks[i]);
        fixture_index_take(heap, "tree by size", &by_size);
        fixture_index_take(heap, "tree by address", &by_address);
        assert_int_equal(by_size.count, i + 2);
        assert_int_equal(by_address.count, i + 2);
        for (size_t k = 0; k <= i; k++) {
            const uint64_t offset = heap->ops->offset(heap, blocks[k]);
            size_t found = 0;
            for (size_t n = 0; n < i + 2; n++)
                found += (by_size.entries[n].offset == offset ? 1U : 0U) +
                         (by_address.entries[n].offset == offset ? 1U : 0U);
            assert_int_equal(found, 2);
        }
    }
    fixture_close(heap);
}

static void smallest_that_fits_is_taken_and_of_equals_the_newest(void **state)
{
    (void)state;
    static const size_t sizes[] = {300, 100, 200, 100};
    struct fl_allocator *heap = fixture_open("combo-tree", 0);
    void *blocks[4];
    fixture_alloc_apart(heap, sizes, 4, blocks);
    for (size_t i = 0; i < 4; i++)
        heap->ops->free(heap, blocks[i]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[3]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[1]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[2]);
    fixture_close(heap);
}

static void smallest_block_is_below_the_56_bytes_of_the_notes(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        size_t block_bytes;
    } rows[] = {{"combo-tree", 32},
                {"combo-tree,align=4", 32},
                {"combo-tree,align=8,tags=none", 32},
                {"combo-tree,align=4,tags=none", 28},
                {"combo-tree,align=64", 64}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_allocator *heap = fixture_open(rows[i].spec, 0);
        void *block = heap->ops->alloc(heap, 0, 0);
        assert_int_equal(heap->ops->usable_size(heap, block) + 8, rows[i].block_bytes);
        fixture_close(heap);
    }
}

/* The header of the second of two blocks that become one lies where the links of the sum may
 * be: children and parent in the tree by size, whatever numbers those are. */
static void swallowed_header_does_not_pass_for_a_live_block(void **state)
{
    (void)state;
    static const char *const specs[] = {"combo-tree", "combo-tree,align=4", "size-tree,align=4",
                                        "size-tree,tags=none"};
    for (size_t k = 0; k < sizeof specs / sizeof specs[0]; k++) {
        static void *first[PAIRS], *second[PAIRS];
        struct fl_allocator *heap = fixture_open(specs[k], 0);
        for (size_t i = 0; i < PAIRS; i++) {
            first[i] = heap->ops->alloc(heap, 0, 0);
            second[i] = heap->ops->alloc(heap, 16 * i, 0);
            assert_non_null(heap->ops->alloc(heap, 40, 0));
        }
        for (size_t i = 0; i < PAIRS; i++)
            assert_true(heap->ops->free(heap, first[i]));
        for (size_t i = 0; i < PAIRS; i++)
            assert_true(heap->ops->free(heap, second[i * 7 % PAIRS]));
        for (size_t i = 0; i < PAIRS; i++) {
            assert_int_equal(heap->ops->judge(heap, second[i]), FL_MISUSE_FREED);
            assert_false(heap->ops->free(heap, second[i]));
        }
        fixture_check(heap);
        fixture_close(heap);
    }
}

/* The worst of a free or malloc among BLOCKS / 2 holes of different sizes. */
static void free_and_malloc_look_at_paths_only_without_tags_too(void **state)
{
    (void)state;
    static void *holes[BLOCKS], *guards[BLOCKS];
    struct fl_allocator *heap = fixture_open("combo-tree,tags=none", 0);
    for (size_t i = 0; i < BLOCKS / 2; i++) {
        holes[i] = heap->ops->alloc(heap, 56 + 16 * i, 0);
        guards[i] = heap->ops->alloc(heap, 56, 0);
        assert_non_null(heap->ops->alloc(heap, 56, 0));
    }
    for (size_t i = 0; i < BLOCKS / 2; i++)
        heap->ops->free(heap, holes[i]);
    for (size_t i = 0; i < BLOCKS / 2; i++)
        heap->ops->free(heap, guards[i]);
    for (size_t bytes = 60; bytes < 4000; bytes += 331)
        assert_non_null(heap->ops->alloc(heap, bytes, 0));
    /* Up to three ways down trees that are less than 2 log n deep. */
    assert_in_range(fixture_stats(heap).visits_free_max, 1, 60);
    assert_in_range(fixture_stats(heap).visits_malloc_max, 1, 40);
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_trees_hold_each_free_block),
        cmocka_unit_test(smallest_that_fits_is_taken_and_of_equals_the_newest),
        cmocka_unit_test(smallest_block_is_below_the_56_bytes_of_the_notes),
        cmocka_unit_test(swallowed_header_does_not_pass_for_a_live_block),
        cmocka_unit_test(free_and_malloc_look_at_paths_only_without_tags_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
