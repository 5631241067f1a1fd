/*
 * own_malloc: a program that brings its own malloc, as some servers do. The program comes
 * before every preloaded library in the loader's search order, so none of its calls can be
 * seen: a recorder has to say so. The malloc here hands out the next piece of a static buffer.
 */
#include <stddef.h>
#include <string.h>

#include "say.h"

#define EXPORT __attribute__((visibility("default")))

static union {
    max_align_t alignment;
    char bytes[1 << 20];
} pool;
static size_t pool_used;

EXPORT void *malloc(size_t bytes)
{
    const size_t unit = sizeof(max_align_t);
    const size_t room = sizeof pool.bytes - pool_used;
    if (room < unit || bytes > room - unit) {
        return NULL;
    }
    void *block = pool.bytes + pool_used;
    pool_used += (bytes + unit - 1) / unit * unit;
    return block;
}

EXPORT void free(void *block)
{
    (void)block;
}

EXPORT void *calloc(size_t number, size_t bytes)
{
    size_t total;
    return __builtin_mul_overflow(number, bytes, &total) ? NULL : malloc(total);
}

EXPORT void *realloc(void *old, size_t bytes)
{
    char *block = malloc(bytes);
    /* The old size is not kept; what follows the old block in the pool is ours to read. */
    return old == NULL || block == NULL ? block : memmove(block, old, bytes);
}

int main(void)
{
    for (size_t i = 0; i < 100; i++) {
        free(malloc(i));
    }
    say("total 200\n");
    return 0;
}
