/*
 * list-lifo: the free blocks in a list, the newest first.
 *
 *   first ──▶ freed last ──▶ freed before that ──▶ ... ──▶ none
 *
 * The plainest list of the course notes: no order to keep, so a block enters in O(1).
 *
 *   malloc   O(n): first fit stops at the first block that is large enough; best fit looks at all
 *            of them unless one fits exactly
 *   free     O(1) with boundary tags; without them "coalescing can require two (or more) list
 *            scans": O(n) for the block before, which no order leads to
 *
 * A block is used again while it is still in the cache. What is newest is not what fits best,
 * so large blocks are broken up for small requests: of all orders this one fragments most (P.
 * Wilson et al., Dynamic Storage Allocation: A Survey and Critical Review, 1995, 3.4).
 */
#include "heap.h"
#include "list_policy.h"

enum list_lifo_knob { KNOB_FIT = FL_HEAP_KNOBS, KNOB_LINKS, KNOB_COUNT };

static struct fl_links_bytes list_lifo_links_bytes(const struct fl_allocator_config *config)
{
    return fl_list_policy_links_bytes((enum fl_links)config->values[KNOB_LINKS]);
}

static void list_lifo_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    fl_list_policy_init(self, (enum fl_links)config->values[KNOB_LINKS],
                        (enum fl_fit)config->values[KNOB_FIT]);
}

static void list_lifo_insert(struct fl_policy *self, struct fl_block *block)
{
    fl_list_insert_after(&fl_list_policy_of(self)->list, fl_block_number(&self->grid, block),
                         0);
}

static bool any_order_will_do(const struct fl_block *block, const struct fl_block *next)
{
    (void)block;
    (void)next;
    return true;
}

static const char *list_lifo_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    return fl_list_policy_check(self, tally, where, any_order_will_do, NULL);
}

static const struct fl_policy_ops list_lifo_policy = {
    .state_bytes = sizeof(struct fl_list_policy),
    .links_bytes = list_lifo_links_bytes,
    .init = list_lifo_init,
    .insert = list_lifo_insert,
    .remove = fl_list_policy_remove,
    .replace = fl_list_policy_replace,
    .find = fl_list_policy_find,
    .before = fl_list_policy_before,
    .check = list_lifo_check,
    .show = fl_list_policy_show,
};

static int list_lifo_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_list_lifo_ops, &list_lifo_policy, config, out);
}

static const struct fl_knob list_lifo_knobs[] = {
    FL_HEAP_KNOB_ROWS,
    [KNOB_FIT] = FL_FIT_ROW,
    [KNOB_LINKS] = FL_LINKS_ROW,
};
_Static_assert(sizeof list_lifo_knobs / sizeof list_lifo_knobs[0] == KNOB_COUNT,
               "every knob has its row");

const struct fl_allocator_ops fl_list_lifo_ops = {
    .name = "list-lifo",
    .summary = "free blocks in a list, newest first: malloc O(n), free O(1)",
    .knobs = list_lifo_knobs,
    .knob_count = KNOB_COUNT,
    .create = list_lifo_create,
    FL_HEAP_OPS,
};
