/*
 * The red-black tree: insert, remove and replace in O(log n), replace O(1) without maxima.
 *
 *   every node is red or black, the root black
 *   a red node has no red child
 *   every way from the root to an empty place passes the same number of black nodes
 *
 * so no way is more than twice as long as another. Left and right are one function with a side,
 * child[side] and child[!side]: every case is written once.
 *
 * An augmented node knows the largest size on either side. A rotation keeps that true from the
 * two nodes it turns; anything else that changes a size is carried upwards until a parent's
 * number stays as it was.
 *
 * Sources: R. Bayer, Symmetric binary B-trees (1972); L. Guibas and R. Sedgewick, A dichromatic
 * framework for balanced trees (1978); Cormen et al., Introduction to Algorithms, chapters 13
 * and 14 (augmenting).
 */
#include "rbtree.h"

#include <string.h>

#include "assertion.h"

/* A tree of 2^32 nodes is at most 64 deep; twice that means that the links run in a circle. */
#define DEPTH_MAX 128

void fl_tree_init(struct fl_tree *tree, const struct fl_grid *grid, size_t links_offset,
                  uint32_t red, uint64_t *visits)
{
    *tree = (struct fl_tree){.grid = *grid,
                             .links = grid->origin + links_offset,
                             .red = red,
                             .is_augmented = visits != NULL,
                             .visits = visits};
}

static bool node_is_red(const struct fl_tree *tree, uint32_t number)
{
    return number != 0 && (fl_tree_block(tree, number)->info & tree->red);
}

static void node_set_red(struct fl_tree *tree, uint32_t number, bool is_red)
{
    struct fl_block *block = fl_tree_block(tree, number);
    block->info = is_red ? block->info | tree->red : block->info & ~tree->red;
}

static enum fl_side node_side(const struct fl_tree_links *parent, uint32_t number)
{
    FL_ASSERT(parent->child[FL_LEFT] == number || parent->child[FL_RIGHT] == number,
              "a parent knows its child");
    return parent->child[FL_RIGHT] == number ? FL_RIGHT : FL_LEFT;
}

static uint32_t max_of(uint32_t one, uint32_t other)
{
    return one > other ? one : other;
}

uint32_t fl_tree_largest(const struct fl_tree *tree, uint32_t number)
{
    const struct fl_tree_maxima *maxima = fl_tree_maxima(fl_tree_at(tree, number));
    return max_of(fl_tree_block(tree, number)->granules,
                  max_of(maxima->side[FL_LEFT], maxima->side[FL_RIGHT]));
}

/* Make the parent (or the root) that pointed at `from` point at `to`. */
static void tree_set_child(struct fl_tree *tree, uint32_t parent, uint32_t from, uint32_t to)
{
    if (parent == 0) {
        tree->root = to;
        return;
    }
    struct fl_tree_links *links = fl_tree_at(tree, parent);
    links->child[node_side(links, from)] = to;
}

static void tree_set_parent(struct fl_tree *tree, uint32_t child, uint32_t parent)
{
    if (child != 0)
        fl_tree_at(tree, child)->parent = parent;
}

/* The subtree of `number` has changed: tell its ancestors until one knew already. */
static void tree_carry_up(struct fl_tree *tree, uint32_t number)
{
    uint32_t largest = fl_tree_largest(tree, number);
    uint32_t parent = fl_tree_at(tree, number)->parent;
    uint64_t visits = 0;
    while (parent != 0) {
        struct fl_tree_links *links = fl_tree_at(tree, parent);
        struct fl_tree_maxima *maxima = fl_tree_maxima(links);
        const enum fl_side side = node_side(links, number);
        visits++;
        if (maxima->side[side] == largest)
            break;
        maxima->side[side] = largest;
        largest =
            max_of(largest, max_of(maxima->side[!side], fl_tree_block(tree, parent)->granules));
        number = parent;
        parent = links->parent;
    }
    *tree->visits += visits;
}

/* Turn `top` down to `side`; its child of the other side comes up.
 *
 *        top                 up
 *       /   \               /  \
 *      a     up    ->    top    c        (side = left)
 *           /  \         /  \
 *          b    c       a    b
 */
static void tree_rotate(struct fl_tree *tree, uint32_t top, enum fl_side side)
{
    struct fl_tree_links *links = fl_tree_at(tree, top);
    const uint32_t up = links->child[!side];
    FL_ASSERT(up != 0, "there is a child to come up");
    struct fl_tree_links *up_links = fl_tree_at(tree, up);
    const uint32_t middle = up_links->child[side];

    links->child[!side] = middle;
    tree_set_parent(tree, middle, top);
    up_links->parent = links->parent;
    tree_set_child(tree, links->parent, top, up);
    up_links->child[side] = top;
    links->parent = up;
    if (tree->is_augmented) {
        fl_tree_maxima(links)->side[!side] = fl_tree_maxima(up_links)->side[side];
        fl_tree_maxima(up_links)->side[side] = fl_tree_largest(tree, top);
    }
}

/* `number` and its parent are both red: turn and recolour until that is cured. */
static void tree_cure_two_reds(struct fl_tree *tree, uint32_t number)
{
    uint32_t parent = fl_tree_at(tree, number)->parent;
    while (node_is_red(tree, parent)) {
        const uint32_t grand = fl_tree_at(tree, parent)->parent;
        FL_ASSERT(grand != 0, "a red node has a parent");
        const enum fl_side side = node_side(fl_tree_at(tree, grand), parent);
        const uint32_t uncle = fl_tree_at(tree, grand)->child[!side];
        node_set_red(tree, grand, true);
        if (node_is_red(tree, uncle)) {
            node_set_red(tree, parent, false);
            node_set_red(tree, uncle, false);
            number = grand;
            parent = fl_tree_at(tree, number)->parent;
            continue;
        }
        if (fl_tree_at(tree, parent)->child[!side] == number) {
            tree_rotate(tree, parent, side);
            parent = number;
        }
        node_set_red(tree, parent, false);
        tree_rotate(tree, grand, !side);
        break;
    }
    node_set_red(tree, tree->root, false);
}

void fl_tree_insert(struct fl_tree *tree, uint32_t number, uint32_t parent, enum fl_side side)
{
    FL_ASSERT(number != 0 && number != parent, "an element hangs under another one");
    struct fl_tree_links *links = fl_tree_at(tree, number);
    *links = (struct fl_tree_links){.parent = parent};
    if (tree->is_augmented)
        *fl_tree_maxima(links) = (struct fl_tree_maxima){{0, 0}};
    if (parent == 0) {
        FL_ASSERT(tree->root == 0, "only the first element has no parent");
        tree->root = number;
    } else {
        FL_ASSERT(fl_tree_at(tree, parent)->child[side] == 0, "the place is empty");
        fl_tree_at(tree, parent)->child[side] = number;
    }
    node_set_red(tree, number, true);
    tree_cure_two_reds(tree, number);
}

/* Links, colour and maxima of `from` go to `to`, and the nodes around learn of it. `to` may lie
 * one granule below `from`, so that the two overlap. */
static void tree_take_place(struct fl_tree *tree, uint32_t from, uint32_t to)
{
    struct fl_tree_links *links = fl_tree_at(tree, to);
    struct fl_tree_links *old = fl_tree_at(tree, from);
    node_set_red(tree, to, node_is_red(tree, from));
    memmove(links, old,
            sizeof *links + (tree->is_augmented ? sizeof(struct fl_tree_maxima) : 0));
    tree_set_child(tree, links->parent, from, to);
    tree_set_parent(tree, links->child[FL_LEFT], to);
    tree_set_parent(tree, links->child[FL_RIGHT], to);
}

void fl_tree_replace(struct fl_tree *tree, uint32_t from, uint32_t to)
{
    if (from != to)
        tree_take_place(tree, from, to);
    if (tree->is_augmented)
        tree_carry_up(tree, to);
}

/* The red sibling of a place that lacks a black is turned away; returns the new, black one. */
static uint32_t tree_black_sibling(struct fl_tree *tree, uint32_t parent, enum fl_side side)
{
    const uint32_t sibling = fl_tree_at(tree, parent)->child[!side];
    if (!node_is_red(tree, sibling))
        return sibling;
    node_set_red(tree, sibling, false);
    node_set_red(tree, parent, true);
    tree_rotate(tree, parent, side);
    return fl_tree_at(tree, parent)->child[!side];
}

/* The sibling has a red child: two turns at most give the place its black back. */
static void tree_borrow_black(struct fl_tree *tree, uint32_t parent, uint32_t sibling,
                              enum fl_side side)
{
    if (!node_is_red(tree, fl_tree_at(tree, sibling)->child[!side])) {
        node_set_red(tree, fl_tree_at(tree, sibling)->child[side], false);
        node_set_red(tree, sibling, true);
        tree_rotate(tree, sibling, !side);
        sibling = fl_tree_at(tree, parent)->child[!side];
    }
    node_set_red(tree, sibling, node_is_red(tree, parent));
    node_set_red(tree, parent, false);
    node_set_red(tree, fl_tree_at(tree, sibling)->child[!side], false);
    tree_rotate(tree, parent, side);
}

/* Ways through `number` (0: an empty place) under `parent` have one black too few. */
static void tree_cure_lost_black(struct fl_tree *tree, uint32_t number, uint32_t parent)
{
    while (parent != 0 && !node_is_red(tree, number)) {
        const enum fl_side side = node_side(fl_tree_at(tree, parent), number);
        const uint32_t sibling = tree_black_sibling(tree, parent, side);
        FL_ASSERT(sibling != 0, "a place that lacks a black has a sibling");
        const struct fl_tree_links *links = fl_tree_at(tree, sibling);
        if (node_is_red(tree, links->child[FL_LEFT]) ||
            node_is_red(tree, links->child[FL_RIGHT])) {
            tree_borrow_black(tree, parent, sibling, side);
            return;
        }
        node_set_red(tree, sibling, true);
        number = parent;
        parent = fl_tree_at(tree, number)->parent;
    }
    if (number != 0)
        node_set_red(tree, number, false);
}

static uint32_t tree_leftmost(const struct fl_tree *tree, uint32_t number)
{
    for (uint32_t left = number; left != 0; left = fl_tree_at(tree, left)->child[FL_LEFT])
        number = left;
    return number;
}

/* Take a node with at most one child out; its child takes its place. */
static void tree_splice_out(struct fl_tree *tree, uint32_t number, uint32_t child)
{
    const uint32_t parent = fl_tree_at(tree, number)->parent;
    tree_set_parent(tree, child, parent);
    if (parent == 0) {
        tree->root = child;
        return;
    }
    struct fl_tree_links *links = fl_tree_at(tree, parent);
    const enum fl_side side = node_side(links, number);
    links->child[side] = child;
    if (tree->is_augmented)
        fl_tree_maxima(links)->side[side] = child != 0 ? fl_tree_largest(tree, child) : 0;
}

void fl_tree_remove(struct fl_tree *tree, uint32_t number)
{
    const struct fl_tree_links *links = fl_tree_at(tree, number);
    /* A node with two children gives its place to its successor, which has at most one. */
    const bool has_two = links->child[FL_LEFT] != 0 && links->child[FL_RIGHT] != 0;
    const uint32_t out = has_two ? tree_leftmost(tree, links->child[FL_RIGHT]) : number;
    const struct fl_tree_links *out_links = fl_tree_at(tree, out);
    const uint32_t child =
        out_links->child[out_links->child[FL_LEFT] != 0 ? FL_LEFT : FL_RIGHT];
    const bool is_red = node_is_red(tree, out);
    uint32_t parent = out_links->parent;

    tree_splice_out(tree, out, child);
    if (has_two) {
        tree_take_place(tree, number, out);
        parent = parent == number ? out : parent;
    }
    if (tree->is_augmented && parent != 0)
        tree_carry_up(tree, parent);
    if (tree->is_augmented && has_two)
        tree_carry_up(tree, out);
    if (!is_red)
        tree_cure_lost_black(tree, child, parent);
}

uint32_t fl_tree_first(const struct fl_tree *tree)
{
    return tree_leftmost(tree, tree->root);
}

uint32_t fl_tree_next(const struct fl_tree *tree, uint32_t number)
{
    const struct fl_tree_links *links = fl_tree_at(tree, number);
    if (links->child[FL_RIGHT] != 0)
        return tree_leftmost(tree, links->child[FL_RIGHT]);
    while (links->parent != 0) {
        const uint32_t child = number;
        number = links->parent;
        links = fl_tree_at(tree, number);
        if (node_side(links, child) == FL_LEFT)
            return number;
    }
    return 0;
}

static bool show_subtree(const struct fl_tree *tree, struct fl_index_step step,
                         fl_index_walker *walk, void *user)
{
    if (step.number == 0)
        return true;
    const struct fl_tree_links *links = fl_tree_at(tree, step.number);
    struct fl_index_step left = {step.index, FL_INDEX_LEFT, step.depth + 1,
                                 links->child[FL_LEFT]};
    struct fl_index_step right = {step.index, FL_INDEX_RIGHT, step.depth + 1,
                                  links->child[FL_RIGHT]};
    return walk(&step, user) && show_subtree(tree, left, walk, user) &&
           show_subtree(tree, right, walk, user);
}

bool fl_tree_show(const struct fl_tree *tree, const char *name, fl_index_walker *walk,
                  void *user)
{
    const struct fl_index_step root = {name, FL_INDEX_ROOT, 0, tree->root};
    return show_subtree(tree, root, walk, user);
}

/* What a check carries down and brings back. */
struct tree_check {
    const struct fl_tree *tree;
    uint32_t limit;    /* numbers are below it */
    uint32_t at_fault; /* number of the node */
    const char *fault; /* sentence, or NULL */
};

static unsigned check_fail(struct tree_check *check, uint32_t number, const char *fault)
{
    if (check->fault == NULL) {
        check->fault = fault;
        check->at_fault = number;
    }
    return 0;
}

static void check_maximum(struct tree_check *check, uint32_t number, enum fl_side side)
{
    struct fl_tree_links *links = fl_tree_at(check->tree, number);
    const uint32_t child = links->child[side];
    const uint32_t largest = child != 0 ? fl_tree_largest(check->tree, child) : 0;
    if (fl_tree_maxima(links)->side[side] != largest)
        check_fail(check, number, "a node's largest size of a side is wrong");
}

/* Number of black nodes on every way down from `number`, itself included. */
static unsigned check_subtree(struct tree_check *check, uint32_t number, uint32_t parent,
                              unsigned depth)
{
    if (number == 0)
        return 0;
    if (number >= check->limit || depth > DEPTH_MAX)
        return check_fail(check, parent, "a link of the tree leads nowhere");
    const struct fl_tree_links *links = fl_tree_at(check->tree, number);
    const bool is_red = node_is_red(check->tree, number);
    if (links->parent != parent)
        return check_fail(check, number, "a node does not point back to its parent");
    if (is_red && (parent == 0 || node_is_red(check->tree, parent)))
        return check_fail(check, number, "a red node hangs under a red one or is the root");
    const unsigned left = check_subtree(check, links->child[FL_LEFT], number, depth + 1);
    const unsigned right = check_subtree(check, links->child[FL_RIGHT], number, depth + 1);
    if (check->fault != NULL)
        return 0;
    if (left != right)
        return check_fail(check, number, "the two sides of a node differ in black nodes");
    if (check->tree->is_augmented) {
        check_maximum(check, number, FL_LEFT);
        check_maximum(check, number, FL_RIGHT);
    }
    return left + !is_red;
}

const char *fl_tree_fault(const struct fl_tree *tree, uint32_t limit, uint32_t *where)
{
    struct tree_check check = {.tree = tree, .limit = limit};
    check_subtree(&check, tree->root, 0, 0);
    *where = check.at_fault;
    return check.fault;
}
