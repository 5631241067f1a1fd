/**
 * Foreign allocators: find the library of each target that has one, before anything is
 * replayed.
 *
 * Thread safety: one call at a time in a process (it starts and waits for children).
 */
#ifndef FL_REPLAY_LIBRARY_H
#define FL_REPLAY_LIBRARY_H

#include "target.h"

/**
 * Start a worker with each library and see whether malloc is then that of the library. Targets
 * with a short name (`jemalloc`) get the file name that worked in `library`, all get `bare`.
 *
 * @param timeout_s  for a library that does not let a process begin; 0: wait for ever
 * @return FL_OK; FL_MISSING when a library cannot be loaded, with the package that has it or what
 *         the loader said; FL_USAGE when it is no malloc; FL_NOMEM, FL_IO
 */
enum fl_status fl_libraries_find(struct fl_target_list *targets, uint64_t timeout_s,
                                 struct fl_error *err) __attribute__((warn_unused_result));

#endif
