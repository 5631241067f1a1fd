/**
 * Start a worker: this program, executed anew, with at most one library preloaded.
 *
 * Thread safety: one call at a time in a process.
 */
#ifndef FL_REPLAY_WORKER_START_H
#define FL_REPLAY_WORKER_START_H

#include <sys/types.h>

#include <fl/status.h>

/**
 * @param library  for LD_PRELOAD, "" for none; what LD_PRELOAD is here is never passed on
 * @param ring_fd  of the ring (ring.h), which the worker gets
 * @param errors_fd  becomes its standard error; -1: it keeps ours
 * @return FL_OK with `*worker`, which the caller waits for; FL_NOMEM, FL_IO
 */
enum fl_status fl_worker_start(const char *library, int ring_fd, int errors_fd, pid_t *worker,
                               struct fl_error *err) __attribute__((warn_unused_result));

#endif
