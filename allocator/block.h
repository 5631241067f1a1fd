/*
 * One block: its header, what a free one keeps in its payload, and the way to its neighbours.
 *
 *      used                                  free
 *   0  granules   this block, header too     granules
 *   4  info       slack << 4 | flags         info      policy bits << 4 | flags
 *   8  payload ...                           links of the index (policy's own, up to 32 bytes)
 *      ...                                   ...
 *  -4  payload    (or slack)                 granules again: the boundary tag of Knuth
 *
 * Sizes and places are counted in granules, so that 32 bits reach far: a granule is the
 * alignment, 16 bytes unless asked otherwise, and 32 GiB then. With links of 4 bytes instead of
 * 8 a free block fits in 32 bytes. A block starts 8 bytes below a multiple of the granule (at
 * one where the granule is 4 or 8), so payloads are aligned.
 *
 *   base                    first block (number 1)
 *   |<- 8 ->|<------- 16 ------->|<- ...          granules of 16
 *   ^ origin + 8
 *
 * `number` of a block = its distance from `origin` in granules; 0 is "none". origin lies one
 * granule below the first block and is never read.
 *
 * Boundary tags: D. E. Knuth, The Art of Computer Programming, vol. 1, 2.5, algorithm C.
 */
#ifndef FL_ALLOCATOR_BLOCK_H
#define FL_ALLOCATOR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/policy.h>

/* USED is the bit that no number has: when free blocks become one, the links of the sum may
 * come to lie where the header of a freed block was, and must not make it look live. */
#define FL_BLOCK_USED (1U << 31)

enum fl_block_flag {
    FL_BLOCK_PREV_FREE = 2, /* the block before this one is free */
    FL_BLOCK_RELEASED = 4,  /* free, and its inner pages are given back (trim.c) */
};

#define FL_INFO_SHIFT 4 /* bits 0 and 3 are not used */
#define FL_SLACK_MAX  ((1U << (31 - FL_INFO_SHIFT)) - 1)
#define FL_NUMBER_MAX ((1U << 31) - 1)

/* Bit `n` of the 27 that a policy may use in the header of a free block. */
#define FL_POLICY_BIT(n) (1U << (FL_INFO_SHIFT + (n)))

#define FL_HEADER        sizeof(struct fl_block)
#define FL_TAG           sizeof(uint32_t)
_Static_assert(sizeof(struct fl_block) == 8, "the header holds the size in 8 bytes");

static inline struct fl_block *fl_block_at(const struct fl_grid *grid, uint32_t number)
{
    return (struct fl_block *)(grid->origin + ((size_t)number << grid->shift));
}

static inline uint32_t fl_block_number(const struct fl_grid *grid, const struct fl_block *block)
{
    return (uint32_t)((size_t)((const char *)block - grid->origin) >> grid->shift);
}

static inline bool fl_block_is_used(const struct fl_block *block)
{
    return block->info & FL_BLOCK_USED;
}

static inline size_t fl_block_bytes(const struct fl_grid *grid, const struct fl_block *block)
{
    return (size_t)block->granules << grid->shift;
}

static inline void *fl_block_payload(struct fl_block *block)
{
    return block + 1;
}

static inline struct fl_block *fl_payload_block(void *payload)
{
    return (struct fl_block *)payload - 1;
}

/* Bytes of a used block beyond those asked for. */
static inline uint32_t fl_block_slack(const struct fl_block *block)
{
    return (block->info & ~FL_BLOCK_USED) >> FL_INFO_SHIFT;
}

/* Bytes the program asked for. */
static inline size_t fl_block_asked(const struct fl_grid *grid, const struct fl_block *block)
{
    return fl_block_bytes(grid, block) - FL_HEADER - fl_block_slack(block);
}

/* The place `granules` after the start of `block`: the next block, or where a cut will be. */
static inline struct fl_block *fl_block_after(const struct fl_grid *grid,
                                              struct fl_block *block, uint32_t granules)
{
    return (struct fl_block *)((char *)block + ((size_t)granules << grid->shift));
}

static inline struct fl_block *fl_block_next(const struct fl_grid *grid, struct fl_block *block)
{
    return fl_block_after(grid, block, block->granules);
}

/* Size of the free block that ends where `block` starts: its tag. */
static inline uint32_t fl_block_tag_before(const struct fl_block *block)
{
    return ((const uint32_t *)block)[-1];
}

static inline struct fl_block *fl_block_before(const struct fl_grid *grid,
                                               struct fl_block *block)
{
    const size_t bytes = (size_t)fl_block_tag_before(block) << grid->shift;
    return (struct fl_block *)((char *)block - bytes);
}

/* Write the tag of a free block. */
static inline void fl_block_set_tag(const struct fl_grid *grid, struct fl_block *block)
{
    ((uint32_t *)fl_block_next(grid, block))[-1] = block->granules;
}

/* Granules that hold `bytes`, which with a granule more must be below the reach of numbers. */
static inline uint32_t fl_granules_of(const struct fl_grid *grid, size_t bytes)
{
    return (uint32_t)((bytes + ((size_t)1 << grid->shift) - 1) >> grid->shift);
}

/* Write the header of a used block that serves a request of `asked` bytes. */
static inline void fl_block_make_used(const struct fl_grid *grid, struct fl_block *block,
                                      uint32_t granules, size_t asked, uint32_t flags)
{
    const size_t slack = ((size_t)granules << grid->shift) - FL_HEADER - asked;
    block->granules = granules;
    block->info = (uint32_t)slack << FL_INFO_SHIFT | FL_BLOCK_USED | flags;
}

#endif
