#include <fl_test.h>

#include "heap_fixture.h"

static void first_fit_takes_the_lowest_that_is_large_enough(void **state)
{
    (void)state;
    static const size_t sizes[] = {56, 400, 120};
    struct fl_allocator *heap = fixture_open("list-addr", 0);
    void *holes[3];
    for (size_t i = 0; i < 3; i++) {
        holes[i] = heap->ops->alloc(heap, sizes[i], 0);
        assert_non_null(heap->ops->alloc(heap, 8, 0));
    }
    for (size_t i = 0; i < 3; i++)
        heap->ops->free(heap, holes[2 - i]);
    assert_ptr_equal(heap->ops->alloc(heap, 100, 0), holes[1]);
    assert_ptr_equal(heap->ops->alloc(heap, 40, 0), holes[0]);
    fixture_close(heap);
}

static void best_fit_stops_at_an_exact_fit(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr,fit=best", 0);
    void *hole = heap->ops->alloc(heap, 120, 0);
    assert_non_null(heap->ops->alloc(heap, 8, 0));
    heap->ops->free(heap, hole);
    const uint64_t before = fixture_stats(heap).visits_malloc;
    assert_ptr_equal(heap->ops->alloc(heap, 120, 0), hole);
    assert_int_equal(fixture_stats(heap).visits_malloc, before + 1);
    fixture_close(heap);
}

static void free_walks_to_its_place_unless_a_neighbour_is_free(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr", 0);
    void *blocks[20];
    for (size_t i = 0; i < 20; i++)
        blocks[i] = heap->ops->alloc(heap, 56, 0);
    for (size_t i = 0; i < 18; i += 2)
        heap->ops->free(heap, blocks[i]);
    /* Each looked at every hole below it and at the top. */
    assert_int_equal(fixture_stats(heap).visits_free, 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9);
    const uint64_t before = fixture_stats(heap).visits_free;
    heap->ops->free(heap, blocks[1]);
    heap->ops->free(heap, blocks[19]);
    assert_int_equal(fixture_stats(heap).visits_free, before);
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_fit_takes_the_lowest_that_is_large_enough),
        cmocka_unit_test(best_fit_stops_at_an_exact_fit),
        cmocka_unit_test(free_walks_to_its_place_unless_a_neighbour_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
