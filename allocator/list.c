/*
 * The intrusive list: links of 4 bytes inside the elements, so a list costs no memory.
 *
 * Doubly linked, so that a block found through its neighbour leaves in O(1); singly linked it
 * would have to be searched first. Every operation is O(1).
 */
#include "list.h"

#include "assertion.h"

void fl_list_init(struct fl_list *list, char *origin, size_t links_offset)
{
    *list = (struct fl_list){.links = origin + links_offset};
}

/* Make the elements (or the ends) on both sides point at `number`. */
static void list_set_neighbours(struct fl_list *list, const struct fl_list_links *at,
                                uint32_t left_sees, uint32_t right_sees)
{
    if (at->prev != 0)
        fl_list_at(list, at->prev)->next = left_sees;
    else
        list->first = left_sees;
    if (at->next != 0)
        fl_list_at(list, at->next)->prev = right_sees;
    else
        list->last = right_sees;
}

void fl_list_insert_before(struct fl_list *list, uint32_t number, uint32_t next)
{
    FL_ASSERT(number != 0 && number != next, "an element is put beside another one");
    struct fl_list_links *at = fl_list_at(list, number);
    at->next = next;
    at->prev = next != 0 ? fl_list_at(list, next)->prev : list->last;
    list_set_neighbours(list, at, number, number);
}

void fl_list_remove(struct fl_list *list, uint32_t number)
{
    const struct fl_list_links *at = fl_list_at(list, number);
    FL_ASSERT(at->prev != 0 ? fl_list_at(list, at->prev)->next == number
                            : list->first == number,
              "the left neighbour points back");
    FL_ASSERT(at->next != 0 ? fl_list_at(list, at->next)->prev == number : list->last == number,
              "the right neighbour points back");
    list_set_neighbours(list, at, at->next, at->prev);
}

void fl_list_replace(struct fl_list *list, uint32_t from, uint32_t to)
{
    FL_ASSERT(from != 0 && to != 0, "both are elements");
    struct fl_list_links *at = fl_list_at(list, to);
    *at = *fl_list_at(list, from);
    list_set_neighbours(list, at, to, to);
}

void fl_list_show(const struct fl_list *list, const char *name, fl_index_walker *walk,
                  void *user)
{
    struct fl_index_step step = {.index = name, .place = FL_INDEX_NEXT, .number = list->first};
    while (step.number != 0 && walk(&step, user))
        step.number = fl_list_at(list, step.number)->next;
}
