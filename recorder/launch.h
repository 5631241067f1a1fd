/**
 * The program as a child: start it transparently, pass signals on, learn how it ended.
 *
 * Thread safety: for the main thread only. fl_launch_prepare changes the signal mask, and must
 * come before any other thread is started.
 */
#ifndef FL_LAUNCH_H
#define FL_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <fl/status.h>

#include "control.h"

/** What the child needs to join the recording. */
struct fl_launch_config {
    char **argv;                /* the program and its arguments, NULL-ended */
    const char *library;        /* absolute path of libflrec.so */
    struct fl_control *control; /* told the child's pid before it runs */
    int control_fd;
    uint64_t control_inode;
    int memfd;            /* of the first process's rings */
    bool is_stdout_taken; /* the trace has standard output: the program's goes to stderr */
};

struct fl_launch {
    pid_t pid;
    int go_fd;   /* a byte here lets the child exec; closing it ends the child */
    int fail_fd; /* the child's errno when exec failed */
    sigset_t waited;
};

/** Fork the child; it waits until fl_launch_go. Signals are blocked in us from here on. */
enum fl_status fl_launch_prepare(const struct fl_launch_config *config,
                                 struct fl_launch *launch, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Let the child exec. @return 0, or the errno with which exec failed (the child is reaped) */
int fl_launch_go(struct fl_launch *launch);

/** End a child that was not let go. */
void fl_launch_cancel(struct fl_launch *launch);

/** What fl_launch_toggle sends: recording pauses or goes on. */
#define FL_SIGNAL_TOGGLE (SIGRTMIN + 7)

/** Pass signals on until the child has ended, FL_SIGNAL_TOGGLE to `toggle`. @return its status
 *  as from waitpid */
int fl_launch_wait(const struct fl_launch *launch, void (*toggle)(void *user), void *user);

/** Sleep until a signal comes after the child has ended. @return false when it asks us to
 * end */
bool fl_launch_linger(const struct fl_launch *launch, void (*toggle)(void *user), void *user);

/** Tell the flrec that is process `pid` to pause, or to go on. */
enum fl_status fl_launch_toggle(pid_t pid, struct fl_error *err);

#endif
