/**
 * A worker: the process in which one allocator lives for one pass over a trace.
 *
 * Thread safety: called once in a process, before it has threads.
 */
#ifndef FL_REPLAY_WORKER_H
#define FL_REPLAY_WORKER_H

#include "target.h"

/** First argument of a command line that makes the program a worker; the second is the fd. */
#define FL_WORKER_ARGUMENT "--worker"

/**
 * Run the job in the ring behind `fd_text`, answer through it and end the process.
 *
 * @return only when it could not begin: the exit code
 */
int fl_worker_main(const struct fl_catalog *catalog, const char *fd_text);

#endif
