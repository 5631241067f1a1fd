/*
 * What `walk` and `index` show of a heap, taken down and compared with each other.
 */
#ifndef FL_TEST_SHAPE_H
#define FL_TEST_SHAPE_H

#include <fl/allocator.h>

/** Every block and the hash of all that was shown; zero it before the first use. */
struct shape {
    struct fl_block_view *blocks; /* as the walk showed them */
    size_t count, room;
    size_t in_region; /* the first so many are no big blocks */
    uint64_t hash;    /* of blocks and indexes */
};

/**
 * Take a heap down.
 *
 * @return  NULL, or a sentence: the walk has a gap or goes back, a free block is missing from an
 *          index or there twice, a tree's depths cannot be
 */
const char *shape_take(struct shape *shape, const struct fl_allocator *heap);

/** The block of the region that holds this offset (header included), or NULL. */
const struct fl_block_view *shape_at(const struct shape *shape, uint64_t offset);

void shape_release(struct shape *shape);

#endif
