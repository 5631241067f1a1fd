/**
 * The environment of a recorded process, as its user made it.
 *
 * Thread safety: reads the system's state; keeps none.
 */
#ifndef FL_ENVIRONMENT_H
#define FL_ENVIRONMENT_H

#include <stddef.h>
#include <sys/types.h>

#include <fl/trace.h>

/** Set `environment` in `meta` to what the image of process `pid` was started with, or
 *  `environment_missing` to the reason why not. `library` is what flrec preloaded. */
void fl_environment_describe(struct fl_metadata *meta, pid_t pid, const char *library);

/**
 * Take out of a list of NAME=VALUE, each with its NUL, what flrec put in: the entry FLREC, and
 * `library` in LD_PRELOAD, with the whole entry when nothing is left of it.
 *
 * @return bytes that are left of `text`, without the NUL of the last entry
 */
size_t fl_environment_clean(char *text, size_t bytes, const char *library);

#endif
