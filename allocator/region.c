/*
 * Regions and mappings: the only file here that calls the kernel.
 *
 * A heap lives in one reservation (PROT_NONE, MAP_NORESERVE: address space, no memory) that
 * turns into memory from its start, a chunk at a time:
 *
 *      base               base + committed                     base + reserved
 *      |  memory, zeroed   |  address space only: a touch faults  |
 *
 * One reservation makes "next to each other" and "offset" mean the same in every run whatever
 * the kernel's address randomisation does. All memory comes from mmap with
 * MAP_PRIVATE|MAP_ANONYMOUS, never from sbrk. Each function is O(1) kernel calls.
 */
#include "region.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "assertion.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

/* Below this a heap is of no use to anybody. */
#define RESERVE_MIN ((size_t)16 * FL_PAGE)

static void stats_take(struct fl_alloc_stats *stats, size_t bytes)
{
    stats->mmap_calls++;
    stats->mmap_bytes += bytes;
    stats->footprint += bytes;
    if (stats->footprint > stats->peak_footprint)
        stats->peak_footprint = stats->footprint;
}

static void stats_give_back(struct fl_alloc_stats *stats, size_t bytes)
{
    FL_ASSERT(stats->footprint >= bytes, "no more is given back than was taken");
    stats->munmap_calls++;
    stats->munmap_bytes += bytes;
    stats->footprint -= bytes;
}

/* Address space of `bytes` at a multiple of `align`, or NULL. */
static char *space_reserve(size_t bytes, size_t align)
{
    size_t wide;
    if (__builtin_add_overflow(bytes, align, &wide) || wide > PTRDIFF_MAX)
        return NULL;
    char *start = mmap(NULL, wide, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    const size_t head = -(uintptr_t)start & (align - 1);
    if (head > 0)
        munmap(start, head);
    munmap(start + head + bytes, align - head);
    return start + head;
}

static bool space_commit(char *start, size_t bytes)
{
    return mmap(start, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}

int fl_region_reserve(struct fl_region *region, size_t bytes)
{
    FL_ASSERT(bytes % FL_PAGE == 0, "a reservation is whole pages");
    size_t size = bytes;
    char *base = space_reserve(size, FL_REGION_ALIGN);
    while (base == NULL && size / 2 >= RESERVE_MIN) {
        size = fl_page_round(size / 2);
        base = space_reserve(size, FL_REGION_ALIGN);
    }
    if (base == NULL)
        return -ENOMEM;
    if (size < bytes && size / 2 >= RESERVE_MIN) {
        const size_t half = fl_page_round(size / 2);
        munmap(base + half, size - half);
        size = half;
    }
    *region = (struct fl_region){.base = base, .reserved = size};
    return 0;
}

/* Where memory ends, that which nobody has yet included. */
static size_t memory_end(const struct fl_region *region)
{
    return region->ahead > region->committed ? region->ahead : region->committed;
}

void fl_region_prefault(struct fl_region *region, size_t bytes)
{
    FL_ASSERT(bytes % FL_PAGE == 0, "memory is faulted in by whole pages");
    const size_t room = region->reserved - region->committed;
    const size_t start = memory_end(region);
    const size_t end = region->committed + (bytes < room ? bytes : room);
    if (end > start && mmap(region->base + start, end - start, PROT_READ | PROT_WRITE,
                            ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) != MAP_FAILED)
        region->ahead = end;
}

bool fl_region_commit(struct fl_region *region, size_t bytes, struct fl_alloc_stats *stats)
{
    FL_ASSERT(bytes > 0 && bytes % FL_PAGE == 0, "memory is taken in whole pages");
    if (bytes > region->reserved - region->committed)
        return false;
    const size_t start = memory_end(region), end = region->committed + bytes;
    if (end > start && !space_commit(region->base + start, end - start))
        return false;
    region->committed += bytes;
    stats_take(stats, bytes);
    return true;
}

bool fl_region_uncommit(struct fl_region *region, size_t bytes, struct fl_alloc_stats *stats)
{
    FL_ASSERT(bytes <= region->committed && bytes % FL_PAGE == 0, "whole pages go back");
    char *start = region->base + region->committed - bytes;
    /* What munmap would do, without losing the place in the reservation, nor what lies
     * ahead. */
    const bool is_back = region->ahead > region->committed
                             ? madvise(start, bytes, MADV_DONTNEED) == 0
                             : mmap(start, bytes, PROT_NONE,
                                    ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
    if (!is_back)
        return false;
    region->committed -= bytes;
    stats_give_back(stats, bytes);
    return true;
}

void fl_pages_release(char *start, size_t bytes, size_t news, struct fl_alloc_stats *stats)
{
    FL_ASSERT((uintptr_t)start % FL_PAGE == 0 && bytes % FL_PAGE == 0, "whole pages go back");
    FL_ASSERT(stats->footprint >= news, "no more is given back than was taken");
    madvise(start, bytes, MADV_DONTNEED);
    stats->madvise_calls++;
    stats->madvise_bytes += news;
    stats->footprint -= news;
}

void fl_region_release(struct fl_region *region)
{
    munmap(region->base, region->reserved);
    *region = (struct fl_region){0};
}

/* A place for `bytes` at a multiple of `align`, larger than a page, made memory. */
static void *map_aligned(size_t bytes, size_t align)
{
    char *start = space_reserve(bytes, align);
    if (start == NULL)
        return NULL;
    if (space_commit(start, bytes))
        return start;
    munmap(start, bytes);
    return NULL;
}

static void *map_plain(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

void *fl_map(size_t bytes, size_t align, struct fl_alloc_stats *stats)
{
    FL_ASSERT(bytes % FL_PAGE == 0, "a mapping is whole pages");
    FL_ASSERT((align & (align - 1)) == 0, "an alignment is a power of two");
    void *start = align > FL_PAGE ? map_aligned(bytes, align) : map_plain(bytes);
    if (start != NULL)
        stats_take(stats, bytes);
    return start;
}

void fl_unmap(void *start, size_t bytes, struct fl_alloc_stats *stats)
{
    FL_ASSERT((uintptr_t)start % FL_PAGE == 0, "a mapping starts at a page");
    /* The kernel joins neighbouring mappings and refuses to cut one in two when there are too
     * many. The pages go back all the same; only address space is lost. */
    if (munmap(start, bytes) != 0)
        madvise(start, bytes, MADV_DONTNEED);
    stats_give_back(stats, bytes);
}

void *fl_remap(void *start, size_t old_bytes, size_t new_bytes, struct fl_alloc_stats *stats)
{
    FL_ASSERT(new_bytes > old_bytes, "a mapping is only grown by fl_remap");
    void *moved = mremap(start, old_bytes, new_bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return NULL;
    stats_take(stats, new_bytes - old_bytes);
    return moved;
}

void *fl_instance_map(size_t bytes)
{
    return map_plain(fl_page_round(bytes));
}

void fl_instance_unmap(void *instance, size_t bytes)
{
    munmap(instance, fl_page_round(bytes));
}
