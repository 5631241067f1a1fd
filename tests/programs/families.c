/*
 * families: each call of the malloc family in each of its ways: size 0, NULL, growing,
 * shrinking, failing, overflowing. Prints what it called as count_read does, so that the two
 * can be compared as text. The sized frees of C23 are called when somebody defines them.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

#include "c23_free.h"
#include "count_layout.h"
#include "say.h"

/* More than there can be; volatile, so that no compiler foresees the failure and warns. */
static const volatile size_t too_much = PTRDIFF_MAX;

static const char *const names[COUNT_CALLS] = {
#define COUNT_NAME(name) #name,
    COUNT_LIST(COUNT_NAME)
#undef COUNT_NAME
};
static struct {
    uint64_t calls, failed, null;
} counts[COUNT_CALLS];

static void count(enum count_call call, bool has_failed, bool is_null)
{
    counts[call].calls++;
    counts[call].failed += has_failed;
    counts[call].null += is_null;
}

/* An allocation that must succeed, or must fail. It is written to, to be real. */
static void *expect(enum count_call call, void *block, bool must_succeed, bool is_null)
{
    count(call, block == NULL, is_null);
    if ((block != NULL) != must_succeed) {
        say("%s: expected %s\n", names[call], must_succeed ? "a block" : "NULL");
        _exit(1);
    }
    return block;
}

static void end(void *block)
{
    count(COUNT_free, false, block == NULL);
    free(block);
}

static void plain(void)
{
    end(expect(COUNT_malloc, malloc(100), true, false));
    end(expect(COUNT_malloc, malloc(0), true, false));
    end(expect(COUNT_malloc, malloc(3 << 20), true, false));
    expect(COUNT_malloc, malloc(too_much), false, false);
    end(expect(COUNT_calloc, calloc(10, 10), true, false));
    end(expect(COUNT_calloc, calloc(0, 7), true, false));
    expect(COUNT_calloc, calloc(too_much, 4), false, false);
    end(NULL);
}

/* A resize that fails leaves the block as it was. Through `block`, or gcc sees a use after
 * it. */
static void resize_fail(enum count_call call, void *volatile *block)
{
    void *resized =
        call == COUNT_realloc ? realloc(*block, too_much) : reallocarray(*block, too_much, 4);
    expect(call, resized, false, false);
}

static void resizing(void)
{
    void *volatile block = expect(COUNT_realloc, realloc(NULL, 24), true, true);
    memset(block, 7, 24);
    block = expect(COUNT_realloc, realloc(block, 5000), true, false);
    block = expect(COUNT_realloc, realloc(block, 16), true, false);
    resize_fail(COUNT_realloc, &block);
    end(block);
    block = expect(COUNT_malloc, malloc(40), true, false);
    /* glibc frees and returns NULL: no failure, so counted by hand. */
    count(COUNT_realloc, false, false);
    if (realloc(block, 0) != NULL) {
        _exit(1);
    }
    block = expect(COUNT_reallocarray, reallocarray(NULL, 3, 30), true, true);
    block = expect(COUNT_reallocarray, reallocarray(block, 30, 30), true, false);
    resize_fail(COUNT_reallocarray, &block);
    end(block);
}

static void aligned(void)
{
    void *block = NULL;
    const int done = posix_memalign(&block, 64, 100);
    end(expect(COUNT_posix_memalign, done == 0 ? block : NULL, true, false));
    const int refused = posix_memalign(&block, 3, 100);
    expect(COUNT_posix_memalign, refused == EINVAL ? NULL : block, false, false);
    end(expect(COUNT_aligned_alloc, aligned_alloc(256, 512), true, false));
    expect(COUNT_aligned_alloc, aligned_alloc(256, too_much), false, false);
    end(expect(COUNT_memalign, memalign(4096, 10), true, false));
    end(expect(COUNT_valloc, valloc(10), true, false));
    end(expect(COUNT_pvalloc, pvalloc(10), true, false));
}

static void asking(void)
{
    void *block = expect(COUNT_malloc, malloc(33), true, false);
    count(COUNT_malloc_usable_size, false, false);
    count(COUNT_malloc_usable_size, false, true);
    if (malloc_usable_size(block) < 33 || malloc_usable_size(NULL) != 0) {
        _exit(1);
    }
    end(block);
}

static void sized(void)
{
    if (free_sized == NULL || free_aligned_sized == NULL) {
        return;
    }
    void *block = expect(COUNT_malloc, malloc(50), true, false);
    count(COUNT_free_sized, false, false);
    free_sized(block, 50);
    block = expect(COUNT_aligned_alloc, aligned_alloc(64, 128), true, false);
    count(COUNT_free_aligned_sized, false, false);
    free_aligned_sized(block, 64, 128);
    count(COUNT_free_sized, false, true);
    free_sized(NULL, 50);
}

int main(void)
{
    plain();
    resizing();
    aligned();
    asking();
    sized();
    uint64_t total = 0;
    for (size_t i = 0; i < COUNT_CALLS; i++) {
        say("%s %ju %ju %ju\n", names[i], (uintmax_t)counts[i].calls,
            (uintmax_t)counts[i].failed, (uintmax_t)counts[i].null);
        total += counts[i].calls;
    }
    say("total %ju\n", (uintmax_t)total);
    return 0;
}
