/*
 * Names to numbers: a text that was added first is 0, the next new one 1 ... An open hash, at
 * most half full, with the texts owned. O(1) a name.
 */
#ifndef FL_NAMES_H
#define FL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FL_NAME_NONE UINT32_MAX

/* All zeros is an empty table; end it with fl_names_clear. */
struct fl_names {
    char **at; /* `count` texts by number */
    uint32_t count, capacity;
    uint32_t *table; /* number + 1 by hash, 0: empty */
    size_t table_mask;
};

/* Number of `name`, added when it is new: then it is one less than `count`. The text becomes
 * the table's. FL_NAME_NONE when out of memory (or `name` is NULL), and the text is freed. */
uint32_t fl_names_add(struct fl_names *names, char *name);

/* Number of `name`, or FL_NAME_NONE. */
uint32_t fl_names_find(const struct fl_names *names, const char *name);

void fl_names_clear(struct fl_names *names);

#endif
