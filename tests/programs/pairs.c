/*
 * pairs [N [THREADS]]: N pairs of malloc and free (default 10,000,000) of 16 to 512 bytes with
 * 10,000 blocks live, in a random order that is always the same; each thread makes N / THREADS
 * of them. The bench: prints nothing.
 */
#include <pthread.h>

#include "say.h"

enum { LIVE = 10000, THREADS_MAX = 128 };

struct share {
    uint64_t pairs;
    uint64_t random; /* state, not 0 */
    void *live[LIVE];
};

static struct share shares[THREADS_MAX];

static void *share_run(void *argument)
{
    struct share *share = argument;
    for (uint64_t i = 0; i < share->pairs; i++) {
        const uint64_t random = random_next(&share->random);
        void **slot = &share->live[i < LIVE ? i : (random >> 32) % LIVE];
        if (*slot != NULL) {
            free(*slot);
        }
        *slot = malloc(16 + random % 497);
        *(char *)*slot = 1;
    }
    for (uint64_t i = 0; i < LIVE; i++) {
        if (share->live[i] != NULL) {
            free(share->live[i]);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const uint64_t pairs = argument_number(argc, argv, 1, 10000000);
    const uint64_t threads = argument_number(argc, argv, 2, 1);
    pthread_t others[THREADS_MAX];
    if (threads < 1 || threads > THREADS_MAX) {
        return 2;
    }
    for (uint64_t i = 0; i < threads; i++) {
        shares[i].pairs = pairs / threads;
        shares[i].random = 88172645463325252U + i;
        if (i > 0 && pthread_create(&others[i], NULL, share_run, &shares[i]) != 0) {
            return 1;
        }
    }
    share_run(&shares[0]);
    for (uint64_t i = 1; i < threads; i++) {
        pthread_join(others[i], NULL);
    }
    return 0;
}
