/*
 * Big blocks go straight to mmap and back to munmap, as the course notes advise.
 *
 * Their sizes are not kept in front of the payload but in descriptors of 64 bytes in a pool of
 * its own. That costs a search, O(log b) beside a system call, and buys three things: a block
 * of 64 KiB takes 64 KiB and not a page more, the payload starts at a page, and a pointer can
 * be judged without reading memory that may not be ours.
 *
 *   pool    | descriptor | descriptor | ...            numbered in granules, links of 32 bits
 *               |             |
 *   memory   somewhere     somewhere                   tree by address: whose pointer is this?
 *   offsets  0 .. 64k      64k .. 1m  ...              list by offset: the same in every run
 */
#include "big.h"

#include <errno.h>

#include "assertion.h"

#define STEP ((uint32_t)(sizeof(struct fl_big) >> FL_BIG_SHIFT))

/* Address space for descriptors: 2 million beside a heap of 32 GiB, 16,384 beside a small one.
 * The kernel's default limit on mappings is 65,530. */
#define POOL_SHARE 256
#define POOL_MIN   ((size_t)1 << 20)

/* How much is taken for the pool at once. */
#define POOL_CHUNK FL_PAGE

int fl_big_init(struct fl_big_table *table, size_t heap_bytes)
{
    *table = (struct fl_big_table){.next_unused = 1};
    const size_t share = fl_page_round(heap_bytes / POOL_SHARE);
    const int failed = fl_region_reserve(&table->pool, share < POOL_MIN ? POOL_MIN : share);
    if (failed)
        return failed;
    const struct fl_grid grid = {table->pool.base - (1U << FL_BIG_SHIFT), FL_BIG_SHIFT};
    fl_tree_init(&table->by_address, &grid, offsetof(struct fl_big, tree), FL_POLICY_BIT(0),
                 NULL);
    fl_list_init(&table->by_offset, &grid, offsetof(struct fl_big, order), FL_LIST_DOUBLE,
                 NULL);
    return 0;
}

void fl_big_destroy(struct fl_big_table *table)
{
    struct fl_alloc_stats unread = {.footprint = table->bytes};
    for (uint32_t number = table->by_offset.first; number != 0;) {
        const struct fl_big *big = fl_big_at(table, number);
        number = big->order.next;
        fl_unmap(big->start, big->map_bytes, &unread);
    }
    fl_region_release(&table->pool);
}

static uint32_t big_number(const struct fl_big_table *table, const struct fl_big *big)
{
    return fl_block_number(&table->by_address.grid, &big->header);
}

struct fl_big *fl_big_find(const struct fl_big_table *table, const void *address)
{
    const uintptr_t wanted = (uintptr_t)address;
    uint32_t number = table->by_address.root;
    while (number != 0) {
        struct fl_big *big = fl_big_at(table, number);
        const uintptr_t start = (uintptr_t)big->start;
        if (wanted >= start && wanted - start < big->map_bytes)
            return big;
        number = big->tree.child[wanted < start ? FL_LEFT : FL_RIGHT];
    }
    return NULL;
}

static void big_enter_tree(struct fl_big_table *table, struct fl_big *big)
{
    uint32_t parent = 0;
    enum fl_side side = FL_LEFT;
    for (uint32_t number = table->by_address.root; number != 0;) {
        const struct fl_big *other = fl_big_at(table, number);
        parent = number;
        side = (uintptr_t)big->start < (uintptr_t)other->start ? FL_LEFT : FL_RIGHT;
        number = other->tree.child[side];
    }
    fl_tree_insert(&table->by_address, big_number(table, big), parent, side);
}

/* Give the block the next free place in the area of offsets, at the end of the walk. */
static void big_enter_order(struct fl_big_table *table, struct fl_big *big)
{
    big->offset = table->next_offset;
    table->next_offset += big->map_bytes;
    fl_list_insert_after(&table->by_offset, big_number(table, big), table->by_offset.last);
}

/* Is there a descriptor to take, after asking the kernel for more if needed? */
static bool pool_has_room(struct fl_big_table *table, struct fl_alloc_stats *stats)
{
    if (table->spare != 0)
        return true;
    const size_t end = (size_t)(table->next_unused - 1 + STEP) << FL_BIG_SHIFT;
    return end <= table->pool.committed || fl_region_commit(&table->pool, POOL_CHUNK, stats);
}

static struct fl_big *pool_take(struct fl_big_table *table)
{
    if (table->spare != 0) {
        struct fl_big *big = fl_big_at(table, table->spare);
        table->spare = big->tree.parent;
        return big;
    }
    struct fl_big *big = fl_big_at(table, table->next_unused);
    table->next_unused += STEP;
    return big;
}

struct fl_big *fl_big_take(struct fl_big_table *table, size_t bytes, size_t align,
                           struct fl_alloc_stats *stats)
{
    const size_t map_bytes = fl_big_map_bytes(bytes);
    if (map_bytes == 0 || !pool_has_room(table, stats))
        return NULL;
    char *start = fl_map(map_bytes, align, stats);
    if (start == NULL)
        return NULL;
    struct fl_big *big = pool_take(table);
    *big = (struct fl_big){.start = start, .map_bytes = map_bytes, .asked_bytes = bytes};
    big_enter_tree(table, big);
    big_enter_order(table, big);
    table->bytes += map_bytes;
    table->count++;
    return big;
}

void fl_big_release(struct fl_big_table *table, struct fl_big *big,
                    struct fl_alloc_stats *stats)
{
    FL_ASSERT(table->count > 0, "a big block is live");
    const uint32_t number = big_number(table, big);
    fl_tree_remove(&table->by_address, number);
    fl_list_remove(&table->by_offset, number);
    fl_unmap(big->start, big->map_bytes, stats);
    table->bytes -= big->map_bytes;
    table->count--;
    big->tree.parent = table->spare;
    table->spare = number;
}

static bool big_grow(struct fl_big_table *table, struct fl_big *big, size_t map_bytes,
                     struct fl_alloc_stats *stats)
{
    char *start = fl_remap(big->start, big->map_bytes, map_bytes, stats);
    if (start == NULL)
        return false;
    const uint32_t number = big_number(table, big);
    fl_tree_remove(&table->by_address, number);
    fl_list_remove(&table->by_offset, number);
    table->bytes += map_bytes - big->map_bytes;
    big->start = start;
    big->map_bytes = map_bytes;
    big_enter_tree(table, big);
    big_enter_order(table, big);
    return true;
}

bool fl_big_resize(struct fl_big_table *table, struct fl_big *big, size_t bytes,
                   struct fl_alloc_stats *stats)
{
    const size_t map_bytes = fl_big_map_bytes(bytes);
    if (map_bytes == 0)
        return false;
    if (map_bytes > big->map_bytes && !big_grow(table, big, map_bytes, stats))
        return false;
    if (map_bytes < big->map_bytes) {
        fl_unmap(big->start + map_bytes, big->map_bytes - map_bytes, stats);
        table->bytes -= big->map_bytes - map_bytes;
        big->map_bytes = map_bytes;
    }
    big->asked_bytes = bytes;
    return true;
}

static const char *big_block_fault(const struct fl_big_table *table, const struct fl_big *big)
{
    if ((uintptr_t)big->start % FL_PAGE != 0 || big->map_bytes % FL_PAGE != 0)
        return "a big block is not whole pages";
    if (big->asked_bytes > big->map_bytes)
        return "a big block is smaller than what was asked for";
    if (fl_big_find(table, big->start) != big)
        return "a big block is not found by its address";
    return NULL;
}

const char *fl_big_fault(const struct fl_big_table *table, uint64_t *offset)
{
    uint64_t count = 0, bytes = 0, end = 0;
    for (uint32_t number = table->by_offset.first; number != 0; count++) {
        if (number >= table->next_unused || count > table->count)
            return "the list of big blocks leads nowhere";
        const struct fl_big *big = fl_big_at(table, number);
        const char *fault = big_block_fault(table, big);
        *offset = big->offset;
        if (fault == NULL && big->offset < end)
            fault = "big blocks overlap or are out of order";
        if (fault != NULL)
            return fault;
        end = big->offset + big->map_bytes;
        bytes += big->map_bytes;
        number = big->order.next;
    }
    if (count != table->count || bytes != table->bytes)
        return "the table of big blocks has lost count";
    uint32_t where;
    return fl_tree_fault(&table->by_address, table->next_unused, &where);
}
