/*
 * Memory from the kernel. Every call that takes or gives back memory is counted here, beside
 * the call, in the heap's statistics.
 *
 * Thread safety: none; the owner of the region or mapping serialises.
 */
#ifndef FL_ALLOCATOR_REGION_H
#define FL_ALLOCATOR_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include <fl/allocator.h>

#define FL_PAGE ((size_t)4096)

/* Every region starts at a multiple of this, so that whether a block meets an alignment up to
 * here follows from its offset alone. */
#define FL_REGION_ALIGN ((size_t)2 << 20)

/** A reservation whose first `committed` bytes are memory; the rest faults. */
struct fl_region {
    char *base;
    size_t reserved, committed; /* bytes, multiples of FL_PAGE */
    size_t
        ahead; /* where it is above `committed`: up to here it is memory that nobody has yet */
};

static inline size_t fl_page_round(size_t bytes)
{
    return (bytes + FL_PAGE - 1) & ~(FL_PAGE - 1);
}

/**
 * Reserve address space.
 *
 * @param bytes  wanted, a multiple of FL_PAGE. Where the address space is limited (ulimit -v)
 *               halves are tried, and half of what fits is kept: the program and its big blocks
 *               need room too.
 * @return       0 or -ENOMEM; not counted, for a reservation is not memory
 */
int fl_region_reserve(struct fl_region *region, size_t bytes);

/** Make the next `bytes` (a multiple of FL_PAGE) usable, filled with zero. One kernel call.
 *  False when the reservation or the kernel has no more: nothing changed. */
bool fl_region_commit(struct fl_region *region, size_t bytes, struct fl_alloc_stats *stats);

/**
 * Have the next `bytes` (a multiple of FL_PAGE) after what is committed faulted in, so that
 * neither their commit nor their first touch asks the kernel. Nothing is counted: commit counts
 * as ever, and its call is not made. What the reservation or the kernel does not hold is left
 * out.
 */
void fl_region_prefault(struct fl_region *region, size_t bytes);

/** Give the last `bytes` of what is memory back, a multiple of FL_PAGE; one kernel call. They
 * can be committed again and are zero then. False: the kernel refused, nothing changed. */
bool fl_region_uncommit(struct fl_region *region, size_t bytes, struct fl_alloc_stats *stats);

/** Give the pages of [start, start + bytes) back; the next touch brings zeroed ones. `news` of
 *  the bytes were not given back before and are counted. One kernel call. */
void fl_pages_release(char *start, size_t bytes, size_t news, struct fl_alloc_stats *stats);

/** Give the whole reservation back; not counted, the counters die with the heap. */
void fl_region_release(struct fl_region *region);

/**
 * A mapping of its own.
 *
 * @param bytes  a multiple of FL_PAGE
 * @param align  a power of two; above FL_PAGE the surplus of address space that finding such a
 *               place takes is never memory and never counted: its size would depend on where
 *               the kernel puts it
 * @return       zeroed memory, or NULL
 */
void *fl_map(size_t bytes, size_t align, struct fl_alloc_stats *stats);

/** Give back what fl_map or fl_remap returned, or a part of it. */
void fl_unmap(void *start, size_t bytes, struct fl_alloc_stats *stats);

/** Grow a mapping, moving it when needed; counted as one call that takes the difference.
 *  NULL: nothing changed. */
void *fl_remap(void *start, size_t old_bytes, size_t new_bytes, struct fl_alloc_stats *stats);

/** Zeroed pages for an instance itself, not counted. */
void *fl_instance_map(size_t bytes);
void fl_instance_unmap(void *instance, size_t bytes);

#endif
