/*
 * fork_threads [N]: N forks (default 200), by the main thread and another in turn, while three
 * threads allocate without pause and handlers of pthread_atfork allocate too. Each child
 * allocates, and frees what it inherited; every tenth is one of vfork that execs. A child that
 * waits for a lock nobody holds is ended by its alarm. Prints how many children ended well.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "say.h"

enum { WORKERS = 3, KEPT = 64 };

static atomic_bool is_over;
static void *inherited[KEPT];
static void *_Atomic from_handler;

static void *work(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument + 88172645463325252U;
    void *kept[KEPT] = {NULL};
    while (!atomic_load(&is_over)) {
        const uint64_t drawn = random_next(&random);
        free(kept[drawn % KEPT]);
        kept[drawn % KEPT] = malloc(drawn >> 8 & 1023);
    }
    for (size_t i = 0; i < KEPT; i++) {
        free(kept[i]);
    }
    return NULL;
}

static void handler(void)
{
    free(atomic_exchange(&from_handler, malloc(48)));
}

_Noreturn static void child(void)
{
    alarm(20);
    uint64_t random = 2463534242U;
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < KEPT; i++) {
            free(inherited[i]);
            inherited[i] = malloc(random_next(&random) & 2047);
        }
    }
    char *large = realloc(inherited[0], 2 << 20);
    memset(large, 1, 2 << 20);
    exit(0); /* handlers of exit allocate and free */
}

static pid_t child_make(size_t number)
{
    pid_t pid;
    if (number % 10 == 9) {
        pid = vfork();
        if (pid == 0) {
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        return pid;
    }
    pid = fork();
    if (pid == 0) {
        child();
    }
    return pid;
}

static bool child_ends_well(size_t number)
{
    const pid_t pid = child_make(number);
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void *fork_half(void *argument)
{
    const size_t forks = *(const size_t *)argument;
    size_t good = 0;
    for (size_t i = 0; i < forks; i++) {
        good += child_ends_well(i);
    }
    return (void *)good;
}

int main(int argc, char **argv)
{
    size_t half = argument_number(argc, argv, 1, 200) / 2;
    pthread_t workers[WORKERS], forker;
    pthread_atfork(handler, handler, handler);
    for (size_t i = 0; i < KEPT; i++) {
        inherited[i] = malloc(i * 10);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        if (pthread_create(&workers[i], NULL, work, (void *)(i + 1)) != 0) {
            return 1;
        }
    }
    if (pthread_create(&forker, NULL, fork_half, &half) != 0) {
        return 1;
    }
    size_t good = (size_t)fork_half(&half);
    void *good_of_other;
    pthread_join(forker, &good_of_other);
    good += (size_t)good_of_other;
    atomic_store(&is_over, true);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    say("children %ju\n", (uintmax_t)good);
    return good == 2 * half ? 0 : 1;
}
