/*
 * One heap that works with any policy: what its files share.
 *
 *   heap.c     create, the operations, the counters of a call
 *   space.c    finding, cutting, gluing, growing
 *   trim.c     giving memory back to the kernel
 *   resize.c   changing a size
 *   block.c    from a pointer to a block, and what is wrong with a pointer
 *   check.c    the walk and the checker
 *
 * Thread safety: none; one heap belongs to one thread at a time.
 */
#ifndef FL_ALLOCATOR_HEAP_H
#define FL_ALLOCATOR_HEAP_H

#include <fl/allocator.h>
#include <fl/policy.h>

#include "big.h"
#include "block.h"
#include "knobs.h"
#include "region.h"

/** The settings of a heap, from its knobs. Sizes in granules unless the name says bytes. */
struct fl_heap_settings {
    uint32_t least;       /* smallest block: header, least links, tag */
    size_t links_end;     /* where the links of any free block end, from its start, bytes */
    uint32_t least_rest;  /* smallest rest that is cut off; at least `least` */
    bool has_tags;        /* boundary tags tell the free block before */
    bool is_coalescing;   /* free neighbours become one */
    enum fl_trim trim;    /* what goes back to the kernel */
    size_t trim_bytes;    /* from this size on free memory in one piece goes back */
    size_t big_bytes;     /* requests of this size and above are big blocks */
    size_t chunk_bytes;   /* whole pages */
    size_t granule_bytes; /* 1 << grid.shift */
    size_t pad_bytes;     /* at the start of the region, so that payloads are aligned */
};

struct fl_heap {
    struct fl_allocator base; /* first: the public handle */
    struct fl_policy *policy; /* the free blocks; lies behind this struct */
    struct fl_grid grid;      /* what block numbers count on */
    struct fl_block *first;   /* the first block; equal to end while there is none */
    struct fl_block *end;     /* where the next block would start */
    bool is_last_free;        /* the last block's "PREV_FREE": no header follows it */
    struct fl_heap_settings set;
    size_t instance_bytes; /* of this struct and the policy */
    size_t released_bytes; /* pages inside free blocks that are given back */
    struct fl_region region;
    struct fl_big_table bigs;
    struct fl_alloc_stats stats;
};

/** The operations of an allocator whose free blocks are kept by a policy. */
int fl_heap_create(const struct fl_allocator_ops *ops, const struct fl_policy_ops *policy,
                   const struct fl_allocator_config *config, struct fl_allocator **out);
void fl_heap_destroy(struct fl_allocator *self);
void *fl_heap_alloc(struct fl_allocator *self, size_t bytes, size_t align);
void *fl_heap_alloc_zeroed(struct fl_allocator *self, size_t bytes);
bool fl_heap_free(struct fl_allocator *self, void *payload);
void *fl_heap_resize(struct fl_allocator *self, void *payload, size_t bytes);
size_t fl_heap_usable_size(const struct fl_allocator *self, const void *payload);
void fl_heap_stats(const struct fl_allocator *self, struct fl_alloc_stats *out);
void fl_heap_walk(const struct fl_allocator *self, fl_block_visitor *visit, void *user);
bool fl_heap_check(const struct fl_allocator *self, enum fl_check_depth depth,
                   struct fl_check_report *out);
bool fl_heap_contains(const struct fl_allocator *self, const void *payload, size_t bytes);
uint64_t fl_heap_offset(const struct fl_allocator *self, const void *payload);
void fl_heap_prefault(struct fl_allocator *self, size_t bytes);
void fl_heap_index(const struct fl_allocator *self, fl_index_visitor *visit, void *user);
enum fl_misuse fl_heap_judge(const struct fl_allocator *self, const void *payload);

#define FL_HEAP_OPS                                                                            \
    .destroy = fl_heap_destroy, .alloc = fl_heap_alloc, .alloc_zeroed = fl_heap_alloc_zeroed,  \
    .free = fl_heap_free, .resize = fl_heap_resize, .usable_size = fl_heap_usable_size,        \
    .stats = fl_heap_stats, .walk = fl_heap_walk, .check = fl_heap_check,                      \
    .contains = fl_heap_contains, .offset = fl_heap_offset, .index = fl_heap_index,            \
    .judge = fl_heap_judge, .prefault = fl_heap_prefault

/** The allocators, one per policy file; registry.c lists them. */
extern const struct fl_allocator_ops fl_list_lifo_ops, fl_list_addr_ops, fl_list_size_ops,
    fl_size_tree_ops, fl_addr_tree_ops, fl_combo_tree_ops;

/* Between the files of the heap. */

static inline struct fl_heap *fl_heap_of(struct fl_allocator *self)
{
    return (struct fl_heap *)self;
}

static inline const struct fl_heap *fl_heap_of_const(const struct fl_allocator *self)
{
    return (const struct fl_heap *)self;
}

/* ---- heap.c ---- */

/** A block for `bytes`, not yet counted as a call; NULL when there is no memory. */
void *fl_heap_take(struct fl_heap *heap, size_t bytes, size_t align);

/* Who pays for the visits that the policy has counted since the last call. */
enum fl_visit_kind { FL_VISIT_MALLOC, FL_VISIT_FREE };
void fl_heap_take_visits(struct fl_heap *heap, enum fl_visit_kind kind);

/** A call has ended: one more, and the length of the free list as it is now. */
static inline void fl_heap_end_call(struct fl_heap *heap)
{
    heap->stats.calls++;
    heap->stats.free_blocks_sum += heap->stats.free_blocks;
}

/** Live counters. `asked` and `block_bytes` are of one block. */
void fl_heap_count_block(struct fl_heap *heap, size_t asked, size_t block_bytes);
void fl_heap_uncount_block(struct fl_heap *heap, size_t asked, size_t block_bytes);

/** Granules of a block whose payload is `bytes`. */
static inline uint32_t fl_heap_granules(const struct fl_heap *heap, size_t bytes)
{
    const uint32_t wanted = fl_granules_of(&heap->grid, bytes + FL_HEADER);
    return wanted < heap->set.least ? heap->set.least : wanted;
}

/** Does a request go straight to the kernel? */
static inline bool fl_heap_wants_big(const struct fl_heap *heap, size_t bytes, size_t align)
{
    return bytes >= heap->set.big_bytes || align > FL_REGION_ALIGN;
}

/** Could the region hold such a block if it were empty? Keeps granules within 32 bits. */
static inline bool fl_heap_can_hold(const struct fl_heap *heap, size_t bytes, size_t align)
{
    const size_t most = heap->region.reserved - FL_PAGE;
    return bytes <= most && align <= most - bytes;
}

/* ---- space.c ---- */

/** Cut `need` granules, `align`-aligned in their payload, out of free space, which grows if it
 * must. The used block with its size set, and PREV_FREE right; NULL when there is no memory. */
struct fl_block *fl_space_take(struct fl_heap *heap, uint32_t need, size_t align);

/** Give back a used block of the region. Its neighbours are sound (fl_heap_block). */
void fl_space_release(struct fl_heap *heap, struct fl_block *block);

/** Cut a used block down to `granules`; the rest becomes free or joins the free block behind
 * it. Nothing happens when the rest would be too small for a block. */
void fl_space_cut(struct fl_heap *heap, struct fl_block *block, uint32_t granules);

/** Let a used block grow to `granules` where it is: into a free block behind it, or into new
 *  memory when nothing but that lies behind it. False: nothing changed. */
bool fl_space_stretch(struct fl_heap *heap, struct fl_block *block, uint32_t granules);

/** The region has lost its last pages, all of them inside the free block `last`. */
void fl_space_shorten(struct fl_heap *heap, struct fl_block *last);

/* ---- trim.c ---- */

/** Bytes of the whole pages inside a free block that hold neither its links nor its tag. */
size_t fl_trim_span(const struct fl_heap *heap, const struct fl_block *block);

/** `block` is free and in the index: give back what trim asks for. `released` bytes of its
 * pages are back already. May shorten the block, when it is the last. */
void fl_trim(struct fl_heap *heap, struct fl_block *block, size_t released);

/** Pages that had been given back are in use again. */
void fl_trim_retake(struct fl_heap *heap, size_t bytes);

/** Bytes of a free block's pages that are given back now. */
static inline size_t fl_trim_released(const struct fl_heap *heap, const struct fl_block *block)
{
    return block->info & FL_BLOCK_RELEASED ? fl_trim_span(heap, block) : 0;
}

/* ---- block.c ---- */

/**
 * The one way from a pointer to a block of the region.
 *
 * @return  the used block whose payload starts there; NULL for anything else: outside, not on a
 *          block's place, free, or with a header that contradicts what lies around it
 */
struct fl_block *fl_heap_block(const struct fl_heap *heap, const void *payload);

/** The big block whose payload starts there, or NULL. O(log b). */
struct fl_big *fl_heap_big(const struct fl_heap *heap, const void *payload);

#endif
