/** Names and files of traces. Thread safety: no state. */
#ifndef FL_OUTPUT_H
#define FL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <fl/status.h>

/** "PROG.PID.zst" for a program started as `program`; the caller frees it. NULL: no memory. */
char *fl_output_default(const char *program, pid_t pid);

/**
 * The name of image `number`'s trace: `path` itself for 0, else with ".execN" put before the
 * suffix (t.zst, t.exec1.zst). The caller frees it. NULL: no memory.
 */
char *fl_output_name(const char *path, uint32_t number);

/** The name of another process's first trace: ".PID" put before the suffix (t.zst, t.123.zst). */
char *fl_output_name_of(const char *path, pid_t pid);

/**
 * Give the numbers 0, 1 and 2 that are closed to /dev/null, so that no file of ours gets one and
 * is then written to by whoever prints. The program finds them closed: they end on exec.
 */
void fl_output_hold_streams(void);

/** Is it a plain file: one that can be cut, removed, and have others beside it? */
bool fl_output_is_file(const char *path, int fd);

/** Create or empty the file at `path`, mode 0600, close-on-exec; "-" is standard output. */
enum fl_status fl_output_open(const char *path, int *fd, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
