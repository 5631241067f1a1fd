/*
 * Free blocks by address: what the policies with such a tree do by its key.
 *
 * Thread safety: none; a tree belongs to one policy.
 */
#ifndef FL_ALLOCATOR_INDEX_ADDR_H
#define FL_ALLOCATOR_INDEX_ADDR_H

#include "rbtree.h"

/** Go down to the block's place and hang it there; raises the maxima of an augmented tree on
 *  the way. O(log n), each node on the way a visit. */
void fl_addr_index_insert(struct fl_tree *tree, struct fl_block *block, uint64_t *visits);

/** The block of the tree that ends where `block` starts, or NULL. O(log n). */
struct fl_block *fl_addr_index_before(const struct fl_tree *tree, const struct fl_block *block,
                                      uint64_t *visits);

/** As the policy's check. */
const char *fl_addr_index_fault(const struct fl_tree *tree, struct fl_index_tally *tally,
                                uint32_t *where);

#endif
