/*
 * An intrusive list of numbered elements, linked both ways or only forwards.
 *
 * An element is a place on a grid, number 0 being none; its links lie `links_offset` bytes into
 * it, so one element can be in several lists. A list linked only forwards keeps no `prev`: an
 * element then is 4 bytes, and leaves only after a search for the one before it, unless that
 * was noted on the way to it.
 *
 * Thread safety: none.
 */
#ifndef FL_ALLOCATOR_LIST_H
#define FL_ALLOCATOR_LIST_H

#include "block.h"

struct fl_list_links {
    uint32_t next; /* number, 0 at the end */
    uint32_t prev; /* the same at the start; not there in a list linked only forwards */
};

enum fl_list_kind { FL_LIST_SINGLE, FL_LIST_DOUBLE };

struct fl_list {
    char *links; /* where the links of number 0 would be */
    unsigned shift;
    enum fl_list_kind kind;
    uint32_t first, last;
    uint32_t noted, before_noted; /* an element and the one before it; noted 0: nothing known */
    uint64_t *visits;             /* counts elements looked at in a search for the one before */
};

/** An empty list. `visits` may be NULL where the links go both ways. */
void fl_list_init(struct fl_list *list, const struct fl_grid *grid, size_t links_offset,
                  enum fl_list_kind kind, uint64_t *visits);

/** Bytes that an element keeps for its links. */
static inline size_t fl_list_links_bytes(enum fl_list_kind kind)
{
    return kind == FL_LIST_SINGLE ? sizeof(uint32_t) : sizeof(struct fl_list_links);
}

static inline struct fl_list_links *fl_list_at(const struct fl_list *list, uint32_t number)
{
    return (struct fl_list_links *)(list->links + ((size_t)number << list->shift));
}

static inline uint32_t fl_list_next(const struct fl_list *list, uint32_t number)
{
    return fl_list_at(list, number)->next;
}

/** A walk has come from `before` to `number`: its removal need not search, if it is next. */
static inline void fl_list_note(struct fl_list *list, uint32_t number, uint32_t before)
{
    list->noted = number;
    list->before_noted = before;
}

/** Put `number` behind `before`; 0: at the start. O(1). */
void fl_list_insert_after(struct fl_list *list, uint32_t number, uint32_t before);

/** O(1); linked only forwards O(n) unless noted. */
void fl_list_remove(struct fl_list *list, uint32_t number);

/** `to` takes the place of `from`. Cost as for removal. */
void fl_list_replace(struct fl_list *list, uint32_t from, uint32_t to);

/**
 * Do the links lead from the first to the last element, and back?
 *
 * @param tally  gets every element; its limit bounds what is followed
 * @param where  gets the number of the element at fault
 * @return       NULL, or a sentence about what does not hold
 */
const char *fl_list_fault(const struct fl_list *list, const struct fl_grid *grid,
                          struct fl_index_tally *tally, uint32_t *where);

/** Show the elements in their order, as of the index called `name`. */
void fl_list_show(const struct fl_list *list, const char *name, fl_index_walker *walk,
                  void *user);

#endif
