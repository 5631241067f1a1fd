/**
 * Progress of a long job: one line on standard error, after one second, at most ten times a
 * second, only when standard error is a terminal and we are in its foreground; cleared at the
 * end. Silent otherwise.
 *
 *     struct fl_progress progress;
 *     fl_progress_start(&progress, "replaying", "events", total);
 *     ... fl_progress_update(&progress, done);   per batch, not per event
 *     fl_progress_end(&progress);
 *
 * Thread safety: one thread per struct fl_progress, and one of them at a time.
 */
#ifndef FL_PROGRESS_H
#define FL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fl_progress {
    FILE *out;          /* standard error, not owned */
    const char *what;   /* "replaying", not owned */
    const char *unit;   /* "events", not owned */
    uint64_t total;     /* in units, 0 when unknown */
    uint64_t next_ns;   /* monotonic time before which nothing is written */
    bool is_enabled;    /* out was a foreground terminal at the start */
    bool is_line_shown; /* something is there to be cleared */
};

/**
 * Begin. Nothing is written yet.
 *
 * @param what   verb shown first; kept until fl_progress_end
 * @param unit   plural noun after the count; kept until fl_progress_end
 * @param total  in units, 0 when it is not known
 */
void fl_progress_start(struct fl_progress *progress, const char *what, const char *unit,
                       uint64_t total);

/** `done` units are done. Costs one clock reading when enabled, nothing otherwise. */
void fl_progress_update(struct fl_progress *progress, uint64_t done);

/** As fl_progress_update at the monotonic time `now_ns`: for tests. */
void fl_progress_update_at(struct fl_progress *progress, uint64_t done, uint64_t now_ns);

/** Clear the line. May be called again. */
void fl_progress_end(struct fl_progress *progress);

#endif
