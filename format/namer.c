/*
 * Address to object: open addressing, linear probing, backward-shift deletion, at most half
 * full. The home of an address keeps its low bits: the sixteen 16-byte granules of 256 bytes
 * of memory have neighbouring homes, so that what a program allocates together is found in the
 * same cache lines; the bits above are spread by multiplication.
 *
 * Linear probing with deletion: Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
 */
#include <fl/namer.h>

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 1024u

struct entry {
    uint64_t address; /* 0: empty */
    struct fl_named object;
};

struct fl_namer {
    struct entry *entries;
    size_t mask; /* capacity - 1 */
    size_t count;
};

static inline size_t home(size_t mask, uint64_t address)
{
    const uint64_t window = (address >> 8) * 0x9E3779B97F4A7C15u;
    return (size_t)(window >> 24 << 4 ^ (address >> 4 & 15)) & mask;
}

/* Where `address` is, or the empty place where it would be. */
static inline size_t place(const struct fl_namer *namer, uint64_t address)
{
    size_t i = home(namer->mask, address);
    while (namer->entries[i].address != address && namer->entries[i].address != 0) {
        i = (i + 1) & namer->mask;
    }
    return i;
}

struct fl_namer *fl_namer_new(void)
{
    struct fl_namer *namer = calloc(1, sizeof *namer);
    if (namer == NULL) {
        return NULL;
    }
    namer->entries = calloc(CAPACITY_MIN, sizeof *namer->entries);
    if (namer->entries == NULL) {
        free(namer);
        return NULL;
    }
    namer->mask = CAPACITY_MIN - 1;
    return namer;
}

void fl_namer_free(struct fl_namer *namer)
{
    if (namer != NULL) {
        free(namer->entries);
        free(namer);
    }
}

void fl_namer_prefetch(const struct fl_namer *namer, uint64_t address)
{
    __builtin_prefetch(&namer->entries[home(namer->mask, address)], 1);
}

static bool resize(struct fl_namer *namer, size_t capacity)
{
    struct entry *before = namer->entries;
    const size_t before_mask = namer->mask;
    struct entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    namer->entries = entries;
    namer->mask = capacity - 1;
    for (size_t i = 0; i <= before_mask; i++) {
        if (before[i].address != 0) {
            namer->entries[place(namer, before[i].address)] = before[i];
        }
    }
    free(before);
    return true;
}

int fl_namer_add(struct fl_namer *namer, uint64_t address, struct fl_named object,
                 struct fl_named *before)
{
    if (2 * (namer->count + 1) > namer->mask && !resize(namer, 2 * (namer->mask + 1))) {
        return -1;
    }
    struct entry *entry = &namer->entries[place(namer, address)];
    const bool is_live = entry->address != 0;
    if (is_live) {
        *before = entry->object;
    }
    *entry = (struct entry){.address = address, .object = object};
    namer->count += !is_live;
    return is_live;
}

bool fl_namer_find(const struct fl_namer *namer, uint64_t address, struct fl_named *object)
{
    const struct entry *entry = &namer->entries[place(namer, address)];
    if (entry->address == 0) {
        return false;
    }
    *object = entry->object;
    return true;
}

/* Close the hole at `hole`: move back what probed past it. */
static void hole_close(struct fl_namer *namer, size_t hole)
{
    const size_t mask = namer->mask;
    for (size_t i = (hole + 1) & mask; namer->entries[i].address != 0; i = (i + 1) & mask) {
        const size_t distance = (i - home(mask, namer->entries[i].address)) & mask;
        if (distance >= ((i - hole) & mask)) {
            namer->entries[hole] = namer->entries[i];
            hole = i;
        }
    }
    namer->entries[hole].address = 0;
}

bool fl_namer_remove(struct fl_namer *namer, uint64_t address, struct fl_named *object)
{
    const size_t i = place(namer, address);
    if (namer->entries[i].address == 0) {
        return false;
    }
    *object = namer->entries[i].object;
    hole_close(namer, i);
    namer->count--;
    if (namer->mask >= 2 * CAPACITY_MIN && 8 * namer->count < namer->mask) {
        (void)resize(namer, (namer->mask + 1) / 2); /* without memory it stays larger */
    }
    return true;
}

void fl_namer_walk(const struct fl_namer *namer,
                   void (*visit)(void *user, uint64_t address, struct fl_named object),
                   void *user)
{
    for (size_t i = 0; i <= namer->mask; i++) {
        if (namer->entries[i].address != 0) {
            visit(user, namer->entries[i].address, namer->entries[i].object);
        }
    }
}

size_t fl_namer_count(const struct fl_namer *namer)
{
    return namer->count;
}
