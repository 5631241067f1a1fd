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

#include "merge.h"

struct fl_session;

/** What all traces of one recording have in common. */
struct fl_session_config {
    const struct fl_shared *shared;
    pid_t pid;      /* of the program */
    int level;      /* zstd level, 0: the default */
    bool has_ticks; /* write ticks of time */
};

/** How a trace came out. */
struct fl_session_result {
    struct fl_writer_totals totals;
    struct fl_error error; /* status FL_OK when the trace is whole */
};

/** How an image ended, for the end record. */
struct fl_session_end {
    bool is_exec;           /* the process runs on with another image */
    int exit_code;          /* or -1 */
    int signal;             /* or 0 */
    uint64_t time_ns;       /* CLOCK_REALTIME */
    uint64_t nested_before; /* nested calls counted before this image */
};

/**
 * Begin the trace of image `number` on `fd`, which stays the caller's.
 *
 * @return NULL when out of memory. A trace that cannot be written is no failure here: events
 *         are dropped and fl_session_close tells.
 */
struct fl_session *fl_session_open(const struct fl_session_config *config, uint32_t number,
                                   int fd);

/** A round of the drain begins: note the time for the events that follow. */
void fl_session_round(struct fl_session *session, uint64_t now_ns);

/** fl_take of the merge; `session` is the user pointer. */
void fl_session_take(void *session, struct fl_lane *lane, uint64_t bound, uint64_t stop);

/** The thread that produced `lane` is gone. */
void fl_session_thread_end(struct fl_session *session, const struct fl_lane *lane);

/** `count` events more were lost in the program. */
void fl_session_lose(struct fl_session *session, uint64_t count);

/** Write out the chunk at hand when the last one is a second old. */
void fl_session_flush(struct fl_session *session, uint64_t now_ns);

/** The first error met, or NULL. */
const struct fl_error *fl_session_error(const struct fl_session *session);

/** End the trace and free the session. */
void fl_session_close(struct fl_session *session, const struct fl_session_end *end,
                      struct fl_session_result *result);

#endif
