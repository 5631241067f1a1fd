/*
 * One heap that works with any policy: what heap.c, resize.c and check.c share.
 *
 * Thread safety: none; one heap belongs to one thread at a time.
 */
#ifndef FL_ALLOCATOR_HEAP_H
#define FL_ALLOCATOR_HEAP_H

#include <fl/allocator.h>
#include <fl/policy.h>

#include "big.h"
#include "block.h"
#include "region.h"

/* Places of the common knobs in every policy's table; its own ones follow. */
enum fl_heap_knob { FL_KNOB_FIT, FL_KNOB_BIG, FL_KNOB_CHUNK, FL_HEAP_KNOBS };

enum fl_fit { FL_FIT_FIRST, FL_FIT_BEST };

#define FL_HEAP_KNOB_ROWS                                                                      \
    [FL_KNOB_FIT] = {.name = "fit",                                                            \
                     .help = "which block is taken: the first that is large enough, or the "   \
                             "smallest (of equals the lowest address)",                        \
                     .type = FL_KNOB_CHOICE,                                                   \
                     .choices = "first|best"},                                                 \
    [FL_KNOB_BIG] = {.name = "big",                                                            \
                     .help = "requests of this many bytes get a mapping of their own",         \
                     .type = FL_KNOB_BYTES,                                                    \
                     .choices = "never",                                                       \
                     .default_value = 1 << 20,                                                 \
                     .minimum = 4096,                                                          \
                     .maximum = 1 << 20},                                                      \
    [FL_KNOB_CHUNK] = {.name = "chunk",                                                        \
                       .help = "bytes taken from the kernel at once, rounded up to pages",     \
                       .type = FL_KNOB_BYTES,                                                  \
                       .default_value = 64 << 10,                                              \
                       .minimum = 4096,                                                        \
                       .maximum = 1 << 30}

struct fl_heap {
    struct fl_allocator base; /* first: the public handle */
    struct fl_policy *policy; /* the free blocks; lies behind this struct */
    size_t big_bytes;         /* requests of this size and above are big blocks */
    char *origin;             /* what block numbers count from */
    struct fl_block *first;   /* the first block; equal to end while there is none */
    struct fl_block *end;     /* where the next block would start */
    bool is_last_free;        /* the last block's "PREV_FREE": no header follows it */
    size_t chunk_bytes;       /* whole pages */
    size_t instance_bytes;    /* of this struct and the policy */
    struct fl_region region;
    struct fl_big_table bigs;
    struct fl_alloc_stats stats;
};

/* Who pays for the visits that the policy has counted since the last call. */
enum fl_visit_kind { FL_VISIT_MALLOC, FL_VISIT_FREE };
void fl_heap_take_visits(struct fl_heap *heap, enum fl_visit_kind kind);

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
void fl_heap_index(const struct fl_allocator *self, fl_index_visitor *visit, void *user);
enum fl_misuse fl_heap_judge(const struct fl_allocator *self, const void *payload);

#define FL_HEAP_OPS                                                                            \
    .destroy = fl_heap_destroy, .alloc = fl_heap_alloc, .alloc_zeroed = fl_heap_alloc_zeroed,  \
    .free = fl_heap_free, .resize = fl_heap_resize, .usable_size = fl_heap_usable_size,        \
    .stats = fl_heap_stats, .walk = fl_heap_walk, .check = fl_heap_check,                      \
    .contains = fl_heap_contains, .offset = fl_heap_offset, .index = fl_heap_index,            \
    .judge = fl_heap_judge

/** The allocators, one per policy file; registry.c lists them. */
extern const struct fl_allocator_ops fl_addr_tree_ops, fl_list_addr_ops;

/* Between the files of the heap. */

static inline struct fl_heap *fl_heap_of(struct fl_allocator *self)
{
    return (struct fl_heap *)self;
}

static inline const struct fl_heap *fl_heap_of_const(const struct fl_allocator *self)
{
    return (const struct fl_heap *)self;
}

/** A block for `bytes`, not yet counted as a call; NULL when there is no memory. */
void *fl_heap_take(struct fl_heap *heap, size_t bytes, size_t align);

/** Give back a block of the region, not yet counted as a call. */
void fl_heap_release(struct fl_heap *heap, struct fl_block *block);

/**
 * The one way from a pointer to a block of the region.
 *
 * @return  the used block whose payload starts there; NULL for anything else: outside, not on a
 *          block's place, free, or with a header that contradicts what follows it
 */
struct fl_block *fl_heap_block(const struct fl_heap *heap, const void *payload);

/** The big block whose payload starts there, or NULL. O(log b). */
struct fl_big *fl_heap_big(const struct fl_heap *heap, const void *payload);

/** Cut a used block down to `granules`; the rest becomes free or joins the free block behind it.
 *  Nothing happens when the rest would be too small for a block. */
void fl_heap_cut(struct fl_heap *heap, struct fl_block *block, uint32_t granules);

/** Let a used block grow to `granules` where it is: into a free block behind it, or into new
 *  memory when nothing but that lies behind it. False: nothing changed. */
bool fl_heap_stretch(struct fl_heap *heap, struct fl_block *block, uint32_t granules);

/** Live counters. `asked` and `block_bytes` are of one block. */
void fl_heap_count_block(struct fl_heap *heap, size_t asked, size_t block_bytes);
void fl_heap_uncount_block(struct fl_heap *heap, size_t asked, size_t block_bytes);

/** Does a request go straight to the kernel? */
static inline bool fl_heap_wants_big(const struct fl_heap *heap, size_t bytes, size_t align)
{
    return bytes >= heap->big_bytes || align > FL_REGION_ALIGN;
}

/** Could the region hold such a block if it were empty? Keeps sizes in granules within 32 bits. */
static inline bool fl_heap_can_hold(const struct fl_heap *heap, size_t bytes, size_t align)
{
    const size_t most = heap->region.reserved - 4 * FL_GRANULE;
    return bytes <= most && align <= most - bytes;
}

#endif
