/*
 * What the three list policies share: their state, and everything but the order of the list. A
 * list policy is an insertion, and what follows from its order.
 *
 * Thread safety: none; a policy belongs to one heap.
 */
#ifndef FL_ALLOCATOR_LIST_POLICY_H
#define FL_ALLOCATOR_LIST_POLICY_H

#include "knobs.h"
#include "list.h"

struct fl_list_policy {
    struct fl_policy base;
    struct fl_list list;
    enum fl_fit fit;
    /* fit=next: where the next search starts (0: at the first), and the number of the block
     * that the last one found. */
    uint32_t rover, rover_from;
};
_Static_assert(offsetof(struct fl_list_policy, base) == 0, "a policy is its state");

static inline struct fl_list_policy *fl_list_policy_of(struct fl_policy *self)
{
    return (struct fl_list_policy *)self;
}

/** Set up an empty list with the knobs `links` and `fit` as given. */
void fl_list_policy_init(struct fl_policy *self, enum fl_links links, enum fl_fit fit);

/** Bytes of links with that knob. */
struct fl_links_bytes fl_list_policy_links_bytes(enum fl_links links);

/** Operations of struct fl_policy_ops that do not depend on the order. */
void fl_list_policy_remove(struct fl_policy *self, struct fl_block *block);
struct fl_block *fl_list_policy_find(struct fl_policy *self, uint32_t granules);
void fl_list_policy_show(const struct fl_policy *self, fl_index_walker *walk, void *user);

/** `to` takes the place of `from` in the list. */
void fl_list_policy_replace(struct fl_policy *self, struct fl_block *from, struct fl_block *to,
                            struct fl_block header);

/** The block that ends where `block` starts, in a list without an order of addresses: O(n). */
struct fl_block *fl_list_policy_before(struct fl_policy *self, const struct fl_block *block);

/** As the operation `check`; `is_in_order` looks at a block and the one after it. */
const char *fl_list_policy_check(const struct fl_policy *self, struct fl_index_tally *tally,
                                 uint32_t *where,
                                 bool (*is_in_order)(const struct fl_block *block,
                                                     const struct fl_block *next),
                                 const char *fault);

#endif
