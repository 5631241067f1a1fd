/*
 * Random sequences of allocator calls, run against a naive model of what must come out.
 *
 * Operations name slots, not blocks: an operation on a slot that is empty (or taken) does
 * nothing, so any part of a sequence is a sequence too. That is what shortening needs.
 */
#ifndef FL_TEST_SEQUENCE_H
#define FL_TEST_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/allocator.h>

#define SEQUENCE_SLOTS 200

enum op_kind { OP_ALLOC, OP_ZEROED, OP_ALIGNED, OP_RESIZE, OP_FREE };

struct op {
    enum op_kind kind;
    unsigned slot; /* 0 .. SEQUENCE_SLOTS - 1 */
    size_t bytes, align;
};

/** What a run left behind, for comparing runs. */
struct run_result {
    uint64_t offsets_hash; /* of where every block was put, in order */
    struct fl_alloc_stats stats;
};

/** splitmix64: one state, one number. */
uint64_t sequence_random(uint64_t *state);

/** Fill ops[0 .. count) from a seed. */
void sequence_make(struct op *ops, size_t count, uint64_t seed);

/**
 * Run a sequence on a new instance, checking model, contents, counters and heap after each call.
 *
 * @param check_every  full heap check after every so many operations
 * @param message   gets what went wrong
 * @return          true when all was as it must be
 */
bool sequence_run(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
                  const struct op *sequence, size_t count, unsigned check_every,
                  struct run_result *result, char *message, size_t message_bytes);

/** As sequence_run, in a child process: a crash is a failure with a message too. */
bool sequence_run_apart(const struct fl_allocator_ops *ops,
                        const struct fl_allocator_config *config, const struct op *sequence,
                        size_t count, unsigned check_every, char *message,
                        size_t message_bytes);

/** Remove operations as long as the sequence still fails. Returns how many are left. */
size_t sequence_shorten(const struct fl_allocator_ops *ops,
                        const struct fl_allocator_config *config, struct op *sequence,
                        size_t count);

/** One operation as text, for the report of a failure. */
void sequence_print(const struct op *sequence, size_t count);

#endif
