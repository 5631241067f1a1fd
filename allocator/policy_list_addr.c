/*
 * list-addr: the free blocks in a list sorted by address.
 *
 *   first ──▶ 0x0040 ──▶ 0x0200 ──▶ 0x0900 ──▶ none
 *
 * The classic of the course notes ("Sort list by memory address ... this makes coalescing
 * easier"): the neighbours of a block in memory are its neighbours in the list.
 *
 *   malloc   O(n): first fit stops at the first block that is large enough; best fit looks at all
 *            of them unless one fits exactly
 *   free     O(n) to find the place; O(1) when a neighbour is free, for the sum takes over the
 *            neighbour's place
 *
 * Address-ordered first fit is known for little fragmentation: live blocks gather at low addresses
 * and the top stays free (P. Wilson et al., Dynamic Storage Allocation: A Survey and Critical
 * Review, 1995, 3.5). Places every block where addr-tree with the same fit does.
 */
#include "heap.h"

#include "assertion.h"
#include "list.h"

struct list_addr {
    struct fl_policy base;
    struct fl_list list;
    enum fl_fit fit;
};
_Static_assert(offsetof(struct list_addr, base) == 0, "a policy is its state");
_Static_assert(FL_HEADER + sizeof(struct fl_list_links) + FL_TAG <=
                   FL_MIN_GRANULES * FL_GRANULE,
               "the smallest free block holds its links");

static struct list_addr *list_addr_of(struct fl_policy *self)
{
    return (struct list_addr *)self;
}

static void list_addr_init(struct fl_policy *self, const struct fl_allocator_config *config)
{
    struct list_addr *state = list_addr_of(self);
    fl_list_init(&state->list, self->origin, FL_HEADER);
    state->fit = (enum fl_fit)config->values[FL_KNOB_FIT];
}

static void list_addr_insert(struct fl_policy *self, struct fl_block *block)
{
    struct fl_list *list = &list_addr_of(self)->list;
    const uint32_t number = fl_block_number(self->origin, block);
    uint32_t next = list->first;
    while (next != 0 && next < number) {
        self->visits++;
        next = fl_list_at(list, next)->next;
    }
    self->visits += next != 0;
    FL_ASSERT(next != number, "a block is entered once");
    fl_list_insert_before(list, number, next);
}

static void list_addr_remove(struct fl_policy *self, struct fl_block *block)
{
    fl_list_remove(&list_addr_of(self)->list, fl_block_number(self->origin, block));
}

static void list_addr_replace(struct fl_policy *self, struct fl_block *from,
                              struct fl_block *to)
{
    if (from != to)
        fl_list_replace(&list_addr_of(self)->list, fl_block_number(self->origin, from),
                        fl_block_number(self->origin, to));
}

static struct fl_block *find_first(struct fl_policy *self, uint32_t granules)
{
    const struct fl_list *list = &list_addr_of(self)->list;
    uint64_t visits = 0;
    uint32_t number = list->first;
    struct fl_block *found = NULL;
    while (number != 0 && found == NULL) {
        struct fl_block *block = fl_block_at(self->origin, number);
        visits++;
        if (block->granules >= granules)
            found = block;
        number = fl_list_at(list, number)->next;
    }
    self->visits += visits;
    return found;
}

static struct fl_block *find_best(struct fl_policy *self, uint32_t granules)
{
    const struct fl_list *list = &list_addr_of(self)->list;
    struct fl_block *best = NULL;
    for (uint32_t number = list->first; number != 0; number = fl_list_at(list, number)->next) {
        struct fl_block *block = fl_block_at(self->origin, number);
        self->visits++;
        if (block->granules == granules)
            return block;
        if (block->granules > granules && (best == NULL || block->granules < best->granules))
            best = block;
    }
    return best;
}

static struct fl_block *list_addr_find(struct fl_policy *self, uint32_t granules)
{
    return list_addr_of(self)->fit == FL_FIT_FIRST ? find_first(self, granules)
                                                   : find_best(self, granules);
}

static const char *list_addr_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                   uint32_t *where)
{
    const struct fl_list *list = &((const struct list_addr *)self)->list;
    uint32_t before = 0;
    for (uint32_t number = list->first; number != 0;) {
        *where = number;
        if (number >= tally->limit)
            return "a link of the list leads nowhere";
        if (number <= before)
            return "the list is not in the order of addresses";
        if (fl_list_at(list, number)->prev != before)
            return "a block does not point back to the one before it";
        fl_index_tally_add(tally, number, fl_block_at(self->origin, number)->granules);
        before = number;
        number = fl_list_at(list, number)->next;
    }
    *where = before;
    return list->last == before ? NULL : "the end of the list is not its last block";
}

static void list_addr_show(const struct fl_policy *self, fl_index_walker *walk, void *user)
{
    fl_list_show(&((const struct list_addr *)self)->list, "free list", walk, user);
}

static const struct fl_policy_ops list_addr_policy = {
    .state_bytes = sizeof(struct list_addr),
    .init = list_addr_init,
    .insert = list_addr_insert,
    .remove = list_addr_remove,
    .replace = list_addr_replace,
    .find = list_addr_find,
    .check = list_addr_check,
    .show = list_addr_show,
};

static int list_addr_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    return fl_heap_create(&fl_list_addr_ops, &list_addr_policy, config, out);
}

static const struct fl_knob list_addr_knobs[] = {FL_HEAP_KNOB_ROWS};

const struct fl_allocator_ops fl_list_addr_ops = {
    .name = "list-addr",
    .summary = "free blocks in a list sorted by address: malloc O(n), free O(n)",
    .knobs = list_addr_knobs,
    .knob_count = FL_HEAP_KNOBS,
    .create = list_addr_create,
    FL_HEAP_OPS,
};
