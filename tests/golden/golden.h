/*
 * Traces that make_golden writes, each by one function. Those of golden_files.c are what the
 * writer makes, whole or broken afterwards; those of golden_records.c are put together by hand,
 * with every check right.
 */
#ifndef FL_GOLDEN_H
#define FL_GOLDEN_H

#include "craft.h"

struct golden {
    const char *name; /* of the file, below the folder: "1.0/whole-calls.zst" */
    void (*make)(struct craft *out);
};

/* Ended by an entry without a name. */
extern const struct golden golden_files[];
extern const struct golden golden_records[];

/* End record, index and seek table that agree with header and chunks so far. */
void golden_close(struct craft *craft);

/* A file header, and a chunk of one malloc(8). */
void golden_begin(struct craft *craft);
void golden_put_good_chunk(struct craft *craft);

#endif
