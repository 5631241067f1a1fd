/*
 * combo-tree: each free block in two balanced trees at once, one keyed by size and one by
 * address.
 *
 *      by size:    208               by address:    0x0200: 48
 *                 /   \                            /          \
 *               48     3780               0x0040: 208       0x0900: 3780
 *
 *   malloc   O(log s) for s different sizes: the tree by size gives the best fit
 *   free     O(log n): the tree by address gives the block before, with no boundary tag needed
 *
 * "malloc is O(log n), free is O(log n)": the last design of the course notes, whose node has a
 * size and six pointers, so that no block is below 56 bytes. Here links are numbers of 32 bits
 * and a node takes 44 bytes with its header and tag. Blocks too small for that are not in the
 * tree by size but hang from the policy, so that the smallest block is 32 (DESIGN.md, "The
 * combined node").
 *
 * The trees are index_size.c and index_addr.c; the block has a colour bit for each. Places
 * every block where list-size and size-tree do (policy_list_size.c).
 */
#include "heap.h"
#include "index_addr.h"
#include "index_size.h"

/* What a free block keeps behind its header. */
struct combo_links {
    struct fl_tree_links address;
    struct fl_size_links size;
};
_Static_assert(
    FL_HEADER + sizeof(struct combo_links) + FL_TAG <= 48 &&
        FL_HEADER + offsetof(struct combo_links, size.tree) + FL_TAG <= 32,
    "a node is below the 56 bytes of the course notes, the smallest block well below");

struct combo_tree {
    struct fl_policy base;
    struct fl_size_index sizes;
    struct fl_tree addresses;
};
_Static_assert(offsetof(struct combo_tree, base) == 0, "a policy is its state");

static struct combo_tree *combo_tree_of(struct fl_policy *self)
{
    return (struct combo_tree *)self;
}

static struct fl_links_bytes combo_tree_links_bytes(const struct fl_allocator_config *config)
{
    const struct fl_links_bytes sizes = fl_size_index_links_bytes();
    const size_t before = offsetof(struct combo_links, size);
    (void)config;
    return (struct fl_links_bytes){before + sizes.least, before + sizes.most};
}

static void combo_tree_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    struct combo_tree *state = combo_tree_of(self);
    const struct fl_size_layout layout = {
        .links_offset = FL_HEADER + offsetof(struct combo_links, size),
        .tag_bytes = config->values[FL_KNOB_TAGS] == FL_TAGS_BOUNDARY ? FL_TAG : 0,
        .red = FL_POLICY_BIT(0),
        .is_anchor = FL_POLICY_BIT(1),
    };
    fl_size_index_init(&state->sizes, &self->grid, &layout, &self->visits);
    fl_tree_init(&state->addresses, &self->grid,
                 FL_HEADER + offsetof(struct combo_links, address), FL_POLICY_BIT(2), NULL);
}

static void combo_tree_insert(struct fl_policy *self, struct fl_block *block)
{
    struct combo_tree *state = combo_tree_of(self);
    fl_size_index_insert(&state->sizes, block);
    fl_addr_index_insert(&state->addresses, block, &self->visits);
}

static void combo_tree_remove(struct fl_policy *self, struct fl_block *block)
{
    struct combo_tree *state = combo_tree_of(self);
    fl_size_index_remove(&state->sizes, block);
    fl_tree_remove(&state->addresses, fl_block_number(&self->grid, block));
}

static void combo_tree_replace(struct fl_policy *self, struct fl_block *from,
                               struct fl_block *to, struct fl_block header)
{
    struct combo_tree *state = combo_tree_of(self);
    fl_size_index_remove(&state->sizes, from);
    *to = header;
    if (from != to)
        fl_tree_replace(&state->addresses, fl_block_number(&self->grid, from),
                        fl_block_number(&self->grid, to));
    fl_size_index_insert(&state->sizes, to);
}

static struct fl_block *combo_tree_find(struct fl_policy *self, uint32_t granules)
{
    return fl_size_index_find(&combo_tree_of(self)->sizes, granules);
}

static struct fl_block *combo_tree_before(struct fl_policy *self, const struct fl_block *block)
{
    return fl_addr_index_before(&combo_tree_of(self)->addresses, block, &self->visits);
}

static const char *combo_tree_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                    uint32_t *where)
{
    const struct combo_tree *state = (const struct combo_tree *)self;
    struct fl_index_tally by_size = {.limit = tally->limit};
    const char *fault = fl_size_index_fault(&state->sizes, &by_size, where);
    if (fault == NULL)
        fault = fl_addr_index_fault(&state->addresses, tally, where);
    if (fault == NULL &&
        (by_size.count != tally->count || by_size.fingerprint != tally->fingerprint))
        fault = "the two trees do not hold the same blocks";
    return fault;
}

static void combo_tree_show(const struct fl_policy *self, fl_index_walker *walk, void *user)
{
    const struct combo_tree *state = (const struct combo_tree *)self;
    fl_size_index_show(&state->sizes, walk, user);
    fl_tree_show(&state->addresses, "tree by address", walk, user);
}

static const struct fl_policy_ops combo_tree_policy = {
    .state_bytes = sizeof(struct combo_tree),
    .links_bytes = combo_tree_links_bytes,
    .init = combo_tree_init,
    .insert = combo_tree_insert,
    .remove = combo_tree_remove,
    .replace = combo_tree_replace,
    .find = combo_tree_find,
    .before = combo_tree_before,
    .check = combo_tree_check,
    .show = combo_tree_show,
};

static int combo_tree_create(const struct fl_allocator_config *config,
                             struct fl_allocator **out)
{
    return fl_heap_create(&fl_combo_tree_ops, &combo_tree_policy, config, out);
}

static const struct fl_knob combo_tree_knobs[] = {FL_HEAP_KNOB_ROWS};

const struct fl_allocator_ops fl_combo_tree_ops = {
    .name = "combo-tree",
    .summary = "free blocks in two trees, by size and by address: malloc O(log n), "
               "free O(log n)",
    .knobs = combo_tree_knobs,
    .knob_count = FL_HEAP_KNOBS,
    .create = combo_tree_create,
    FL_HEAP_OPS,
};
