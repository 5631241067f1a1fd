#include <fl_test.h>

#include "heap_fixture.h"

#define BLOCKS 2000

/* BLOCKS blocks, every other one freed: BLOCKS / 2 holes of 64 bytes and the top. */
static struct fl_allocator *open_with_holes(const char *spec)
{
    static void *blocks[BLOCKS];
    struct fl_allocator *heap = fixture_open(spec, 0);
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = heap->ops->alloc(heap, 56, 0);
    for (size_t i = 0; i < BLOCKS; i += 2)
        heap->ops->free(heap, blocks[i]);
    return heap;
}

static uint64_t visits_of_one_malloc(struct fl_allocator *heap, size_t bytes)
{
    const uint64_t before = fixture_stats(heap).visits_malloc;
    assert_non_null(heap->ops->alloc(heap, bytes, 0));
    return fixture_stats(heap).visits_malloc - before;
}

static void malloc_without_maxima_walks_every_hole_that_is_too_small(void **state)
{
    (void)state;
    struct fl_allocator *heap = open_with_holes("addr-tree");
    assert_int_equal(visits_of_one_malloc(heap, 100), BLOCKS / 2 + 1);
    assert_int_equal(visits_of_one_malloc(heap, 56), 1);
    fixture_close(heap);
}

static void malloc_with_maxima_goes_straight_down(void **state)
{
    (void)state;
    struct fl_allocator *heap = open_with_holes("addr-tree,augment=max");
    assert_true(visits_of_one_malloc(heap, 100) <= 40);
    assert_true(visits_of_one_malloc(heap, 56) <= 40);
    fixture_close(heap);
}

static void free_looks_at_a_path_only(void **state)
{
    (void)state;
    struct fl_allocator *heap = open_with_holes("addr-tree");
    assert_true(fixture_stats(heap).visits_free_max <= 22);
    fixture_close(heap);
}

static void best_fit_takes_the_smallest_and_of_equals_the_lowest(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree,fit=best", "addr-tree,fit=best,augment=max"};
    static const size_t sizes[] = {400, 120, 200, 120, 136};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        void *holes[5];
        for (size_t k = 0; k < 5; k++) {
            holes[k] = heap->ops->alloc(heap, sizes[k], 0);
            assert_non_null(heap->ops->alloc(heap, 8, 0));
        }
        for (size_t k = 0; k < 5; k++)
            heap->ops->free(heap, holes[k]);
        assert_ptr_equal(heap->ops->alloc(heap, 105, 0), holes[1]);
        assert_ptr_equal(heap->ops->alloc(heap, 105, 0), holes[3]);
        assert_ptr_equal(heap->ops->alloc(heap, 105, 0), holes[4]);
        assert_ptr_equal(heap->ops->alloc(heap, 150, 0), holes[2]);
        fixture_close(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malloc_without_maxima_walks_every_hole_that_is_too_small),
        cmocka_unit_test(malloc_with_maxima_goes_straight_down),
        cmocka_unit_test(free_looks_at_a_path_only),
        cmocka_unit_test(best_fit_takes_the_smallest_and_of_equals_the_lowest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
