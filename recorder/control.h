/**
 * The page by which processes join a recording: one small memfd for all of them, beside the
 * rings that each process has for itself (ring.h).
 *
 *     process                                 flrec
 *     take a free request, fill it, ASKED ──▶ make (or find) the rings of that process
 *     map the rings it names              ◀── ANSWERED: number and inode of their memfd in flrec
 *     FREE
 *
 * A forked child finds the page mapped; an image that a process execs opens it through /proc.
 */
#ifndef FL_CONTROL_H
#define FL_CONTROL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define FL_CONTROL_MAGIC UINT64_C(0x6C72746E6F436C66)
#define FL_REQUESTS      512u

enum fl_request_state {
    FL_REQUEST_FREE,
    FL_REQUEST_TAKEN, /* being filled by the process that took it */
    FL_REQUEST_ASKED,
    FL_REQUEST_ANSWERED,
    FL_REQUEST_REFUSED, /* this process is not to be recorded, or cannot be */
    FL_REQUEST_FAILED,  /* it could not open what the answer names; flrec frees the request */
};

struct fl_request {
    _Atomic uint32_t state; /* enum fl_request_state; futex word */
    _Atomic int32_t pid;    /* of the process that took it, 0: not yet told */
    int32_t parent;
    int32_t fd;          /* answer: of the rings, in flrec */
    uint64_t fork;       /* number of the parent's fork whose memory it has; 0: it was exec'd */
    uint64_t ring_inode; /* answer */
};

struct fl_control {
    /* Written by flrec before the program starts. */
    uint64_t magic;
    uint64_t pid_namespace; /* inode of flrec's: what a pid means elsewhere is not known here */
    int32_t recorder_pid;
    int32_t first_pid;     /* of the program; set before it runs */
    uint32_t is_following; /* 0: the first process alone */
    /* Robust, held by flrec's herd thread as long as it lives. */
    pthread_mutex_t life;

    _Atomic uint32_t doorbell; /* futex the herd thread sleeps on; bump, then wake */
    _Atomic uint32_t forking;  /* forks under way whose child has not joined yet */
    _Atomic uint32_t never;    /* stays 0: what a process sleeps on for a time */
    struct fl_request requests[FL_REQUESTS];
};

#endif
