/*
 * An instance made from text as on the command line, and checks every heap test ends with.
 */
#ifndef FL_TEST_HEAP_FIXTURE_H
#define FL_TEST_HEAP_FIXTURE_H

#include <fl_test.h>

#include <fl/allocator.h>

/** "addr-tree,augment=max": the table and an instance of it; the test fails when that fails. */
static inline struct fl_allocator *fixture_open(const char *spec, size_t reserve_bytes)
{
    struct fl_allocator_config config;
    struct fl_allocator *heap = NULL;
    size_t length = strcspn(spec, ",");
    const struct fl_allocator_ops *ops = fl_allocator_find(spec, length);
    assert_non_null(ops);
    fl_allocator_defaults(ops, &config);
    config.reserve_bytes = reserve_bytes;
    for (spec += length; *spec == ','; spec += length) {
        length = strcspn(++spec, ",");
        assert_int_equal(fl_allocator_set(ops, &config, spec, length, NULL, 0), 0);
    }
    assert_int_equal(ops->create(&config, &heap), 0);
    return heap;
}

static inline struct fl_alloc_stats fixture_stats(const struct fl_allocator *heap)
{
    struct fl_alloc_stats stats;
    heap->ops->stats(heap, &stats);
    return stats;
}

static inline void fixture_check(const struct fl_allocator *heap)
{
    struct fl_check_report report;
    if (!heap->ops->check(heap, FL_CHECK_FULL, &report))
        fail_msg("%s: %s", report.invariant, report.message);
}

static inline void fixture_close(struct fl_allocator *heap)
{
    fixture_check(heap);
    heap->ops->destroy(heap);
}

/** Is so much address space in use that a limit on it would stop everything? A sanitizer's shadow
 *  is some terabytes. */
static inline bool fixture_space_is_taken(void)
{
    unsigned long long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%llu", &pages), 1);
    fclose(statm);
    return pages > (128U << 20) / 4096;
}

#endif
