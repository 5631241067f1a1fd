/**
 * Naming objects: from the address a call returned or was given to the serial of its object.
 *
 * An open hash of live addresses, used by whoever has addresses and writes a trace (the
 * recorder, importers). Memory: 48-192 bytes per live object, given back as objects go.
 * Cost: one cache line per call when the table fits, else one miss; fl_namer_prefetch some
 * events ahead hides it.
 *
 * Thread safety: one namer belongs to one thread at a time.
 */
#ifndef FL_NAMER_H
#define FL_NAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_namer;

struct fl_named {
    uint64_t serial;
    uint64_t size_bytes; /* payload the program asked for */
};

/** A new, empty table, or NULL when out of memory. */
struct fl_namer *fl_namer_new(void);
void fl_namer_free(struct fl_namer *namer);

/** Start loading what a later call for `address` will need. */
void fl_namer_prefetch(const struct fl_namer *namer, uint64_t address);

/**
 * Note that `address`, which is not 0, is now `object`.
 *
 * @param before  receives the object that was live there (a free nobody saw), when there was
 * @return        0: new; 1: `before` was replaced; -1: out of memory, nothing changed
 */
int fl_namer_add(struct fl_namer *namer, uint64_t address, struct fl_named object,
                 struct fl_named *before);

/** Find the object at `address` without changing anything. */
bool fl_namer_find(const struct fl_namer *namer, uint64_t address, struct fl_named *object);

/** Take the object at `address` out. False when no object is live there. */
bool fl_namer_remove(struct fl_namer *namer, uint64_t address, struct fl_named *object);

/** Show every live object, in no particular order. */
void fl_namer_walk(const struct fl_namer *namer,
                   void (*visit)(void *user, uint64_t address, struct fl_named object),
                   void *user);

/** Number of live objects. */
size_t fl_namer_count(const struct fl_namer *namer);

#endif
