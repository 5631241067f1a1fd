/**
 * One image of the program, one trace: from slots to records.
 *
 * Thread safety: a session belongs to the drain thread.
 */
#ifndef FL_SESSION_H
#define FL_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <fl/status.h>
#include <fl/writer.h>

#include "clock.h"
#include "merge.h"
#include "nursery.h"

struct fl_session;

/** Which part of a process's calls goes into its trace; zero is all. */
struct fl_limits {
    uint64_t start_after; /* leave out so many calls */
    uint64_t max_events;  /* stop at so many in the trace; 0: never */
    uint64_t max_bytes;   /* stop when the trace has so many; 0: never */
};

/** What is known of an event's time; the values of --time, in the order of its choices. */
enum fl_times {
    FL_TIMES_TICK, /* when flrec saw it, in steps of FL_TICK_NS */
    FL_TIMES_NONE,
    FL_TIMES_US, /* when the program made it: the stamp */
    FL_TIMES_NS,
};

/** Is each event's own time wanted? */
static inline bool fl_times_are_exact(enum fl_times times)
{
    return times == FL_TIMES_US || times == FL_TIMES_NS;
}

/** What all traces of one recording have in common. */
struct fl_session_config {
    struct fl_shared *shared;
    struct fl_shared_facts facts; /* of `shared` */
    struct fl_nursery
        *nursery; /* where live sets go at a fork; NULL: children are not recorded */
    struct fl_limits limits;
    const _Atomic bool *is_paused; /* calls are left out while it is true; may be NULL */
    pid_t pid;                     /* of the process */
    pid_t parent;                  /* of the process, 0: flrec started it */
    uint64_t fork; /* number of the parent's fork that made it; 0: exec'd or started */
    int level;     /* zstd level, 0: the default */
    enum fl_times times;
    struct fl_clock clock; /* started, where `times` are those of the events */
    bool has_environment;  /* store it, without `library` */
    const char *library;   /* path of the one preloaded, while has_environment */
};

/** How a trace came out. */
struct fl_session_result {
    struct fl_writer_totals totals;
    bool is_full;          /* it ended at a limit, and the process went on */
    bool has_gaps;         /* calls were left out because that was asked for */
    struct fl_error error; /* status FL_OK when the trace is whole */
};

/** How an image ended, for the end record. */
struct fl_session_end {
    bool is_exec;           /* the process runs on with another image */
    int exit_code;          /* or -1 */
    int signal;             /* or 0; without either nobody told how it ended */
    uint64_t time_ns;       /* CLOCK_REALTIME */
    uint64_t nested_before; /* nested calls counted before this image */
    bool is_full;           /* the trace ended before: set by the session */
};

/**
 * Begin the trace of image `number` on `fd`, which stays the caller's.
 *
 * @param inherited  what a forked child begins with, or NULL: written as calls of malloc by a first
 *                   thread, which is that of the process
 * @return NULL when out of memory. A trace that cannot be written is no failure here: events
 *         are dropped and fl_session_close tells.
 */
struct fl_session *fl_session_open(const struct fl_session_config *config, uint32_t number,
                                   int fd, const struct fl_inheritance *inherited);

/** A round of the drain begins: note the time for the events that follow. */
void fl_session_round(struct fl_session *session, uint64_t now_ns);

/** fl_take of the merge; `session` is the user pointer. */
void fl_session_take(void *session, struct fl_lane *lane, uint64_t bound, uint64_t stop);

/** Instead of it where there is no session: drops what is there up to `stop`, and lets no child
 * wait for what it would inherit. */
void fl_session_pass(const struct fl_session_config *config, struct fl_lane *lane,
                     uint64_t stop);

/** The thread that produced `lane` is gone. */
void fl_session_thread_end(struct fl_session *session, const struct fl_lane *lane);

/** `count` events more were lost in the program. */
void fl_session_lose(struct fl_session *session, uint64_t count);

/** Write out the chunk at hand when the last one is a second old. */
void fl_session_flush(struct fl_session *session, uint64_t now_ns);

/** End the trace and free the session. */
void fl_session_close(struct fl_session *session, const struct fl_session_end *end,
                      struct fl_session_result *result);

#endif
