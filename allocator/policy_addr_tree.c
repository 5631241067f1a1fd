/*
 * addr-tree: the free blocks in a balanced tree keyed by address, plan B of the course notes.
 *
 *                 0x0200: 64
 *                /          \
 *        0x0040: 32        0x0900: 512          in order = by address
 *
 *   free     O(log n): go down to the block's place
 *   malloc   O(n): the key says nothing about sizes, so the tree is walked in order until a block
 *            fits (fit=first), or to its end unless one fits exactly (fit=best)
 *
 * augment=max: each node knows the largest size on its left and on its right. Then
 * address-ordered first fit goes straight down, O(log n): left when something there is large
 * enough, else the node itself, else right. Best fit skips subtrees without a block large
 * enough, but stays O(n) in the worst case. The price is O(log n) to tell the ancestors of each
 * change.
 *
 * A key is a block's number, so going down reads one cache line per node. A cut or glued block
 * takes over the place of the one it came from, O(1) beside augmenting.
 *
 * Sources: the course notes (plan B); the largest-size field: Cormen et al., Introduction to
 * Algorithms, 14.2; its use for first fit: R. P. Brent, Efficient Implementation of the
 * First-Fit Strategy for Dynamic Storage Allocation, 1989. Red-black for now: DESIGN.md,
 * "Decisions".
 */
#include "heap.h"

#include "assertion.h"
#include "index_addr.h"

enum addr_tree_knob { KNOB_FIT = FL_HEAP_KNOBS, KNOB_AUGMENT, KNOB_COUNT };
enum augment { AUGMENT_NONE, AUGMENT_MAX };

struct addr_tree {
    struct fl_policy base;
    struct fl_tree tree;
    enum fl_fit fit;
    uint32_t next_from; /* fit=next: number of the block that the last search found */
};
_Static_assert(offsetof(struct addr_tree, base) == 0, "a policy is its state");

static struct addr_tree *addr_tree_of(struct fl_policy *self)
{
    return (struct addr_tree *)self;
}

static struct fl_links_bytes addr_tree_links_bytes(const struct fl_allocator_config *config)
{
    const bool is_augmented = config->values[KNOB_AUGMENT] == AUGMENT_MAX;
    const size_t bytes =
        sizeof(struct fl_tree_links) + (is_augmented ? sizeof(struct fl_tree_maxima) : 0);
    return (struct fl_links_bytes){bytes, bytes};
}

static void addr_tree_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    struct addr_tree *state = addr_tree_of(self);
    const bool is_augmented = config->values[KNOB_AUGMENT] == AUGMENT_MAX;
    fl_tree_init(&state->tree, &self->grid, FL_HEADER, FL_POLICY_BIT(0),
                 is_augmented ? &self->visits : NULL);
    state->fit = (enum fl_fit)config->values[KNOB_FIT];
}

static void addr_tree_insert(struct fl_policy *self, struct fl_block *block)
{
    fl_addr_index_insert(&addr_tree_of(self)->tree, block, &self->visits);
}

static void addr_tree_remove(struct fl_policy *self, struct fl_block *block)
{
    fl_tree_remove(&addr_tree_of(self)->tree, fl_block_number(&self->grid, block));
}

static void addr_tree_replace(struct fl_policy *self, struct fl_block *from,
                              struct fl_block *to, struct fl_block header)
{
    *to = header;
    fl_tree_replace(&addr_tree_of(self)->tree, fl_block_number(&self->grid, from),
                    fl_block_number(&self->grid, to));
}

/* First fit straight down from `number` by the maxima; something there is large enough, so the
 * only question is left or not, which as an index instead of a branch saves a misprediction per
 * level. */
static struct fl_block *descend_first(struct fl_policy *self, uint32_t number,
                                      uint32_t granules)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    for (uint64_t visits = 1;; visits++) {
        FL_ASSERT(number != 0, "the maxima lead to a block that fits");
        struct fl_tree_links *links = fl_tree_at(tree, number);
        struct fl_block *block = fl_tree_block(tree, number);
        if (fl_tree_maxima(links)->side[FL_LEFT] >= granules) {
            number = links->child[FL_LEFT];
            continue;
        }
        if (block->granules >= granules) {
            self->visits += visits;
            return block;
        }
        number = links->child[FL_RIGHT];
    }
}

/* First fit among the blocks of a subtree that do not lie below `from`: one way down to that
 * place, then straight down. Below the root it is asked only where something is large
 * enough. */
static struct fl_block *descend_from(struct fl_policy *self, uint32_t number, uint32_t granules,
                                     uint32_t from)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    struct fl_tree_links *links = fl_tree_at(tree, number);
    const struct fl_tree_maxima *maxima = fl_tree_maxima(links);
    struct fl_block *found = NULL;
    self->visits++;
    if (number < from)
        return maxima->side[FL_RIGHT] >= granules
                   ? descend_from(self, links->child[FL_RIGHT], granules, from)
                   : NULL;
    if (maxima->side[FL_LEFT] >= granules)
        found = descend_from(self, links->child[FL_LEFT], granules, from);
    if (found != NULL)
        return found;
    if (fl_tree_block(tree, number)->granules >= granules)
        return fl_tree_block(tree, number);
    return maxima->side[FL_RIGHT] >= granules
               ? descend_first(self, links->child[FL_RIGHT], granules)
               : NULL;
}

/* The first node in order that does not lie below `from`; 0: none. */
static uint32_t first_from(struct fl_policy *self, uint32_t from)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    uint32_t first = 0;
    for (uint32_t number = tree->root; number != 0;) {
        const bool is_below = number < from;
        self->visits++;
        first = is_below ? first : number;
        number = fl_tree_at(tree, number)->child[is_below ? FL_RIGHT : FL_LEFT];
    }
    return first;
}

/* First fit in order from `start` up to `stop`, which is not looked at. */
static struct fl_block *walk_first(struct fl_policy *self, uint32_t granules, uint32_t start,
                                   uint32_t stop)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    for (uint32_t number = start; number != stop; number = fl_tree_next(tree, number)) {
        struct fl_block *block = fl_tree_block(tree, number);
        self->visits++;
        if (block->granules >= granules)
            return block;
    }
    return NULL;
}

/* Next fit: first fit from where the last search ended, then from the start. */
static struct fl_block *find_next(struct fl_policy *self, uint32_t granules)
{
    struct addr_tree *state = addr_tree_of(self);
    const struct fl_tree *tree = &state->tree;
    struct fl_block *found;
    if (tree->is_augmented) {
        found = descend_from(self, tree->root, granules, state->next_from);
        if (found == NULL && fl_tree_largest(tree, tree->root) >= granules)
            found = descend_first(self, tree->root, granules);
    } else {
        const uint32_t start = first_from(self, state->next_from);
        found = walk_first(self, granules, start, 0);
        if (found == NULL)
            found = walk_first(self, granules, fl_tree_first(tree), start);
    }
    if (found != NULL)
        state->next_from = fl_block_number(&self->grid, found);
    return found;
}

static struct fl_block *find_first(struct fl_policy *self, uint32_t granules)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    if (!tree->is_augmented)
        return walk_first(self, granules, fl_tree_first(tree), 0);
    if (fl_tree_largest(tree, tree->root) >= granules)
        return descend_first(self, tree->root, granules);
    self->visits++;
    return NULL;
}

/* A better block is smaller; of equals the one seen first, at the lower address, stays. */
static struct fl_block *better_of(struct fl_block *best, struct fl_block *block,
                                  uint32_t granules)
{
    const bool fits = block->granules >= granules;
    return fits && (best == NULL || block->granules < best->granules) ? block : best;
}

static struct fl_block *walk_best(struct fl_policy *self, uint32_t granules)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    struct fl_block *best = NULL;
    for (uint32_t number = fl_tree_first(tree); number != 0;
         number = fl_tree_next(tree, number)) {
        self->visits++;
        best = better_of(best, fl_tree_block(tree, number), granules);
        if (best != NULL && best->granules == granules)
            return best;
    }
    return best;
}

/* As walk_best, without the subtrees that hold nothing large enough. As deep as the tree. */
static struct fl_block *pruned_best(struct fl_policy *self, uint32_t number, uint32_t granules,
                                    struct fl_block *best)
{
    const struct fl_tree *tree = &addr_tree_of(self)->tree;
    struct fl_tree_links *links = fl_tree_at(tree, number);
    const struct fl_tree_maxima *maxima = fl_tree_maxima(links);
    self->visits++;
    if (maxima->side[FL_LEFT] >= granules)
        best = pruned_best(self, links->child[FL_LEFT], granules, best);
    if (best != NULL && best->granules == granules)
        return best;
    best = better_of(best, fl_tree_block(tree, number), granules);
    if (maxima->side[FL_RIGHT] >= granules && (best == NULL || best->granules > granules))
        best = pruned_best(self, links->child[FL_RIGHT], granules, best);
    return best;
}

static struct fl_block *addr_tree_find(struct fl_policy *self, uint32_t granules)
{
    const struct addr_tree *state = addr_tree_of(self);
    if (state->tree.root == 0)
        return NULL;
    if (state->fit == FL_FIT_FIRST)
        return find_first(self, granules);
    if (state->fit == FL_FIT_NEXT)
        return find_next(self, granules);
    return state->tree.is_augmented ? pruned_best(self, state->tree.root, granules, NULL)
                                    : walk_best(self, granules);
}

static struct fl_block *addr_tree_before(struct fl_policy *self, const struct fl_block *block)
{
    return fl_addr_index_before(&addr_tree_of(self)->tree, block, &self->visits);
}

static const char *addr_tree_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    return fl_addr_index_fault(&((const struct addr_tree *)self)->tree, tally, where);
}

static void addr_tree_show(const struct fl_policy *self, fl_index_walker *walk, void *user)
{
    fl_tree_show(&((const struct addr_tree *)self)->tree, "tree by address", walk, user);
}

static const struct fl_policy_ops addr_tree_policy = {
    .state_bytes = sizeof(struct addr_tree),
    .links_bytes = addr_tree_links_bytes,
    .init = addr_tree_init,
    .insert = addr_tree_insert,
    .remove = addr_tree_remove,
    .replace = addr_tree_replace,
    .find = addr_tree_find,
    .before = addr_tree_before,
    .check = addr_tree_check,
    .show = addr_tree_show,
};

static int addr_tree_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_addr_tree_ops, &addr_tree_policy, config, out);
}

static const struct fl_knob addr_tree_knobs[] = {
    FL_HEAP_KNOB_ROWS,
    [KNOB_FIT] = FL_FIT_ROW,
    [KNOB_AUGMENT] = {.name = "augment",
                      .help = "what a node knows of its subtrees: max = the largest free size, "
                              "then first fit is O(log n)",
                      .type = FL_KNOB_CHOICE,
                      .choices = "none|max"},
};
_Static_assert(sizeof addr_tree_knobs / sizeof addr_tree_knobs[0] == KNOB_COUNT,
               "every knob has its row");

const struct fl_allocator_ops fl_addr_tree_ops = {
    .name = "addr-tree",
    .summary = "free blocks in a tree keyed by address: malloc O(n), free O(log n)",
    .knobs = addr_tree_knobs,
    .knob_count = KNOB_COUNT,
    .create = addr_tree_create,
    FL_HEAP_OPS,
};
