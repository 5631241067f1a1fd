/*
 * One block: its header, what a free one keeps in its payload, and the way to its neighbours.
 *
 *      used                                  free
 *   0  granules   this block, header too     granules
 *   4  info       slack << 4 | flags         info      policy bits << 4 | flags
 *   8  payload ...                           links of the index (policy's own, up to 20 bytes)
 *      ...                                   ...
 *  -4  payload    (or slack)                 granules again: the boundary tag of Knuth
 *
 * Sizes and places are counted in granules of 16 bytes, so that 32 bits reach 64 GiB: with links
 * of 4 bytes instead of 8 a free block fits in 32 bytes. Blocks start 8 bytes below a
 * multiple of 16; payloads are therefore 16-byte aligned.
 *
 *   base                    first block (number 1)
 *   |<- 8 ->|<------- 16 ------->|<- ...
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

#define FL_GRANULE_SHIFT 4
#define FL_GRANULE       ((size_t)1 << FL_GRANULE_SHIFT)

/* The smallest block holds the largest set of links a policy keeps, and the tag. */
#define FL_MIN_GRANULES 2U

/* Most bytes a heap can span: numbers have 32 bits and 0 is taken. */
#define FL_HEAP_BYTES_MAX ((uint64_t)1 << (32 + FL_GRANULE_SHIFT))

enum fl_block_flag {
    FL_BLOCK_USED = 1,
    FL_BLOCK_PREV_FREE = 2, /* the block before this one is free, its tag can be read */
};

#define FL_INFO_SHIFT 4 /* bits 2 and 3 are not used */
#define FL_SLACK_MAX  ((1U << (32 - FL_INFO_SHIFT)) - 1)

/* Bit `n` of the 28 that a policy may use in the header of a free block. */
#define FL_POLICY_BIT(n) (1U << (FL_INFO_SHIFT + (n)))

struct fl_block {
    uint32_t granules; /* size of the block, header included, in granules */
    uint32_t info;     /* flags; above them, used: bytes not asked for, free: policy's bits */
};

#define FL_HEADER sizeof(struct fl_block)
#define FL_TAG    sizeof(uint32_t)
_Static_assert(sizeof(struct fl_block) == 8, "the header holds the size in 8 bytes");

static inline struct fl_block *fl_block_at(char *origin, uint32_t number)
{
    return (struct fl_block *)(origin + ((size_t)number << FL_GRANULE_SHIFT));
}

static inline uint32_t fl_block_number(const char *origin, const struct fl_block *block)
{
    return (uint32_t)((size_t)((const char *)block - origin) >> FL_GRANULE_SHIFT);
}

static inline bool fl_block_is_used(const struct fl_block *block)
{
    return block->info & FL_BLOCK_USED;
}

static inline size_t fl_block_bytes(const struct fl_block *block)
{
    return (size_t)block->granules << FL_GRANULE_SHIFT;
}

static inline void *fl_block_payload(struct fl_block *block)
{
    return block + 1;
}

static inline struct fl_block *fl_payload_block(void *payload)
{
    return (struct fl_block *)payload - 1;
}

/* Bytes the program asked for. */
static inline size_t fl_block_asked(const struct fl_block *block)
{
    return fl_block_bytes(block) - FL_HEADER - (block->info >> FL_INFO_SHIFT);
}

/* The place `granules` after the start of `block`: the next block, or where a cut will be. */
static inline struct fl_block *fl_block_after(struct fl_block *block, uint32_t granules)
{
    return (struct fl_block *)((char *)block + ((size_t)granules << FL_GRANULE_SHIFT));
}

static inline struct fl_block *fl_block_next(struct fl_block *block)
{
    return fl_block_after(block, block->granules);
}

/* Size of the free block that ends where `block` starts: its tag. */
static inline uint32_t fl_block_tag_before(const struct fl_block *block)
{
    return ((const uint32_t *)block)[-1];
}

static inline struct fl_block *fl_block_before(struct fl_block *block)
{
    return (struct fl_block *)((char *)block -
                               ((size_t)fl_block_tag_before(block) << FL_GRANULE_SHIFT));
}

/* Size a free block, with its tag; flags and policy's bits stay. */
static inline void fl_block_resize_free(struct fl_block *block, uint32_t granules)
{
    block->granules = granules;
    ((uint32_t *)fl_block_after(block, granules))[-1] = granules;
}

/* Make a header for a free block that no index knows yet; what lies before it is in use. */
static inline void fl_block_make_free(struct fl_block *block, uint32_t granules)
{
    block->info = 0;
    fl_block_resize_free(block, granules);
}

/* Granules of a block whose payload is `bytes`, which must be below FL_HEAP_BYTES_MAX. */
static inline uint32_t fl_granules_for(size_t bytes)
{
    const size_t wanted = (bytes + FL_HEADER + FL_GRANULE - 1) >> FL_GRANULE_SHIFT;
    return wanted < FL_MIN_GRANULES ? FL_MIN_GRANULES : (uint32_t)wanted;
}

/* Write the header of a used block that serves a request of `asked` bytes. */
static inline void fl_block_make_used(struct fl_block *block, uint32_t granules, size_t asked,
                                      uint32_t flags)
{
    const size_t slack = ((size_t)granules << FL_GRANULE_SHIFT) - FL_HEADER - asked;
    block->granules = granules;
    block->info = (uint32_t)slack << FL_INFO_SHIFT | FL_BLOCK_USED | flags;
}

#endif
