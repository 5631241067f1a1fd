#include <fl_test.h>

#include "heap_fixture.h"

#define BLOCKS 600

static void smallest_that_fits_is_taken_and_of_equals_the_newest(void **state)
{
    (void)state;
    static const size_t sizes[] = {300, 100, 200, 100, 100};
    static const char *const specs[] = {"size-tree", "size-tree,tags=none"};
    for (size_t i = 0; i < 2; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        void *blocks[5];
        fixture_alloc_apart(heap, sizes, 5, blocks);
        for (size_t k = 0; k < 5; k++)
            heap->ops->free(heap, blocks[k]);
        assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[4]);
        assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[3]);
        assert_ptr_equal(heap->ops->alloc(heap, 150, 0), blocks[2]);
        assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[1]);
        assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[0]);
        fixture_close(heap);
    }
}

static void one_node_stands_for_all_blocks_of_a_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 100, 100, 300, 300};
    struct fl_allocator *heap = fixture_open("size-tree", 0);
    struct fixture_index index;
    void *blocks[5];
    fixture_alloc_apart(heap, sizes, 5, blocks);
    for (size_t i = 0; i < 5; i++)
        heap->ops->free(heap, blocks[i]);
    fixture_index_take(heap, "tree by size", &index);
    size_t equals = 0;
    for (size_t i = 0; i < index.count; i++)
        equals += index.entries[i].place == FL_INDEX_EQUAL;
    assert_int_equal(index.count, 6);
    assert_int_equal(equals, 3);
    fixture_close(heap);
}

static void node_that_leaves_its_size_hands_its_place_on(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 100, 100, 300, 50};
    struct fl_allocator *heap = fixture_open("size-tree", 0);
    void *blocks[5], *guard = heap->ops->alloc(heap, 56, 0);
    fixture_alloc_apart(heap, sizes, 5, blocks);
    for (size_t i = 0; i < 5; i++)
        heap->ops->free(heap, blocks[i]);
    fixture_check(heap);
    heap->ops->free(heap, guard); /* glued to the oldest of 100, which is the node */
    fixture_check(heap);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[2]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), blocks[1]);
    assert_ptr_equal(heap->ops->alloc(heap, 90, 0), guard);
    fixture_close(heap);
}

/* BLOCKS / 2 holes of rising sizes and the top. */
static struct fl_allocator *open_with_holes(const char *spec, void **guards)
{
    static void *holes[BLOCKS];
    struct fl_allocator *heap = fixture_open(spec, 0);
    for (size_t i = 0; i < BLOCKS / 2; i++) {
        holes[i] = heap->ops->alloc(heap, 56 + 16 * i, 0);
        guards[i] = heap->ops->alloc(heap, 56, 0);
        assert_non_null(heap->ops->alloc(heap, 56, 0));
    }
    for (size_t i = 0; i < BLOCKS / 2; i++)
        heap->ops->free(heap, holes[i]);
    return heap;
}

static void malloc_looks_at_a_path_only(void **state)
{
    (void)state;
    static void *guards[BLOCKS / 2];
    struct fl_allocator *heap = open_with_holes("size-tree", guards);
    for (size_t bytes = 60; bytes < 4000; bytes += 331) {
        const uint64_t before = fixture_stats(heap).visits_malloc;
        assert_non_null(heap->ops->alloc(heap, bytes, 0));
        assert_in_range(fixture_stats(heap).visits_malloc - before, 1, 40);
    }
    fixture_close(heap);
}

static uint64_t visits_of_one_free(const char *spec)
{
    static void *guards[BLOCKS / 2];
    struct fl_allocator *heap = open_with_holes(spec, guards);
    const uint64_t before = fixture_stats(heap).visits_free;
    heap->ops->free(heap, guards[BLOCKS / 2 - 1]);
    const uint64_t visits = fixture_stats(heap).visits_free - before;
    fixture_close(heap);
    return visits;
}

static void free_without_tags_looks_at_every_block(void **state)
{
    (void)state;
    assert_in_range(visits_of_one_free("size-tree"), 0, 40);
    assert_in_range(visits_of_one_free("size-tree,tags=none"), BLOCKS / 2, BLOCKS / 2 + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_that_fits_is_taken_and_of_equals_the_newest),
        cmocka_unit_test(one_node_stands_for_all_blocks_of_a_size),
        cmocka_unit_test(node_that_leaves_its_size_hands_its_place_on),
        cmocka_unit_test(malloc_looks_at_a_path_only),
        cmocka_unit_test(free_without_tags_looks_at_every_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
