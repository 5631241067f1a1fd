#include <fl_test.h>

#include "heap_fixture.h"

/* In the order of arrival: of the three of 100 bytes the last is the newest. */
static const size_t sizes[] = {300, 100, 200, 100, 100};

static struct fl_allocator *open_with_holes(const char *spec, void *blocks[5])
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    fixture_alloc_apart(heap, sizes, 5, blocks);
    for (size_t i = 0; i < 5; i++)
        heap->ops->free(heap, blocks[i]);
    return heap;
}

static void smallest_comes_first_and_of_equals_the_newest(void **state)
{
    (void)state;
    static const char *const specs[] = {"list-size", "list-size,links=single"};
    for (size_t i = 0; i < 2; i++) {
        void *blocks[5];
        struct fl_allocator *heap = open_with_holes(specs[i], blocks);
        fixture_expect_order(heap, "free list",
                             (void *[]){blocks[4], blocks[3], blocks[1], blocks[2], blocks[0]},
                             5);
        fixture_close(heap);
    }
}

static void rest_of_a_cut_block_goes_to_its_new_place(void **state)
{
    (void)state;
    void *blocks[5];
    struct fl_allocator *heap = open_with_holes("list-size", blocks);
    /* 312 bytes less 224: 88, below the blocks of 112. */
    assert_ptr_equal(heap->ops->alloc(heap, 216, 0), blocks[0]);
    void *rest = (char *)blocks[0] + 224;
    fixture_expect_order(heap, "free list",
                         (void *[]){rest, blocks[4], blocks[3], blocks[1], blocks[2]}, 5);
    fixture_close(heap);
}

static void malloc_looks_at_all_that_are_smaller_and_one_more(void **state)
{
    (void)state;
    void *blocks[5];
    struct fl_allocator *heap = open_with_holes("list-size", blocks);
    const uint64_t before = fixture_stats(heap).visits_malloc;
    assert_ptr_equal(heap->ops->alloc(heap, 190, 0), blocks[2]);
    assert_int_equal(fixture_stats(heap).visits_malloc - before, 4);
    assert_ptr_equal(heap->ops->alloc(heap, 100, 0), blocks[4]);
    assert_int_equal(fixture_stats(heap).visits_malloc - before, 5);
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_comes_first_and_of_equals_the_newest),
        cmocka_unit_test(rest_of_a_cut_block_goes_to_its_new_place),
        cmocka_unit_test(malloc_looks_at_all_that_are_smaller_and_one_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
