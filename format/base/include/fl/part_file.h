/**
 * A file that is written as a whole or not at all: as FILE.part, which then takes its name.
 *
 * A process that SIGHUP, SIGINT, SIGPIPE or SIGTERM ends removes its parts first; where these
 * are ignored or handled when the first file is opened, they stay so.
 *
 * Thread safety: a file belongs to one thread.
 */
#ifndef FL_PART_FILE_H
#define FL_PART_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include <fl/status.h>

struct fl_part_file {
    FILE *out;        /* write here; NULL: not open */
    const char *path; /* the caller's; NULL: standard output */
    char *part;       /* owned; NULL: `path` is written directly */
};

/**
 * Begin to write `path`. What it holds stays until the end. Standard output (NULL), and what is
 * no regular file (a pipe, a device, a link), is written directly.
 *
 * @return FL_OK; FL_IO, FL_NOMEM with nothing left open
 */
enum fl_status fl_part_open(struct fl_part_file *file, const char *path, struct fl_error *err)
    __attribute__((warn_unused_result));

/** End it: FL_OK when all was written and the file has its name; else FL_IO, and it is gone. */
enum fl_status fl_part_close(struct fl_part_file *file, struct fl_error *err)
    __attribute__((warn_unused_result));

/**
 * Are both one regular file, by whatever names, or one name that there is no file of yet? What
 * is read is not to be written over. Devices and pipes are never the same.
 */
bool fl_part_is_same(const char *one_path, const char *two_path);

/** End it without a result. Nothing when it is not open. */
void fl_part_drop(struct fl_part_file *file);

#endif
