/**
 * The worker's side of a foreign allocator: is malloc really that of the library?
 *
 * Thread safety: pure. Nothing here calls malloc.
 */
#ifndef FL_REPLAY_PRELOAD_H
#define FL_REPLAY_PRELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "target.h"

/** What the worker found of the library that should have been preloaded; plain data. */
struct fl_preload {
    bool is_loaded;
    char missing[24];                 /* a function it does not define; "": it defines all */
    char malloc_file[FL_LIBRARY_MAX]; /* where malloc comes from */
};

/**
 * Look at this process.
 *
 * @param library  as it was given to LD_PRELOAD: a path, or a name that the loader looked for; ""
 *                 for none, which counts as loaded
 * @return         true when malloc and all that go with it are the library's
 */
bool fl_preload_examine(const char *library, struct fl_preload *out);

#endif
