/*
 * An intrusive red-black tree of numbered elements, optionally knowing in each node the largest
 * size on either side of it.
 *
 * An element is a struct fl_block at a place on a grid, number 0 being none. Its links lie
 * `links_offset` bytes into it and its colour is one bit of its header, so an element can be in
 * two trees. The tree knows no key: the owner goes down by itself and tells where a new element
 * hangs.
 *
 * Thread safety: none.
 */
#ifndef FL_ALLOCATOR_RBTREE_H
#define FL_ALLOCATOR_RBTREE_H

#include "block.h"

enum fl_side { FL_LEFT, FL_RIGHT };

struct fl_tree_links {
    uint32_t child[2]; /* numbers by enum fl_side, 0: none */
    uint32_t parent;   /* 0 at the root */
};

/* Follows the links of an augmented tree: largest size, in granules, in either subtree; 0 when
 * empty. Two numbers instead of one for the whole subtree: a search decides where to go without
 * touching the children, which saves about half of its cache misses. */
struct fl_tree_maxima {
    uint32_t side[2];
};

struct fl_tree {
    struct fl_grid grid;
    char *links;  /* where the links of number 0 would be */
    uint32_t red; /* the header bit that means red */
    bool is_augmented;
    uint32_t root;
    uint64_t *visits; /* counts nodes looked at to keep the maxima true; NULL: not augmented */
};

/** An empty tree; augmented when there is a counter for the nodes that this lets it look at. */
void fl_tree_init(struct fl_tree *tree, const struct fl_grid *grid, size_t links_offset,
                  uint32_t red, uint64_t *visits);

static inline struct fl_block *fl_tree_block(const struct fl_tree *tree, uint32_t number)
{
    return fl_block_at(&tree->grid, number);
}

static inline struct fl_tree_links *fl_tree_at(const struct fl_tree *tree, uint32_t number)
{
    return (struct fl_tree_links *)(tree->links + ((size_t)number << tree->grid.shift));
}

static inline struct fl_tree_maxima *fl_tree_maxima(struct fl_tree_links *links)
{
    return (struct fl_tree_maxima *)(links + 1);
}

/** Largest size in the subtree of `number`, which is not 0; augmented trees only. */
uint32_t fl_tree_largest(const struct fl_tree *tree, uint32_t number);

/**
 * Hang a new element under `parent` (0: it is the first) and balance.
 * In an augmented tree the owner has raised the maxima on its way down.
 */
void fl_tree_insert(struct fl_tree *tree, uint32_t number, uint32_t parent, enum fl_side side);

void fl_tree_remove(struct fl_tree *tree, uint32_t number);

/** `to` takes the place of `from`; they may be one element whose size has changed. */
void fl_tree_replace(struct fl_tree *tree, uint32_t from, uint32_t to);

/** First element in order, and the one after `number`; 0: none. */
uint32_t fl_tree_first(const struct fl_tree *tree);
uint32_t fl_tree_next(const struct fl_tree *tree, uint32_t number);

/** Show every node before its children, the left one first, as of the index called `name`,
 * until `walk` returns false; returns what it did last. */
bool fl_tree_show(const struct fl_tree *tree, const char *name, fl_index_walker *walk,
                  void *user);

/**
 * Are colours, parents and maxima right?
 *
 * @param limit  numbers of elements are below it; anything else is not followed
 * @param where  gets the number of the node at fault
 * @return       NULL, or a sentence about what does not hold
 */
const char *fl_tree_fault(const struct fl_tree *tree, uint32_t limit, uint32_t *where);

#endif
