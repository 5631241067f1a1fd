/*
 * The tree by size. Programs free many blocks of few sizes, so a tree with a node per block
 * would be deep and mostly equal keys; one with a node per size stays shallow, and a block of a
 * size that is there already comes and goes in O(1) beside the way down.
 *
 *              208 ⇄ 208 ⇄ 208           a ring per size: its anchor is the oldest block,
 *             /         \                the anchor's next the newest, its prev the second oldest
 *      48 ⇄ 48           3780
 *
 *      anchors[32]: 32 ⇄ 32 ⇄ 32         sizes without room for the links of a tree
 *
 * The newest of a ring is handed out first; only the last of a size takes its node with it.
 * When the anchor itself leaves, the second oldest takes over its place.
 *
 * The smallest blocks need not be in the tree: their sizes are few, so that the policy itself
 * holds their anchors, and they can do without the 12 bytes of tree links. Where two trees
 * share a block that is the difference between 48 and 32 bytes for the smallest.
 *
 * Source: the list of equals beside one node is what D. Lea's malloc does in its tree bins
 * (dlmalloc 2.8, "treebins").
 */
#include "index_size.h"

#include "assertion.h"

#define NAME "tree by size"

void fl_size_index_init(struct fl_size_index *index, const struct fl_grid *grid,
                        const struct fl_size_layout *layout, uint64_t *visits)
{
    const size_t tree_end = layout->links_offset + sizeof(struct fl_size_links);
    *index = (struct fl_size_index){
        .links_offset = layout->links_offset,
        .is_anchor = layout->is_anchor,
        .tree_from = fl_granules_of(grid, tree_end + layout->tag_bytes),
        .visits = visits,
    };
    FL_ASSERT(index->tree_from <= FL_SIZE_SMALL, "there is an anchor for each small size");
    fl_tree_init(&index->tree, grid,
                 layout->links_offset + offsetof(struct fl_size_links, tree), layout->red,
                 NULL);
}

static struct fl_block *block_at(const struct fl_size_index *index, uint32_t number)
{
    return fl_tree_block(&index->tree, number);
}

static struct fl_size_links *links_at(const struct fl_size_index *index, uint32_t number)
{
    return (struct fl_size_links *)((char *)block_at(index, number) + index->links_offset);
}

static uint32_t granules_at(const struct fl_size_index *index, uint32_t number)
{
    return block_at(index, number)->granules;
}

/* Put `number` behind the anchor: it is the newest. */
static void ring_enter(struct fl_size_index *index, uint32_t anchor, uint32_t number)
{
    struct fl_size_links *links = links_at(index, number);
    struct fl_size_links *anchor_links = links_at(index, anchor);
    block_at(index, number)->info &= ~index->is_anchor;
    links->next = anchor_links->next;
    links->prev = anchor;
    links_at(index, anchor_links->next)->prev = number;
    anchor_links->next = number;
}

/* A ring of its own. */
static void ring_start(struct fl_size_index *index, uint32_t number)
{
    struct fl_size_links *links = links_at(index, number);
    block_at(index, number)->info |= index->is_anchor;
    links->next = links->prev = number;
}

static void ring_leave(struct fl_size_index *index, const struct fl_size_links *links)
{
    links_at(index, links->next)->prev = links->prev;
    links_at(index, links->prev)->next = links->next;
}

static void insert_small(struct fl_size_index *index, uint32_t number, uint32_t granules)
{
    uint32_t *anchor = &index->anchors[granules];
    if (*anchor != 0) {
        (*index->visits)++;
        ring_enter(index, *anchor, number);
        return;
    }
    ring_start(index, number);
    *anchor = number;
}

static void insert_in_tree(struct fl_size_index *index, uint32_t number, uint32_t granules)
{
    struct fl_tree *tree = &index->tree;
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
        ring_enter(index, next, number);
        return;
    }
    ring_start(index, number);
    fl_tree_insert(tree, number, parent, side);
}

void fl_size_index_insert(struct fl_size_index *index, struct fl_block *block)
{
    const uint32_t number = fl_block_number(&index->tree.grid, block);
    if (block->granules < index->tree_from)
        insert_small(index, number, block->granules);
    else
        insert_in_tree(index, number, block->granules);
}

void fl_size_index_remove(struct fl_size_index *index, struct fl_block *block)
{
    struct fl_tree *tree = &index->tree;
    const uint32_t number = fl_block_number(&tree->grid, block);
    const struct fl_size_links *links = links_at(index, number);
    const uint32_t heir = links->prev;
    const bool is_small = block->granules < index->tree_from;
    FL_ASSERT(links_at(index, heir)->next == number, "the ring is closed");
    if (heir != number)
        ring_leave(index, links);
    if (!(block->info & index->is_anchor))
        return;
    if (heir != number)
        block_at(index, heir)->info |= index->is_anchor;
    if (is_small)
        index->anchors[block->granules] = heir != number ? heir : 0;
    else if (heir != number)
        fl_tree_replace(tree, number, heir);
    else
        fl_tree_remove(tree, number);
}

static uint32_t find_in_tree(struct fl_size_index *index, uint32_t granules)
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
    return best;
}

struct fl_block *fl_size_index_find(struct fl_size_index *index, uint32_t granules)
{
    uint32_t anchor = 0;
    for (uint32_t small = granules; small < index->tree_from && anchor == 0; small++)
        anchor = index->anchors[small];
    if (anchor != 0)
        (*index->visits)++;
    else
        anchor = find_in_tree(index, granules);
    return anchor != 0 ? block_at(index, links_at(index, anchor)->next) : NULL;
}

/* Looks at all blocks of the anchor's size. */
static struct fl_block *ring_before(struct fl_size_index *index, uint32_t anchor,
                                    const struct fl_block *block)
{
    const struct fl_grid *grid = &index->tree.grid;
    uint32_t number = anchor;
    do {
        struct fl_block *other = fl_block_at(grid, number);
        (*index->visits)++;
        if (fl_block_next(grid, other) == block)
            return other;
        number = links_at(index, number)->next;
    } while (number != anchor);
    return NULL;
}

struct fl_block *fl_size_index_before(struct fl_size_index *index, const struct fl_block *block)
{
    struct fl_block *found = NULL;
    for (uint32_t small = 0; small < index->tree_from && found == NULL; small++)
        if (index->anchors[small] != 0)
            found = ring_before(index, index->anchors[small], block);
    for (uint32_t node = fl_tree_first(&index->tree); node != 0 && found == NULL;
         node = fl_tree_next(&index->tree, node))
        found = ring_before(index, node, block);
    return found;
}

/* Add the ring of `anchor`, of blocks of `granules`, to the tally, or say what is wrong. */
static const char *ring_fault(const struct fl_size_index *index, uint32_t anchor,
                              uint32_t granules, struct fl_index_tally *tally, uint32_t *where)
{
    uint32_t number = anchor;
    uint64_t count = 0;
    do {
        *where = number;
        const struct fl_block *block = block_at(index, number);
        const uint32_t next = links_at(index, number)->next;
        if (block->granules != granules)
            return "blocks of different sizes are in one ring";
        if (!(block->info & index->is_anchor) != (number != anchor))
            return "a block is wrong about being an anchor";
        if (next == 0 || next >= tally->limit || ++count > tally->limit)
            return "a link of a ring leads nowhere";
        if (links_at(index, next)->prev != number)
            return "a block of a ring does not point back";
        fl_index_tally_add(tally, number, granules);
        number = next;
    } while (number != anchor);
    return NULL;
}

static const char *small_fault(const struct fl_size_index *index, struct fl_index_tally *tally,
                               uint32_t *where)
{
    const char *fault = NULL;
    for (uint32_t small = 0; small < FL_SIZE_SMALL && fault == NULL; small++) {
        const uint32_t anchor = index->anchors[small];
        *where = anchor;
        if (anchor >= tally->limit || (anchor != 0 && small >= index->tree_from))
            fault = "the anchor of a small size leads nowhere";
        else if (anchor != 0)
            fault = ring_fault(index, anchor, small, tally, where);
    }
    return fault;
}

const char *fl_size_index_fault(const struct fl_size_index *index, struct fl_index_tally *tally,
                                uint32_t *where)
{
    const struct fl_tree *tree = &index->tree;
    const char *fault = fl_tree_fault(tree, tally->limit, where);
    if (fault == NULL)
        fault = small_fault(index, tally, where);
    if (fault != NULL)
        return fault;
    uint32_t size = index->tree_from - 1;
    for (uint32_t node = fl_tree_first(tree); node != 0 && fault == NULL;
         node = fl_tree_next(tree, node)) {
        const uint32_t larger = granules_at(index, node);
        fault = ring_fault(index, node, larger, tally, where);
        if (fault == NULL && size >= larger) {
            *where = node;
            fault = "the tree is not in the order of sizes";
        }
        size = larger;
    }
    return fault;
}

/* A walk over the anchors that shows each one's ring behind it. */
struct show {
    const struct fl_size_index *index;
    fl_index_walker *walk;
    void *user;
};

static bool show_ring(const struct fl_index_step *anchor, void *user)
{
    const struct show *show = user;
    struct fl_index_step step = *anchor;
    bool goes_on = show->walk(&step, show->user);
    step.place = FL_INDEX_EQUAL;
    step.number = links_at(show->index, anchor->number)->next;
    for (; goes_on && step.number != anchor->number;
         step.number = links_at(show->index, step.number)->next)
        goes_on = show->walk(&step, show->user);
    return goes_on;
}

void fl_size_index_show(const struct fl_size_index *index, fl_index_walker *walk, void *user)
{
    struct show show = {index, walk, user};
    bool goes_on = fl_tree_show(&index->tree, NAME, show_ring, &show);
    for (uint32_t small = 0; small < index->tree_from && goes_on; small++) {
        const struct fl_index_step anchor = {
            .index = NAME, .place = FL_INDEX_SMALL, .number = index->anchors[small]};
        if (anchor.number != 0)
            goes_on = show_ring(&anchor, &show);
    }
}
