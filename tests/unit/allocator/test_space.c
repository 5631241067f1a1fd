#include <fl_test.h>

#include "heap_fixture.h"

/* ---- the example of the course notes ---- */

static void expect_list(const struct fl_allocator *heap, const uint64_t (*expected)[2],
                        size_t count)
{
    struct fixture_index index;
    fixture_index_take(heap, "free list", &index);
    assert_int_equal(index.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(index.entries[i].offset - 8, expected[i][0]);
        assert_int_equal(index.entries[i].block_bytes, expected[i][1]);
    }
}

static struct fl_allocator *open_after_two_mallocs(const char *spec, void **second)
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    void *first = heap->ops->alloc(heap, 100, 0);
    assert_int_equal(heap->ops->offset(heap, first), 8);
    expect_list(heap, (const uint64_t[][2]){{108, 3988}}, 1);
    *second = heap->ops->alloc(heap, 200, 0);
    assert_int_equal(heap->ops->offset(heap, *second), 116);
    expect_list(heap, (const uint64_t[][2]){{316, 3780}}, 1);
    return heap;
}

static void example_of_the_notes_comes_out_number_for_number(void **state)
{
    (void)state;
    static const char *const designs[] = {"list-lifo", "list-addr", "list-size"};
    for (size_t i = 0; i < 3; i++) {
        char spec[100];
        void *second;
        snprintf(spec, sizeof spec, "%s,align=4,chunk=4k,coalesce=off", designs[i]);
        struct fl_allocator *heap = open_after_two_mallocs(spec, &second);
        heap->ops->free(heap, second);
        expect_list(heap, (const uint64_t[][2]){{108, 208}, {316, 3780}}, 2);
        fixture_close(heap);

        snprintf(spec, sizeof spec, "%s,align=4,chunk=4k", designs[i]);
        heap = open_after_two_mallocs(spec, &second);
        heap->ops->free(heap, second);
        expect_list(heap, (const uint64_t[][2]){{108, 3988}}, 1);
        fixture_close(heap);
    }
}

static void alignment_is_that_of_the_knob(void **state)
{
    (void)state;
    static const char *const knobs[] = {"4", "8", "16", "32", "64"};
    for (size_t i = 0; i < 5; i++) {
        char spec[100];
        snprintf(spec, sizeof spec, "addr-tree,align=%s", knobs[i]);
        struct fl_allocator *heap = fixture_open(spec, 0);
        assert_int_equal(heap->alignment, (size_t)4 << i);
        for (size_t bytes = 0; bytes < 300; bytes += 7) {
            void *block = heap->ops->alloc(heap, bytes, 0);
            assert_int_equal((uintptr_t)block % heap->alignment, 0);
        }
        fixture_close(heap);
    }
}

/* ---- coalesce, split-min ---- */

static void neighbours_stay_apart_with_coalesce_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        char spec[100];
        snprintf(spec, sizeof spec, "%s,coalesce=off", fl_allocator_at(i)->name);
        struct fl_allocator *heap = fixture_open(spec, 0);
        void *blocks[3];
        for (size_t k = 0; k < 3; k++)
            blocks[k] = heap->ops->alloc(heap, 120, 0);
        for (size_t k = 0; k < 3; k++)
            heap->ops->free(heap, blocks[k]);
        assert_int_equal(fixture_stats(heap).free_blocks, 4);
        assert_int_equal(fixture_stats(heap).merges, 0);
        /* Together they would have been large enough. */
        assert_true((char *)heap->ops->alloc(heap, 300, 0) > (char *)blocks[2]);
        fixture_close(heap);
    }
}

static void neighbours_become_one_without_tags_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        char spec[100];
        snprintf(spec, sizeof spec, "%s,tags=none", fl_allocator_at(i)->name);
        struct fl_allocator *heap = fixture_open(spec, 0);
        void *blocks[4];
        for (size_t k = 0; k < 4; k++)
            blocks[k] = heap->ops->alloc(heap, 120, 0);
        heap->ops->free(heap, blocks[0]);
        heap->ops->free(heap, blocks[2]);
        assert_int_equal(fixture_stats(heap).free_blocks, 3);
        heap->ops->free(heap, blocks[1]);
        assert_int_equal(fixture_stats(heap).free_blocks, 2);
        assert_int_equal(fixture_stats(heap).merges, 2);
        assert_ptr_equal(heap->ops->alloc(heap, 376, 0), blocks[0]);
        fixture_close(heap);
    }
}

static size_t usable_of_cut_hole(const char *spec)
{
    const size_t size = 248;
    void *hole;
    struct fl_allocator *heap = fixture_open(spec, 0);
    fixture_alloc_apart(heap, &size, 1, &hole);
    heap->ops->free(heap, hole);
    /* Of the hole's 256 bytes 112 are needed: a rest of 144. */
    assert_ptr_equal(heap->ops->alloc(heap, 104, 0), hole);
    const size_t usable = heap->ops->usable_size(heap, hole);
    fixture_close(heap);
    return usable;
}

static void rest_below_split_min_stays_with_the_block(void **state)
{
    (void)state;
    assert_int_equal(usable_of_cut_hole("list-addr"), 104);
    assert_int_equal(usable_of_cut_hole("list-addr,split-min=144"), 104);
    assert_int_equal(usable_of_cut_hole("list-addr,split-min=145"), 248);
    assert_int_equal(usable_of_cut_hole("list-addr,split-min=1k"), 248);
}

static void smallest_block_holds_what_the_design_keeps_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        size_t block_bytes;
    } rows[] = {
        {"list-lifo,align=4", 8 + 8 + 4},
        {"list-lifo,align=4,links=single", 8 + 4 + 4},
        {"list-lifo,align=4,links=single,tags=none", 8 + 4},
        {"addr-tree,align=4", 8 + 12 + 4},
        {"addr-tree,align=4,augment=max", 8 + 20 + 4},
        {"size-tree,align=4", 8 + 8 + 4},
        {"list-addr", 32},
        {"list-addr,links=single", 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_allocator *heap = fixture_open(rows[i].spec, 0);
        void *block = heap->ops->alloc(heap, 0, 0);
        assert_int_equal(heap->ops->usable_size(heap, block) + 8, rows[i].block_bytes);
        fixture_close(heap);
    }
}

/* ---- next fit ---- */

static const char *const next_fits[] = {
    "list-addr,fit=next,chunk=4k", "list-addr,fit=next,chunk=4k,links=single",
    "addr-tree,fit=next,chunk=4k", "addr-tree,fit=next,chunk=4k,augment=max"};

/* Holes of 208 bytes at a distance, the top in use; the last search ended at the top. */
static struct fl_allocator *open_for_next_fit(const char *spec, void *holes[4])
{
    static const size_t sizes[] = {200, 200, 200, 200};
    struct fl_allocator *heap = fixture_open(spec, 0);
    fixture_alloc_apart(heap, sizes, 4, holes);
    fixture_take_top(heap);
    for (size_t i = 0; i < 4; i++)
        heap->ops->free(heap, holes[i]);
    return heap;
}

static void next_fit_goes_on_where_it_ended_and_wraps(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        void *holes[4];
        struct fl_allocator *heap = open_for_next_fit(next_fits[i], holes);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[1]);
        heap->ops->free(heap, holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[2]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[3]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[0]);
        fixture_close(heap);
    }
}

static void next_fit_stays_at_the_rest_of_a_cut_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        void *holes[4];
        struct fl_allocator *heap = open_for_next_fit(next_fits[i], holes);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 40, 0), holes[1]);
        heap->ops->free(heap, holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 40, 0), (char *)holes[1] + 48);
        fixture_close(heap);
    }
}

static void next_fit_stands_at_its_block_when_that_grows_downwards(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        void *holes[4];
        struct fl_allocator *heap = open_for_next_fit(next_fits[i], holes);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 40, 0), holes[1]);
        heap->ops->free(heap, holes[1]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[1]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[2]);
        fixture_close(heap);
    }
}

static void next_fit_goes_on_behind_its_block_when_that_is_glued_away(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        void *holes[4];
        struct fl_allocator *heap = open_for_next_fit(next_fits[i], holes);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[0]);
        assert_ptr_equal(heap->ops->alloc(heap, 200, 0), holes[1]);
        assert_ptr_equal(heap->ops->alloc(heap, 40, 0), holes[2]);
        /* The search stands at the rest of hole 2, which joins what is free before it. */
        assert_true(heap->ops->free(heap, holes[1]));
        assert_true(heap->ops->free(heap, (char *)holes[1] + 208));
        assert_true(heap->ops->free(heap, holes[2]));
        assert_int_equal(fixture_stats(heap).free_blocks, 2);
        assert_ptr_equal(heap->ops->alloc(heap, 100, 0), holes[3]);
        fixture_close(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_notes_comes_out_number_for_number),
        cmocka_unit_test(alignment_is_that_of_the_knob),
        cmocka_unit_test(neighbours_stay_apart_with_coalesce_off),
        cmocka_unit_test(neighbours_become_one_without_tags_too),
        cmocka_unit_test(rest_below_split_min_stays_with_the_block),
        cmocka_unit_test(smallest_block_holds_what_the_design_keeps_in_it),
        cmocka_unit_test(next_fit_goes_on_where_it_ended_and_wraps),
        cmocka_unit_test(next_fit_stays_at_the_rest_of_a_cut_block),
        cmocka_unit_test(next_fit_stands_at_its_block_when_that_grows_downwards),
        cmocka_unit_test(next_fit_goes_on_behind_its_block_when_that_is_glued_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
