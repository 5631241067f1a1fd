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

/** Blocks of these sizes, each with a small one behind it that stays: freed, none touches
 * another free block. */
static inline void fixture_alloc_apart(struct fl_allocator *heap, const size_t *sizes,
                                       size_t count, void **blocks)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = heap->ops->alloc(heap, sizes[i], 0);
        assert_non_null(blocks[i]);
        assert_non_null(heap->ops->alloc(heap, 8, 0));
    }
}

/** A free block of an index, its place as that of the payload it would have. */
struct fixture_entry {
    uint64_t offset, block_bytes;
    enum fl_index_place place;
};

/** The blocks of one index in its order. */
struct fixture_index {
    const char *name;
    struct fixture_entry entries[400];
    size_t count;
};

static inline bool fixture_index_add(const struct fl_index_view *view, void *user)
{
    struct fixture_index *index = user;
    if (strcmp(view->index, index->name) != 0)
        return true;
    assert_true(index->count < sizeof index->entries / sizeof index->entries[0]);
    index->entries[index->count++] =
        (struct fixture_entry){view->offset + 8, view->block_bytes, view->place};
    return true;
}

static inline void fixture_index_take(const struct fl_allocator *heap, const char *name,
                                      struct fixture_index *index)
{
    *index = (struct fixture_index){.name = name};
    heap->ops->index(heap, fixture_index_add, index);
}

/** The index begins with these blocks, now free, and holds one more: the top. */
static inline void fixture_expect_order(const struct fl_allocator *heap, const char *name,
                                        void *const *freed, size_t count)
{
    struct fixture_index index;
    fixture_index_take(heap, name, &index);
    assert_int_equal(index.count, count + 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(index.entries[i].offset, heap->ops->offset(heap, freed[i]));
}

static inline bool fixture_top_find(const struct fl_block_view *view, void *user)
{
    if (!view->is_big)
        *(struct fl_block_view *)user = *view;
    return true;
}

/** Take what is free at the end of the heap, whole. */
static inline void *fixture_take_top(struct fl_allocator *heap)
{
    struct fl_block_view top = {0};
    heap->ops->walk(heap, fixture_top_find, &top);
    assert_false(top.is_used);
    void *block = heap->ops->alloc(heap, top.block_bytes - 8, 0);
    assert_int_equal(heap->ops->offset(heap, block), top.offset + 8);
    return block;
}

/** Is so much address space in use that a limit on it would stop everything? A sanitizer's
 * shadow is some terabytes. */
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
