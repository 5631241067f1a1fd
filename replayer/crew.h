/**
 * Replay by as many threads as recorded the trace (--threads=real).
 *
 * Ordered is what has to be: the calls of a thread among themselves, and an object's calls
 * among themselves, whoever makes them. The rest runs as the machine lets it.
 *
 * Thread safety: a crew belongs to the thread that made it; what its members share is inside.
 */
#ifndef FL_REPLAY_CREW_H
#define FL_REPLAY_CREW_H

#include "finding.h"
#include "plan.h"
#include "target.h"
#include "touch.h"

#include <fl/status.h>

#define FL_CREW_WINDOW (64u * 1024) /* steps that run between two halts, and a batch more */

struct fl_crew;

struct fl_crew_options {
    struct fl_allocator *allocator;
    bool is_locked;   /* its calls wait for one lock: it is not made for threads */
    bool is_checking; /* contents, alignment and zeroing are verified; else time is taken */
    enum fl_touch touch;
    uint64_t patience_ms;                       /* without progress; 0: wait for ever */
    _Atomic uint64_t *first_event, *last_event; /* of the window that runs, for crashes */
    _Atomic uint64_t *progress;                 /* changes while steps are made */
};

/** What a crew has done. */
struct fl_crew_result {
    uint64_t elapsed_ns; /* from the start of each window to the end of its last step */
    uint64_t steps, refused;
    uint64_t page_faults,
        switches;     /* of the process meanwhile; context switches of both kinds */
    uint64_t threads; /* the most that there were at a time */
};

/** NULL: no memory. What it needs is mapped, but for what libc allocates for each thread. */
struct fl_crew *fl_crew_new(const struct fl_crew_options *options);

/**
 * Take a batch, and run what was taken when it makes a window.
 *
 * @return FL_OK; FL_WRONG with `finding`: the crew cannot go on, and the process should end; FL_NOMEM
 *         (also when the system makes no more threads)
 */
enum fl_status fl_crew_take(struct fl_crew *crew, const struct fl_step_batch *batch,
                            struct fl_finding *finding) __attribute__((warn_unused_result));

/** Run the rest; when checking, look at what is live. As fl_crew_take. */
enum fl_status fl_crew_finish(struct fl_crew *crew, struct fl_crew_result *result,
                              struct fl_finding *finding) __attribute__((warn_unused_result));

#endif
