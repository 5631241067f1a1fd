/** Finding the library that is preloaded. Thread safety: no state. */
#ifndef FL_LIBRARY_H
#define FL_LIBRARY_H

#include <fl/status.h>

#define FL_LIBRARY_NAME        "libflrec.so"
#define FL_LIBRARY_STACKS_NAME "libflrec-stacks.so"

/**
 * Find library `name`, one of the two above: $FLREC_LIBRARY, whatever it is, beside flrec (a
 * build tree), or in the library folder of the installation flrec belongs to.
 *
 * @param path  PATH_MAX bytes; receives an absolute path that can stand in LD_PRELOAD
 */
enum fl_status fl_library_find(const char *name, char *path, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
