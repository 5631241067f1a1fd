/*
 * An intrusive doubly linked list of numbered elements.
 *
 * An element is a place in granules from `origin`, number 0 being none; its two links lie
 * `links_offset` bytes into it, so one element can be in several lists.
 *
 * Thread safety: none.
 */
#ifndef FL_ALLOCATOR_LIST_H
#define FL_ALLOCATOR_LIST_H

#include <fl/policy.h>

#include "block.h"

struct fl_list_links {
    uint32_t prev, next; /* numbers, 0 at the ends */
};

struct fl_list {
    char *links; /* where the links of number 0 would be */
    uint32_t first, last;
};

void fl_list_init(struct fl_list *list, char *origin, size_t links_offset);

static inline struct fl_list_links *fl_list_at(const struct fl_list *list, uint32_t number)
{
    return (struct fl_list_links *)(list->links + ((size_t)number << FL_GRANULE_SHIFT));
}

/** Put `number` before `next`; 0: at the end. */
void fl_list_insert_before(struct fl_list *list, uint32_t number, uint32_t next);

void fl_list_remove(struct fl_list *list, uint32_t number);

/** `to` takes the place of `from`. */
void fl_list_replace(struct fl_list *list, uint32_t from, uint32_t to);

/** Show the elements in their order, as of the index called `name`. */
void fl_list_show(const struct fl_list *list, const char *name, fl_index_walker *walk,
                  void *user);

#endif
