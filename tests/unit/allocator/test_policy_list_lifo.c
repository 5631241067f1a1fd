#include <fl_test.h>

#include "heap_fixture.h"

static const size_t sizes[] = {100, 200, 300};

static void newest_comes_first(void **state)
{
    (void)state;
    static const char *const specs[] = {"list-lifo", "list-lifo,links=single",
                                        "list-lifo,tags=none"};
    for (size_t i = 0; i < 3; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        void *blocks[3];
        fixture_alloc_apart(heap, sizes, 3, blocks);
        heap->ops->free(heap, blocks[0]);
        heap->ops->free(heap, blocks[2]);
        heap->ops->free(heap, blocks[1]);
        fixture_expect_order(heap, "free list", (void *[]){blocks[1], blocks[2], blocks[0]}, 3);
        fixture_close(heap);
    }
}

static void first_fit_takes_the_newest_that_is_large_enough(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-lifo", 0);
    void *blocks[3];
    fixture_alloc_apart(heap, sizes, 3, blocks);
    heap->ops->free(heap, blocks[1]);
    heap->ops->free(heap, blocks[2]);
    heap->ops->free(heap, blocks[0]);
    assert_ptr_equal(heap->ops->alloc(heap, 150, 0), blocks[2]);
    assert_ptr_equal(heap->ops->alloc(heap, 100, 0), blocks[0]);
    fixture_close(heap);
}

static void best_fit_takes_the_smallest_and_of_equals_the_newest(void **state)
{
    (void)state;
    static const size_t some[] = {300, 100, 100, 200};
    struct fl_allocator *heap = fixture_open("list-lifo,fit=best", 0);
    void *blocks[4];
    fixture_alloc_apart(heap, some, 4, blocks);
    for (size_t i = 0; i < 4; i++)
        heap->ops->free(heap, blocks[i]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[2]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[1]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[3]);
    fixture_close(heap);
}

static void glued_block_keeps_the_place_of_the_one_that_was_free(void **state)
{
    (void)state;
    static const size_t some[] = {100, 300};
    struct fl_allocator *heap = fixture_open("list-lifo", 0);
    void *blocks[2], *left = heap->ops->alloc(heap, 104, 0);
    fixture_alloc_apart(heap, some, 2, blocks);
    heap->ops->free(heap, left);
    heap->ops->free(heap, blocks[1]);
    heap->ops->free(heap, blocks[0]);
    fixture_expect_order(heap, "free list", (void *[]){blocks[1], left}, 2);
    fixture_close(heap);
}

/* 20 holes and the top; the first hole, last in the list but one, takes in what lies behind. */
static uint64_t visits_of_gluing(const char *spec)
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    void *guards[21], *holes[21];
    for (size_t i = 0; i < 21; i++) {
        holes[i] = heap->ops->alloc(heap, 56, 0);
        guards[i] = heap->ops->alloc(heap, 56, 0);
    }
    for (size_t i = 0; i < 20; i++)
        heap->ops->free(heap, holes[i]);
    const uint64_t before = fixture_stats(heap).visits_free;
    heap->ops->free(heap, guards[0]);
    const uint64_t visits = fixture_stats(heap).visits_free - before;
    assert_int_equal(fixture_stats(heap).merges, 2);
    fixture_close(heap);
    return visits;
}

static void free_visits_nothing_with_tags_and_links_both_ways(void **state)
{
    (void)state;
    assert_int_equal(visits_of_gluing("list-lifo"), 0);
}

static void free_without_tags_or_links_back_searches_the_list(void **state)
{
    (void)state;
    /* The hole behind is the 19th of the list, the hole before the 20th. */
    assert_in_range(visits_of_gluing("list-lifo,links=single"), 18, 19);
    assert_int_equal(visits_of_gluing("list-lifo,tags=none"), 20);
    assert_in_range(visits_of_gluing("list-lifo,links=single,tags=none"), 38, 39);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_comes_first),
        cmocka_unit_test(first_fit_takes_the_newest_that_is_large_enough),
        cmocka_unit_test(best_fit_takes_the_smallest_and_of_equals_the_newest),
        cmocka_unit_test(glued_block_keeps_the_place_of_the_one_that_was_free),
        cmocka_unit_test(free_visits_nothing_with_tags_and_links_both_ways),
        cmocka_unit_test(free_without_tags_or_links_back_searches_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
