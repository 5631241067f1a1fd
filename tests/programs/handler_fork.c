/*
 * handler_fork: makes pairs of calls while a timer's handler forks, so that many a fork
 * interrupts a call. The child goes on where it was interrupted, for some thousand calls.
 * Prints how many calls the parent made.
 */
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "say.h"

#define PAIRS       3000000
#define CHILD_PAIRS 2000
#define FORKS_MAX   300

static volatile sig_atomic_t forks, is_child;

static void on_alarm(int signal)
{
    (void)signal;
    if (!is_child && forks < FORKS_MAX) {
        forks++;
        is_child = fork() == 0;
    }
}

int main(void)
{
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    size_t of_child = 0;
    signal(SIGCHLD, SIG_IGN);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (size_t i = 0; i < PAIRS || forks == 0; i++) {
        void *volatile block = malloc(16 + i % 64);
        free(block);
        if (is_child && ++of_child == CHILD_PAIRS) {
            _exit(0);
        }
    }
    setitimer(ITIMER_REAL, &never, NULL);
    if (is_child) { /* of the last moment */
        _exit(0);
    }
    while (wait(NULL) > 0) {
    }
    say("done\n");
    return 0;
}
