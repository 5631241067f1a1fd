/*
 * Serial to slot, the larger part of decoding a trace.
 *
 * Most objects die young. The youngest 16 Ki serials are an array indexed by serial, 64 KiB that
 * stay in the first two cache levels; what is still alive when the window moves on goes to an
 * open hash, eight neighbouring serials at a time. Objects that live long were often allocated
 * together and end together, so a block of eight costs one probe and one cache line or two where
 * single serials would cost eight. Linear probing, backward-shift deletion of empty blocks, at
 * most half full. Memory: 10 bytes per old live object when whole blocks live, 80 when one of
 * eight does.
 *
 * Decoding recorded traces, ns per operation, single serials in the hash / blocks: cc1plus
 * 7.1 / 7.3, perl 17 / 9.2, python3 with 1.2 M live objects 31 / 13.
 *
 * Linear probing with deletion: Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
 */
#include "slots.h"

#include <string.h>

#define OLD_MIN 256u /* blocks */

static size_t old_home(const struct fl_slots *slots, uint64_t key)
{
    return (size_t)(key * 0x9E3779B97F4A7C15u >> 32) & (slots->old_capacity - 1);
}

/* Start loading the place of a block that will likely be needed soon. */
static void old_prefetch(const struct fl_slots *slots, uint64_t key)
{
    __builtin_prefetch(&slots->old[old_home(slots, key)], 1);
}

bool fl_slots_init(struct fl_slots *slots)
{
    *slots = (struct fl_slots){0};
    slots->window = malloc(FL_SLOTS_WINDOW * sizeof *slots->window);
    if (slots->window == NULL) {
        return false;
    }
    memset(slots->window, 0xFF, FL_SLOTS_WINDOW * sizeof *slots->window);
    return true;
}

void fl_slots_clear(struct fl_slots *slots)
{
    free(slots->window);
    free(slots->old);
    free(slots->free_slots);
    *slots = (struct fl_slots){0};
}

/* Where the block `key` is, or the empty place where it would be. */
static size_t old_place(const struct fl_slots *slots, uint64_t key)
{
    size_t i = old_home(slots, key);
    while (slots->old[i].key != key && slots->old[i].key != FL_SERIAL_NONE) {
        i = (i + 1) & (slots->old_capacity - 1);
    }
    return i;
}

static bool old_resize(struct fl_slots *slots, size_t capacity)
{
    struct fl_slots_block *blocks = malloc(capacity * sizeof *blocks);
    if (blocks == NULL) {
        return false;
    }
    memset(blocks, 0xFF, capacity * sizeof *blocks);
    struct fl_slots_block *before = slots->old;
    const size_t before_capacity = slots->old_capacity;
    slots->old = blocks;
    slots->old_capacity = capacity;
    for (size_t i = 0; i < before_capacity; i++) {
        if (before[i].key != FL_SERIAL_NONE) {
            slots->old[old_place(slots, before[i].key)] = before[i];
        }
    }
    free(before);
    return true;
}

static bool block_is_dead(const uint32_t *block)
{
    uint32_t all = FL_SLOT_NONE;
    for (size_t i = 0; i < FL_SLOTS_BLOCK; i++) {
        all &= block[i];
    }
    return all == FL_SLOT_NONE;
}

bool fl_slots_retire_block(struct fl_slots *slots)
{
    uint32_t *block = &slots->window[slots->first_young % FL_SLOTS_WINDOW];
    if (!block_is_dead(block)) {
        if (2 * (slots->old_count + 1) > slots->old_capacity &&
            !old_resize(slots, slots->old_capacity == 0 ? OLD_MIN : 2 * slots->old_capacity)) {
            return false;
        }
        const uint64_t key = slots->first_young / FL_SLOTS_BLOCK;
        struct fl_slots_block *place = &slots->old[old_place(slots, key)];
        place->key = key;
        memcpy(place->slots, block, sizeof place->slots);
        slots->old_count++;
        memset(block, 0xFF, sizeof place->slots);
        old_prefetch(slots, key + 1);
    }
    slots->first_young += FL_SLOTS_BLOCK;
    return true;
}

uint32_t fl_slots_find_old(const struct fl_slots *slots, uint64_t serial)
{
    if (slots->old_capacity == 0) {
        return FL_SLOT_NONE;
    }
    const uint64_t key = serial / FL_SLOTS_BLOCK;
    const struct fl_slots_block *block = &slots->old[old_place(slots, key)];
    return block->key == key ? block->slots[serial % FL_SLOTS_BLOCK] : FL_SLOT_NONE;
}

/* Close the hole at `i`: move back what probed past it. */
static void old_close(struct fl_slots *slots, size_t i)
{
    const size_t mask = slots->old_capacity - 1;
    for (size_t next = (i + 1) & mask; slots->old[next].key != FL_SERIAL_NONE;
         next = (next + 1) & mask) {
        const size_t home = old_home(slots, slots->old[next].key);
        if (((next - home) & mask) >= ((next - i) & mask)) {
            slots->old[i] = slots->old[next];
            i = next;
        }
    }
    slots->old[i].key = FL_SERIAL_NONE;
}

uint32_t fl_slots_take_old(struct fl_slots *slots, uint64_t serial)
{
    if (slots->old_capacity == 0) {
        return FL_SLOT_NONE;
    }
    const uint64_t key = serial / FL_SLOTS_BLOCK;
    const size_t i = old_place(slots, key);
    if (slots->old[i].key != key) {
        return FL_SLOT_NONE;
    }
    if (serial % FL_SLOTS_BLOCK ==
        0) { /* what was allocated in order is often freed in order */
        old_prefetch(slots, key + 1);
    }
    uint32_t *places = slots->old[i].slots;
    const uint32_t slot = places[serial % FL_SLOTS_BLOCK];
    places[serial % FL_SLOTS_BLOCK] = FL_SLOT_NONE;
    if (block_is_dead(places)) {
        old_close(slots, i);
        slots->old_count--;
        if (slots->old_capacity > OLD_MIN && 8 * slots->old_count < slots->old_capacity) {
            (void)old_resize(slots, slots->old_capacity / 2); /* else it stays larger */
        }
    }
    return slot;
}

bool fl_slots_free_grow(struct fl_slots *slots)
{
    const size_t capacity = slots->free_capacity == 0 ? 1024 : 2 * slots->free_capacity;
    uint32_t *grown = reallocarray(slots->free_slots, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    slots->free_slots = grown;
    slots->free_capacity = capacity;
    return true;
}

bool fl_slots_jump(struct fl_slots *slots, uint64_t next_serial)
{
    const uint64_t first_young = next_serial - next_serial % FL_SLOTS_BLOCK;
    while (slots->first_young < first_young && slots->first_young < slots->next_serial) {
        if (!fl_slots_retire_block(slots)) {
            return false;
        }
    }
    slots->first_young = first_young;
    slots->next_serial = next_serial;
    return true;
}
