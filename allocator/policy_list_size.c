/*
 * list-size: the free blocks in a list sorted by size, of equal ones the newest first.
 *
 *   first ──▶ 32 (newer) ──▶ 32 (older) ──▶ 208 ──▶ 3780 ──▶ none
 *
 * With this order of the course notes "we can find the smallest free chunk big enough to fit
 * without scanning the whole list": the first block that is large enough is the best fit, and
 * there is no `fit` to choose.
 *
 *   malloc   O(n): past all that are smaller
 *   free     O(n) to find the place, again when a neighbour is free, since the sum has another
 *            one; without boundary tags one more scan for the block before
 *
 * Where the smallest block is the same, as it is with the alignments from 16 up, it places
 * every block where size-tree and combo-tree do.
 */
#include "heap.h"
#include "list_policy.h"

enum list_size_knob { KNOB_LINKS = FL_HEAP_KNOBS, KNOB_COUNT };

static struct fl_links_bytes list_size_links_bytes(const struct fl_allocator_config *config)
{
    return fl_list_policy_links_bytes((enum fl_links)config->values[KNOB_LINKS]);
}

static void list_size_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    fl_list_policy_init(self, (enum fl_links)config->values[KNOB_LINKS], FL_FIT_FIRST);
}

static void list_size_insert(struct fl_policy *self, struct fl_block *block)
{
    struct fl_list *list = &fl_list_policy_of(self)->list;
    uint32_t before = 0;
    uint64_t visits = 0;
    for (uint32_t number = list->first; number != 0; number = fl_list_next(list, number)) {
        visits++;
        if (fl_block_at(&self->grid, number)->granules >= block->granules)
            break;
        before = number;
    }
    self->visits += visits;
    fl_list_insert_after(list, fl_block_number(&self->grid, block), before);
}

static void list_size_replace(struct fl_policy *self, struct fl_block *from,
                              struct fl_block *to, struct fl_block header)
{
    fl_list_policy_remove(self, from);
    *to = header;
    list_size_insert(self, to);
}

static bool is_no_larger(const struct fl_block *block, const struct fl_block *next)
{
    return block->granules <= next->granules;
}

static const char *list_size_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    return fl_list_policy_check(self, tally, where, is_no_larger,
                                "the list is not in the order of sizes");
}

static const struct fl_policy_ops list_size_policy = {
    .state_bytes = sizeof(struct fl_list_policy),
    .links_bytes = list_size_links_bytes,
    .init = list_size_init,
    .insert = list_size_insert,
    .remove = fl_list_policy_remove,
    .replace = list_size_replace,
    .find = fl_list_policy_find,
    .before = fl_list_policy_before,
    .check = list_size_check,
    .show = fl_list_policy_show,
};

static int list_size_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_list_size_ops, &list_size_policy, config, out);
}

static const struct fl_knob list_size_knobs[] = {FL_HEAP_KNOB_ROWS, [KNOB_LINKS] =
                                                                        FL_LINKS_ROW};
_Static_assert(sizeof list_size_knobs / sizeof list_size_knobs[0] == KNOB_COUNT,
               "every knob has its row");

const struct fl_allocator_ops fl_list_size_ops = {
    .name = "list-size",
    .summary = "free blocks in a list sorted by size: malloc O(n), free O(n)",
    .knobs = list_size_knobs,
    .knob_count = KNOB_COUNT,
    .create = list_size_create,
    FL_HEAP_OPS,
};
