/**
 * Count the system calls by which this process takes memory and gives it back, and follow how
 * much it holds: mmap, munmap, mremap, madvise, brk and mprotect, whoever makes them.
 *
 * Thread safety: one watch in a process, begun while it has one thread; threads that come later
 * are watched too. Nothing here calls malloc.
 */
#ifndef FL_REPLAY_MEMORY_WATCH_H
#define FL_REPLAY_MEMORY_WATCH_H

#include <stdatomic.h>

#include "ranges.h"

/** Private memory without a file behind it, the stack left out. Bytes. */
struct fl_memory_held {
    uint64_t writable, mapped;
};

/** What was counted; plain data. Calls that failed are counted without bytes. */
struct fl_memory_calls {
    uint64_t mmap_calls, mmap_bytes;       /* of writable memory */
    uint64_t reserve_calls, reserve_bytes; /* mmap of memory that is not writable */
    uint64_t munmap_calls, munmap_bytes;
    uint64_t mremap_calls;
    uint64_t madvise_calls;
    uint64_t given_back_bytes; /* by madvise, the addresses kept; until they are used again */
    uint64_t brk_calls;
    uint64_t mprotect_calls;
    uint64_t loaded_footprint;                /* held at the beginning */
    uint64_t footprint, peak_footprint;       /* writable bytes held */
    uint64_t mapped_bytes, peak_mapped_bytes; /* the same with what is not writable */
};

struct fl_memory_watch {
    struct fl_ranges ranges;
    struct fl_memory_held bare; /* what is held by others than the allocator */
    struct fl_memory_calls calls;
    uint64_t break_end; /* of the heap that brk moves */
    uint64_t page_bytes;
    atomic_bool is_counting;
    atomic_flag is_busy; /* one call is noted at a time */
};

/** What this process holds now. False when /proc cannot be read. */
bool fl_memory_held_now(struct fl_memory_held *out) __attribute__((warn_unused_result));

/**
 * Begin to watch, for the rest of the process. Nothing is counted before fl_memory_watch_count.
 *
 * @param bare  what a process like this one holds before there is an allocator; NULL: all that it
 *              holds now
 * @return      0, or the errno of what is not possible here
 */
int fl_memory_watch_start(struct fl_memory_watch *watch, const struct fl_memory_held *bare)
    __attribute__((warn_unused_result));

/** Count from now on, or no more. */
void fl_memory_watch_count(struct fl_memory_watch *watch, bool is_wanted);

#endif
