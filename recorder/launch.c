/*
 * The program as a child, in our process group and on our terminal, so that a shell sees one
 * job. All signals that can be caught are blocked in flrec and taken one by one:
 *
 *   from the terminal (Ctrl-C, Ctrl-Z, a resize)  the child got it too: nothing to do
 *   from another process, sent to flrec           passed on to the child
 *   the child stopped by Ctrl-Z and the like      flrec stops too, so that the shell sees it;
 *                                                 continued, it continues the child
 *   SIGCHLD                                       the child ended: done
 *
 * The child gets back the mask and the dispositions flrec was started with.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"

#define FL_EXIT_OURS 125

static const int synchronous_signals[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                          SIGTRAP, SIGABRT, SIGSYS};

/* What the child restores before exec. */
struct signal_state {
    sigset_t mask;
    struct sigaction child_action;
};

static void signals_take(sigset_t *waited, struct signal_state *before)
{
    sigfillset(waited);
    for (size_t i = 0; i < sizeof synchronous_signals / sizeof *synchronous_signals; i++)
        sigdelset(waited, synchronous_signals[i]);
    sigprocmask(SIG_BLOCK, waited, &before->mask);
    /* Ignored by whoever started us, it would take the child's status away from waitpid. */
    const struct sigaction is_default = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &is_default, &before->child_action);
}

static void signals_restore(const struct signal_state *before)
{
    sigaction(SIGCHLD, &before->child_action, NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* LD_PRELOAD: ours first, then what the user has. FLREC: see attach.c. */
static bool environment_set(const struct fl_launch_config *config)
{
    char ticket[96];
    const char *others = getenv("LD_PRELOAD");
    char *preload = NULL;
    snprintf(ticket, sizeof ticket, "%d:%d:%d:%llu", (int)getpid(), (int)getppid(),
             config->control_fd, (unsigned long long)config->control_inode);
    const bool has_others = others && others[0] != '\0';
    if (asprintf(&preload, "%s%s%s", config->library, has_others ? ":" : "",
                 has_others ? others : "") < 0)
        return false;
    const bool is_set =
        setenv("LD_PRELOAD", preload, 1) == 0 && setenv(FL_ENVIRONMENT, ticket, 1) == 0;
    free(preload);
    return is_set;
}

static _Noreturn void child_run(const struct fl_launch_config *config, int go_fd, int fail_fd,
                                const struct signal_state *before)
{
    char go;
    if (TEMP_FAILURE_RETRY(read(go_fd, &go, 1)) != 1)
        _exit(FL_EXIT_OURS);
    close(go_fd);
    fcntl(config->control_fd, F_SETFD, 0);
    fcntl(config->memfd, F_SETFD, 0);
    if (config->is_stdout_taken)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    if (environment_set(config)) {
        signals_restore(before);
        execvp(config->argv[0], config->argv);
    }
    const int code = errno;
    if (TEMP_FAILURE_RETRY(write(fail_fd, &code, sizeof code)) < 0)
        _exit(FL_EXIT_OURS);
    _exit(FL_EXIT_OURS);
}

enum fl_status fl_launch_prepare(const struct fl_launch_config *config,
                                 struct fl_launch *launch, struct fl_error *err)
{
    int go[2], fail[2];
    struct signal_state before;
    if (pipe2(go, O_CLOEXEC) != 0)
        return fl_fail_os(err, FL_IO, errno, "cannot make a pipe");
    if (pipe2(fail, O_CLOEXEC) != 0) {
        close(go[0]);
        close(go[1]);
        return fl_fail_os(err, FL_IO, errno, "cannot make a pipe");
    }
    signals_take(&launch->waited, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        child_run(config, go[0], fail[1], &before);
    }
    close(go[0]);
    close(fail[1]);
    launch->pid = pid;
    config->control->first_pid = (int32_t)pid;
    launch->go_fd = go[1];
    launch->fail_fd = fail[0];
    return pid > 0 ? FL_OK : fl_fail_os(err, FL_NOMEM, errno, "cannot start a process");
}

void fl_launch_cancel(struct fl_launch *launch)
{
    close(launch->go_fd);
    close(launch->fail_fd);
    if (launch->pid > 0)
        (void)TEMP_FAILURE_RETRY(waitpid(launch->pid, NULL, 0));
}

int fl_launch_go(struct fl_launch *launch)
{
    int code = 0;
    ssize_t got = -1;
    if (TEMP_FAILURE_RETRY(write(launch->go_fd, "g", 1)) == 1)
        got = TEMP_FAILURE_RETRY(read(launch->fail_fd, &code, sizeof code));
    close(launch->go_fd);
    close(launch->fail_fd);
    if (got == 0)
        return 0; /* the pipe closed on exec */
    (void)TEMP_FAILURE_RETRY(waitpid(launch->pid, NULL, 0));
    return got == (ssize_t)sizeof code ? code : EIO;
}

static bool has_terminal(void)
{
    const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Stop with the child, so that the shell takes the terminal back; continue with it. */
static void stop_with_child(pid_t pid, int signal)
{
    if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)
        return;
    if (!has_terminal())
        return;
    kill(getpid(), SIGSTOP);
    kill(pid, SIGCONT);
}

/* Has the child ended? Handles its stops on the way. */
static bool child_poll(pid_t pid, int *status)
{
    long got;
    while ((got = TEMP_FAILURE_RETRY(waitpid(pid, status, WNOHANG | WUNTRACED))) == pid) {
        if (!WIFSTOPPED(*status))
            return true;
        stop_with_child(pid, WSTOPSIG(*status));
    }
    return got < 0;
}

int fl_launch_wait(const struct fl_launch *launch, void (*toggle)(void *user), void *user)
{
    int status = 0;
    siginfo_t info;
    while (!child_poll(launch->pid, &status)) {
        const int signal = sigwaitinfo(&launch->waited, &info);
        const bool is_from_process = info.si_code <= 0 && info.si_pid != launch->pid;
        if (signal == FL_SIGNAL_TOGGLE && is_from_process)
            toggle(user);
        else if (signal > 0 && signal != SIGCHLD && is_from_process)
            kill(launch->pid, signal);
    }
    return status;
}

bool fl_launch_linger(const struct fl_launch *launch, void (*toggle)(void *user), void *user)
{
    siginfo_t info;
    const int signal = sigwaitinfo(&launch->waited, &info);
    if (signal == FL_SIGNAL_TOGGLE)
        toggle(user);
    return signal != SIGINT && signal != SIGTERM && signal != SIGHUP && signal != SIGQUIT;
}

/* To another program the signal would be the end. */
static bool is_flrec(pid_t pid)
{
    char path[64], name[16] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = fd >= 0 ? TEMP_FAILURE_RETRY(read(fd, name, sizeof name - 1)) : -1;
    if (fd >= 0)
        close(fd);
    return bytes > 0 && strcmp(name, "flrec\n") == 0;
}

enum fl_status fl_launch_toggle(pid_t pid, struct fl_error *err)
{
    if (!is_flrec(pid))
        return fl_fail(err, FL_MISSING, "process %d is no flrec", (int)pid);
    if (kill(pid, FL_SIGNAL_TOGGLE) != 0)
        return fl_fail_os(err, FL_MISSING, errno, "cannot reach process %d", (int)pid);
    return FL_OK;
}
