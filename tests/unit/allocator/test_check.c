#include <fl_test.h>

#include "heap.h"
#include "heap_fixture.h"

/* Two used blocks with a free one between them, and the free top. */
struct sample {
    struct fl_allocator *heap;
    struct fl_block *used, *free, *guard;
};

static struct sample sample_open(const char *spec)
{
    struct fl_allocator *heap = fixture_open(spec, 0);
    void *first = heap->ops->alloc(heap, 100, 0), *middle = heap->ops->alloc(heap, 200, 0);
    void *last = heap->ops->alloc(heap, 300, 0);
    heap->ops->free(heap, middle);
    fixture_check(heap);
    return (struct sample){heap, fl_payload_block(first), fl_payload_block(middle),
                           fl_payload_block(last)};
}

static void assert_broken(struct sample *sample, const char *invariant)
{
    struct fl_check_report report;
    assert_false(sample->heap->ops->check(sample->heap, FL_CHECK_FULL, &report));
    assert_string_equal(report.invariant, invariant);
    assert_true(report.message[0] != '\0');
    sample->heap->ops->destroy(sample->heap);
}

static void size_that_leads_past_the_end_is_a1(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    sample.guard->granules = 1U << 30;
    assert_broken(&sample, "A1");
}

static void size_of_nothing_is_a1(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    sample.used->granules = 0;
    assert_broken(&sample, "A1");
}

static void free_neighbours_are_a2(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    /* The used block turned free, flags and tag as they should be. */
    sample.used->info = 0;
    fl_block_set_tag(&fl_heap_of(sample.heap)->grid, sample.used);
    sample.free->info |= FL_BLOCK_PREV_FREE;
    assert_broken(&sample, "A2");
}

static void free_block_missing_from_the_index_is_a3(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree,augment=max", "list-addr"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct sample sample = sample_open(specs[i]);
        struct fl_policy *policy = fl_heap_of(sample.heap)->policy;
        policy->ops->remove(policy, sample.free);
        assert_broken(&sample, "A3");
    }
}

static void wrong_tag_is_a4(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    ((uint32_t *)sample.guard)[-1]++;
    assert_broken(&sample, "A4");
}

static void wrong_flag_is_a4(void **state)
{
    (void)state;
    struct sample sample = sample_open("list-addr");
    sample.guard->info &= ~(uint32_t)FL_BLOCK_PREV_FREE;
    assert_broken(&sample, "A4");
}

static void impossible_slack_is_a5(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    sample.used->info |= FL_SLACK_MAX << FL_INFO_SHIFT;
    assert_broken(&sample, "A5");
}

static void broken_links_are_a6(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree", "addr-tree,augment=max",
                                        "list-addr", "list-lifo",
                                        "list-size", "size-tree",
                                        "combo-tree"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct sample sample = sample_open(specs[i]);
        memset(sample.free + 1, 0x77, 12);
        assert_broken(&sample, "A6");
    }
}

static void lost_count_is_a7(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    fl_heap_of(sample.heap)->stats.live_payload--;
    assert_broken(&sample, "A7");
}

static void wrong_footprint_is_a8_even_when_checked_fast(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    struct fl_check_report report;
    fl_heap_of(sample.heap)->stats.footprint += 4096;
    assert_false(sample.heap->ops->check(sample.heap, FL_CHECK_FAST, &report));
    assert_string_equal(report.invariant, "A8");
    assert_broken(&sample, "A8");
}

static void lost_big_block_is_a9(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree,big=4k");
    void *payload = sample.heap->ops->alloc(sample.heap, 5000, 0);
    struct fl_big *big = fl_heap_big(fl_heap_of(sample.heap), payload);
    big->asked_bytes = 9000;
    assert_broken(&sample, "A9");
}

static bool sum_blocks(const struct fl_block_view *block, void *user)
{
    uint64_t *end = user;
    assert_int_equal(block->offset, *end);
    assert_true(block->is_used || block->payload_bytes == 0);
    *end += block->block_bytes;
    return true;
}

static void walk_leaves_nothing_between_blocks(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree,chunk=64k");
    uint64_t end = 8;
    sample.heap->ops->walk(sample.heap, sum_blocks, &end);
    assert_int_equal(end, 65536 - 8);
    fixture_close(sample.heap);
}

static bool stop_at_once(const struct fl_block_view *block, void *user)
{
    (void)block;
    ++*(int *)user;
    return false;
}

static void walk_stops_when_told(void **state)
{
    (void)state;
    struct sample sample = sample_open("addr-tree");
    int calls = 0;
    sample.heap->ops->walk(sample.heap, stop_at_once, &calls);
    assert_int_equal(calls, 1);
    fixture_close(sample.heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_that_leads_past_the_end_is_a1),
        cmocka_unit_test(size_of_nothing_is_a1),
        cmocka_unit_test(free_neighbours_are_a2),
        cmocka_unit_test(free_block_missing_from_the_index_is_a3),
        cmocka_unit_test(wrong_tag_is_a4),
        cmocka_unit_test(wrong_flag_is_a4),
        cmocka_unit_test(impossible_slack_is_a5),
        cmocka_unit_test(broken_links_are_a6),
        cmocka_unit_test(lost_count_is_a7),
        cmocka_unit_test(wrong_footprint_is_a8_even_when_checked_fast),
        cmocka_unit_test(lost_big_block_is_a9),
        cmocka_unit_test(walk_leaves_nothing_between_blocks),
        cmocka_unit_test(walk_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
