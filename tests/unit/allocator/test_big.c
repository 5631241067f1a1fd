#include <fl_test.h>

#include "heap_fixture.h"

#define BIG_OFFSET ((uint64_t)1 << 63)

static void block_at_the_knob_is_a_mapping_and_below_it_is_not(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=64k", 0);
    void *small = heap->ops->alloc(heap, 65535, 0);
    void *big = heap->ops->alloc(heap, 65536, 0);
    assert_int_equal(fixture_stats(heap).big_blocks, 1);
    assert_int_equal((uintptr_t)big % 4096, 0);
    assert_int_equal(heap->ops->usable_size(heap, big), 65536);
    assert_true(heap->ops->offset(heap, small) < BIG_OFFSET);
    assert_true(heap->ops->offset(heap, big) == BIG_OFFSET);
    fixture_close(heap);
}

static void free_gives_the_mapping_back(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=4k", 0);
    void *big = heap->ops->alloc(heap, 10000, 0);
    const struct fl_alloc_stats before = fixture_stats(heap);
    heap->ops->free(heap, big);
    const struct fl_alloc_stats after = fixture_stats(heap);
    assert_int_equal(after.munmap_calls, before.munmap_calls + 1);
    assert_int_equal(after.footprint, before.footprint - 12288);
    assert_false(heap->ops->contains(heap, big, 1));
    fixture_close(heap);
}

static void never_keeps_every_size_in_the_region(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr,big=never", 0);
    void *block = heap->ops->alloc(heap, (size_t)32 << 20, 0);
    assert_non_null(block);
    assert_int_equal(fixture_stats(heap).big_blocks, 0);
    assert_true(heap->ops->offset(heap, block) == 16);
    fixture_close(heap);
}

static void offsets_of_big_blocks_follow_each_other_and_are_not_used_again(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=4k", 0);
    void *first = heap->ops->alloc(heap, 4096, 0);
    void *second = heap->ops->alloc(heap, 5000, 0);
    assert_true(heap->ops->offset(heap, second) == BIG_OFFSET + 4096);
    heap->ops->free(heap, first);
    void *third = heap->ops->alloc(heap, 4096, 0);
    assert_true(heap->ops->offset(heap, third) == BIG_OFFSET + 4096 + 8192);
    fixture_close(heap);
}

static void alignment_above_the_region_s_own_gets_a_mapping(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    const size_t align = (size_t)16 << 20;
    char *block = heap->ops->alloc(heap, 100, align);
    assert_int_equal((uintptr_t)block % align, 0);
    assert_int_equal(fixture_stats(heap).big_blocks, 1);
    assert_int_equal(fixture_stats(heap).live_block_bytes, 4096);
    fixture_close(heap);
}

static bool count_block(const struct fl_block_view *block, void *user)
{
    uint64_t *next_offset = user;
    assert_true(block->is_big);
    assert_true(block->offset >= *next_offset);
    *next_offset = block->offset + block->block_bytes;
    return true;
}

static void walk_shows_big_blocks_by_offset(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=4k", 0);
    uint64_t next_offset = 0;
    void *blocks[8];
    for (size_t i = 0; i < 8; i++)
        blocks[i] = heap->ops->alloc(heap, 4096 * (1 + i % 3), 0);
    heap->ops->free(heap, blocks[3]);
    assert_non_null(heap->ops->resize(heap, blocks[1], 100000));
    heap->ops->walk(heap, count_block, &next_offset);
    assert_int_equal(next_offset, 4096 * (1 + 2 + 3 + 1 + 2 + 3 + 1 + 2) + 102400);
    fixture_close(heap);
}

static void table_holds_thousands(void **state)
{
    (void)state;
    enum { COUNT = 3001 };
    static void *blocks[COUNT];
    struct fl_allocator *heap = fixture_open("addr-tree,big=4k", 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_non_null(blocks[i] = heap->ops->alloc(heap, 4096, 0));
    fixture_check(heap);
    for (size_t i = 0; i < COUNT; i++)
        heap->ops->free(heap, blocks[i * 7 % COUNT]);
    assert_int_equal(fixture_stats(heap).live_blocks, 0);
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_at_the_knob_is_a_mapping_and_below_it_is_not),
        cmocka_unit_test(free_gives_the_mapping_back),
        cmocka_unit_test(never_keeps_every_size_in_the_region),
        cmocka_unit_test(offsets_of_big_blocks_follow_each_other_and_are_not_used_again),
        cmocka_unit_test(alignment_above_the_region_s_own_gets_a_mapping),
        cmocka_unit_test(walk_shows_big_blocks_by_offset),
        cmocka_unit_test(table_holds_thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
