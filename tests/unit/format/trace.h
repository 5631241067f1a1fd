/*
 * A trace of random records in memory, shared by the tests of this folder: how it is written,
 * and what reading it gave.
 */
#ifndef FL_TEST_TRACE_H
#define FL_TEST_TRACE_H

#include <fl/reader.h>
#include <fl/writer.h>

#include "craft.h"
#include "gen.h"
#include "model.h"

/* What was written. */
struct trace {
    struct gen_record *records;
    size_t count;
    uint32_t chunk_records;
    uint8_t *file;
    size_t file_bytes;
    struct fl_writer_totals totals;
};

/* The seed of this run: FL_TEST_SEED, or the time. */
uint64_t trace_seed(void);

/* Write `count` random records; fails the test when it cannot. */
void trace_make(struct trace *trace, uint64_t seed, size_t count, uint32_t chunk_records);
void trace_clear(struct trace *trace);

/* The same records to a descriptor. */
void trace_write(struct trace *trace, int fd);

/* Read all of `fd` and hold it against the records, exactly; fails the test at a difference. */
void trace_check(const struct trace *trace, int fd);

#endif
