/**
 * All processes of a recording: each has its own rings, drain and traces; the herd thread lets
 * them join and notices their ends.
 *
 * Thread safety: all functions are for the launcher's thread.
 */
#ifndef FL_HERD_H
#define FL_HERD_H

#include "drain.h"
#include "shared.h"

struct fl_herd;

struct fl_herd_config {
    uint64_t ring_bytes;
    enum fl_stamp_choice stamp;
    int level;
    enum fl_times times;
    bool is_lossy;           /* a full ring drops calls and counts them */
    bool has_environment;    /* store that of each process, without `library` */
    const char *library;     /* path of the one preloaded; outlives the herd */
    uint32_t stack_depth;    /* frames to record for an allocation, at most; 0: no stacks */
    bool is_following;       /* processes other than the first are recorded too */
    bool is_paused;          /* at the start */
    struct fl_limits limits; /* of each process */
};

/** What the first process needs to join. */
struct fl_herd_door {
    struct fl_control *control;
    int control_fd;
    uint64_t control_inode;
    int memfd;
};

/** What one process came to. */
struct fl_herd_process {
    pid_t pid;
    struct fl_drain_report report;
};

struct fl_herd_report {
    struct fl_herd_process *processes; /* the first one first, others as they ended */
    size_t count;
    uint64_t refused;   /* processes that could not be recorded */
    uint64_t unreached; /* processes that could not open the memory flrec made for them */
    uint64_t untold;    /* processes of which there was no memory to note what they came to */
};

/** Memory for the recording and the first process's rings; no thread yet, so that forking is
 *  safe. */
enum fl_status fl_herd_make(const struct fl_herd_config *config, struct fl_herd **out,
                            struct fl_herd_door *door, struct fl_error *err)
    __attribute__((warn_unused_result));

/** End a herd that was made and not started, or could not be. */
void fl_herd_cancel(struct fl_herd *herd);

/** Begin to record process `pid` into `path`, which outlives the herd; `output` is open and
 *  becomes the herd's, also on failure. */
enum fl_status fl_herd_start(struct fl_herd *herd, pid_t pid, const char *path,
                             struct fl_output output, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Leave calls out from now on, or no longer; from any thread. */
void fl_herd_toggle(struct fl_herd *herd);

/** The first process has ended, with `status` as from waitpid. */
void fl_herd_first_ended(struct fl_herd *herd, int status);

/** Has every process of the herd ended? SIGCHLD is sent to this process when that happens. */
bool fl_herd_is_over(const struct fl_herd *herd);

/** Take what is left of all processes, whether or not they have ended, and free the herd.
 * Traces are removed unless `is_kept`. */
void fl_herd_finish(struct fl_herd *herd, bool is_kept, struct fl_herd_report *report);

void fl_herd_report_free(struct fl_herd_report *report);

#endif
