/*
 * The intrusive list: links of 4 bytes inside the elements, so a list costs no memory.
 *
 * "Should our list be singly or doubly linked?" the course notes ask. With two links a block
 * that was found through its neighbour in memory leaves in O(1). With one it must be searched
 * from the start, unless a walk has just passed the element before it and noted that: the
 * notes' "we probably just need to store previous pointer on forward traversal". One link is 4
 * bytes less in the smallest block.
 */
#include "list.h"

#include "assertion.h"

void fl_list_init(struct fl_list *list, const struct fl_grid *grid, size_t links_offset,
                  enum fl_list_kind kind, uint64_t *visits)
{
    *list = (struct fl_list){.links = grid->origin + links_offset,
                             .shift = grid->shift,
                             .kind = kind,
                             .visits = visits};
}

/* The element before `number`, which is in the list; 0 when it is the first. */
static uint32_t list_before(struct fl_list *list, uint32_t number)
{
    if (list->kind == FL_LIST_DOUBLE)
        return fl_list_at(list, number)->prev;
    if (list->noted == number)
        return list->before_noted;
    uint32_t before = 0;
    for (uint32_t at = list->first; at != number; at = fl_list_next(list, at)) {
        FL_ASSERT(at != 0, "what leaves a list is in it");
        (*list->visits)++;
        before = at;
    }
    return before;
}

/* Make what lies on both sides (or the ends of the list) point at these two. */
static void list_join(struct fl_list *list, uint32_t before, uint32_t right, uint32_t next,
                      uint32_t left)
{
    if (before != 0)
        fl_list_at(list, before)->next = right;
    else
        list->first = right;
    if (next == 0)
        list->last = left;
    else if (list->kind == FL_LIST_DOUBLE)
        fl_list_at(list, next)->prev = left;
    list->noted = 0;
}

void fl_list_insert_after(struct fl_list *list, uint32_t number, uint32_t before)
{
    FL_ASSERT(number != 0 && number != before, "an element is put beside another one");
    struct fl_list_links *links = fl_list_at(list, number);
    const uint32_t next = before != 0 ? fl_list_next(list, before) : list->first;
    links->next = next;
    if (list->kind == FL_LIST_DOUBLE)
        links->prev = before;
    list_join(list, before, number, next, number);
}

void fl_list_remove(struct fl_list *list, uint32_t number)
{
    const uint32_t before = list_before(list, number);
    const uint32_t next = fl_list_next(list, number);
    FL_ASSERT(before != 0 ? fl_list_next(list, before) == number : list->first == number,
              "the left neighbour points at the element");
    FL_ASSERT(next != 0 || list->last == number, "the last element is known");
    list_join(list, before, next, next, before);
}

void fl_list_replace(struct fl_list *list, uint32_t from, uint32_t to)
{
    FL_ASSERT(from != 0 && to != 0, "both are elements");
    const uint32_t before = list_before(list, from);
    const uint32_t next = fl_list_next(list, from);
    struct fl_list_links *links = fl_list_at(list, to);
    links->next = next;
    if (list->kind == FL_LIST_DOUBLE)
        links->prev = before;
    list_join(list, before, to, next, to);
}

const char *fl_list_fault(const struct fl_list *list, const struct fl_grid *grid,
                          struct fl_index_tally *tally, uint32_t *where)
{
    uint32_t before = 0;
    uint64_t count = 0;
    for (uint32_t number = list->first; number != 0; number = fl_list_next(list, number)) {
        *where = number;
        if (number >= tally->limit)
            return "a link of the list leads nowhere";
        if (++count > tally->limit)
            return "the links of the list run in a circle";
        if (list->kind == FL_LIST_DOUBLE && fl_list_at(list, number)->prev != before)
            return "a block does not point back to the one before it";
        fl_index_tally_add(tally, number, fl_block_at(grid, number)->granules);
        before = number;
    }
    *where = before;
    return list->last == before ? NULL : "the end of the list is not its last block";
}

void fl_list_show(const struct fl_list *list, const char *name, fl_index_walker *walk,
                  void *user)
{
    struct fl_index_step step = {.index = name, .place = FL_INDEX_NEXT, .number = list->first};
    while (step.number != 0 && walk(&step, user))
        step.number = fl_list_next(list, step.number);
}
