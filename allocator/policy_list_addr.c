/*
 * list-addr: the free blocks in a list sorted by address.
 *
 *   first ──▶ 0x0040 ──▶ 0x0200 ──▶ 0x0900 ──▶ none
 *
 * The classic of the course notes: sorted by address, the neighbours of a block in memory are
 * its neighbours in the list, which "makes coalescing easier".
 *
 *   malloc   O(n): first fit stops at the first block that is large enough; best fit looks at all
 *            of them unless one fits exactly
 *   free     O(n) to find the place. With boundary tags O(1) when a neighbour is free, for the sum
 *            takes over the neighbour's place; without them the walk to the place meets the
 *            block before
 *
 * Address-ordered first fit is known for little fragmentation: live blocks gather at low
 * addresses and the top stays free (P. Wilson et al., Dynamic Storage Allocation: A Survey and
 * Critical Review, 1995, 3.5). Places every block where addr-tree with the same fit does.
 */
#include "heap.h"
#include "list_policy.h"

#include "assertion.h"

enum list_addr_knob { KNOB_FIT = FL_HEAP_KNOBS, KNOB_LINKS, KNOB_COUNT };

static struct fl_links_bytes list_addr_links_bytes(const struct fl_allocator_config *config)
{
    return fl_list_policy_links_bytes((enum fl_links)config->values[KNOB_LINKS]);
}

static void list_addr_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    fl_list_policy_init(self, (enum fl_links)config->values[KNOB_LINKS],
                        (enum fl_fit)config->values[KNOB_FIT]);
}

/* The rover is the first block from rover_from on: `number` is one from now on. */
static void rover_meet(struct fl_list_policy *state, uint32_t number)
{
    if (number >= state->rover_from && (state->rover == 0 || number < state->rover))
        state->rover = number;
}

/* Has the walk for the block before just ended at the place of `number`? */
static bool place_is_noted(const struct fl_list *list, uint32_t number)
{
    if (list->noted == 0 || list->noted >= number)
        return false;
    const uint32_t next = fl_list_next(list, list->noted);
    return next == 0 || next > number;
}

/* The last block below `number`, 0 when there is none; each block on the way is a visit. */
static uint32_t walk_to_place(struct fl_policy *self, uint32_t number)
{
    struct fl_list *list = &fl_list_policy_of(self)->list;
    if (place_is_noted(list, number))
        return list->noted;
    uint32_t before = 0, before_that = 0;
    uint32_t next = list->first;
    uint64_t visits = 0;
    while (next != 0 && next < number) {
        visits++;
        before_that = before;
        before = next;
        next = fl_list_next(list, next);
    }
    self->visits += visits + (next != 0);
    FL_ASSERT(next != number, "a block is entered once");
    if (before != 0)
        fl_list_note(list, before, before_that);
    return before;
}

static void list_addr_insert(struct fl_policy *self, struct fl_block *block)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    const uint32_t number = fl_block_number(&self->grid, block);
    fl_list_insert_after(&state->list, number, walk_to_place(self, number));
    rover_meet(state, number);
}

static void list_addr_replace(struct fl_policy *self, struct fl_block *from,
                              struct fl_block *to, struct fl_block header)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    const uint32_t number = fl_block_number(&self->grid, to);
    fl_list_policy_replace(self, from, to, header);
    if (state->rover == number && number < state->rover_from)
        state->rover = fl_list_next(&state->list, number);
    rover_meet(state, number);
}

static struct fl_block *list_addr_before(struct fl_policy *self, const struct fl_block *block)
{
    const uint32_t before = walk_to_place(self, fl_block_number(&self->grid, block));
    struct fl_block *other = before != 0 ? fl_block_at(&self->grid, before) : NULL;
    return other != NULL && fl_block_next(&self->grid, other) == block ? other : NULL;
}

static bool is_below(const struct fl_block *block, const struct fl_block *next)
{
    return block < next;
}

static const char *list_addr_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    return fl_list_policy_check(self, tally, where, is_below,
                                "the list is not in the order of addresses");
}

static const struct fl_policy_ops list_addr_policy = {
    .state_bytes = sizeof(struct fl_list_policy),
    .links_bytes = list_addr_links_bytes,
    .init = list_addr_init,
    .insert = list_addr_insert,
    .remove = fl_list_policy_remove,
    .replace = list_addr_replace,
    .find = fl_list_policy_find,
    .before = list_addr_before,
    .check = list_addr_check,
    .show = fl_list_policy_show,
};

static int list_addr_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_list_addr_ops, &list_addr_policy, config, out);
}

static const struct fl_knob list_addr_knobs[] = {
    FL_HEAP_KNOB_ROWS,
    [KNOB_FIT] = FL_FIT_ROW,
    [KNOB_LINKS] = FL_LINKS_ROW,
};
_Static_assert(sizeof list_addr_knobs / sizeof list_addr_knobs[0] == KNOB_COUNT,
               "every knob has its row");

const struct fl_allocator_ops fl_list_addr_ops = {
    .name = "list-addr",
    .summary = "free blocks in a list sorted by address: malloc O(n), free O(n)",
    .knobs = list_addr_knobs,
    .knob_count = KNOB_COUNT,
    .create = list_addr_create,
    FL_HEAP_OPS,
};
