/*
 * thread_ends: 2,000 threads, 100 at a time, that end in every way: return, pthread_exit,
 * cancellation, each with a destructor of thread storage that frees and allocates after
 * everything else; then a timer's handler allocates while the program computes. Prints how many
 * threads were joined.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/time.h>

#include "say.h"

enum { ROUNDS = 20, AT_A_TIME = 100, BLOCKS = 50, TICKS = 50 };

static pthread_key_t key;
static atomic_int ticks;

static void storage_end(void *block)
{
    free(block);
    free(malloc(77));
}

static void *work(void *argument)
{
    void *blocks[BLOCKS];
    pthread_setspecific(key, malloc(100));
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i * 10 + 1);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    switch ((uintptr_t)argument % 3) {
    case 0:
        pthread_exit(NULL);
    case 1:
        pthread_cancel(pthread_self());
        pthread_testcancel();
        break;
    default:
        break;
    }
    return NULL;
}

static size_t round_run(void)
{
    pthread_t threads[AT_A_TIME];
    size_t joined = 0;
    for (uintptr_t i = 0; i < AT_A_TIME; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) {
            return joined;
        }
    }
    for (size_t i = 0; i < AT_A_TIME; i++) {
        joined += pthread_join(threads[i], NULL) == 0;
    }
    return joined;
}

static void tick(int signal)
{
    (void)signal;
    free(malloc(33));
    atomic_fetch_add(&ticks, 1);
}

static void timer_run(void)
{
    const struct sigaction action = {.sa_handler = tick};
    struct itimerval timer = {{0, 500}, {0, 500}};
    const struct itimerval stopped = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    while (atomic_load(&ticks) < TICKS) {
        continue; /* no call of the family is under way */
    }
    setitimer(ITIMER_REAL, &stopped, NULL);
}

int main(void)
{
    size_t joined = 0;
    if (pthread_key_create(&key, storage_end) != 0) {
        return 1;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        joined += round_run();
    }
    timer_run();
    say("threads %zu\n", joined);
    return 0;
}
