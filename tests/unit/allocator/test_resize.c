#include <fl_test.h>

#include "heap_fixture.h"

static void shrink_gives_the_tail_back(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *block = heap->ops->alloc(heap, 1000, 0);
    assert_non_null(heap->ops->alloc(heap, 8, 0));
    assert_ptr_equal(heap->ops->resize(heap, block, 100), block);
    const struct fl_alloc_stats stats = fixture_stats(heap);
    assert_int_equal(stats.reallocs_in_place, 1);
    assert_int_equal(stats.free_blocks, 2);
    assert_int_equal(stats.live_payload, 108);
    fixture_close(heap);
}

static void shrink_by_a_granule_joins_the_free_block_behind(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,augment=max", 0);
    void *block = heap->ops->alloc(heap, 104, 0);
    assert_ptr_equal(heap->ops->resize(heap, block, 88), block);
    assert_int_equal(heap->ops->usable_size(heap, block), 88);
    assert_int_equal(fixture_stats(heap).free_blocks, 1);
    fixture_close(heap);
}

static void grow_takes_the_free_block_behind(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *block = heap->ops->alloc(heap, 100, 0);
    void *behind = heap->ops->alloc(heap, 1000, 0);
    assert_non_null(heap->ops->alloc(heap, 8, 0));
    heap->ops->free(heap, behind);
    assert_ptr_equal(heap->ops->resize(heap, block, 1000), block);
    fixture_close(heap);
}

/* The new free block would start inside the links of the old one. */
static void grow_by_a_granule_keeps_the_free_block_behind_in_the_index(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree", "addr-tree,augment=max", "list-addr"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        void *block = heap->ops->alloc(heap, 104, 0);
        assert_ptr_equal(heap->ops->resize(heap, block, 105), block);
        assert_int_equal(fixture_stats(heap).free_blocks, 1);
        fixture_close(heap);
    }
}

static void grow_at_the_top_takes_new_memory(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr,chunk=4k,big=never", 0);
    char *block = heap->ops->alloc(heap, 4000, 0);
    block[3999] = 42;
    assert_ptr_equal(heap->ops->resize(heap, block, 400000), block);
    assert_int_equal(block[3999], 42);
    assert_int_equal(fixture_stats(heap).reallocs_in_place, 1);
    fixture_close(heap);
}

static void grow_that_finds_no_room_moves_and_counts_one_block(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    char *block = heap->ops->alloc(heap, 100, 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    memset(block, 42, 100);
    char *moved = heap->ops->resize(heap, block, 5000);
    assert_ptr_not_equal(moved, block);
    assert_int_equal(moved[99], 42);
    const struct fl_alloc_stats stats = fixture_stats(heap);
    assert_int_equal(stats.reallocs, 1);
    assert_int_equal(stats.reallocs_in_place, 0);
    assert_int_equal(stats.peak_live_blocks, 2);
    assert_int_equal(stats.peak_payload, 5100);
    fixture_close(heap);
}

static void failed_resize_leaves_the_block_as_it_was(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=never", 64 << 10);
    char *block = heap->ops->alloc(heap, 100, 0);
    memset(block, 42, 100);
    assert_null(heap->ops->resize(heap, block, 1 << 20));
    assert_null(heap->ops->resize(heap, block, 65500));
    assert_int_equal(block[99], 42);
    assert_int_equal(fixture_stats(heap).live_payload, 100);
    assert_int_equal(fixture_stats(heap).failed, 2);
    fixture_close(heap);
}

static void block_crosses_between_region_and_mapping_with_its_contents(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=64k", 0);
    char *block = heap->ops->alloc(heap, 1000, 0);
    memset(block, 42, 1000);
    block = heap->ops->resize(heap, block, 100000);
    assert_int_equal(fixture_stats(heap).big_blocks, 1);
    assert_int_equal(block[999], 42);
    block = heap->ops->resize(heap, block, 500);
    assert_int_equal(block[499], 42);
    assert_int_equal(fixture_stats(heap).munmap_calls, 1);
    assert_int_equal(fixture_stats(heap).live_payload, 500);
    fixture_close(heap);
}

static void big_block_shrinks_in_place_and_grows_by_remapping(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=64k", 0);
    char *block = heap->ops->alloc(heap, 1 << 20, 0);
    block[70000] = 42;
    assert_ptr_equal(heap->ops->resize(heap, block, 80000), block);
    assert_int_equal(fixture_stats(heap).reallocs_in_place, 1);
    assert_int_equal(fixture_stats(heap).live_block_bytes, 81920);
    block = heap->ops->resize(heap, block, 8 << 20);
    assert_int_equal(block[70000], 42);
    assert_int_equal(fixture_stats(heap).reallocs_in_place, 1);
    assert_null(heap->ops->resize(heap, block, (size_t)1 << 60));
    assert_int_equal(block[70000], 42);
    fixture_close(heap);
}

static void resize_to_nothing_keeps_a_block(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *block = heap->ops->alloc(heap, 1000, 0);
    block = heap->ops->resize(heap, block, 0);
    assert_non_null(block);
    assert_int_equal(fixture_stats(heap).live_blocks, 1);
    heap->ops->free(heap, block);
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrink_gives_the_tail_back),
        cmocka_unit_test(shrink_by_a_granule_joins_the_free_block_behind),
        cmocka_unit_test(grow_takes_the_free_block_behind),
        cmocka_unit_test(grow_by_a_granule_keeps_the_free_block_behind_in_the_index),
        cmocka_unit_test(grow_at_the_top_takes_new_memory),
        cmocka_unit_test(grow_that_finds_no_room_moves_and_counts_one_block),
        cmocka_unit_test(failed_resize_leaves_the_block_as_it_was),
        cmocka_unit_test(block_crosses_between_region_and_mapping_with_its_contents),
        cmocka_unit_test(big_block_shrinks_in_place_and_grows_by_remapping),
        cmocka_unit_test(resize_to_nothing_keeps_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
