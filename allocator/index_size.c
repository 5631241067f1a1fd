/*
 * The tree by size. Programs free many blocks of few sizes, so a tree with a node per block would be
 * deep and mostly equal keys; one with a node per size stays shallow, and a block of a size
 * that is there already comes and goes in O(1) beside the way down.
 *
 *              208 ⇄ 208 ⇄ 208           a ring per size: the node is the oldest block,
 *             /         \                its next the newest, its prev the second oldest
 *      32 ⇄ 32           3780
 *
 * The newest of a ring is handed out first; only the last of a size takes its node with it. When
 * the node itself leaves, the second oldest takes over its place in the tree.
 *
 * Source: the list of equals beside one node is what D. Lea's malloc does in its tree bins
 * (dlmalloc 2.8, "treebins").
 */
#include "index_size.h"

#include "assertion.h"

void fl_size_index_init(struct fl_size_index *index, const struct fl_grid *grid,
                        size_t links_offset, uint32_t red, uint32_t is_node, uint64_t *visits)
{
    *index = (struct fl_size_index){.is_node = is_node, .visits = visits};
    fl_tree_init(&index->tree, grid, links_offset, red, NULL);
}

static struct fl_size_links *links_at(const struct fl_size_index *index, uint32_t number)
{
    return (struct fl_size_links *)fl_tree_at(&index->tree, number);
}

static uint32_t granules_at(const struct fl_size_index *index, uint32_t number)
{
    return fl_tree_block(&index->tree, number)->granules;
}

/* Put `number` behind the node: it is the newest. */
static void ring_enter(struct fl_size_index *index, uint32_t node, uint32_t number)
{
    struct fl_size_links *links = links_at(index, number);
    struct fl_size_links *node_links = links_at(index, node);
    links->next = node_links->next;
    links->prev = node;
    links_at(index, node_links->next)->prev = number;
    node_links->next = number;
}

static void ring_leave(struct fl_size_index *index, const struct fl_size_links *links)
{
    links_at(index, links->next)->prev = links->prev;
    links_at(index, links->prev)->next = links->next;
}

void fl_size_index_insert(struct fl_size_index *index, struct fl_block *block)
{
    struct fl_tree *tree = &index->tree;
    const uint32_t number = fl_block_number(&tree->grid, block);
    const uint32_t granules = block->granules;
    uint32_t parent = 0, next = tree->root;
    enum fl_side side = FL_LEFT;
    uint64_t visits = 0;
    while (next != 0) {
        const uint32_t size = granules_at(index, next);
        FL_ASSERT(next != number, "a block is entered once");
        visits++;
        if (size == granules)
            break;
        parent = next;
        if (granules < size) {
            side = FL_LEFT;
            next = fl_tree_at(tree, next)->child[FL_LEFT];
        } else {
            side = FL_RIGHT;
            next = fl_tree_at(tree, next)->child[FL_RIGHT];
        }
    }
    *index->visits += visits;
    if (next != 0) {
        block->info &= ~index->is_node;
        ring_enter(index, next, number);
        return;
    }
    struct fl_size_links *links = links_at(index, number);
    links->next = links->prev = number;
    block->info |= index->is_node;
    fl_tree_insert(tree, number, parent, side);
}

void fl_size_index_remove(struct fl_size_index *index, struct fl_block *block)
{
    struct fl_tree *tree = &index->tree;
    const uint32_t number = fl_block_number(&tree->grid, block);
    const struct fl_size_links *links = links_at(index, number);
    const uint32_t heir = links->prev;
    FL_ASSERT(links_at(index, heir)->next == number, "the ring is closed");
    if (!(block->info & index->is_node)) {
        ring_leave(index, links);
    } else if (heir == number) {
        fl_tree_remove(tree, number);
    } else {
        ring_leave(index, links);
        fl_tree_block(tree, heir)->info |= index->is_node;
        fl_tree_replace(tree, number, heir);
    }
}

struct fl_block *fl_size_index_find(struct fl_size_index *index, uint32_t granules)
{
    const struct fl_tree *tree = &index->tree;
    uint32_t best = 0;
    uint64_t visits = 0;
    for (uint32_t number = tree->root; number != 0;) {
        const uint32_t size = granules_at(index, number);
        visits++;
        if (size < granules) {
            number = fl_tree_at(tree, number)->child[FL_RIGHT];
        } else {
            best = number;
            if (size == granules)
                break;
            number = fl_tree_at(tree, number)->child[FL_LEFT];
        }
    }
    *index->visits += visits;
    return best != 0 ? fl_tree_block(tree, links_at(index, best)->next) : NULL;
}

/* Looks at all blocks of the node's size. */
static struct fl_block *ring_before(struct fl_size_index *index, uint32_t node,
                                    const struct fl_block *block)
{
    const struct fl_grid *grid = &index->tree.grid;
    uint32_t number = node;
    do {
        struct fl_block *other = fl_block_at(grid, number);
        (*index->visits)++;
        if (fl_block_next(grid, other) == block)
            return other;
        number = links_at(index, number)->next;
    } while (number != node);
    return NULL;
}

struct fl_block *fl_size_index_before(struct fl_size_index *index, const struct fl_block *block)
{
    struct fl_block *found = NULL;
    for (uint32_t node = fl_tree_first(&index->tree); node != 0 && found == NULL;
         node = fl_tree_next(&index->tree, node))
        found = ring_before(index, node, block);
    return found;
}

/* Add the ring of `node` to the tally, or say what is wrong with it. */
static const char *ring_fault(const struct fl_size_index *index, uint32_t node,
                              struct fl_index_tally *tally, uint32_t *where)
{
    const uint32_t granules = granules_at(index, node);
    uint32_t number = node;
    uint64_t count = 0;
    do {
        *where = number;
        const struct fl_block *block = fl_tree_block(&index->tree, number);
        const uint32_t next = links_at(index, number)->next;
        if (block->granules != granules)
            return "blocks of different sizes are in one ring";
        if (!(block->info & index->is_node) != (number != node))
            return "a block is wrong about being in the tree";
        if (next == 0 || next >= tally->limit || ++count > tally->limit)
            return "a link of a ring leads nowhere";
        if (links_at(index, next)->prev != number)
            return "a block of a ring does not point back";
        fl_index_tally_add(tally, number, granules);
        number = next;
    } while (number != node);
    return NULL;
}

const char *fl_size_index_fault(const struct fl_size_index *index, struct fl_index_tally *tally,
                                uint32_t *where)
{
    const struct fl_tree *tree = &index->tree;
    const char *fault = fl_tree_fault(tree, tally->limit, where);
    uint32_t before = 0;
    if (fault != NULL)
        return fault;
    for (uint32_t node = fl_tree_first(tree); node != 0 && fault == NULL;
         node = fl_tree_next(tree, node)) {
        fault = ring_fault(index, node, tally, where);
        if (fault == NULL && before != 0 &&
            granules_at(index, before) >= granules_at(index, node)) {
            *where = node;
            fault = "the tree is not in the order of sizes";
        }
        before = node;
    }
    return fault;
}

/* A walk over the nodes that shows each one's ring behind it. */
struct show {
    const struct fl_size_index *index;
    fl_index_walker *walk;
    void *user;
};

static bool show_ring(const struct fl_index_step *node, void *user)
{
    const struct show *show = user;
    struct fl_index_step step = *node;
    bool goes_on = show->walk(&step, show->user);
    step.place = FL_INDEX_EQUAL;
    step.number = links_at(show->index, node->number)->next;
    for (; goes_on && step.number != node->number;
         step.number = links_at(show->index, step.number)->next)
        goes_on = show->walk(&step, show->user);
    return goes_on;
}

void fl_size_index_show(const struct fl_size_index *index, fl_index_walker *walk, void *user)
{
    struct show show = {index, walk, user};
    fl_tree_show(&index->tree, "tree by size", show_ring, &show);
}
