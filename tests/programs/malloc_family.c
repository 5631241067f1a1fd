/*
 * malloc_family [glibc]: what C17, C23, POSIX and glibc promise of each function of the family,
 * asserted. Ends with 0, or with 1 and the first promise that was broken. With "glibc" what
 * libflmalloc.so decides otherwise than glibc 2.36 is left out, so that the promises themselves
 * can be tested.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

#include "c23_free.h"
#include "say.h"

#define EXPECT(condition)                                                                      \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            say("line %d: expected %s\n", __LINE__, #condition);                               \
            _exit(1);                                                                          \
        }                                                                                      \
    } while (0)

/* Volatile, so that no compiler foresees the failures and warns. */
static const volatile size_t too_large[] = {SIZE_MAX, SIZE_MAX - 16, SIZE_MAX - 4096,
                                            (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX};
static bool is_glibc;

static bool is_aligned(const void *block, size_t align)
{
    return (uintptr_t)block % align == 0;
}

static bool is_filled(const char *block, int with, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != (char)with) {
            return false;
        }
    }
    return true;
}

/* Failed as POSIX asks: NULL and this errno. */
static bool has_failed(const void *block, int error)
{
    const bool is_so = block == NULL && errno == error;
    errno = 0;
    return is_so;
}

static void empty_blocks(void)
{
    void *blocks[6] = {malloc(0), malloc(0), calloc(0, 5), calloc(5, 0), realloc(NULL, 0)};
    EXPECT(posix_memalign(&blocks[5], 64, 0) == 0);
    for (size_t i = 0; i < 6; i++) {
        EXPECT(blocks[i] != NULL);
        for (size_t j = 0; j < i; j++) {
            EXPECT(blocks[i] != blocks[j]);
        }
    }
    for (size_t i = 0; i < 6; i++) {
        free(blocks[i]);
    }
    free(NULL);
    EXPECT(malloc_usable_size(NULL) == 0);
}

/* Every size up to a few hundred, and some around where designs change. */
static void sizes(void)
{
    static const size_t larger[] = {4095,      4096,          4097,         65535,
                                    (1 << 20), (1 << 20) + 1, (3 << 20) + 5};
    char *blocks[300 + 7];
    for (size_t i = 0; i < 307; i++) {
        const size_t bytes = i < 300 ? i : larger[i - 300];
        blocks[i] = malloc(bytes);
        EXPECT(blocks[i] != NULL);
        EXPECT(is_aligned(blocks[i], _Alignof(max_align_t)));
        EXPECT(malloc_usable_size(blocks[i]) >= bytes);
        memset(blocks[i], (int)i, malloc_usable_size(blocks[i]));
    }
    for (size_t i = 0; i < 307; i++) {
        EXPECT(is_filled(blocks[i], (int)i, malloc_usable_size(blocks[i])));
        free(blocks[i]);
    }
}

static void zeroed(void)
{
    static const size_t counts[] = {1, 10, 1000, 60000, 300000};
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5; i++) {
            char *block = calloc(counts[i], 7);
            EXPECT(block != NULL);
            EXPECT(is_filled(block, 0, counts[i] * 7));
            memset(block, 0xa5, counts[i] * 7);
            free(block);
        }
    }
}

static void resized(void)
{
    static const size_t steps[] = {1,       100,     24, 5000,      4999, 70000,
                                   1 << 20, 3 << 20, 17, (1 << 21), 900,  1};
    char *volatile block = realloc(NULL, 1);
    size_t filled = 0;
    EXPECT(block != NULL);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        block = realloc(block, steps[i]);
        EXPECT(block != NULL);
        EXPECT(is_aligned(block, _Alignof(max_align_t)));
        EXPECT(is_filled(block, 0x5a, filled < steps[i] ? filled : steps[i]));
        filled = steps[i];
        memset(block, 0x5a, filled);
    }
    block = reallocarray(block, 30, 30);
    EXPECT(block != NULL && block[0] == 0x5a);
    errno = 7;
    EXPECT(realloc(block, 0) == NULL && errno == 7);
    block = reallocarray(NULL, 4, 4);
    EXPECT(block != NULL && reallocarray(block, 0, 8) == NULL);
}

static void refusals(void)
{
    char *volatile kept = malloc(50);
    memset(kept, 9, 50);
    errno = 0;
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++) {
        const size_t bytes = too_large[i];
        const volatile size_t huge_align = (size_t)1 << 62; /* a compiler that sees it warns */
        EXPECT(has_failed(malloc(bytes), ENOMEM));
        EXPECT(has_failed(calloc(bytes, 1), ENOMEM));
        EXPECT(has_failed(calloc(bytes, 3), ENOMEM));
        EXPECT(has_failed(calloc(bytes / 2 + 1, 2), ENOMEM));
        EXPECT(has_failed(realloc(NULL, bytes), ENOMEM));
        EXPECT(has_failed(realloc(kept, bytes), ENOMEM));
        EXPECT(has_failed(reallocarray(kept, bytes, 4), ENOMEM));
        EXPECT(has_failed(reallocarray(kept, bytes, 1), ENOMEM));
        EXPECT(has_failed(memalign(64, bytes), ENOMEM));
        EXPECT(has_failed(aligned_alloc(64, bytes), ENOMEM));
        EXPECT(has_failed(aligned_alloc(huge_align, 1), ENOMEM));
        EXPECT(has_failed(valloc(bytes), ENOMEM));
        EXPECT(has_failed(pvalloc(bytes), ENOMEM));
        EXPECT(is_filled(kept, 9, 50));
    }
    free(kept);
}

static void posix_refusals(void)
{
    static const volatile size_t wrong[] = {0, 1, 2, 4, 3, 12, 24, 48, SIZE_MAX};
    void *untouched = &is_glibc;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        errno = 7;
        EXPECT(posix_memalign(&untouched, wrong[i], 10) == EINVAL);
        EXPECT(untouched == &is_glibc && errno == 7);
    }
    EXPECT(posix_memalign(&untouched, 64, too_large[0]) == ENOMEM);
    EXPECT(posix_memalign(&untouched, (size_t)1 << 62, 64) == ENOMEM);
    EXPECT(untouched == &is_glibc);
    EXPECT(is_glibc || errno == 7);
}

static void alignments(void)
{
    for (size_t align = 1; align <= (size_t)1 << 23; align *= 2) {
        char *blocks[4] = {aligned_alloc(align, 3 * align), memalign(align, 100),
                           memalign(align, 0)};
        EXPECT(align < sizeof(void *) || posix_memalign((void **)&blocks[3], align, 33) == 0);
        for (size_t i = 0; i < 4; i++) {
            EXPECT(blocks[i] != NULL || (i == 3 && align < sizeof(void *)));
            EXPECT(is_aligned(blocks[i], align));
        }
        memset(blocks[0], 1, 3 * align);
        memset(blocks[1], 2, 100);
        blocks[1] = realloc(blocks[1], 200);
        EXPECT(blocks[1] != NULL && is_filled(blocks[1], 2, 100));
        for (size_t i = 0; i < 4; i++) {
            free(blocks[i]);
        }
    }
}

/* Alignments that are none: POSIX's EINVAL; glibc 2.36 rounds them up. */
static void wrong_alignments(void)
{
    static const volatile size_t wrong[] = {0, 3, 24, 100, SIZE_MAX};
    errno = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] && !is_glibc; i++) {
        EXPECT(has_failed(aligned_alloc(wrong[i], 100), EINVAL));
        EXPECT(has_failed(memalign(wrong[i], 100), EINVAL));
    }
}

static void pages(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *plain = valloc(10), *whole = pvalloc(page + 1), *empty = valloc(0);
    EXPECT(plain != NULL && is_aligned(plain, page));
    EXPECT(whole != NULL && is_aligned(whole, page) && malloc_usable_size(whole) >= 2 * page);
    EXPECT(empty != NULL);
    memset(whole, 1, 2 * page);
    free(plain);
    free(whole);
    free(empty);
}

static void errno_kept(void)
{
    void *blocks[3] = {malloc(10), malloc(3 << 20), memalign(1 << 22, 5)};
    for (size_t i = 0; i < 3; i++) {
        errno = 7;
        free(blocks[i]);
        EXPECT(errno == 7);
    }
}

static void sized_frees(void)
{
    EXPECT(is_glibc || (free_sized != NULL && free_aligned_sized != NULL));
    if (free_sized == NULL || free_aligned_sized == NULL) {
        return;
    }
    free_sized(malloc(50), 50);
    free_sized(calloc(5, 10), 50);
    free_aligned_sized(aligned_alloc(64, 128), 64, 128);
    free_sized(NULL, 0);
    free_aligned_sized(NULL, 0, 0);
}

int main(int argc, char **argv)
{
    is_glibc = argc > 1 && strcmp(argv[1], "glibc") == 0;
    empty_blocks();
    sizes();
    zeroed();
    resized();
    refusals();
    posix_refusals();
    alignments();
    wrong_alignments();
    pages();
    errno_kept();
    sized_frees();
    say("kept\n");
    return 0;
}
