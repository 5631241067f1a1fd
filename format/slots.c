/*
 * Serial to slot, the larger part of decoding a trace.
 *
 * Most objects die young. The youngest 16 Ki serials are an array indexed by serial, 64 KiB that
 * stay in the first two cache levels; what is still alive when its place is needed again moves
 * to an open hash (linear probing, backward-shift deletion, at most half full). So an object
 * enters the hash at most once, and most never do. Memory: 32-64 bytes per old live object.
 *
 * Linear probing with deletion: Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
 */
#include "slots.h"

#include <string.h>

static size_t old_home(const struct fl_slots *slots, uint64_t serial)
{
    /* Neighbouring serials share cache lines; the multiplication spreads groups of eight. */
    const uint64_t group = (serial >> 3) * 0x9E3779B97F4A7C15u;
    return (size_t)((group >> 20 << 3 | (serial & 7)) & (slots->old_capacity - 1));
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

static size_t old_place(const struct fl_slots *slots, uint64_t serial)
{
    size_t i = old_home(slots, serial);
    while (slots->old[i].serial != serial && slots->old[i].serial != FL_SERIAL_NONE) {
        i = (i + 1) & (slots->old_capacity - 1);
    }
    return i;
}

static bool old_resize(struct fl_slots *slots, size_t capacity)
{
    struct fl_slots_entry *entries = malloc(capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    memset(entries, 0xFF, capacity * sizeof *entries);
    struct fl_slots_entry *before = slots->old;
    const size_t before_capacity = slots->old_capacity;
    slots->old = entries;
    slots->old_capacity = capacity;
    for (size_t i = 0; i < before_capacity; i++) {
        if (before[i].serial != FL_SERIAL_NONE) {
            slots->old[old_place(slots, before[i].serial)] = before[i];
        }
    }
    free(before);
    return true;
}

bool fl_slots_retire(struct fl_slots *slots, uint64_t serial, uint32_t slot)
{
    if (2 * (slots->old_count + 1) > slots->old_capacity &&
        !old_resize(slots, slots->old_capacity == 0 ? 1024 : 2 * slots->old_capacity)) {
        return false;
    }
    slots->old[old_place(slots, serial)] =
        (struct fl_slots_entry){.serial = serial, .slot = slot};
    slots->old_count++;
    return true;
}

uint32_t fl_slots_find_old(const struct fl_slots *slots, uint64_t serial)
{
    if (slots->old_capacity == 0) {
        return FL_SLOT_NONE;
    }
    const struct fl_slots_entry *entry = &slots->old[old_place(slots, serial)];
    return entry->serial == serial ? entry->slot : FL_SLOT_NONE;
}

/* Close the hole at `i`: move back what probed past it. */
static void old_close(struct fl_slots *slots, size_t i)
{
    const size_t mask = slots->old_capacity - 1;
    for (size_t next = (i + 1) & mask; slots->old[next].serial != FL_SERIAL_NONE;
         next = (next + 1) & mask) {
        const size_t home = old_home(slots, slots->old[next].serial);
        if (((next - home) & mask) >= ((next - i) & mask)) {
            slots->old[i] = slots->old[next];
            i = next;
        }
    }
    slots->old[i].serial = FL_SERIAL_NONE;
}

uint32_t fl_slots_take_old(struct fl_slots *slots, uint64_t serial)
{
    if (slots->old_capacity == 0) {
        return FL_SLOT_NONE;
    }
    const size_t i = old_place(slots, serial);
    if (slots->old[i].serial != serial) {
        return FL_SLOT_NONE;
    }
    const uint32_t slot = slots->old[i].slot;
    old_close(slots, i);
    slots->old_count--;
    if (slots->old_capacity > 1024 && 8 * slots->old_count < slots->old_capacity) {
        (void)old_resize(slots, slots->old_capacity / 2); /* without memory it stays larger */
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
    const uint64_t before = slots->next_serial;
    const uint64_t oldest = before < FL_SLOTS_WINDOW ? 0 : before - FL_SLOTS_WINDOW;
    for (uint64_t serial = oldest; serial < before; serial++) {
        uint32_t *place = &slots->window[serial % FL_SLOTS_WINDOW];
        if (*place != FL_SLOT_NONE && !fl_slots_retire(slots, serial, *place)) {
            return false;
        }
        *place = FL_SLOT_NONE;
    }
    slots->next_serial = next_serial;
    return true;
}
