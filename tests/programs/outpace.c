/*
 * outpace [ROUNDS [THREADS [STOP]]]: ROUNDS rounds (default 10,000) of ten calls in each of
 * THREADS threads (default 1), reallocs among them, as fast as they can. With STOP the parent,
 * flrec, is stopped before the first, and stays so: it takes nothing while the calls are made.
 * Prints its process id and the calls it made.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include "say.h"

enum { THREADS_MAX = 64, KEPT = 16, CALLS = 10, ODD_BYTES = 7 };

/* Volatile: the loop is not unrolled, one place makes all calls. */
static volatile unsigned odd_calls = 3;

static uint64_t rounds;
static pthread_barrier_t all_are_there;

/* A realloc of NULL can be told from others by its size, and by its caller. */
__attribute__((noinline)) static void odd_run(void)
{
    for (unsigned i = odd_calls; i > 0; i--) {
        free(realloc(NULL, ODD_BYTES));
    }
}

/* Blocks live for some rounds, so that some are lost when they begin, some when they end. */
static void rounds_run(void)
{
    void *kept[KEPT] = {NULL};
    for (uint64_t i = 0; i < rounds; i++) {
        void **slot = &kept[i % KEPT];
        free(*slot);
        *slot = malloc(24 + i % 100);
        *slot = realloc(*slot, malloc_usable_size(*slot) + 8);
        odd_run();
    }
}

static void *thread_run(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&all_are_there);
    rounds_run();
    return NULL;
}

static void parent_stop(void)
{
    const pid_t parent = getppid();
    kill(parent, SIGSTOP);
    usleep(100 * 1000); /* all its threads */
}

int main(int argc, char **argv)
{
    rounds = argument_number(argc, argv, 1, 10000);
    const uint64_t threads = argument_number(argc, argv, 2, 1);
    pthread_t others[THREADS_MAX];
    if (threads < 1 || threads > THREADS_MAX) {
        return 2;
    }
    pthread_barrier_init(&all_are_there, NULL, (unsigned)threads);
    for (uint64_t i = 1; i < threads; i++) {
        if (pthread_create(&others[i], NULL, thread_run, NULL) != 0) {
            return 1;
        }
    }
    if (argc > 3) {
        parent_stop();
    }
    thread_run(NULL);
    for (uint64_t i = 1; i < threads; i++) {
        pthread_join(others[i], NULL);
    }
    say("%d %ju\n", (int)getpid(), (uintmax_t)(CALLS * rounds * threads));
    return 0;
}
