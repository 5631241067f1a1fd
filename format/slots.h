/* From the serial of an object to its slot while a trace is decoded. See slots.c. */
#ifndef FL_SLOTS_H
#define FL_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <fl/trace.h>

#define FL_SLOTS_WINDOW     (16u * 1024) /* youngest serials, found without a hash */

#define FL_SLOTS_BLOCK      8u /* serials that leave the window together */

#define FL_SLOTS_SHARD_BITS 6u

/* Old objects among FL_SLOTS_BLOCK neighbouring serials. */
struct fl_slots_block {
    uint64_t key; /* serial / FL_SLOTS_BLOCK; FL_SERIAL_NONE: empty */
    uint32_t slots[FL_SLOTS_BLOCK];
};

/* An open hash of blocks, linear probing. */
struct fl_slots_shard {
    struct fl_slots_block *blocks; /* `capacity`, of which `count` are not empty; owned */
    uint32_t capacity, count;
};

struct fl_slots {
    uint32_t *window; /* slot of serial s at [s % FL_SLOTS_WINDOW], FL_SLOT_NONE when dead */
    uint64_t next_serial;
    uint64_t first_young; /* serials from here to next_serial are in the window */
    struct fl_slots_shard old[1u << FL_SLOTS_SHARD_BITS]; /* the rest */
    uint32_t *free_slots; /* a stack, so that hot slots are used again */
    size_t free_count, free_capacity;
    uint32_t slot_count; /* slots ever used: 0 .. slot_count - 1 */
};

/* False when out of memory. End with fl_slots_clear also then. */
bool fl_slots_init(struct fl_slots *slots);
void fl_slots_clear(struct fl_slots *slots);

/* Number of live objects. */
static inline uint64_t fl_slots_live(const struct fl_slots *slots)
{
    return slots->slot_count - slots->free_count;
}

/* Jump to a later serial: the serials between never existed. False when out of memory. */
bool fl_slots_jump(struct fl_slots *slots, uint64_t next_serial);

/* Slow paths of the inline functions below. */
bool fl_slots_retire_block(struct fl_slots *slots);
uint32_t fl_slots_find_old(const struct fl_slots *slots, uint64_t serial);
uint32_t fl_slots_take_old(struct fl_slots *slots, uint64_t serial);
bool fl_slots_free_grow(struct fl_slots *slots);

/* Bind the next serial to `slot`. False when out of memory. */
static inline bool fl_slots_bind(struct fl_slots *slots, uint32_t slot)
{
    if (slots->next_serial - slots->first_young == FL_SLOTS_WINDOW &&
        !fl_slots_retire_block(slots)) {
        return false;
    }
    slots->window[slots->next_serial % FL_SLOTS_WINDOW] = slot;
    slots->next_serial++;
    return true;
}

/* The slot that fl_slots_new will give, without taking it. */
static inline uint32_t fl_slots_next(const struct fl_slots *slots)
{
    return slots->free_count > 0 ? slots->free_slots[slots->free_count - 1] : slots->slot_count;
}

/* A slot for a new object, FL_SLOT_NONE when there are 2^32 - 1 live ones. */
static inline uint32_t fl_slots_new(struct fl_slots *slots)
{
    if (slots->free_count > 0) {
        return slots->free_slots[--slots->free_count];
    }
    return slots->slot_count == FL_SLOT_NONE ? FL_SLOT_NONE : slots->slot_count++;
}

/* Give a slot back. False when out of memory. */
static inline bool fl_slots_release(struct fl_slots *slots, uint32_t slot)
{
    if (slots->free_count == slots->free_capacity && !fl_slots_free_grow(slots)) {
        return false;
    }
    slots->free_slots[slots->free_count++] = slot;
    return true;
}

static inline bool fl_slots_is_young(const struct fl_slots *slots, uint64_t serial)
{
    return serial >= slots->first_young;
}

/* Slot of a serial below next_serial, FL_SLOT_NONE when it is not live. */
static inline uint32_t fl_slots_find(const struct fl_slots *slots, uint64_t serial)
{
    return fl_slots_is_young(slots, serial) ? slots->window[serial % FL_SLOTS_WINDOW]
                                            : fl_slots_find_old(slots, serial);
}

/* The same, and end the binding; the slot stays in use until it is released. */
static inline uint32_t fl_slots_take(struct fl_slots *slots, uint64_t serial)
{
    if (!fl_slots_is_young(slots, serial)) {
        return fl_slots_take_old(slots, serial);
    }
    uint32_t *place = &slots->window[serial % FL_SLOTS_WINDOW];
    const uint32_t slot = *place;
    *place = FL_SLOT_NONE;
    return slot;
}

#endif
