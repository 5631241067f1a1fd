/**
 * Targets: what a trace can be replayed into, and the --alloc list that names them.
 *
 * A target is an allocator of the interface (fl/allocator.h) with its knobs set. The catalog
 * knows the driver's floor (`none`), libc (`system`), libraries that are preloaded in its place
 * (`jemalloc` ..., `lib:FILE`), our own family (the registry of allocator/), and what a test
 * program adds.
 *
 * Thread safety: everything here is pure; a list belongs to its caller.
 */
#ifndef FL_REPLAY_TARGET_H
#define FL_REPLAY_TARGET_H

#include <fl/allocator.h>
#include <fl/status.h>

#include "memory_watch.h"

#define FL_TARGETS_MAX      32u
#define FL_TARGET_LABEL_MAX 160u
#define FL_LIBRARY_MAX      1024u
#define FL_LIBRARY_PREFIX   "lib:"

/** Names this build knows beyond the built-in ones; tests plug in their broken allocators. */
struct fl_catalog {
    const struct fl_allocator_ops *const *extra;
    size_t extra_count;
};

/** One column of results: an allocator and its knobs. */
struct fl_target {
    const struct fl_allocator_ops *ops;
    struct fl_allocator_config config;
    /* "addr-tree,augment=max"; "lib:NAME", with folders where two libraries differ by these;
     * "addr-tree#2" when it is the second of its name and knobs. */
    char label[FL_TARGET_LABEL_MAX];
    /* What is preloaded into the worker: a path, or a name for the loader to look for; "" for
     * none, and of short names until fl_libraries_find. */
    char library[FL_LIBRARY_MAX];
    struct fl_memory_held bare; /* preloaded: what a worker without the library holds */
};

struct fl_target_list {
    struct fl_target at[FL_TARGETS_MAX];
    size_t count;
};

/** The floor of the driver: hands out blocks of a small ring, does nothing else. */
extern const struct fl_allocator_ops fl_target_none;

/** The malloc that the loader bound in this process; libc's when nothing is preloaded. */
extern const struct fl_allocator_ops fl_target_system, fl_target_glibc;

/** The same functions in a process with the library of that name, or with one named by file. */
extern const struct fl_allocator_ops fl_target_jemalloc, fl_target_mimalloc, fl_target_tcmalloc,
    fl_target_lib;

/** Is the target the malloc of its process, so that it keeps no counters we could read? */
bool fl_target_is_foreign(const struct fl_allocator_ops *ops);

/** Has the target a malloc that only a process of its own can have? */
bool fl_target_is_preloaded(const struct fl_target *target);

/** Number of names in the catalog, and number `i` of them. */
size_t fl_catalog_count(const struct fl_catalog *catalog);
const struct fl_allocator_ops *fl_catalog_at(const struct fl_catalog *catalog, size_t i);

/** The allocator called `name[0 .. length)`, or NULL. */
const struct fl_allocator_ops *fl_catalog_find(const struct fl_catalog *catalog,
                                               const char *name, size_t length);

/**
 * Append the targets of one --alloc text: NAME[,knob=value...][,NAME...]. An item that begins
 * with "lib:" is a library, up to the comma; another one with '=' is a knob of the name before
 * it; one without begins the next target.
 *
 * @return FL_OK; FL_USAGE with a message that names the word and what is allowed; `list` is
 *         then as it was
 */
enum fl_status fl_target_list_add(const struct fl_catalog *catalog, const char *text,
                                  struct fl_target_list *list, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
