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

/** The name of another process's first trace: ".PID" put before the suffix (t.zst, t.123.zst),
 * and with it `use` where the pid has come round and this is not its first (t.123-2.zst). */
char *fl_output_name_of(const char *path, pid_t pid, uint32_t use);

/**
 * Give the numbers 0, 1 and 2 that are closed to /dev/null, so that no file of ours gets one
 * and is then written to by whoever prints. The program finds them closed: they end on exec.
 */
void fl_output_hold_streams(void);

/**
 * Where a trace goes. A file is written as PATH.part and gets its name when it is whole, so
 * that an older trace of that name stays until then and none is taken for whole that is not.
 */
struct fl_output {
    int fd;     /* -1: none */
    char *path; /* as asked for */
    char *part; /* NULL: written under its name, a stream or in a folder that allows no other */
    char *target; /* the name that `part` gets; behind a link, that of the file itself */
    bool is_file; /* a plain file: it can be cut, read again and have others beside it */
};

#define FL_OUTPUT_NONE ((struct fl_output){.fd = -1})

/** Create or empty the file for `path`, mode 0600, close-on-exec; "-" is standard output, and
 *  what exists and is no plain file is written to as it is. */
enum fl_status fl_output_open(const char *path, struct fl_output *out, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Close it and give it its name. When that fails it stays as PATH.part, which `err` says. */
enum fl_status fl_output_finish(struct fl_output *output, struct fl_error *err);

/** Close it as it is: a file stays as PATH.part. Returns that name, owned by the caller; NULL
 * when there is no memory for it, or it was written under its own name. */
char *fl_output_leave(struct fl_output *output);

/** Close it and remove what was made for it. */
void fl_output_discard(struct fl_output *output);

#endif
