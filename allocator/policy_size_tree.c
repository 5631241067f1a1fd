/*
 * size-tree: the free blocks in a balanced tree keyed by size, plan A of the course notes.
 *
 *               208 ⇄ 208
 *              /         \
 *       32 ⇄ 32           3780             in order = by size, equal ones in a ring
 *
 *   malloc   O(log s) for s different sizes: down to the smallest that is large enough. That is the
 *            best fit, so there is no `fit` to choose
 *   free     O(log s) with boundary tags. Without them O(n), as the notes say: the tree is in
 *            the order of sizes, and where a block lies in memory says nothing about where its
 *            neighbour is in the tree
 *
 * Best fit leaves the least over and keeps large blocks whole; its rests are small (P. Wilson
 * et al., Dynamic Storage Allocation: A Survey and Critical Review, 1995, 3.5). Places every
 * block where list-size and combo-tree do (policy_list_size.c). The tree is index_size.c.
 */
#include "heap.h"
#include "index_size.h"

struct size_tree {
    struct fl_policy base;
    struct fl_size_index sizes;
};
_Static_assert(offsetof(struct size_tree, base) == 0, "a policy is its state");

static struct size_tree *size_tree_of(struct fl_policy *self)
{
    return (struct size_tree *)self;
}

static struct fl_links_bytes size_tree_links_bytes(const struct fl_allocator_config *config)
{
    (void)config;
    return fl_size_index_links_bytes();
}

static void size_tree_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    const struct fl_size_layout layout = {
        .links_offset = FL_HEADER,
        .tag_bytes = config->values[FL_KNOB_TAGS] == FL_TAGS_BOUNDARY ? FL_TAG : 0,
        .red = FL_POLICY_BIT(0),
        .is_anchor = FL_POLICY_BIT(1),
    };
    fl_size_index_init(&size_tree_of(self)->sizes, &self->grid, &layout, &self->visits);
}

static void size_tree_insert(struct fl_policy *self, struct fl_block *block)
{
    fl_size_index_insert(&size_tree_of(self)->sizes, block);
}

static void size_tree_remove(struct fl_policy *self, struct fl_block *block)
{
    fl_size_index_remove(&size_tree_of(self)->sizes, block);
}

static void size_tree_replace(struct fl_policy *self, struct fl_block *from,
                              struct fl_block *to, struct fl_block header)
{
    fl_size_index_remove(&size_tree_of(self)->sizes, from);
    *to = header;
    fl_size_index_insert(&size_tree_of(self)->sizes, to);
}

static struct fl_block *size_tree_find(struct fl_policy *self, uint32_t granules)
{
    return fl_size_index_find(&size_tree_of(self)->sizes, granules);
}

static struct fl_block *size_tree_before(struct fl_policy *self, const struct fl_block *block)
{
    return fl_size_index_before(&size_tree_of(self)->sizes, block);
}

static const char *size_tree_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    return fl_size_index_fault(&((const struct size_tree *)self)->sizes, tally, where);
}

static void size_tree_show(const struct fl_policy *self, fl_index_walker *walk, void *user)
{
    fl_size_index_show(&((const struct size_tree *)self)->sizes, walk, user);
}

static const struct fl_policy_ops size_tree_policy = {
    .state_bytes = sizeof(struct size_tree),
    .links_bytes = size_tree_links_bytes,
    .init = size_tree_init,
    .insert = size_tree_insert,
    .remove = size_tree_remove,
    .replace = size_tree_replace,
    .find = size_tree_find,
    .before = size_tree_before,
    .check = size_tree_check,
    .show = size_tree_show,
};

static int size_tree_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_size_tree_ops, &size_tree_policy, config, out);
}

static const struct fl_knob size_tree_knobs[] = {FL_HEAP_KNOB_ROWS};

const struct fl_allocator_ops fl_size_tree_ops = {
    .name = "size-tree",
    .summary = "free blocks in a tree keyed by size: malloc O(log n), free O(log n), "
               "O(n) with tags=none",
    .knobs = size_tree_knobs,
    .knob_count = FL_HEAP_KNOBS,
    .create = size_tree_create,
    FL_HEAP_OPS,
};
