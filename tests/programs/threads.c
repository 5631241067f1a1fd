/*
 * threads [N]: N short threads (default 2,000), eight at a time, that end in every way: by
 * return, pthread_exit, cancellation, detached; each with blocks of its own, one of which its
 * destructor of thread-specific data frees. Prints the number of threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "say.h"

enum { AT_ONCE = 8, WAYS = 4 };
enum way { BY_RETURN, BY_EXIT, BY_CANCEL, DETACHED };

static pthread_key_t key;
static atomic_uint detached_ended;

static void work(size_t bytes)
{
    for (size_t i = 1; i <= 10; i++) {
        void *block = malloc(bytes * i);
        memset(block, 1, bytes);
        free(block);
    }
}

static void *thread_run(void *argument)
{
    const enum way way = (enum way)(uintptr_t)argument;
    pthread_setspecific(key, malloc(64));
    work(24);
    if (way == BY_EXIT) {
        pthread_exit(NULL);
    }
    while (way == BY_CANCEL) {
        usleep(1000); /* a cancellation point */
    }
    if (way == DETACHED) {
        atomic_fetch_add(&detached_ended, 1);
    }
    return NULL;
}

static void thread_finish(pthread_t thread, enum way way)
{
    if (way == DETACHED) {
        pthread_detach(thread);
        return;
    }
    if (way == BY_CANCEL) {
        pthread_cancel(thread);
    }
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    const uint64_t count = argument_number(argc, argv, 1, 2000);
    uint64_t started = 0;
    unsigned detached = 0;
    pthread_key_create(&key, free);
    while (started < count) {
        pthread_t threads[AT_ONCE];
        unsigned running = 0;
        for (; running < AT_ONCE && started < count; running++, started++) {
            if (pthread_create(&threads[running], NULL, thread_run,
                               (void *)(uintptr_t)(running % WAYS)) != 0) {
                return 1;
            }
        }
        for (unsigned i = 0; i < running; i++) {
            detached += i % WAYS == DETACHED;
            thread_finish(threads[i], (enum way)(i % WAYS));
        }
    }
    while (atomic_load(&detached_ended) < detached) {
        usleep(1000);
    }
    say("threads %ju\n", (uintmax_t)started);
    return 0;
}
