/*
 * Serial to slot, the larger part of decoding a trace.
 *
 * Most objects die young. The youngest 16 Ki serials are an array indexed by serial, 64 KiB
 * that stay in the first two cache levels; what is still alive when the window moves on goes to
 * an open hash, eight neighbouring serials at a time. Objects that live long were often
 * allocated together and end together, so a block of eight costs one probe and one cache line
 * or two where single serials would cost eight. Linear probing, backward-shift deletion of
 * empty blocks.
 *
 * The hash is 64 shards, each between half and three quarters full once it has grown. So it is
 * never copied as a whole, and memory is 7 to 10 bytes per old live object when whole blocks
 * live, 80 when one of eight does. With one table at most half full, doubled, 3.5 M live
 * objects of python3 took 37 bytes each while it was copied.
 *
 * Decoding recorded traces, ns per operation, single serials in the hash / blocks: cc1plus
 * 7.1 / 7.3, perl 17 / 9.2, python3 with 1.2 M live objects 31 / 13.
 *
 * Linear probing with deletion: Knuth, The Art of Computer Programming 3, 6.4, algorithm R. The
 * home of a key by a multiplication in place of a division: D. Lemire, Fast Random Integer
 * Generation in an Interval, ACM TOMACS 29(1), 2019.
 */
#include "slots.h"

#include <string.h>

#define SHARD_MIN 8u /* blocks */

static uint64_t key_hash(uint64_t key)
{
    return key * 0x9E3779B97F4A7C15u;
}

/* Number of the shard of a key. */
static size_t shard_of(uint64_t key)
{
    return (size_t)(key_hash(key) >> (64 - FL_SLOTS_SHARD_BITS));
}

static uint32_t block_home(const struct fl_slots_shard *shard, uint64_t key)
{
    const uint32_t hash = (uint32_t)(key_hash(key) >> (32 - FL_SLOTS_SHARD_BITS));
    return (uint32_t)((uint64_t)hash * shard->capacity >> 32);
}

static uint32_t place_after(const struct fl_slots_shard *shard, uint32_t place)
{
    return place + 1 == shard->capacity ? 0 : place + 1;
}

/* Start loading the place of a block that will likely be needed soon. */
static void block_prefetch(const struct fl_slots *slots, uint64_t key)
{
    const struct fl_slots_shard *shard = &slots->old[shard_of(key)];
    /* A number, since a shard without blocks has no places. */
    const uintptr_t blocks = (uintptr_t)shard->blocks;
    __builtin_prefetch((void *)(blocks + block_home(shard, key) * sizeof *shard->blocks), 1);
}

bool fl_slots_init(struct fl_slots *slots)
{
    *slots = (struct fl_slots){0};
    slots->window = malloc(FL_SLOTS_WINDOW * sizeof *slots->window);
    if (slots->window == NULL) {
        return false;
    }
    memset(slots->window, 0xFF, FL_SLOTS_WINDOW * sizeof *slots->window);
    return true;
}

void fl_slots_clear(struct fl_slots *slots)
{
    free(slots->window);
    for (size_t i = 0; i < sizeof slots->old / sizeof slots->old[0]; i++) {
        free(slots->old[i].blocks);
    }
    free(slots->free_slots);
    *slots = (struct fl_slots){0};
}

/* Where the block `key` is, or the empty place where it would be. */
static uint32_t block_place(const struct fl_slots_shard *shard, uint64_t key)
{
    uint32_t place = block_home(shard, key);
    while (shard->blocks[place].key != key && shard->blocks[place].key != FL_SERIAL_NONE) {
        place = place_after(shard, place);
    }
    return place;
}

static bool shard_resize(struct fl_slots_shard *shard, uint32_t capacity)
{
    struct fl_slots_block *blocks = malloc(capacity * sizeof *blocks);
    if (blocks == NULL) {
        return false;
    }
    memset(blocks, 0xFF, capacity * sizeof *blocks);
    const struct fl_slots_shard before = *shard;
    shard->blocks = blocks;
    shard->capacity = capacity;
    for (uint32_t i = 0; i < before.capacity; i++) {
        if (before.blocks[i].key != FL_SERIAL_NONE) {
            blocks[block_place(shard, before.blocks[i].key)] = before.blocks[i];
        }
    }
    free(before.blocks);
    return true;
}

/* Room for one block more, and a place that is empty behind it. */
static bool shard_reserve(struct fl_slots_shard *shard)
{
    if (shard->count + 1 <= shard->capacity / 4 * 3) {
        return true;
    }
    return shard->capacity < UINT32_MAX / 2 &&
           shard_resize(shard, shard->capacity == 0 ? SHARD_MIN
                                                    : shard->capacity + shard->capacity / 2);
}

static bool block_is_dead(const uint32_t *block)
{
    uint32_t all = FL_SLOT_NONE;
    for (size_t i = 0; i < FL_SLOTS_BLOCK; i++) {
        all &= block[i];
    }
    return all == FL_SLOT_NONE;
}

bool fl_slots_retire_block(struct fl_slots *slots)
{
    uint32_t *block = &slots->window[slots->first_young % FL_SLOTS_WINDOW];
    if (!block_is_dead(block)) {
        const uint64_t key = slots->first_young / FL_SLOTS_BLOCK;
        struct fl_slots_shard *shard = &slots->old[shard_of(key)];
        if (!shard_reserve(shard)) {
            return false;
        }
        struct fl_slots_block *place = &shard->blocks[block_place(shard, key)];
        place->key = key;
        memcpy(place->slots, block, sizeof place->slots);
        shard->count++;
        memset(block, 0xFF, sizeof place->slots);
        block_prefetch(slots, key + 1);
    }
    slots->first_young += FL_SLOTS_BLOCK;
    return true;
}

/* The block `key`, or NULL. */
static struct fl_slots_block *block_find(const struct fl_slots_shard *shard, uint64_t key)
{
    if (shard->count == 0) {
        return NULL;
    }
    struct fl_slots_block *block = &shard->blocks[block_place(shard, key)];
    return block->key == key ? block : NULL;
}

uint32_t fl_slots_find_old(const struct fl_slots *slots, uint64_t serial)
{
    const uint64_t key = serial / FL_SLOTS_BLOCK;
    const struct fl_slots_block *block = block_find(&slots->old[shard_of(key)], key);
    return block == NULL ? FL_SLOT_NONE : block->slots[serial % FL_SLOTS_BLOCK];
}

/* How far `to` is behind `from`, around the end. */
static uint32_t distance(const struct fl_slots_shard *shard, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + shard->capacity - from;
}

/* Close the hole at `hole`: move back what probed past it. */
static void block_close(struct fl_slots_shard *shard, uint32_t hole)
{
    for (uint32_t next = place_after(shard, hole); shard->blocks[next].key != FL_SERIAL_NONE;
         next = place_after(shard, next)) {
        const uint32_t home = block_home(shard, shard->blocks[next].key);
        if (distance(shard, home, next) >= distance(shard, hole, next)) {
            shard->blocks[hole] = shard->blocks[next];
            hole = next;
        }
    }
    shard->blocks[hole].key = FL_SERIAL_NONE;
}

/* The last object of a block is gone. */
static void block_remove(struct fl_slots_shard *shard, struct fl_slots_block *block)
{
    block_close(shard, (uint32_t)(block - shard->blocks));
    shard->count--;
    if (shard->capacity > SHARD_MIN && 8 * (uint64_t)shard->count < shard->capacity) {
        (void)shard_resize(shard, shard->capacity / 2); /* else it stays larger */
    }
}

uint32_t fl_slots_take_old(struct fl_slots *slots, uint64_t serial)
{
    const uint64_t key = serial / FL_SLOTS_BLOCK;
    struct fl_slots_shard *shard = &slots->old[shard_of(key)];
    struct fl_slots_block *block = block_find(shard, key);
    if (block == NULL) {
        return FL_SLOT_NONE;
    }
    if (serial % FL_SLOTS_BLOCK ==
        0) { /* what was allocated in order is often freed in order */
        block_prefetch(slots, key + 1);
    }
    const uint32_t slot = block->slots[serial % FL_SLOTS_BLOCK];
    block->slots[serial % FL_SLOTS_BLOCK] = FL_SLOT_NONE;
    if (block_is_dead(block->slots)) {
        block_remove(shard, block);
    }
    return slot;
}

bool fl_slots_free_grow(struct fl_slots *slots)
{
    const size_t capacity = slots->free_capacity == 0 ? 1024 : 2 * slots->free_capacity;
    uint32_t *grown = reallocarray(slots->free_slots, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    slots->free_slots = grown;
    slots->free_capacity = capacity;
    return true;
}

bool fl_slots_jump(struct fl_slots *slots, uint64_t next_serial)
{
    const uint64_t first_young = next_serial - next_serial % FL_SLOTS_BLOCK;
    while (slots->first_young < first_young && slots->first_young < slots->next_serial) {
        if (!fl_slots_retire_block(slots)) {
            return false;
        }
    }
    slots->first_young = first_young;
    slots->next_serial = next_serial;
    return true;
}
