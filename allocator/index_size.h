/*
 * Free blocks by size: a tree with one node for each size, and behind each node the other
 * blocks of that size. Of equal ones the newest comes first.
 *
 * Thread safety: none; an index belongs to one policy.
 */
#ifndef FL_ALLOCATOR_INDEX_SIZE_H
#define FL_ALLOCATOR_INDEX_SIZE_H

#include "rbtree.h"

/** What a block keeps. A ring joins the blocks of one size; one of them, its anchor, is in the
 *  tree. A block too small to hold all this keeps the ring alone. */
struct fl_size_links {
    uint32_t next, prev; /* in the ring, by numbers; a block alone points at itself */
    struct fl_tree_links tree;
};

#define FL_SIZE_SMALL 16 /* sizes too small for the tree are below this many granules */

struct fl_size_index {
    struct fl_tree tree;
    size_t links_offset;
    uint32_t is_anchor;              /* the header bit of the block by which a ring is found */
    uint32_t tree_from;              /* granules; smaller blocks have no room for tree links */
    uint32_t anchors[FL_SIZE_SMALL]; /* of those, by granules; 0: none */
    uint64_t *visits;                /* of the policy */
};

/** Where an index may keep what in a free block. */
struct fl_size_layout {
    size_t links_offset;
    size_t tag_bytes;        /* at the end of each block */
    uint32_t red, is_anchor; /* bits of the header */
};

/** Bytes of struct fl_size_links that every block, and that a large one keeps. */
static inline struct fl_links_bytes fl_size_index_links_bytes(void)
{
    return (struct fl_links_bytes){offsetof(struct fl_size_links, tree),
                                   sizeof(struct fl_size_links)};
}

/** An empty index. */
void fl_size_index_init(struct fl_size_index *index, const struct fl_grid *grid,
                        const struct fl_size_layout *layout, uint64_t *visits);

/** O(log s) for s different sizes. */
void fl_size_index_insert(struct fl_size_index *index, struct fl_block *block);

/** O(1) beside other blocks of its size, else O(log s). */
void fl_size_index_remove(struct fl_size_index *index, struct fl_block *block);

/** The newest of the smallest blocks of at least `granules`, or NULL. O(log s). */
struct fl_block *fl_size_index_find(struct fl_size_index *index, uint32_t granules);

/** The block that ends where `block` starts, or NULL: no order leads to it, O(n). */
struct fl_block *fl_size_index_before(struct fl_size_index *index,
                                      const struct fl_block *block);

/** As the policy's operations. */
const char *fl_size_index_fault(const struct fl_size_index *index, struct fl_index_tally *tally,
                                uint32_t *where);
void fl_size_index_show(const struct fl_size_index *index, fl_index_walker *walk, void *user);

#endif
