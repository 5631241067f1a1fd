/*
 * fork, with standard error of the child in a file in memory: the sentence of an assertion, or
 * the first lines of a sanitizer's report, are the message then.
 */
#include "apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *apart_shared(size_t bytes)
{
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    return shared;
}

void apart_unshare(void *shared, size_t bytes)
{
    munmap(shared, bytes);
}

void apart_alive(unsigned seconds)
{
    alarm(seconds);
}

static _Noreturn void child_work(apart_work *work, void *user, unsigned seconds, int output)
{
    char text[512] = "";
    dup2(output, STDERR_FILENO);
    alarm(seconds);
    const bool is_fine = work(user, text, sizeof text);
    if (!is_fine)
        dprintf(STDERR_FILENO, "%s", text);
    _exit(is_fine ? 0 : 1);
}

bool run_apart(apart_work *work, void *user, unsigned seconds, char *message,
               size_t message_bytes)
{
    const int output = memfd_create("output", 0);
    if (output < 0)
        abort();
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        child_work(work, user, seconds, output);
    int status = -1;
    const bool is_over = child > 0 && waitpid(child, &status, 0) == child;
    const ssize_t got = pread(output, message, message_bytes - 1, 0);
    message[got > 0 ? got : 0] = '\0';
    close(output);
    if (is_over && WIFSIGNALED(status) && message[0] == '\0')
        snprintf(message, message_bytes, "ended by signal %d", WTERMSIG(status));
    return is_over && status == 0;
}
