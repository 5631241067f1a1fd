/*
 * What a merged trace says of itself and of the traces it was made of (SPEC.md, section 4).
 */
#ifndef FL_MERGE_META_H
#define FL_MERGE_META_H

#include "order.h"

/* What is known of an input when it is over, beside its lane. */
struct fl_merge_input {
    char *threads;  /* "OLD:NEW ..."; owned */
    uint64_t freed; /* objects that it left live, and that were freed */
};

struct fl_merge_inputs {
    struct fl_lane *at; /* `count` of them */
    struct fl_merge_input *told;
    size_t count;
    enum fl_order_kind kind;
};

/* Has one of them stacks? */
bool fl_merge_has_stacks(const struct fl_merge_inputs *inputs);

/* When the merged trace starts, in nanoseconds since 1970; 0 where it is not by time. */
uint64_t fl_merge_start(const struct fl_merge_inputs *inputs);

/* Objects that forked processes inherited, and how many such processes there are. */
uint64_t fl_merge_inherited(const struct fl_merge_inputs *inputs, uint64_t *children);

/* Metadata of the header, and of the end record; NULL when out of memory. */
struct fl_metadata *fl_merge_header(const struct fl_merge_inputs *inputs);
struct fl_metadata *fl_merge_end(const struct fl_merge_inputs *inputs, bool has_freed);

/* Free the arrays and what `told` owns. */
void fl_merge_inputs_clear(struct fl_merge_inputs *inputs);

#endif
