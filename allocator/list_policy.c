/*
 * Searching a list of free blocks, whatever its order:
 *
 *   fit=first   from the start to the first block that is large enough
 *   fit=next    the same from where the last search ended, round to there: spreads the blocks
 *               over the heap and spares the small ones that gather at the start
 *   fit=best    through all of them to the smallest that is large enough, unless one fits exactly;
 *               of equals the one met first. In a list sorted by size that is the first fit.
 *
 * Each is O(n): the course notes' "linked lists tend towards O(n)". Next fit starts at the
 * place of the block found last, in the order of addresses at the first block from there on, so
 * that a tree by address can do the same. A walk notes the element before the one it ends at,
 * so that a list linked only forwards can take it out in O(1).
 *
 * Sources: Knuth, The Art of Computer Programming, vol. 1, 2.5 (first, next and best fit).
 */
#include "list_policy.h"

#include "assertion.h"

void fl_list_policy_init(struct fl_policy *self, enum fl_links links, enum fl_fit fit)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    fl_list_init(&state->list, &self->grid, FL_HEADER,
                 links == FL_LINKS_SINGLE ? FL_LIST_SINGLE : FL_LIST_DOUBLE, &self->visits);
    state->fit = fit;
}

void fl_list_policy_remove(struct fl_policy *self, struct fl_block *block)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    const uint32_t number = fl_block_number(&self->grid, block);
    if (state->rover == number)
        state->rover = fl_list_next(&state->list, number);
    fl_list_remove(&state->list, number);
}

struct fl_links_bytes fl_list_policy_links_bytes(enum fl_links links)
{
    const size_t bytes =
        fl_list_links_bytes(links == FL_LINKS_SINGLE ? FL_LIST_SINGLE : FL_LIST_DOUBLE);
    return (struct fl_links_bytes){bytes, bytes};
}

void fl_list_policy_replace(struct fl_policy *self, struct fl_block *from, struct fl_block *to,
                            struct fl_block header)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    const uint32_t number = fl_block_number(&self->grid, to);
    *to = header;
    if (from == to)
        return;
    if (state->rover == fl_block_number(&self->grid, from))
        state->rover = number;
    fl_list_replace(&state->list, fl_block_number(&self->grid, from), number);
}

/* First fit from `start` up to `stop`, which is not looked at. */
static struct fl_block *walk_first(struct fl_policy *self, uint32_t granules, uint32_t start,
                                   uint32_t stop)
{
    struct fl_list *list = &fl_list_policy_of(self)->list;
    struct fl_block *found = NULL;
    uint32_t before = 0;
    uint64_t visits = 0;
    for (uint32_t number = start; number != stop && found == NULL;) {
        struct fl_block *block = fl_block_at(&self->grid, number);
        visits++;
        if (block->granules >= granules) {
            found = block;
            if (before != 0 || number == list->first)
                fl_list_note(list, number, before);
        }
        before = number;
        number = fl_list_next(list, number);
    }
    self->visits += visits;
    return found;
}

static struct fl_block *walk_next(struct fl_policy *self, uint32_t granules)
{
    struct fl_list_policy *state = fl_list_policy_of(self);
    const uint32_t first = state->list.first;
    const uint32_t start = state->rover != 0 ? state->rover : first;
    struct fl_block *found = walk_first(self, granules, start, 0);
    if (found == NULL)
        found = walk_first(self, granules, first, start);
    if (found != NULL)
        state->rover = state->rover_from = fl_block_number(&self->grid, found);
    return found;
}

static struct fl_block *walk_best(struct fl_policy *self, uint32_t granules)
{
    struct fl_list *list = &fl_list_policy_of(self)->list;
    struct fl_block *best = NULL;
    uint32_t before = 0;
    for (uint32_t number = list->first; number != 0; number = fl_list_next(list, number)) {
        struct fl_block *block = fl_block_at(&self->grid, number);
        self->visits++;
        if (block->granules >= granules && (best == NULL || block->granules < best->granules)) {
            best = block;
            fl_list_note(list, number, before);
        }
        if (block->granules == granules)
            break;
        before = number;
    }
    return best;
}

struct fl_block *fl_list_policy_find(struct fl_policy *self, uint32_t granules)
{
    const struct fl_list_policy *state = fl_list_policy_of(self);
    if (state->fit == FL_FIT_NEXT)
        return walk_next(self, granules);
    if (state->fit == FL_FIT_BEST)
        return walk_best(self, granules);
    return walk_first(self, granules, state->list.first, 0);
}

struct fl_block *fl_list_policy_before(struct fl_policy *self, const struct fl_block *block)
{
    struct fl_list *list = &fl_list_policy_of(self)->list;
    uint32_t before = 0;
    for (uint32_t number = list->first; number != 0; number = fl_list_next(list, number)) {
        struct fl_block *other = fl_block_at(&self->grid, number);
        self->visits++;
        if (fl_block_next(&self->grid, other) == block) {
            fl_list_note(list, number, before);
            return other;
        }
        before = number;
    }
    return NULL;
}

void fl_list_policy_show(const struct fl_policy *self, fl_index_walker *walk, void *user)
{
    fl_list_show(&((const struct fl_list_policy *)self)->list, "free list", walk, user);
}

const char *fl_list_policy_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                 uint32_t *where,
                                 bool (*is_in_order)(const struct fl_block *block,
                                                     const struct fl_block *next),
                                 const char *fault)
{
    const struct fl_list *list = &((const struct fl_list_policy *)self)->list;
    const char *broken = fl_list_fault(list, &self->grid, tally, where);
    if (broken != NULL)
        return broken;
    for (uint32_t number = list->first; number != 0; number = *where) {
        const uint32_t next = fl_list_next(list, number);
        *where = next;
        if (next != 0 &&
            !is_in_order(fl_block_at(&self->grid, number), fl_block_at(&self->grid, next)))
            return fault;
    }
    return NULL;
}
