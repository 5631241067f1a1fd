/*
 * Address to object: open addressing, linear probing, backward-shift deletion, at most half
 * full. The home of an address keeps its low bits: the sixteen 16-byte granules of 256 bytes of
 * memory have neighbouring homes, so that what a program allocates together is found in the
 * same cache lines; the bits above are spread by multiplication with the golden ratio, which
 * lays neighbouring windows far apart, and the highest bits of the product are taken.
 *
 * Addresses may come out of a file, and have been chosen to share one place. So when one is
 * found too far from its home, the multiplier becomes one that nobody could foresee, and the
 * table is laid out anew, once. From then on two windows meet with a chance of 2 in the places
 * there are, whatever the file holds (Dietzfelbinger, Hagerup, Katajainen and Penttonen, A
 * reliable randomized algorithm for the closest-pair problem, J. Algorithms 25, 1997, lemma
 * 2.4).
 *
 * Linear probing with deletion: Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
 */
#include <fl/namer.h>

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define CAPACITY_MIN 1024u
#define GOLDEN_RATIO UINT64_C(0x9E3779B97F4A7C15) /* of 2^64 */
#define DISTANCE_MAX 1024u /* of an address from its home; programs stay far below */
#define HUGE_PAGE    ((uintptr_t)2 * 1024 * 1024) /* bytes, of x86-64 and most of arm64 */

struct entry {
    uint64_t address; /* 0: empty */
    struct fl_named object;
};

struct fl_namer {
    struct entry *entries;
    size_t mask; /* capacity - 1 */
    size_t count;
    uint64_t multiplier; /* odd */
    unsigned shift;      /* leaves of 64 bits those that number capacity / 16 windows */
};

static inline size_t home(const struct fl_namer *namer, uint64_t address)
{
    const uint64_t window = (address >> 8) * namer->multiplier;
    return (size_t)(window >> namer->shift << 4 ^ (address >> 4 & 15));
}

static unsigned shift_of(size_t capacity)
{
    return 64 - (unsigned)__builtin_ctzll(capacity / 16);
}

/* Where `address` is, or the empty place where it would be. */
static inline size_t place(const struct fl_namer *namer, uint64_t address)
{
    size_t i = home(namer, address);
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
    namer->multiplier = GOLDEN_RATIO;
    namer->shift = shift_of(CAPACITY_MIN);
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
    __builtin_prefetch(&namer->entries[home(namer, address)], 1);
}

/* Empty ones. A large table is met at random, so that nearly each look at it would also be one
 * for a page's place: huge pages, where the kernel gives them to who asks. */
static struct entry *entries_new(size_t capacity)
{
    struct entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL) {
        return NULL;
    }
    const uintptr_t begin = ((uintptr_t)entries + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    const uintptr_t end = (uintptr_t)(entries + capacity) & ~(HUGE_PAGE - 1);
    if (begin < end) {
        (void)madvise((char *)entries + (begin - (uintptr_t)entries), end - begin,
                      MADV_HUGEPAGE);
    }
    return entries;
}

static bool resize(struct fl_namer *namer, size_t capacity)
{
    struct entry *before = namer->entries;
    const size_t before_mask = namer->mask;
    struct entry *entries = entries_new(capacity);
    if (entries == NULL) {
        return false;
    }
    namer->entries = entries;
    namer->mask = capacity - 1;
    namer->shift = shift_of(capacity);
    for (size_t i = 0; i <= before_mask; i++) {
        if (before[i].address != 0) {
            namer->entries[place(namer, before[i].address)] = before[i];
        }
    }
    free(before);
    return true;
}

/* Lay the table out anew by a number that no file can be made for: the kernel gives each
 * process 16 random bytes. Without memory it stays as it is. */
static void rehash_in_secret(struct fl_namer *namer)
{
    const uint64_t before = namer->multiplier;
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    memcpy(&namer->multiplier, random, sizeof namer->multiplier);
    namer->multiplier |= 1;
    if (!resize(namer, namer->mask + 1)) {
        namer->multiplier = before;
    }
}

/* Where `address` is or would be, for one that is added. */
static inline size_t place_to_add(struct fl_namer *namer, uint64_t address)
{
    const size_t i = place(namer, address);
    const size_t distance = (i - home(namer, address)) & namer->mask;
    if (__builtin_expect(distance <= DISTANCE_MAX, 1) || namer->multiplier != GOLDEN_RATIO) {
        return i;
    }
    rehash_in_secret(namer);
    return place(namer, address);
}

int fl_namer_add(struct fl_namer *namer, uint64_t address, struct fl_named object,
                 struct fl_named *before)
{
    if (2 * (namer->count + 1) > namer->mask && !resize(namer, 2 * (namer->mask + 1))) {
        return -1;
    }
    const size_t i = place_to_add(namer, address); /* which may lay the entries out anew */
    struct entry *entry = &namer->entries[i];
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
        const size_t distance = (i - home(namer, namer->entries[i].address)) & mask;
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
