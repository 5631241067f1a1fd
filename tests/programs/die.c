/*
 * die kill|abort|segv|_exit|exit N: say "total N", make exactly N calls of the malloc family
 * (three mallocs, then a free of the last) and end in that way.
 */
#include <signal.h>
#include <string.h>

#include "say.h"

/* Volatile, so that no compiler foresees the fault and makes it another one. */
static volatile int *volatile nowhere = NULL;

static void calls_make(uint64_t count)
{
    void *block = NULL;
    for (uint64_t i = 0; i < count; i++) {
        if (i % 4 == 3) {
            free(block);
            continue;
        }
        block = malloc(16 + i % 500);
        memset(block, 1, 16);
    }
}

static int die(const char *how)
{
    if (strcmp(how, "kill") == 0) {
        return kill(getpid(), SIGKILL);
    }
    if (strcmp(how, "abort") == 0) {
        abort();
    }
    if (strcmp(how, "segv") == 0) {
        return *nowhere;
    }
    if (strcmp(how, "_exit") == 0) {
        _exit(0);
    }
    exit(0);
}

int main(int argc, char **argv)
{
    const uint64_t count = argument_number(argc, argv, 2, 1000);
    say("total %ju\n", (uintmax_t)count);
    calls_make(count);
    return die(argc > 1 ? argv[1] : "exit");
}
