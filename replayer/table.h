/**
 * A growing array by slot, in mapped memory: nothing comes from the allocator under test.
 *
 * Thread safety: one table belongs to one thread.
 */
#ifndef FL_REPLAY_TABLE_H
#define FL_REPLAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct fl_table {
    void *base;           /* `capacity` elements, zero until written; NULL when empty */
    size_t capacity;      /* elements */
    size_t element_bytes; /* set by the owner before the first use */
};

/**
 * Make room for `count` elements, and fault the pages in, so that no timed section does.
 * False when there is no memory: the table is as it was. Growth may move the elements.
 */
bool fl_table_reserve(struct fl_table *table, size_t count) __attribute__((warn_unused_result));
void fl_table_free(struct fl_table *table);

#endif
