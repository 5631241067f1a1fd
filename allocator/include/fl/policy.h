/**
 * How a heap indexes its free blocks and chooses one of them.
 *
 * The heap (space.c) writes headers, splits, merges and talks to the kernel; a policy only
 * keeps the free blocks in some order and looks for one. It never touches a neighbour. A new
 * policy is one file (see allocator/DESIGN.md, "Adding a policy").
 *
 * Thread safety: none; a policy belongs to one heap.
 */
#ifndef FL_POLICY_H
#define FL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/allocator.h>

/** The header of a block, allocator/block.h. */
struct fl_block {
    uint32_t granules; /* size of the block, header included, in granules */
    uint32_t info;     /* flags; above them, used: bytes not asked for, free: policy's bits */
};

/** What numbers of blocks mean: number n is n granules behind `origin`, 0 is none. */
struct fl_grid {
    char *origin;
    unsigned shift; /* log2 of a granule in bytes */
};

/** State of one policy; implementations embed it as their first member. */
struct fl_policy {
    const struct fl_policy_ops *ops;
    struct fl_grid grid;
    uint64_t visits; /* free blocks looked at since the heap last took the number */
};

/** What the index says it holds, for comparison with what a walk over the heap finds. */
struct fl_index_tally {
    uint64_t count;       /* blocks */
    uint64_t fingerprint; /* sum of a mix of place and size: the order does not matter */
    uint32_t limit;       /* numbers of blocks are below this; others must not be followed */
};

/** Note one block in a tally. */
void fl_index_tally_add(struct fl_index_tally *tally, uint32_t number, uint32_t granules);

/** One block of an index, for people: see struct fl_index_view. */
struct fl_index_step {
    const char *index;
    enum fl_index_place place;
    unsigned depth;
    uint32_t number; /* of the block */
};
typedef bool fl_index_walker(const struct fl_index_step *step, void *user);

/** Bytes of links behind the header of a free block. */
struct fl_links_bytes {
    size_t least; /* of every block; the smallest block holds them, and its tag */
    size_t most;  /* of a block that has room for them; at least `least` */
};

/** All are required. A block's size is in its header when an operation is called. */
struct fl_policy_ops {
    size_t state_bytes; /* of the struct that embeds struct fl_policy; zeroed before init */

    /** What it keeps in a free block, with these knobs. */
    struct fl_links_bytes (*links_bytes)(const struct fl_allocator_config *config);

    void (*init)(struct fl_policy *self, const struct fl_allocator_config *config);

    /** A block that is not in the index enters it. */
    void (*insert)(struct fl_policy *self, struct fl_block *block);

    /** A block leaves the index; its size is still the one it was entered with. */
    void (*remove)(struct fl_policy *self, struct fl_block *block);

    /**
     * `from` leaves, `to` enters: a block was cut, grown or glued. No other free block lies
     * between the two, so an index in address order need not search. They may be one block.
     *
     * `from` is as it was entered; replace writes `header` to `to`. The two may overlap: `to`
     * may start as little as a granule below `from` (copy links front to back), and its header
     * may lie on links of `from` behind the first `least` bytes.
     */
    void (*replace)(struct fl_policy *self, struct fl_block *from, struct fl_block *to,
                    struct fl_block header);

    /** A block of at least `granules`, left in the index; NULL when there is none. */
    struct fl_block *(*find)(struct fl_policy *self, uint32_t granules);

    /** The block of the index that ends where `block` starts, or NULL: asked where no boundary
     *  tag tells it (tags=none). */
    struct fl_block *(*before)(struct fl_policy *self, const struct fl_block *block);

    /**
     * Is the index sound? Adds every block it holds to `tally`. On a fault returns a sentence
     * and gives the number of the block concerned; else NULL. Bounded even on a broken index.
     */
    const char *(*check)(const struct fl_policy *self, struct fl_index_tally *tally,
                         uint32_t *where);

    /** Show every block in the order of the index; a tree's node comes before its children. */
    void (*show)(const struct fl_policy *self, fl_index_walker *walk, void *user);
};

#endif
