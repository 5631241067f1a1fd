/*
 * Big blocks: each a mapping of its own, described outside of it.
 *
 * Thread safety: none; the table belongs to one heap.
 */
#ifndef FL_ALLOCATOR_BIG_H
#define FL_ALLOCATOR_BIG_H

#include <fl/allocator.h>

#include "block.h"
#include "list.h"
#include "rbtree.h"
#include "region.h"

/* Descriptors are numbered in granules of 16, whatever the heap's are. */
#define FL_BIG_SHIFT 4

/** One big block. Lives in the table's pool, numbered like a block. */
struct fl_big {
    struct fl_block header;     /* only the tree's colour bit is used */
    struct fl_tree_links tree;  /* by address in memory */
    struct fl_list_links order; /* by offset, see fl_big_table */
    char *start;                /* the payload, at a page */
    size_t map_bytes;           /* whole pages */
    size_t asked_bytes;         /* 0 .. map_bytes */
    uint64_t offset;            /* in the area of big blocks, bytes */
};
_Static_assert(sizeof(struct fl_big) % (1U << FL_BIG_SHIFT) == 0, "whole granules");

/**
 * All big blocks of a heap: found by address, walked by offset.
 *
 * Where the kernel puts a mapping differs from run to run. So a block gets an offset in an area
 * that exists only as numbers: the next one is behind all that came before, and none is used
 * again.
 */
struct fl_big_table {
    struct fl_region pool; /* the descriptors */
    struct fl_tree by_address;
    struct fl_list by_offset;
    uint32_t spare;       /* descriptors given back, newest first, by tree.parent */
    uint32_t next_unused; /* number of the first descriptor never used */
    uint64_t next_offset;
    uint64_t bytes, count; /* of live mappings, for the checker */
};

int fl_big_init(struct fl_big_table *table, size_t heap_bytes);
void fl_big_destroy(struct fl_big_table *table);

static inline struct fl_big *fl_big_at(const struct fl_big_table *table, uint32_t number)
{
    return (struct fl_big *)fl_block_at(&table->by_address.grid, number);
}

/** The block whose memory holds `address`, or NULL. O(log b). */
struct fl_big *fl_big_find(const struct fl_big_table *table, const void *address);

/** A new one for `bytes`, at a multiple of `align` (at least a page). NULL: nothing changed. */
struct fl_big *fl_big_take(struct fl_big_table *table, size_t bytes, size_t align,
                           struct fl_alloc_stats *stats);

void fl_big_release(struct fl_big_table *table, struct fl_big *big,
                    struct fl_alloc_stats *stats);

/** Set the size: pages at the end go back, or the mapping grows, moves if it must, and counts
 * as moved. False: nothing changed. */
bool fl_big_resize(struct fl_big_table *table, struct fl_big *big, size_t bytes,
                   struct fl_alloc_stats *stats);

/** Pages for a block of `bytes`; 0 when that is more than memory can be. */
static inline size_t fl_big_map_bytes(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - FL_PAGE)
        return 0;
    return fl_page_round(bytes < 1 ? 1 : bytes);
}

/** NULL, or a sentence about what does not hold; `offset` gets the place. */
const char *fl_big_fault(const struct fl_big_table *table, uint64_t *offset);

#endif
