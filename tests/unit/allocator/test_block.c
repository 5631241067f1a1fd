#include <fl_test.h>

#include "heap.h"
#include "heap_fixture.h"

static struct fl_block *lookup(const struct fl_allocator *heap, const void *payload)
{
    return fl_heap_block(fl_heap_of_const(heap), payload);
}

static void header_remembers_what_was_asked_for(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    for (size_t bytes = 0; bytes < 200; bytes++) {
        const struct fl_block *block = lookup(heap, heap->ops->alloc(heap, bytes, 0));
        assert_non_null(block);
        assert_int_equal(fl_block_asked(&fl_heap_of(heap)->grid, block), bytes);
    }
    fixture_close(heap);
}

static void size_in_granules_covers_header_and_payload(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        size_t bytes;
        uint32_t granules;
    } rows[] = {
        {"size-tree", 0, 2},
        {"size-tree", 24, 2},
        {"size-tree", 25, 3},
        {"size-tree", 40, 3},
        {"size-tree", 41, 4},
        {"combo-tree", 0, 2},
        {"list-lifo,align=4", 100, 27},
        {"list-lifo,links=single", 8, 1},
        {"list-lifo,links=single", 9, 2},
        {"list-lifo,links=single,tags=none,align=4", 0, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_allocator *heap = fixture_open(rows[i].spec, 0);
        assert_int_equal(fl_heap_granules(fl_heap_of(heap), rows[i].bytes), rows[i].granules);
        fixture_close(heap);
    }
}

static void lookup_refuses_what_is_not_the_start_of_a_payload(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    char *block = heap->ops->alloc(heap, 100, 0);
    memset(block, 0, 100);
    int on_the_stack = 0;
    assert_non_null(lookup(heap, block));
    assert_null(lookup(heap, block + 1));
    assert_null(lookup(heap, block + 16));
    assert_null(lookup(heap, &on_the_stack));
    assert_null(lookup(heap, NULL));
    assert_null(lookup(heap, (char *)fl_heap_of(heap)->end + FL_HEADER));
    fixture_close(heap);
}

static void lookup_refuses_a_freed_block_however_it_was_merged(void **state)
{
    (void)state;
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {2, 1, 0}, {1, 0, 2}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct fl_allocator *heap = fixture_open("addr-tree", 0);
        void *blocks[3], *guard;
        for (size_t k = 0; k < 3; k++)
            blocks[k] = heap->ops->alloc(heap, 100, 0);
        guard = heap->ops->alloc(heap, 100, 0);
        for (size_t k = 0; k < 3; k++) {
            heap->ops->free(heap, blocks[orders[i][k]]);
            assert_null(lookup(heap, blocks[orders[i][k]]));
        }
        assert_non_null(lookup(heap, guard));
        for (size_t k = 0; k < 3; k++)
            assert_null(lookup(heap, blocks[k]));
        fixture_close(heap);
    }
}

static void lookup_refuses_an_overwritten_header(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *payload = heap->ops->alloc(heap, 100, 0);
    struct fl_block *block = lookup(heap, payload);
    const struct fl_block kept = *block;
    block->granules = 0;
    assert_null(lookup(heap, payload));
    block->granules = UINT32_MAX;
    assert_null(lookup(heap, payload));
    *block = kept;
    block->info |= FL_SLACK_MAX << FL_INFO_SHIFT;
    assert_null(lookup(heap, payload));
    *block = kept;
    fixture_close(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_remembers_what_was_asked_for),
        cmocka_unit_test(size_in_granules_covers_header_and_payload),
        cmocka_unit_test(lookup_refuses_what_is_not_the_start_of_a_payload),
        cmocka_unit_test(lookup_refuses_a_freed_block_however_it_was_merged),
        cmocka_unit_test(lookup_refuses_an_overwritten_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
