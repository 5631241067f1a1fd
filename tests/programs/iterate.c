/*
 * iterate: one thread allocates from some hundred places in turn, another from as many others
 * inside the callback of dl_iterate_phdr, under the loader's lock: whoever takes a call stack,
 * with locks of its own and wanting the loader's, must not wait for it there.
 */
#include <link.h>
#include <pthread.h>

#include "say.h"

/* A function of its own for each number: a place that no cache of an unwinder has seen. */
#define PLACE(a, b, c)                                                                         \
    __attribute__((noinline)) static void place_##a##b##c(void)                                \
    {                                                                                          \
        void *volatile block = malloc(1 + a##b##c##u % 50);                                    \
        free(block);                                                                           \
    }
#define TEN(X, a, b)                                                                           \
    X(a, b, 0)                                                                                 \
    X(a, b, 1)                                                                                 \
    X(a, b, 2)                                                                                 \
    X(a, b, 3)                                                                                 \
    X(a, b, 4)                                                                                 \
    X(a, b, 5)                                                                                 \
    X(a, b, 6)                                                                                 \
    X(a, b, 7)                                                                                 \
    X(a, b, 8)                                                                                 \
    X(a, b, 9)
#define HUNDRED(X, a)                                                                          \
    TEN(X, a, 1)                                                                               \
    TEN(X, a, 2)                                                                               \
    TEN(X, a, 3)                                                                               \
    TEN(X, a, 4)                                                                               \
    TEN(X, a, 5)                                                                               \
    TEN(X, a, 6)                                                                               \
    TEN(X, a, 7)
#define PLACE_LIST(X)                                                                          \
    HUNDRED(X, 1)                                                                              \
    HUNDRED(X, 2)                                                                              \
    HUNDRED(X, 3)                                                                              \
    HUNDRED(X, 4)                                                                              \
    HUNDRED(X, 5)                                                                              \
    HUNDRED(X, 6)                                                                              \
    HUNDRED(X, 7)                                                                              \
    HUNDRED(X, 8)

PLACE_LIST(PLACE)
#define ENTRY(a, b, c) place_##a##b##c,
static void (*const places[])(void) = {PLACE_LIST(ENTRY)};
#define PLACE_COUNT (sizeof places / sizeof *places)

static _Atomic int is_over;

static int callback(struct dl_phdr_info *info, size_t bytes, void *user)
{
    size_t *next = user;
    (void)info;
    (void)bytes;
    for (int i = 0; i < 5; i++) {
        places[PLACE_COUNT / 2 + (*next)++ % (PLACE_COUNT / 2)]();
    }
    return 0;
}

static void *iterate(void *user)
{
    size_t next = 0;
    while (!is_over || next < PLACE_COUNT) {
        dl_iterate_phdr(callback, &next);
    }
    return user;
}

int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, iterate, NULL) != 0) {
        return 1;
    }
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < PLACE_COUNT / 2; i++) {
            places[i]();
        }
    }
    is_over = 1;
    pthread_join(thread, NULL);
    say("done\n");
    return 0;
}
