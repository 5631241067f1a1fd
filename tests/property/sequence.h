/*
 * Random sequences of allocator calls: made from a seed, shortened, printed.
 *
 * Operations name slots, not blocks: an operation on a slot that is empty (or taken) does
 * nothing, so any part of a sequence is a sequence too. That is what shortening needs.
 */
#ifndef FL_TEST_SEQUENCE_H
#define FL_TEST_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCE_SLOTS 200

enum op_kind {
    OP_ALLOC,
    OP_ZEROED,
    OP_ALIGNED,
    OP_RESIZE,
    OP_FREE,
    /* The misuses: each is refused and changes nothing. `bytes` chooses the place. */
    OP_FREE_TWICE,      /* what the slot held before it was emptied */
    OP_FREE_INSIDE,     /* the middle of a live block */
    OP_FREE_MISALIGNED, /* the same, where no block can start */
    OP_FREE_FOREIGN,    /* memory that is not of this heap */
    OP_FREE_SMASHED,    /* a live block, its header overwritten meanwhile */
    OP_KINDS
};

struct op {
    enum op_kind kind;
    unsigned slot; /* 0 .. SEQUENCE_SLOTS - 1 */
    size_t bytes, align;
};

/** splitmix64: one state, one number. */
uint64_t sequence_random(uint64_t *state);

/** Fill ops[0 .. count) from a seed; it chooses the number of slots and the mix of sizes
 * too. */
void sequence_make(struct op *ops, size_t count, uint64_t seed);

/** Does this sequence still fail? */
typedef bool sequence_judge(const struct op *sequence, size_t count, void *user);

/** Remove operations, and make sizes smaller, as long as the sequence still fails. Returns how
 *  many operations are left. */
size_t sequence_shorten(struct op *sequence, size_t count, sequence_judge *still_fails,
                        void *user);

/** One operation a line on standard error. */
void sequence_print(const struct op *sequence, size_t count);

#endif
