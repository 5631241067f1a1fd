/*
 * Free blocks by size: a tree with one node for each size, and behind each node the other blocks of
 * that size. Of equal ones the newest comes first.
 *
 * Thread safety: none; an index belongs to one policy.
 */
#ifndef FL_ALLOCATOR_INDEX_SIZE_H
#define FL_ALLOCATOR_INDEX_SIZE_H

#include "rbtree.h"

/** What a block keeps. A ring joins the blocks of one size; the tree's links are in use in one. */
struct fl_size_links {
    struct fl_tree_links tree;
    uint32_t next, prev; /* in the ring, by numbers; a block alone points at itself */
};

struct fl_size_index {
    struct fl_tree tree;
    uint32_t is_node; /* the header bit of the block that is in the tree */
    uint64_t *visits; /* of the policy */
};

/** An empty index. `red` and `is_node` are bits of a free block's header for its use. */
void fl_size_index_init(struct fl_size_index *index, const struct fl_grid *grid,
                        size_t links_offset, uint32_t red, uint32_t is_node, uint64_t *visits);

/** O(log s) for s different sizes. */
void fl_size_index_insert(struct fl_size_index *index, struct fl_block *block);

/** O(1) beside other blocks of its size, else O(log s). Does not look at the block's size. */
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
