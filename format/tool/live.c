/*
 * An array that grows by a quarter. Slots of objects that ended are given out again (slots.h),
 * so it has a place for each object of the largest number that lived at once: 24 to 30 bytes
 * each. From some MiB on realloc moves page tables, not bytes, so no second copy is there while
 * it grows.
 */
#include "live.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024u

static bool live_reserve(struct fl_live *live, size_t count)
{
    if (count <= live->capacity) {
        return true;
    }
    const size_t capacity = count + count / 4 + FIRST_CAPACITY;
    struct fl_object *grown = reallocarray(live->at, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    live->at = grown;
    live->capacity = capacity;
    return true;
}

bool fl_live_grow(struct fl_live *live, uint32_t slot)
{
    if (!live_reserve(live, (size_t)slot + 1)) {
        return false;
    }
    while (live->count <= slot) {
        live->at[live->count++].number = FL_SERIAL_NONE;
    }
    return true;
}

static int by_number(const void *left, const void *right, void *user)
{
    const struct fl_object *at = user;
    const uint64_t one = at[*(const uint32_t *)left].number;
    const uint64_t other = at[*(const uint32_t *)right].number;
    return one < other ? -1 : one > other;
}

uint32_t *fl_live_sorted(const struct fl_live *live, size_t *count)
{
    size_t found = 0;
    for (size_t i = 0; i < live->count; i++) {
        found += live->at[i].number != FL_SERIAL_NONE;
    }
    uint32_t *slots = reallocarray(NULL, found + 1, sizeof *slots);
    if (slots == NULL) {
        return NULL;
    }
    found = 0;
    for (size_t i = 0; i < live->count; i++) {
        if (live->at[i].number != FL_SERIAL_NONE) {
            slots[found++] = (uint32_t)i;
        }
    }
    qsort_r(slots, found, sizeof *slots, by_number, live->at);
    *count = found;
    return slots;
}

void fl_live_clear(struct fl_live *live)
{
    free(live->at);
    *live = (struct fl_live){0};
}
