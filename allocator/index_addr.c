/*
 * The tree by address. A key is a block's number, so going down reads the links of a node and
 * nothing else. The block that ends at a place is the last one below it, if it reaches that
 * far.
 */
#include "index_addr.h"

#include "assertion.h"

void fl_addr_index_insert(struct fl_tree *tree, struct fl_block *block, uint64_t *visits)
{
    const uint32_t number = fl_block_number(&tree->grid, block);
    const uint32_t granules = block->granules;
    uint32_t parent = 0, next = tree->root;
    enum fl_side side = FL_LEFT;
    while (next != 0) {
        struct fl_tree_links *links = fl_tree_at(tree, next);
        FL_ASSERT(next != number, "a block is entered once");
        (*visits)++;
        parent = next;
        side = number < next ? FL_LEFT : FL_RIGHT;
        if (tree->is_augmented && fl_tree_maxima(links)->side[side] < granules)
            fl_tree_maxima(links)->side[side] = granules;
        next = links->child[side];
    }
    fl_tree_insert(tree, number, parent, side);
}

struct fl_block *fl_addr_index_before(const struct fl_tree *tree, const struct fl_block *block,
                                      uint64_t *visits)
{
    const uint32_t place = fl_block_number(&tree->grid, block);
    uint32_t below = 0;
    for (uint32_t number = tree->root; number != 0;) {
        const bool is_below = number < place;
        (*visits)++;
        below = is_below ? number : below;
        number = fl_tree_at(tree, number)->child[is_below ? FL_RIGHT : FL_LEFT];
    }
    struct fl_block *other = below != 0 ? fl_tree_block(tree, below) : NULL;
    return other != NULL && fl_block_next(&tree->grid, other) == block ? other : NULL;
}

const char *fl_addr_index_fault(const struct fl_tree *tree, struct fl_index_tally *tally,
                                uint32_t *where)
{
    const char *fault = fl_tree_fault(tree, tally->limit, where);
    if (fault != NULL)
        return fault;
    uint32_t before = 0;
    for (uint32_t number = fl_tree_first(tree); number != 0;
         number = fl_tree_next(tree, number)) {
        *where = number;
        if (number <= before)
            return "the tree is not in the order of addresses";
        fl_index_tally_add(tally, number, fl_tree_block(tree, number)->granules);
        before = number;
    }
    return NULL;
}
