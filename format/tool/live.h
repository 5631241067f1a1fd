/*
 * The live objects of a trace while a verb walks it: one table by slot, which the walk fills in
 * and the verb may renumber.
 */
#ifndef FL_LIVE_H
#define FL_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/trace.h>

struct fl_object {
    uint64_t
        number; /* FL_SERIAL_NONE: the slot is free; else what the walk was told (objects.h) */
    uint64_t size_bytes;
    uint32_t stack; /* of the call that made it, FL_STACK_NONE where stacks are not kept */
    uint8_t kind;   /* of that call */
    uint8_t align_log2;
};
_Static_assert(sizeof(struct fl_object) == 24, "what a live object costs every verb");

/* All zeros is an empty table; end it with fl_live_clear. */
struct fl_live {
    struct fl_object *at; /* by slot, `count` of them; owned */
    size_t count, capacity;
};

/* Have a place for this slot and all below it; false when out of memory, and the table is as it
 * was. */
bool fl_live_grow(struct fl_live *live, uint32_t slot);

/* The slot's place, free at first, stays where it is until the next call; NULL when out of
 * memory. */
static inline struct fl_object *fl_live_place(struct fl_live *live, uint32_t slot)
{
    if (slot >= live->count && !fl_live_grow(live, slot)) {
        return NULL;
    }
    return &live->at[slot];
}

/* The slots of all live objects in rising order of their numbers, `count` of them, owned by the
 * caller; NULL when out of memory. O(n log n), 8 bytes for each while it is made. */
uint32_t *fl_live_sorted(const struct fl_live *live, size_t *count);

void fl_live_clear(struct fl_live *live);

#endif
