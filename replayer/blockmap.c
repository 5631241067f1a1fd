/*
 * A bit per granule of 8 bytes, in leaves that come and go with the blocks.
 *
 *   address  47 ............ 18 | 17 ......... 3 | 2 1 0
 *            window (directory) |  bit of a leaf |
 *
 *   directory[window] = EMPTY | WHOLE (inside one big block) | number of a leaf
 *   leaf              = 32,768 bits and how many of them are set
 *
 * The directory is 2 GiB of reserved address space of which only the used pages exist (one page
 * covers 256 MiB of heap). A leaf goes back to a free list when its last bit is cleared, so the
 * memory follows the live blocks: 1/64 of the heap where it is dense, at most one leaf per
 * block where it is not; blocks of many windows cost 4 bytes per window. Two blocks that do not
 * overlap never share a granule, because every block starts at a multiple of 8 or lies 8 bytes
 * (a header) behind the one before it: the test is exact. A balanced tree would be O(log n)
 * with a cache miss per level; this is one or two.
 */
#include "blockmap.h"

#include <sys/mman.h>

#define ADDRESS_BITS    47u
#define WINDOW_BITS     18u
#define LEAF_GRANULES   (1u << (WINDOW_BITS - 3))
#define LEAF_WORDS      (LEAF_GRANULES / 64)
#define DIRECTORY_BYTES (((size_t)1 << (ADDRESS_BITS - WINDOW_BITS)) * sizeof(uint32_t))
#define LEAVES_MAX      (1u << 20) /* 4 GiB of leaves at most */
#define ENTRY_EMPTY     0u
#define ENTRY_WHOLE     1u
#define ENTRY_LEAF      2u /* leaf number = entry - ENTRY_LEAF */

struct leaf {
    uint64_t words[LEAF_WORDS]; /* bit set: the granule belongs to a live block */
};

struct fl_blockmap {
    uint32_t *directory;  /* reserved, DIRECTORY_BYTES */
    struct leaf *leaves;  /* reserved, LEAVES_MAX; all zero when not in use */
    uint32_t *used;       /* by leaf: bits that are set, or the next free leaf */
    uint32_t leaf_count;  /* leaves ever used */
    uint32_t first_free;  /* LEAVES_MAX: none */
    uint32_t free_leaves; /* length of the free list */
};

_Static_assert(sizeof(struct leaf) == 4096, "a leaf is a page");
_Static_assert(sizeof(uintptr_t) == 8, "addresses of 64 bits");

static void *space_reserve(size_t bytes)
{
    void *space = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return space == MAP_FAILED ? NULL : space;
}

struct fl_blockmap *fl_blockmap_new(void)
{
    struct fl_blockmap *map = space_reserve(sizeof *map);
    if (map == NULL) {
        return NULL;
    }
    map->directory = space_reserve(DIRECTORY_BYTES);
    map->leaves = space_reserve(LEAVES_MAX * sizeof *map->leaves);
    map->used = space_reserve(LEAVES_MAX * sizeof *map->used);
    map->first_free = LEAVES_MAX;
    if (map->directory == NULL || map->leaves == NULL || map->used == NULL) {
        fl_blockmap_free(map);
        return NULL;
    }
    return map;
}

void fl_blockmap_free(struct fl_blockmap *map)
{
    if (map->directory != NULL) {
        munmap(map->directory, DIRECTORY_BYTES);
    }
    if (map->leaves != NULL) {
        munmap(map->leaves, LEAVES_MAX * sizeof *map->leaves);
    }
    if (map->used != NULL) {
        munmap(map->used, LEAVES_MAX * sizeof *map->used);
    }
    munmap(map, sizeof *map);
}

/* Number of a leaf that is all zero, or LEAVES_MAX when there is none left. */
static uint32_t leaf_take(struct fl_blockmap *map)
{
    const uint32_t leaf = map->first_free;
    if (leaf == LEAVES_MAX) {
        return map->leaf_count < LEAVES_MAX ? map->leaf_count++ : LEAVES_MAX;
    }
    map->first_free = map->used[leaf];
    map->free_leaves--;
    map->used[leaf] = 0;
    return leaf;
}

static void leaf_give_back(struct fl_blockmap *map, uint32_t leaf)
{
    map->used[leaf] = map->first_free;
    map->first_free = leaf;
    map->free_leaves++;
}

/* Bits [from, to) of one word, to <= 64. */
static uint64_t word_mask(size_t from, size_t to)
{
    const uint64_t below_to = to == 64 ? UINT64_MAX : ((uint64_t)1 << to) - 1;
    return below_to & ~(((uint64_t)1 << from) - 1);
}

/* Set the bits [from, to) of a leaf; false when one was set. */
static bool leaf_set(struct leaf *leaf, size_t from, size_t to)
{
    for (size_t word = from / 64; word <= (to - 1) / 64; word++) {
        const size_t first = word == from / 64 ? from % 64 : 0;
        const size_t end = word == (to - 1) / 64 ? (to - 1) % 64 + 1 : 64;
        const uint64_t mask = word_mask(first, end);
        if (leaf->words[word] & mask) {
            return false;
        }
        leaf->words[word] |= mask;
    }
    return true;
}

static void leaf_clear(struct leaf *leaf, size_t from, size_t to)
{
    for (size_t word = from / 64; word <= (to - 1) / 64; word++) {
        const size_t first = word == from / 64 ? from % 64 : 0;
        const size_t end = word == (to - 1) / 64 ? (to - 1) % 64 + 1 : 64;
        leaf->words[word] &= ~word_mask(first, end);
    }
}

/* Granules [from, to) of `window`. */
static enum fl_blockmap_answer window_add(struct fl_blockmap *map, uintptr_t window,
                                          size_t from, size_t to)
{
    uint32_t *entry = &map->directory[window];
    if (*entry == ENTRY_WHOLE) {
        return FL_BLOCKMAP_TAKEN;
    }
    if (from == 0 && to == LEAF_GRANULES) {
        if (*entry != ENTRY_EMPTY) {
            return FL_BLOCKMAP_TAKEN;
        }
        *entry = ENTRY_WHOLE;
        return FL_BLOCKMAP_OK;
    }
    if (*entry == ENTRY_EMPTY) {
        const uint32_t leaf = leaf_take(map);
        if (leaf == LEAVES_MAX) {
            return FL_BLOCKMAP_NO_MEMORY;
        }
        *entry = leaf + ENTRY_LEAF;
    }
    const uint32_t leaf = *entry - ENTRY_LEAF;
    map->used[leaf] += (uint32_t)(to - from);
    return leaf_set(&map->leaves[leaf], from, to) ? FL_BLOCKMAP_OK : FL_BLOCKMAP_TAKEN;
}

static void window_remove(struct fl_blockmap *map, uintptr_t window, size_t from, size_t to)
{
    uint32_t *entry = &map->directory[window];
    if (*entry == ENTRY_WHOLE) {
        *entry = ENTRY_EMPTY;
        return;
    }
    const uint32_t leaf = *entry - ENTRY_LEAF;
    leaf_clear(&map->leaves[leaf], from, to);
    map->used[leaf] -= (uint32_t)(to - from);
    if (map->used[leaf] == 0) {
        leaf_give_back(map, leaf);
        *entry = ENTRY_EMPTY;
    }
}

/* The part of granules [at, end) that lies in at's window: returns where it ends. */
static uintptr_t window_end(uintptr_t at, uintptr_t end)
{
    const uintptr_t next = (at / LEAF_GRANULES + 1) * LEAF_GRANULES;
    return next < end ? next : end;
}

enum fl_blockmap_answer fl_blockmap_add(struct fl_blockmap *map, uintptr_t address,
                                        size_t bytes)
{
    const uintptr_t end = (address + bytes - 1) / FL_GRANULE_BYTES + 1;
    if (end > ((uintptr_t)1 << (ADDRESS_BITS - 3))) {
        return FL_BLOCKMAP_NO_MEMORY;
    }
    for (uintptr_t at = address / FL_GRANULE_BYTES; at < end;) {
        const uintptr_t stop = window_end(at, end);
        const size_t from = at % LEAF_GRANULES;
        const enum fl_blockmap_answer answer =
            window_add(map, at / LEAF_GRANULES, from, from + (stop - at));
        if (answer != FL_BLOCKMAP_OK) {
            return answer;
        }
        at = stop;
    }
    return FL_BLOCKMAP_OK;
}

void fl_blockmap_remove(struct fl_blockmap *map, uintptr_t address, size_t bytes)
{
    const uintptr_t end = (address + bytes - 1) / FL_GRANULE_BYTES + 1;
    for (uintptr_t at = address / FL_GRANULE_BYTES; at < end;) {
        const uintptr_t stop = window_end(at, end);
        const size_t from = at % LEAF_GRANULES;
        window_remove(map, at / LEAF_GRANULES, from, from + (stop - at));
        at = stop;
    }
}

size_t fl_blockmap_bytes(const struct fl_blockmap *map)
{
    return (size_t)(map->leaf_count - map->free_leaves) * sizeof *map->leaves;
}
