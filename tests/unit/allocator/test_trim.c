#include <fl_test.h>

#include "heap_fixture.h"

#define BLOCKS 64
#define BYTES  ((size_t)20000)

/* BLOCKS blocks, filled, all of them freed again in order. */
static struct fl_alloc_stats stats_of_all_freed(const char *spec)
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = heap->ops->alloc(heap, BYTES, 0);
        memset(blocks[i], 0xa5, BYTES);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        heap->ops->free(heap, blocks[i]);
        fixture_check(heap);
    }
    const struct fl_alloc_stats stats = fixture_stats(heap);
    fixture_close(heap);
    return stats;
}

static void never_keeps_what_was_taken(void **state)
{
    (void)state;
    const struct fl_alloc_stats stats = stats_of_all_freed("list-addr");
    assert_true(stats.footprint == stats.peak_footprint);
    assert_int_equal(stats.munmap_calls, 0);
    assert_int_equal(stats.madvise_calls, 0);
}

static void threshold_gives_a_piece_back_once_it_is_large(void **state)
{
    (void)state;
    const struct fl_alloc_stats stats =
        stats_of_all_freed("list-addr,trim=threshold,trim-size=256k");
    /* The 14th free makes 280,112 bytes one piece, with 67 whole pages; each later one adds to
     * it, and the last glues all to the top. */
    assert_int_equal(stats.madvise_calls, BLOCKS - 1 - 13);
    assert_int_equal(stats.munmap_calls, 1);
    assert_true(stats.footprint == 4096);
    assert_true(stats.peak_footprint > BLOCKS * BYTES);
}

/* Cutting leaves a rest that is marked as given back and has no whole page. */
static void rest_without_a_page_is_no_reason_to_give_back(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr,trim=threshold,trim-size=64k", 0);
    void *first = heap->ops->alloc(heap, 100 << 10, 0);
    void *second = heap->ops->alloc(heap, 5000, 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    heap->ops->free(heap, first);
    assert_int_equal(fixture_stats(heap).madvise_calls, 1);
    assert_ptr_equal(heap->ops->alloc(heap, (100 << 10) - 500, 0), first);
    const uint64_t footprint = fixture_stats(heap).footprint;
    heap->ops->free(heap, second);
    fixture_check(heap);
    assert_int_equal(fixture_stats(heap).madvise_calls, 1);
    assert_int_equal(fixture_stats(heap).footprint, footprint);
    fixture_close(heap);
}

static void threshold_above_the_heap_keeps_it(void **state)
{
    (void)state;
    const struct fl_alloc_stats stats =
        stats_of_all_freed("list-addr,trim=threshold,trim-size=1g");
    assert_int_equal(stats.munmap_calls, 0);
    assert_true(stats.footprint == stats.peak_footprint);
}

static void always_gives_back_every_page_of_every_design(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        char spec[64];
        snprintf(spec, sizeof spec, "%s,trim=always", fl_allocator_at(i)->name);
        const struct fl_alloc_stats stats = stats_of_all_freed(spec);
        assert_true(stats.madvise_calls >= BLOCKS - 2);
        assert_true(stats.munmap_calls >= 1);
        assert_true(stats.footprint == 4096);
    }
}

/* A hole between two blocks, its pages given back. */
static struct fl_allocator *open_with_released_hole(const char *spec, void **hole)
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    *hole = heap->ops->alloc(heap, BYTES, 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    memset(*hole, 0xa5, BYTES);
    const struct fl_alloc_stats before = fixture_stats(heap);
    heap->ops->free(heap, *hole);
    const struct fl_alloc_stats after = fixture_stats(heap);
    /* 20,008 bytes that begin in the first page hold three whole pages besides. */
    assert_int_equal(after.madvise_calls - before.madvise_calls, 1);
    assert_int_equal(after.madvise_bytes - before.madvise_bytes, 3 * 4096);
    assert_int_equal(before.footprint - after.footprint, 3 * 4096);
    return heap;
}

static void pages_that_are_used_again_count_again(void **state)
{
    (void)state;
    void *hole;
    struct fl_allocator *heap = open_with_released_hole("list-addr,trim=always", &hole);
    const struct fl_alloc_stats before = fixture_stats(heap);
    assert_ptr_equal(heap->ops->alloc(heap, BYTES, 0), hole);
    const struct fl_alloc_stats after = fixture_stats(heap);
    assert_int_equal(after.footprint - before.footprint, 3 * 4096);
    assert_int_equal(after.retaken_bytes - before.retaken_bytes, 3 * 4096);
    assert_int_equal(after.mmap_calls, before.mmap_calls);
    fixture_close(heap);
}

static void cut_of_a_released_block_takes_only_its_own_pages(void **state)
{
    (void)state;
    void *hole;
    struct fl_allocator *heap = open_with_released_hole("list-addr,trim=always", &hole);
    const uint64_t before = fixture_stats(heap).footprint;
    assert_ptr_equal(heap->ops->alloc(heap, 4096, 0), hole);
    fixture_check(heap);
    assert_in_range(fixture_stats(heap).footprint - before, 4096, 2 * 4096);
    fixture_close(heap);
}

static void zeroed_block_on_returned_pages_is_zero(void **state)
{
    (void)state;
    static const char *const specs[] = {"list-addr,trim=always", "size-tree,trim=always",
                                        "combo-tree,trim=always"};
    for (size_t i = 0; i < 3; i++) {
        void *hole;
        struct fl_allocator *heap = open_with_released_hole(specs[i], &hole);
        const char *zeroed = heap->ops->alloc_zeroed(heap, BYTES);
        assert_ptr_equal(zeroed, hole);
        for (size_t k = 0; k < BYTES; k++)
            assert_int_equal(zeroed[k], 0);
        fixture_close(heap);
    }
}

/* The last block is too small for the links that a larger one keeps: they would end in the next
 * page. */
static void small_block_at_the_end_of_the_last_page_stays(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("combo-tree,align=8,trim=always,chunk=4k", 0);
    /* 4,064 + 32 bytes are the page. */
    void *first = heap->ops->alloc(heap, 4056, 0);
    void *last = heap->ops->alloc(heap, 24, 0);
    assert_non_null(first);
    assert_int_equal(fixture_stats(heap).footprint, 4096);
    assert_true(heap->ops->free(heap, last));
    fixture_check(heap);
    assert_int_equal(fixture_stats(heap).footprint, 4096);
    fixture_close(heap);
}

static void heap_grows_again_after_its_top_went_back(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,trim=always,chunk=4k", 0);
    for (size_t i = 0; i < 10; i++) {
        char *block = heap->ops->alloc_zeroed(heap, BYTES);
        assert_non_null(block);
        assert_int_equal(block[0] | block[BYTES - 1], 0);
        memset(block, 0xa5, BYTES);
        assert_true(heap->ops->free(heap, block));
        assert_int_equal(fixture_stats(heap).footprint, 4096);
    }
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_keeps_what_was_taken),
        cmocka_unit_test(threshold_gives_a_piece_back_once_it_is_large),
        cmocka_unit_test(rest_without_a_page_is_no_reason_to_give_back),
        cmocka_unit_test(threshold_above_the_heap_keeps_it),
        cmocka_unit_test(always_gives_back_every_page_of_every_design),
        cmocka_unit_test(pages_that_are_used_again_count_again),
        cmocka_unit_test(cut_of_a_released_block_takes_only_its_own_pages),
        cmocka_unit_test(zeroed_block_on_returned_pages_is_zero),
        cmocka_unit_test(small_block_at_the_end_of_the_last_page_stays),
        cmocka_unit_test(heap_grows_again_after_its_top_went_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
