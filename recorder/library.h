/** Finding libflrec.so. Thread safety: no state. */
#ifndef FL_LIBRARY_H
#define FL_LIBRARY_H

#include <fl/status.h>

/**
 * Find the library that is preloaded: $FLREC_LIBRARY, beside flrec (a build tree), or in the
 * library folder of the installation flrec belongs to.
 *
 * @param path  PATH_MAX bytes; receives an absolute path that can stand in LD_PRELOAD
 */
enum fl_status fl_library_find(char *path, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
