/**
 * A shrunk trace as files that show the fault without us: a text trace for --explain and a
 * small C program.
 *
 * Thread safety: pure but for the files.
 */
#ifndef FL_REPLAY_REPRODUCTION_H
#define FL_REPLAY_REPRODUCTION_H

#include <stdio.h>

#include "shrink.h"

/**
 * The name of the files that fl_reproduce writes, without their ends: as asked for, or the
 * trace's with ".shrunk", in this folder.
 *
 * @param asked  NULL: after the trace
 * @param name   receives it, PATH_MAX bytes
 * @return       FL_OK; FL_USAGE when it is too long
 */
enum fl_status fl_reproduction_name(const char *path, const char *asked, char *name,
                                    struct fl_error *err) __attribute__((warn_unused_result));

/**
 * Shrink the trace at `path` into which `target` failed, and write NAME.zst, NAME.txt and
 * NAME.c.
 *
 * @param name  of the files without their ends; NULL: that of the trace with ".shrunk"
 * @param say   receives one line about what was written; NULL: nobody
 * @return      FL_OK; FL_USAGE when NAME.zst is the trace itself; FL_IO with a file's name; what
 *              fl_shrink gives
 */
enum fl_status fl_reproduce(const struct fl_run_request *request, const char *path,
                            const struct fl_target *target, const struct fl_finding *finding,
                            const char *name, FILE *say, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
