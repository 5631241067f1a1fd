/**
 * The drain thread: empties the rings while the program runs, one trace for each image.
 *
 * Thread safety: fl_drain_start, _child_ended and _finish are for the launcher's thread; all
 * between belongs to the drain's own.
 */
#ifndef FL_DRAIN_H
#define FL_DRAIN_H

#include "output.h"
#include "session.h"

struct fl_drain;

struct fl_drain_config {
    struct fl_session_config session;
    struct fl_shared *shared;
    const char *path; /* of the first trace; "-" for standard output; outlives the drain */
    /* Of the first trace, or FL_OUTPUT_NONE: made when there is an image; becomes the drain's. */
    struct fl_output output;
};

/** For fl_drain_finish: nobody could wait for the process. */
#define FL_STATUS_UNKNOWN (-2)

/** One trace written. */
struct fl_drain_trace {
    char *path;
    struct fl_session_result result;
    uint64_t nested_calls; /* of the events lost, those made inside other calls */
    bool was_opened;       /* false: not begun, or removed without a whole chunk */
    bool is_file;          /* can be read again under its path */
};

/** What a recording came to. */
struct fl_drain_report {
    struct fl_drain_trace *traces;
    size_t trace_count;
    uint64_t images_seen;    /* that attached; 0: the library never ran */
    uint64_t images_skipped; /* later images when writing to a stream */
    uint64_t images_untold;  /* without a trace, and without memory to note which */
};

/** Start the thread; returns once it holds the mutex whose loss tells the program of our
 * end. */
enum fl_status fl_drain_start(const struct fl_drain_config *config, struct fl_drain **out,
                              struct fl_error *err) __attribute__((warn_unused_result));

/**
 * The program is gone: take what is left, end the traces, and end the thread.
 *
 * @param status  as from waitpid, or FL_STATUS_UNKNOWN
 * @param is_kept  false: the traces are removed, for the program never ran
 * @param report   filled; end it with fl_drain_report_free
 */
void fl_drain_finish(struct fl_drain *drain, int status, bool is_kept,
                     struct fl_drain_report *report);

void fl_drain_report_free(struct fl_drain_report *report);

#endif
