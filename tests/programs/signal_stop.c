/*
 * signal_stop: says "ready" and waits. SIGUSR1 makes its handler allocate and say "usr1";
 * SIGTERM makes it say "term" and exit with 7, SIGINT "int" and 8. Other signals do what they
 * do by default.
 */
#include <signal.h>

#include "say.h"

static volatile sig_atomic_t last_signal;

/* Allocating here is safe: signals arrive in sigsuspend only, never inside malloc. */
static void handle(int number)
{
    free(malloc(100));
    last_signal = number;
}

int main(void)
{
    static const int handled[] = {SIGUSR1, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = handle};
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        sigaction(handled[i], &action, NULL);
        sigaddset(&blocked, handled[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &before);
    say("ready\n");
    for (;;) {
        sigsuspend(&before);
        switch (last_signal) {
        case SIGTERM:
            say("term\n");
            return 7;
        case SIGINT:
            say("int\n");
            return 8;
        default:
            say("usr1\n");
        }
    }
}
