/*
 * A library to preload: the malloc family over a bump allocator, right until block number
 * BROKEN_AFTER of the environment and from there handing out the last block again, or giving
 * blocks of a multiple of BROKEN_SIZE bytes 40 bytes too little room, or never coming back, to
 * another thread than the first, from block number BROKEN_HANG, or ending the process at the
 * first sized free when there is a BROKEN_SIZED; and always at one whose size or alignment is
 * not its block's. Built with BROKEN_RACE it is right for one thread only. Without these
 * variables it is right. It maps 5 MiB while it is loaded and 1 GiB with the first block. Built
 * with BROKEN_PART it defines malloc alone, which is no family.
 */
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGION_BYTES ((size_t)1 << 30)
#define HEADER_BYTES 16u
#define LOADED_BYTES ((size_t)5 << 20)

void *broken_take(size_t bytes, size_t align);

static unsigned char *region;
static size_t used_bytes;
static unsigned long blocks;

__attribute__((constructor)) static void broken_load(void)
{
    (void)mmap(NULL, LOADED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

/* The room that a block gets. */
static size_t room(size_t bytes)
{
    const unsigned long broken = number("BROKEN_SIZE", 0);
    return broken != 0 && bytes >= 40 && bytes % broken == 0 ? bytes - 40 : bytes;
}

void *broken_take(size_t bytes, size_t align)
{
    static void *last;
    if (region == NULL) {
        region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (last != NULL && blocks >= number("BROKEN_AFTER", (unsigned long)-1)) {
        return last;
    }
    const size_t at = (used_bytes + HEADER_BYTES + align - 1) / align * align;
    if (bytes > REGION_BYTES || at > REGION_BYTES - bytes) {
        return NULL;
    }
    while (blocks >= number("BROKEN_HANG", (unsigned long)-1) && gettid() != getpid()) {
        sched_yield();
    }
#ifdef BROKEN_RACE
    sched_yield(); /* so that another thread takes the same place */
#endif
    memcpy(region + at - HEADER_BYTES, &bytes, sizeof bytes);
    used_bytes = at + room(bytes);
    blocks++;
    last = region + at;
    return last;
}

void *malloc(size_t bytes)
{
    return broken_take(bytes, HEADER_BYTES);
}

#ifndef BROKEN_PART

void free(void *block)
{
    (void)block;
}

size_t malloc_usable_size(void *block)
{
    size_t bytes = 0;
    if (block != NULL) {
        memcpy(&bytes, (unsigned char *)block - HEADER_BYTES, sizeof bytes);
    }
    return bytes;
}

void *calloc(size_t count, size_t bytes)
{
    size_t product;
    return __builtin_mul_overflow(count, bytes, &product)
               ? NULL
               : broken_take(product, HEADER_BYTES); /* fresh, so zero */
}

void *realloc(void *block, size_t bytes)
{
    const size_t old_bytes = malloc_usable_size(block);
    void *moved = broken_take(bytes, HEADER_BYTES);
    if (moved != NULL && block != NULL) {
        memmove(moved, block, old_bytes < bytes ? old_bytes : bytes);
    }
    return moved;
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    *block = broken_take(bytes, align < HEADER_BYTES ? HEADER_BYTES : align);
    return *block == NULL ? ENOMEM : 0;
}

void free_sized(void *block, size_t bytes);
void free_aligned_sized(void *block, size_t align, size_t bytes);

void free_sized(void *block, size_t bytes)
{
    if (getenv("BROKEN_SIZED") != NULL ||
        (block != NULL && malloc_usable_size(block) != bytes)) {
        abort();
    }
}

void free_aligned_sized(void *block, size_t align, size_t bytes)
{
    if ((uintptr_t)block % align != 0) {
        abort();
    }
    free_sized(block, bytes);
}

#endif
