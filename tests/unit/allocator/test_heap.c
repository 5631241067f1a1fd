#include <fl_test.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap_fixture.h"

static void split_keeps_remainder_in_index(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    const struct fl_alloc_stats stats = fixture_stats(heap);
    assert_int_equal(stats.splits, 1);
    assert_int_equal(stats.free_blocks, 1);
    assert_int_equal(stats.live_block_bytes, 112);
    fixture_close(heap);
}

static void remainder_too_small_for_a_block_stays_with_the_used_one(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *hole = heap->ops->alloc(heap, 56, 0);
    assert_non_null(heap->ops->alloc(heap, 8, 0));
    heap->ops->free(heap, hole);
    assert_ptr_equal(heap->ops->alloc(heap, 40, 0), hole);
    assert_int_equal(heap->ops->usable_size(heap, hole), 56);
    assert_int_equal(fixture_stats(heap).live_payload, 48);
    fixture_close(heap);
}

static void free_merges_with_both_neighbours(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr", 0);
    void *blocks[3];
    for (size_t i = 0; i < 3; i++)
        blocks[i] = heap->ops->alloc(heap, 100, 0);
    heap->ops->free(heap, blocks[0]);
    assert_int_equal(fixture_stats(heap).free_blocks, 2);
    heap->ops->free(heap, blocks[1]);
    assert_int_equal(fixture_stats(heap).merges, 1);
    heap->ops->free(heap, blocks[2]);
    assert_int_equal(fixture_stats(heap).merges, 3);
    assert_int_equal(fixture_stats(heap).free_blocks, 1);
    fixture_close(heap);
}

static void region_grows_by_chunks_and_glues_them(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,chunk=8k", 0);
    for (size_t i = 0; i < 10; i++)
        assert_non_null(heap->ops->alloc(heap, 3000, 0));
    const struct fl_alloc_stats stats = fixture_stats(heap);
    assert_int_equal(stats.mmap_calls, 4);
    assert_int_equal(stats.footprint, 32768);
    assert_int_equal(stats.free_blocks, 1);
    fixture_close(heap);
}

static void request_of_nothing_gets_a_block_of_its_own(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    void *one = heap->ops->alloc(heap, 0, 0), *other = heap->ops->alloc(heap, 0, 0);
    assert_non_null(one);
    assert_ptr_not_equal(one, other);
    assert_int_equal(fixture_stats(heap).live_payload, 0);
    heap->ops->free(heap, one);
    heap->ops->free(heap, other);
    fixture_close(heap);
}

static void alignment_gap_stays_free(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree", 0);
    for (size_t align = 1; align <= (size_t)2 << 20; align *= 2) {
        void *block = heap->ops->alloc(heap, 100, align);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % align, 0);
        fixture_check(heap);
    }
    assert_int_equal(fixture_stats(heap).big_blocks, 0);
    assert_true(fixture_stats(heap).free_blocks > 5);
    fixture_close(heap);
}

static void freed_aligned_block_is_used_again(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,fit=best", 0);
    void *block = heap->ops->alloc(heap, 200, 64);
    assert_non_null(heap->ops->alloc(heap, 1, 0));
    assert_non_null(heap->ops->alloc(heap, 1, 0));
    heap->ops->free(heap, block);
    assert_ptr_equal(heap->ops->alloc(heap, 200, 64), block);
    fixture_close(heap);
}

static void zeroed_block_is_zero_where_memory_was_used(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("list-addr", 0);
    unsigned char *block = heap->ops->alloc(heap, 500, 0);
    memset(block, 0xff, 500);
    heap->ops->free(heap, block);
    assert_ptr_equal(heap->ops->alloc_zeroed(heap, 500), block);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(block[i], 0);
    fixture_close(heap);
}

static void sizes_near_the_limits_are_refused_and_leave_the_heap_intact(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree", "addr-tree,big=never",
                                        "list-addr,big=never"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        char *block = heap->ops->alloc(heap, 100, 0);
        for (size_t less = 0; less < 70; less++) {
            assert_null(heap->ops->alloc(heap, SIZE_MAX - less, 0));
            assert_null(heap->ops->alloc(heap, SIZE_MAX - less, 4096));
            assert_null(heap->ops->resize(heap, block, SIZE_MAX - less));
            assert_null(heap->ops->alloc(heap, PTRDIFF_MAX - less, 0));
        }
        assert_null(heap->ops->alloc(heap, 100, (size_t)1 << 63));
        assert_int_equal(fixture_stats(heap).failed, 281);
        assert_int_equal(fixture_stats(heap).live_blocks, 1);
        fixture_close(heap);
    }
}

/* A heap as large as numbers reach: the last granule must not wrap round. */
static void sizes_near_the_reservation_are_refused_and_leave_the_heap_intact(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=never", 0);
    assert_non_null(heap->ops->alloc(heap, 100, 0));
    for (size_t less = 0; less < 200; less += 8) {
        assert_null(heap->ops->alloc(heap, ((size_t)32 << 30) - less, 0));
        assert_null(heap->ops->alloc(heap, ((size_t)32 << 30) - less, 4096));
        assert_null(heap->ops->alloc(heap, ((size_t)32 << 30) - ((size_t)2 << 20) - less,
                                     (size_t)2 << 20));
    }
    fixture_close(heap);
}

static void exhausted_reservation_gives_null_and_recovers(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,augment=max,big=never", 256 << 10);
    void *blocks[300];
    size_t count = 0;
    while (count < 300 && (blocks[count] = heap->ops->alloc(heap, 1000, 0)) != NULL)
        count++;
    assert_in_range(count, 250, 261);
    assert_int_equal(fixture_stats(heap).failed, 1);
    assert_int_equal(fixture_stats(heap).footprint, 256 << 10);
    fixture_check(heap);
    for (size_t i = 0; i < count; i += 2)
        heap->ops->free(heap, blocks[i]);
    for (size_t i = 0; i < count; i += 2)
        assert_non_null(heap->ops->alloc(heap, 1000, 0));
    fixture_close(heap);
}

static void last_pages_of_a_reservation_are_used_though_no_chunk_fits(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,big=never,chunk=64k", 100 << 10);
    assert_non_null(heap->ops->alloc(heap, 60 << 10, 0));
    assert_non_null(heap->ops->alloc(heap, 30 << 10, 0));
    assert_int_equal(fixture_stats(heap).footprint, 92 << 10);
    fixture_close(heap);
}

/* Take all the address space there is, in small and in big blocks, then some of it again. */
static int exhaust_a_limited_space(void)
{
    enum { COUNT = 4000 };
    static void *blocks[COUNT];
    const struct rlimit limit = {256U << 20, 256U << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    struct fl_allocator *heap = fixture_open("addr-tree,augment=max,big=128k", 0);
    struct fl_check_report report;
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++)
        if ((blocks[i] = heap->ops->alloc(heap, i % 2 ? 100000 : 200000, 0)) != NULL)
            count++;
    if (count == 0 || count == COUNT || !heap->ops->check(heap, FL_CHECK_FULL, &report))
        return 3;
    for (size_t i = 0; i < COUNT; i++)
        if (blocks[i] != NULL)
            heap->ops->free(heap, blocks[i]);
    if (fixture_stats(heap).live_blocks != 0 || !heap->ops->check(heap, FL_CHECK_FULL, &report))
        return 4;
    return heap->ops->alloc(heap, 100000, 0) != NULL &&
                   heap->ops->alloc(heap, 200000, 0) != NULL
               ? 0
               : 5;
}

static void exhausted_address_space_gives_null_and_recovers(void **state)
{
    (void)state;
    if (fixture_space_is_taken() || !fl_test_has_kernel_alone())
        skip();
    int status = -1;
    const pid_t child = fork();
    if (child == 0)
        _exit(exhaust_a_limited_space());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void reservation_above_what_numbers_reach_is_refused(void **state)
{
    (void)state;
    const struct fl_allocator_ops *ops = fl_allocator_find("addr-tree", 9);
    struct fl_allocator_config config;
    struct fl_allocator *heap = NULL;
    fl_allocator_defaults(ops, &config);
    config.reserve_bytes = ((size_t)32 << 30) + 1;
    assert_int_equal(ops->create(&config, &heap), -EINVAL);
    assert_null(heap);
}

static void contains_knows_the_ends_of_the_heap(void **state)
{
    (void)state;
    struct fl_allocator *heap = fixture_open("addr-tree,chunk=4k,big=8k", 0);
    char *block = heap->ops->alloc(heap, 100, 0);
    char *big = heap->ops->alloc(heap, 8192, 0);
    assert_true(heap->ops->contains(heap, block, 4064));
    assert_false(heap->ops->contains(heap, block, 4096));
    assert_false(heap->ops->contains(heap, block, SIZE_MAX));
    assert_true(heap->ops->contains(heap, big + 4096, 4096));
    assert_false(heap->ops->contains(heap, big + 4096, 4097));
    assert_false(heap->ops->contains(heap, &heap, 1));
    fixture_close(heap);
}

#define TWIN_SLOTS 64u

/* The same random call in a heap that is faulted in ahead and in its twin: the same place. */
static void twins_step(struct fl_allocator *heap, struct fl_allocator *twin, void **blocks,
                       void **twin_blocks, uint64_t random)
{
    const size_t slot = random % TWIN_SLOTS, bytes = (random >> 8) % 20000;
    if (blocks[slot] != NULL && random >> 60 < 8) {
        assert_true(heap->ops->free(heap, blocks[slot]));
        assert_true(twin->ops->free(twin, twin_blocks[slot]));
        blocks[slot] = twin_blocks[slot] = NULL;
        return;
    }
    blocks[slot] = blocks[slot] == NULL ? heap->ops->alloc_zeroed(heap, bytes)
                                        : heap->ops->resize(heap, blocks[slot], bytes);
    twin_blocks[slot] = twin_blocks[slot] == NULL
                            ? twin->ops->alloc_zeroed(twin, bytes)
                            : twin->ops->resize(twin, twin_blocks[slot], bytes);
    assert_non_null(blocks[slot]);
    assert_int_equal(heap->ops->offset(heap, blocks[slot]),
                     twin->ops->offset(twin, twin_blocks[slot]));
    memset(blocks[slot], 0x5A, bytes);
    memset(twin_blocks[slot], 0x5A, bytes);
}

static void prefault_changes_neither_places_nor_counters(void **state)
{
    (void)state;
    static const char *const specs[] = {"addr-tree", "size-tree,chunk=4k,big=4k",
                                        "list-addr,trim=always,chunk=4k",
                                        "combo-tree,trim=threshold,trim-size=4k"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct fl_allocator *heap = fixture_open(specs[i], 0);
        struct fl_allocator *twin = fixture_open(specs[i], 0);
        void *blocks[TWIN_SLOTS] = {NULL}, *twin_blocks[TWIN_SLOTS] = {NULL};
        uint64_t random = i + 1;
        for (size_t step = 0; step < 20000; step++) {
            if (step % 100 == 0)
                heap->ops->prefault(heap, step % 1000 * 100);
            random = random * 6364136223846793005u + 1442695040888963407u;
            twins_step(heap, twin, blocks, twin_blocks, random >> 3 ^ random << 61);
        }
        const struct fl_alloc_stats stats = fixture_stats(heap), twins = fixture_stats(twin);
        assert_memory_equal(&stats, &twins, sizeof stats);
        fixture_close(heap);
        fixture_close(twin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_keeps_remainder_in_index),
        cmocka_unit_test(remainder_too_small_for_a_block_stays_with_the_used_one),
        cmocka_unit_test(free_merges_with_both_neighbours),
        cmocka_unit_test(region_grows_by_chunks_and_glues_them),
        cmocka_unit_test(request_of_nothing_gets_a_block_of_its_own),
        cmocka_unit_test(alignment_gap_stays_free),
        cmocka_unit_test(freed_aligned_block_is_used_again),
        cmocka_unit_test(zeroed_block_is_zero_where_memory_was_used),
        cmocka_unit_test(sizes_near_the_limits_are_refused_and_leave_the_heap_intact),
        cmocka_unit_test(sizes_near_the_reservation_are_refused_and_leave_the_heap_intact),
        cmocka_unit_test(exhausted_reservation_gives_null_and_recovers),
        cmocka_unit_test(last_pages_of_a_reservation_are_used_though_no_chunk_fits),
        cmocka_unit_test(exhausted_address_space_gives_null_and_recovers),
        cmocka_unit_test(reservation_above_what_numbers_reach_is_refused),
        cmocka_unit_test(contains_knows_the_ends_of_the_heap),
        cmocka_unit_test(prefault_changes_neither_places_nor_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
