/*
 * Making and shortening sequences. Which sizes matter depends on the design under test: equal
 * ones make ties, tiny ones blocks without room for links, large ones mappings. So a sequence
 * keeps to one mix of sizes and one number of slots, both drawn from its seed.
 *
 * Shortening is delta debugging without its complements (A. Zeller, R. Hildebrandt, Simplifying
 * and Isolating Failure-Inducing Input, 2002): halves, quarters ... single operations are left
 * out as long as what remains fails, O(n log n) runs where nothing can go.
 */
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sequence_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

/* Mostly small, sometimes around a page, rarely around the limits of big blocks, and now and
 * then a size that nobody can serve. */
static size_t size_of_all_kinds(uint64_t *state)
{
    const uint64_t pick = sequence_random(state) % 200, value = sequence_random(state);
    if (pick < 100)
        return value % 100;
    if (pick < 150)
        return value % 2000;
    if (pick < 182)
        return value % 20000;
    if (pick < 190)
        return 65536 - 40 + value % 80;
    if (pick < 196)
        return ((size_t)1 << 20) - 40 + value % 80;
    return pick < 198 ? SIZE_MAX - value % 100 : value % ((size_t)4 << 20);
}

/* A few sizes only: blocks of equal size, and holes that fit exactly. */
static size_t size_of_few(uint64_t *state)
{
    static const size_t sizes[] = {24, 24, 40, 40, 56, 100, 200, 1000};
    return sizes[sequence_random(state) % (sizeof sizes / sizeof sizes[0])];
}

static size_t size_of_tiny(uint64_t *state)
{
    return sequence_random(state) % 48;
}

/* So that whole pages come free and the top falls and rises. */
static size_t size_of_pages(uint64_t *state)
{
    const uint64_t value = sequence_random(state);
    return value % 4 == 0 ? value % 64 : 4096 * (1 + value % 16) - 64 + value / 7 % 128;
}

typedef size_t size_mix(uint64_t *state);
static size_mix *const mixes[] = {size_of_all_kinds, size_of_all_kinds, size_of_few,
                                  size_of_tiny, size_of_pages};

static size_t random_align(uint64_t *state)
{
    const uint64_t pick = sequence_random(state) % 100;
    return (size_t)1 << (pick < 80 ? pick % 9 : pick % 23);
}

static enum op_kind random_kind(uint64_t *state)
{
    static const unsigned shares[OP_KINDS] = {
        [OP_ALLOC] = 28,       [OP_ZEROED] = 6,       [OP_ALIGNED] = 11,
        [OP_RESIZE] = 18,      [OP_FREE] = 31,        [OP_FREE_TWICE] = 2,
        [OP_FREE_INSIDE] = 1,  [OP_FREE_FOREIGN] = 1, [OP_FREE_MISALIGNED] = 1,
        [OP_FREE_SMASHED] = 1,
    };
    unsigned pick = (unsigned)(sequence_random(state) % 100);
    unsigned kind = 0;
    while (kind < OP_KINDS - 1 && pick >= shares[kind])
        pick -= shares[kind++];
    return (enum op_kind)kind;
}

void sequence_make(struct op *ops, size_t count, uint64_t seed)
{
    uint64_t state = seed;
    size_mix *random_size = mixes[sequence_random(&state) % (sizeof mixes / sizeof mixes[0])];
    const unsigned slots = SEQUENCE_SLOTS >> sequence_random(&state) % 5;
    for (size_t i = 0; i < count; i++) {
        ops[i].kind = random_kind(&state);
        ops[i].slot = (unsigned)(sequence_random(&state) % slots);
        ops[i].bytes = random_size(&state);
        ops[i].align = ops[i].kind == OP_ALIGNED ? random_align(&state) : 0;
    }
}

/* Does the sequence without ops[from .. from + without) still fail? Then keep it so. */
static size_t shorten_by(struct op *sequence, size_t count, size_t from, size_t without,
                         sequence_judge *still_fails, void *user)
{
    const size_t left = count - without;
    struct op *shorter = malloc((left + 1) * sizeof *shorter);
    if (shorter == NULL)
        return count;
    memcpy(shorter, sequence, from * sizeof *shorter);
    memcpy(shorter + from, sequence + from + without, (left - from) * sizeof *shorter);
    const bool fails = still_fails(shorter, left, user);
    if (fails)
        memcpy(sequence, shorter, left * sizeof *shorter);
    free(shorter);
    return fails ? left : count;
}

static void shrink_size(struct op *sequence, size_t count, size_t *bytes,
                        sequence_judge *still_fails, void *user)
{
    static const size_t sizes[] = {0, 1, 8, 24, 40, 100, 1000, 4096, 65536};
    const size_t before = *bytes;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && sizes[i] < before; i++) {
        *bytes = sizes[i];
        if (still_fails(sequence, count, user))
            return;
    }
    *bytes = before;
}

size_t sequence_shorten(struct op *sequence, size_t count, sequence_judge *still_fails,
                        void *user)
{
    for (size_t step = (count + 1) / 2; step > 0; step /= 2) {
        size_t from = 0;
        while (from + step <= count) {
            const size_t left = shorten_by(sequence, count, from, step, still_fails, user);
            if (left == count)
                from += step;
            count = left;
        }
    }
    for (size_t i = 0; i < count; i++)
        shrink_size(sequence, count, &sequence[i].bytes, still_fails, user);
    return count;
}

void sequence_print(const struct op *sequence, size_t count)
{
    static const char *const names[OP_KINDS] = {
        [OP_ALLOC] = "alloc",
        [OP_ZEROED] = "zeroed",
        [OP_ALIGNED] = "aligned",
        [OP_RESIZE] = "resize",
        [OP_FREE] = "free",
        [OP_FREE_TWICE] = "free-twice",
        [OP_FREE_INSIDE] = "free-inside",
        [OP_FREE_MISALIGNED] = "free-misaligned",
        [OP_FREE_FOREIGN] = "free-foreign",
        [OP_FREE_SMASHED] = "free-smashed",
    };
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s slot=%u bytes=%zu align=%zu\n", names[sequence[i].kind],
                sequence[i].slot, sequence[i].bytes, sequence[i].align);
}
