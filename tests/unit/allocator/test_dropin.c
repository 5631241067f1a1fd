/*
 * The drop-in malloc under threads, in a program of its own names, so that ThreadSanitizer sees
 * it: threads pass blocks to each other, resize and free them, and fork meanwhile; the whole
 * heap is checked as it goes.
 */
#include <fl_test.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *dropin_malloc(size_t bytes);
void *dropin_calloc(size_t count, size_t bytes);
void *dropin_realloc(void *block, size_t bytes);
void dropin_free(void *block);
size_t dropin_malloc_usable_size(void *block);

#define THREADS 4u
#define CALLS   20000u
#define PLACES  64u
#define FORKS   8

/* A block that was passed on; its first word is its size, its last byte the low one of that. */
static _Atomic(unsigned char *) places[PLACES];

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void block_sign(unsigned char *block, uint32_t bytes)
{
    memcpy(block, &bytes, sizeof bytes);
    block[bytes - 1] = (unsigned char)bytes;
}

static uint32_t block_verify(const unsigned char *block)
{
    uint32_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    assert_int_equal(block[bytes - 1], (unsigned char)bytes);
    return bytes;
}

static unsigned char *block_make(uint32_t bytes, bool is_zeroed)
{
    unsigned char *block = is_zeroed ? dropin_calloc(1, bytes) : dropin_malloc(bytes);
    assert_non_null(block);
    assert_true(dropin_malloc_usable_size(block) >= bytes);
    if (is_zeroed)
        assert_int_equal(block[bytes - 1], 0);
    block_sign(block, bytes);
    return block;
}

/* Another thread's block, most often: made larger or smaller, and given back. */
static void block_end(unsigned char *block, uint32_t bytes)
{
    const uint32_t before = block_verify(block);
    unsigned char *moved = dropin_realloc(block, bytes);
    uint32_t kept;
    assert_non_null(moved);
    memcpy(&kept, moved, sizeof kept);
    assert_int_equal(kept, before);
    dropin_free(moved);
}

static void *blocks_pass_on(void *user)
{
    uint32_t random = (uint32_t)(uintptr_t)user;
    for (uint32_t i = 0; i < CALLS; i++) {
        const uint32_t bytes = 8 + next_random(&random) % 2000;
        unsigned char *block = block_make(bytes, next_random(&random) % 4 == 0);
        block = atomic_exchange(&places[next_random(&random) % PLACES], block);
        if (block != NULL)
            block_end(block, 8 + next_random(&random) % 4000);
    }
    return NULL;
}

/* The child has a whole heap and a free lock, whatever the threads did. */
static void fork_and_allocate(void)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        unsigned char *block = dropin_malloc(100);
        dropin_free(dropin_realloc(block, 5000));
        _exit(block == NULL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void places_empty(void)
{
    for (size_t i = 0; i < PLACES; i++) {
        unsigned char *block = atomic_exchange(&places[i], NULL);
        if (block != NULL)
            block_end(block, 100);
    }
}

static void threads_share_one_heap(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, blocks_pass_on, (void *)(i + 1)), 0);
    for (int i = 0; i < FORKS; i++)
        fork_and_allocate();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    places_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_heap),
    };
    return cmocka_run_group_tests_name("dropin", tests, NULL, NULL);
}
