/*
 * mremap moves page tables, not bytes, so growing by a quarter at a time is cheap and the table
 * is never much larger than the live set needs. The new pages are written once: a page fault
 * costs as much as many calls of an allocator and would be counted as its time.
 */
#include "table.h"

#include <sys/mman.h>

#define PAGE_BYTES  4096u
#define GRAIN_BYTES (256u * 1024)

static size_t bytes_of(const struct fl_table *table, size_t count)
{
    return (count * table->element_bytes + GRAIN_BYTES - 1) / GRAIN_BYTES * GRAIN_BYTES;
}

static void *memory_grow(void *base, size_t old_bytes, size_t bytes)
{
    void *memory = base == NULL ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                : mremap(base, old_bytes, bytes, MREMAP_MAYMOVE);
    return memory == MAP_FAILED ? NULL : memory;
}

bool fl_table_reserve(struct fl_table *table, size_t count)
{
    if (count <= table->capacity) {
        return true;
    }
    const size_t old_bytes = table->capacity * table->element_bytes;
    const size_t old_mapped = table->base == NULL ? 0 : bytes_of(table, table->capacity);
    const size_t bytes = bytes_of(table, count + count / 4);
    unsigned char *memory = memory_grow(table->base, old_mapped, bytes);
    if (memory == NULL) {
        return false;
    }
    const size_t first_new = (old_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    for (size_t at = first_new; at < bytes; at += PAGE_BYTES) {
        ((volatile unsigned char *)memory)[at] = 0;
    }
    table->base = memory;
    table->capacity = bytes / table->element_bytes;
    return true;
}

void fl_table_free(struct fl_table *table)
{
    if (table->base != NULL) {
        munmap(table->base, bytes_of(table, table->capacity));
    }
    table->base = NULL;
    table->capacity = 0;
}
