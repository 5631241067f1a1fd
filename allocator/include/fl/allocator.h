/**
 * The interface of everything a trace can be replayed into: our own heaps and foreign
 * allocators alike, so that each pays the same indirect call.
 *
 * An allocator is an instance; there are no globals, several can live in one process.
 *
 * Thread safety: none. One instance belongs to one thread at a time; instances share nothing.
 */
#ifndef FL_ALLOCATOR_H
#define FL_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** State of one allocator; implementations embed it as their first member. */
struct fl_allocator {
    const struct fl_allocator_ops *ops;
    size_t alignment; /* of every block that was asked for without one, bytes */
};

/** How a knob's value is written and read. */
enum fl_knob_type {
    FL_KNOB_BYTES,  /* 4096, 64k, 1m, 2g */
    FL_KNOB_CHOICE, /* one of `choices` */
};

/**
 * A named setting. `choices` is "a|b|c", for bytes the words allowed beside a number ("never").
 * The value of a choice is its index; the words of a byte knob count down from UINT64_MAX.
 */
struct fl_knob {
    const char *name;
    const char *help; /* one line, with the unit */
    enum fl_knob_type type;
    const char *choices; /* or NULL */
    uint64_t default_value;
    uint64_t minimum, maximum; /* bytes only */
};

#define FL_KNOBS_MAX 16

/** What an instance is made with: the values in the order of ops->knobs. */
struct fl_allocator_config {
    uint64_t values[FL_KNOBS_MAX];
    size_t reserve_bytes; /* address space to reserve for the heap; 0: the default (32 GiB) */
};

/* Buckets of a histogram by powers of two: 0, 1, 2-3, 4-7, ... up to 2^32 and above. */
#define FL_VISIT_BUCKETS 34

/**
 * Exact counters since create, on in every build. Equal in every run of the same operations,
 * whatever the kernel's address randomisation. Bytes are bytes, the rest are counts.
 */
struct fl_alloc_stats {
    uint64_t mallocs, frees, reallocs; /* calls that succeeded */
    uint64_t failed;                   /* allocating calls that returned NULL */
    uint64_t reallocs_in_place;
    uint64_t visits_malloc, visits_malloc_max; /* free blocks looked at, in all / worst call */
    uint64_t visits_free, visits_free_max;
    uint64_t visits_malloc_by_power[FL_VISIT_BUCKETS]; /* calls by their number of visits */
    uint64_t visits_free_by_power[FL_VISIT_BUCKETS];
    uint64_t splits, merges;
    uint64_t mmap_calls, mmap_bytes; /* memory taken from the kernel */
    uint64_t munmap_calls, munmap_bytes;
    uint64_t madvise_calls, madvise_bytes; /* pages inside free blocks given back */
    uint64_t retaken_bytes;                /* of those, in use again; this takes no call */
    uint64_t big_blocks;                   /* blocks that went straight to mmap */
    uint64_t live_blocks, live_payload;    /* payload: bytes asked for */
    uint64_t peak_live_blocks, peak_payload;
    uint64_t live_block_bytes, peak_block_bytes; /* header, payload and rounding */
    uint64_t footprint, peak_footprint;     /* bytes taken from the kernel and not given back */
    uint64_t free_blocks, peak_free_blocks; /* length of the free list */
    uint64_t
        free_blocks_sum; /* of its length at the end of each call: over `calls`, the mean */
    uint64_t calls;      /* mallocs, frees, reallocs, failed ones too */
    uint64_t at_peak_block_bytes, at_peak_footprint; /* when payload last rose to its peak */
};

/** Bucket of `visits` in a histogram by powers of two; bucket b > 0 begins at 2^(b-1). */
static inline unsigned fl_visit_bucket(uint64_t visits)
{
    const unsigned bucket = visits == 0 ? 0 : 64U - (unsigned)__builtin_clzll(visits);
    return bucket < FL_VISIT_BUCKETS ? bucket : FL_VISIT_BUCKETS - 1;
}

/** One block, as `walk` shows it: in address order, used and free ones, nothing between. */
struct fl_block_view {
    uint64_t offset;        /* of the block (its header) from the heap's start, bytes */
    uint64_t block_bytes;   /* header included */
    uint64_t payload_bytes; /* asked for, 0 when free */
    bool is_used;
    bool is_big; /* a mapping of its own; offset is from the start of the big-block area */
};

/** Called for each block; false stops the walk. */
typedef bool fl_block_visitor(const struct fl_block_view *block, void *user);

/** How a free block hangs in an index, as `index` shows it. */
enum fl_index_place {
    FL_INDEX_NEXT,  /* the next one of a list */
    FL_INDEX_ROOT,  /* of a tree */
    FL_INDEX_LEFT,  /* child of the nearest one before it that is a level higher */
    FL_INDEX_RIGHT, /* the same */
    FL_INDEX_SMALL, /* after the tree: of a size that the tree does not hold, smallest first */
    FL_INDEX_EQUAL, /* of the size of the node or small one before it, whose list it is in */
};

/** One free block in the order of an index; of a tree each node before its children. */
struct fl_index_view {
    const char *index; /* "free list", "tree by size" ...; a combined design has two */
    enum fl_index_place place;
    unsigned depth; /* of a tree's node, 0 at the root; an EQUAL has its node's */
    uint64_t offset, block_bytes;
};

/** Called for each block of each index; false stops. */
typedef bool fl_index_visitor(const struct fl_index_view *block, void *user);

/** What a pointer that is no live block can be. */
enum fl_misuse {
    FL_MISUSE_NONE,       /* a live block */
    FL_MISUSE_FOREIGN,    /* not memory of this allocator */
    FL_MISUSE_MISALIGNED, /* no block can start there */
    FL_MISUSE_FREED,      /* in a free block: freed before */
    FL_MISUSE_INSIDE,     /* in the middle of a live block */
    FL_MISUSE_CORRUPT,    /* its header, or that of a neighbour, has been overwritten */
};

/** Result of a whole-heap check. */
struct fl_check_report {
    char invariant[8]; /* "A1" ... as numbered in allocator/DESIGN.md; "" when all hold */
    uint64_t offset;   /* of the block where it was found */
    char message[200];
};

/** How much `check` looks at. */
enum fl_check_depth {
    FL_CHECK_FAST, /* O(1): counters against each other */
    FL_CHECK_FULL  /* O(blocks): every block and the whole free index */
};

struct fl_allocator_ops {
    const char *name;    /* "addr-tree" */
    const char *summary; /* one line for --alloc=help */
    const struct fl_knob *knobs;
    size_t knob_count; /* 0 .. FL_KNOBS_MAX */

    /** Make an instance. 0, or a negative errno (-EINVAL for knobs that do not go together). */
    int (*create)(const struct fl_allocator_config *config, struct fl_allocator **out);
    void (*destroy)(struct fl_allocator *self);

    /**
     * Take a block of at least `bytes` bytes.
     * @param bytes  0 .. SIZE_MAX; 0 gives a block of its own, as glibc's malloc does
     * @param align  0 for the allocator's own alignment, else a power of two
     * @return       contents unspecified; NULL when there is no memory, heap intact
     */
    void *(*alloc)(struct fl_allocator *self, size_t bytes, size_t align);

    /** As alloc with align 0, contents zero. NULL: the caller uses alloc and memset. */
    void *(*alloc_zeroed)(struct fl_allocator *self, size_t bytes);

    /** Give back what alloc or resize returned. Never NULL. False: no live block is there, or a
     *  header beside it has been overwritten; nothing changed, `judge` says what is wrong. */
    bool (*free)(struct fl_allocator *self, void *block);

    /**
     * As free, from a caller that knows what it asked for: `bytes`, and `align` as in alloc.
     * NULL: the caller uses free.
     */
    bool (*free_sized)(struct fl_allocator *self, void *block, size_t bytes, size_t align);

    /** Change the size, keeping the common prefix. `bytes` may be 0 (a block of size 0).
     *  NULL when there is no memory or no live block: all stays as it was. `block` is never
     *  NULL. */
    void *(*resize)(struct fl_allocator *self, void *block, size_t bytes);

    /** Bytes the caller may use in `block`, at least what it asked for; 0: no live block. */
    size_t (*usable_size)(const struct fl_allocator *self, const void *block);

    /* Optional: NULL where the allocator cannot tell (foreign ones). */

    void (*stats)(const struct fl_allocator *self, struct fl_alloc_stats *out);
    void (*walk)(const struct fl_allocator *self, fl_block_visitor *visit, void *user);
    bool (*check)(const struct fl_allocator *self, enum fl_check_depth depth,
                  struct fl_check_report *out);
    /** Is [block, block + bytes) wholly memory that this allocator holds? */
    bool (*contains)(const struct fl_allocator *self, const void *block, size_t bytes);
    /** The free blocks, index by index. */
    void (*index)(const struct fl_allocator *self, fl_index_visitor *visit, void *user);
    /** What is wrong with a pointer that free, resize or usable_size refused. O(blocks). */
    enum fl_misuse (*judge)(const struct fl_allocator *self, const void *block);
    /** Address relative to the heap's start, the same in every run; big blocks count from a
     *  start of their own, with bit 63 set. */
    uint64_t (*offset)(const struct fl_allocator *self, const void *block);
    /** Fault in the memory that the next blocks will be cut from when they need `bytes` more
     * than there are, so that the calls meet no page fault there. Counters and answers are
     * those that they would be without it. Big blocks stay as they are. */
    void (*prefault)(struct fl_allocator *self, size_t bytes);
};

/** Number of allocators in the registry, and number `i` of them. */
size_t fl_allocator_count(void);
const struct fl_allocator_ops *fl_allocator_at(size_t i);

/** The allocator called `name[0 .. length)`, or NULL. */
const struct fl_allocator_ops *fl_allocator_find(const char *name, size_t length);

/** Every knob at its default. */
void fl_allocator_defaults(const struct fl_allocator_ops *ops,
                           struct fl_allocator_config *config);

/**
 * Set one knob from text "name=value"[0 .. length).
 *
 * @return 0; -ENOENT no such knob; -EINVAL no such value; -ERANGE out of range. `message` (may
 *         be NULL) receives a sentence that names what is allowed.
 */
int fl_allocator_set(const struct fl_allocator_ops *ops, struct fl_allocator_config *config,
                     const char *text, size_t length, char *message, size_t message_bytes);

#endif
