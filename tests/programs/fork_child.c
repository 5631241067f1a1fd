/*
 * fork_child: children of every kind. A forked child that allocates, frees what its parent
 * allocated, and exits normally; a child of vfork that execs; posix_spawn; system. Prints what
 * each child returned. The calls between are the parent's alone.
 */
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "say.h"

extern char **environ;

static int status_of(pid_t pid)
{
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        _exit(1);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t child_fork(void *inherited)
{
    const pid_t pid = fork();
    if (pid == 0) {
        for (size_t i = 1; i <= 100000; i++) {
            free(malloc(i % 1000));
        }
        free(inherited);
        exit(3);
    }
    return pid;
}

static pid_t child_vfork(void)
{
    const pid_t pid = vfork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)NULL);
        _exit(1);
    }
    return pid;
}

static pid_t child_spawn(void)
{
    char shell[] = "sh", option[] = "-c", script[] = "exit 5";
    char *arguments[] = {shell, option, script, NULL};
    pid_t pid = -1;
    return posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) == 0 ? pid : -1;
}

int main(void)
{
    void *block = malloc(100);
    memset(block, 1, 100);
    say("fork %d\n", status_of(child_fork(block)));
    say("vfork %d\n", status_of(child_vfork()));
    say("posix_spawn %d\n", status_of(child_spawn()));
    say("system %d\n", WEXITSTATUS(system("exit 6")));
    free(block);
    return 0;
}
