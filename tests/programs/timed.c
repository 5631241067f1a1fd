/*
 * Steps that are apart in time, each a malloc of a size of its own (1000 + step) between two
 * looks at the clock, which are printed: "SIZE before_ns after_ns". The second half runs in
 * another thread.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEPS 60

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t looks[STEPS][2];

static void step_make(int step)
{
    const struct timespec pause = {.tv_nsec = 100000L * (step % 7)};
    nanosleep(&pause, NULL);
    looks[step][0] = clock_ns();
    void *volatile block = malloc(1000 + (size_t)step);
    looks[step][1] = clock_ns();
    free(block);
}

static void *second_half(void *unused)
{
    for (int step = STEPS / 2; step < STEPS; step++)
        step_make(step);
    return unused;
}

int main(void)
{
    pthread_t thread;
    for (int step = 0; step < STEPS / 2; step++)
        step_make(step);
    if (pthread_create(&thread, NULL, second_half, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    for (int step = 0; step < STEPS; step++)
        printf("%d %" PRIu64 " %" PRIu64 "\n", 1000 + step, looks[step][0], looks[step][1]);
    return 0;
}
