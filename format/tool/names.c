/*
 * Linear probing over FNV-1a (Fowler, Noll, Vo). The texts may come from a trace, so what a
 * stranger can do is make the probes long, not the table wrong.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

static size_t name_hash(const char *name)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* Where the name stands, or would. */
static size_t place_find(const struct fl_names *names, const char *name)
{
    size_t place = name_hash(name) & names->table_mask;
    while (names->table[place] != 0 && strcmp(names->at[names->table[place] - 1], name) != 0) {
        place = (place + 1) & names->table_mask;
    }
    return place;
}

static bool names_reserve(struct fl_names *names)
{
    if (names->count < names->capacity) {
        return true;
    }
    if (names->capacity > UINT32_MAX / 4) {
        return false;
    }
    const uint32_t capacity = names->capacity == 0 ? FIRST_CAPACITY : 2 * names->capacity;
    char **at = reallocarray(names->at, capacity, sizeof *at);
    if (at == NULL) {
        return false;
    }
    names->at = at;
    uint32_t *table = calloc(2 * (size_t)capacity, sizeof *table);
    if (table == NULL) {
        return false;
    }
    free(names->table);
    names->table = table;
    names->capacity = capacity;
    names->table_mask = 2 * (size_t)capacity - 1;
    for (uint32_t i = 0; i < names->count; i++) {
        table[place_find(names, at[i])] = i + 1;
    }
    return true;
}

uint32_t fl_names_add(struct fl_names *names, char *name)
{
    if (name == NULL || !names_reserve(names)) {
        free(name);
        return FL_NAME_NONE;
    }
    const size_t place = place_find(names, name);
    if (names->table[place] != 0) {
        free(name);
        return names->table[place] - 1;
    }
    names->at[names->count] = name;
    names->table[place] = ++names->count;
    return names->count - 1;
}

uint32_t fl_names_find(const struct fl_names *names, const char *name)
{
    return names->capacity == 0 ? FL_NAME_NONE : names->table[place_find(names, name)] - 1;
}

void fl_names_clear(struct fl_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        free(names->at[i]);
    }
    free(names->at);
    free(names->table);
    *names = (struct fl_names){0};
}
