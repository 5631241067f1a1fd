/*
 * Random valid records: every kind of call and record, every set of flags that may stand
 * together, from a seed or from the bytes a fuzzer gives.
 */
#ifndef FL_GEN_H
#define FL_GEN_H

#include <fl/writer.h>

struct gen_object {
    uint64_t serial, size_bytes;
};

struct gen {
    uint64_t state;       /* of the random numbers, when there are no bytes */
    const uint8_t *bytes; /* or where they come from */
    size_t bytes_left;
    struct gen_object *live;
    size_t live_count, live_capacity;
    uint64_t next_serial;
};

/* One record as fl_writer_put takes it. A MARK has its length in event.size_bytes, its text is
 * gen_text. */
struct gen_record {
    struct fl_event event;
    uint64_t released_bytes;
};

void gen_from_seed(struct gen *gen, uint64_t seed);
void gen_from_bytes(struct gen *gen, const uint8_t *bytes, size_t count);
void gen_clear(struct gen *gen);

uint64_t gen_random(struct gen *gen);

/* The next record. Memory that runs out ends the program. */
struct gen_record gen_next(struct gen *gen);

/* Byte `i` of the text of a mark of `bytes` bytes. */
static inline uint8_t gen_text(size_t bytes, size_t i)
{
    return (uint8_t)(bytes * 7 + i * 31 + (i >> 8));
}

/* Write the record. */
enum fl_status gen_write(struct fl_writer *writer, const struct gen_record *record,
                         struct fl_error *err);

#endif
