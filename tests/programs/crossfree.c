/*
 * crossfree [N]: two threads that keep two cores busy and free each other's blocks; N calls of
 * malloc and free together (default 4,000,000), half of each. The worst case for the order of
 * events: a block freed by one thread is handed out to the other at once.
 *
 * The blocks travel through one single-producer ring in each direction (Lamport 1983). No lock
 * and no system call: a thread with nothing to free allocates, one with a full ring frees.
 * Prints the calls made and how many cores were busy (CPU time over wall time).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "say.h"

enum { RING_SLOTS = 1024 };

struct ring {
    _Alignas(64) atomic_size_t written; /* by its producer */
    _Alignas(64) atomic_size_t taken;   /* by its consumer */
    _Alignas(64) void *slots[RING_SLOTS];
};

struct side {
    struct ring *out, *in;
    uint64_t blocks; /* to allocate, and to free */
    uint64_t random;
};

static struct ring rings[2];
static atomic_int waiting = 2;

static int ring_put(struct ring *ring, void *block)
{
    const size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    if (written - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING_SLOTS) {
        return 0;
    }
    ring->slots[written % RING_SLOTS] = block;
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
    return 1;
}

static void *ring_take(struct ring *ring)
{
    const size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&ring->written, memory_order_acquire)) {
        return NULL;
    }
    void *block = ring->slots[taken % RING_SLOTS];
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return block;
}

static void *block_make(uint64_t *random)
{
    const size_t bytes = 16 + random_next(random) % 241;
    void *block = malloc(bytes);
    memset(block, (int)bytes, bytes);
    return block;
}

static void *side_run(void *argument)
{
    struct side *side = argument;
    void *unsent = NULL;
    uint64_t to_make = side->blocks, to_free = side->blocks;
    atomic_fetch_sub(&waiting, 1);
    while (atomic_load(&waiting) > 0) {
        /* Both start together, or one has done half its work before the other exists. */
    }
    while (to_make > 0 || to_free > 0 || unsent != NULL) {
        if (unsent == NULL && to_make > 0) {
            unsent = block_make(&side->random);
            to_make--;
        }
        if (unsent != NULL && ring_put(side->out, unsent)) {
            unsent = NULL;
        }
        void *received = ring_take(side->in);
        if (received != NULL) {
            free(received);
            to_free--;
        }
    }
    return NULL;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const uint64_t blocks = argument_number(argc, argv, 1, 4000000) / 4;
    struct side sides[2] = {{&rings[0], &rings[1], blocks, 88172645463325252U},
                            {&rings[1], &rings[0], blocks, 2463534242U}};
    const double start = seconds(CLOCK_MONOTONIC);
    pthread_t other;
    if (pthread_create(&other, NULL, side_run, &sides[1]) != 0) {
        return 1;
    }
    side_run(&sides[0]);
    pthread_join(other, NULL);
    const double wall = seconds(CLOCK_MONOTONIC) - start;
    say("calls %ju\ncores_busy %.2f\n", (uintmax_t)(blocks * 4),
        seconds(CLOCK_PROCESS_CPUTIME_ID) / wall);
    return 0;
}
