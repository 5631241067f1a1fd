/**
 * Which bytes of the address space belong to a live block: the overlap test of the check pass.
 *
 * Thread safety: one map belongs to one thread. All memory is mapped, none from malloc.
 */
#ifndef FL_REPLAY_BLOCKMAP_H
#define FL_REPLAY_BLOCKMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Unit of the map. Blocks that start at a multiple of it, or have a header of as many bytes
 *  between them, share no granule unless they overlap. */
#define FL_GRANULE_BYTES 8u

struct fl_blockmap;

/** A new, empty map, or NULL when the address space for it cannot be reserved. */
struct fl_blockmap *fl_blockmap_new(void);
void fl_blockmap_free(struct fl_blockmap *map);

enum fl_blockmap_answer { FL_BLOCKMAP_OK, FL_BLOCKMAP_TAKEN, FL_BLOCKMAP_NO_MEMORY };

/**
 * Enter [address, address + bytes), bytes >= 1; at its ends the granules count whole.
 * TAKEN: it shares a byte with a block that is in; the map is then undefined there.
 * Cost O(1 + bytes / 512), for whole windows of 256 KiB O(1) each.
 */
enum fl_blockmap_answer fl_blockmap_add(struct fl_blockmap *map, uintptr_t address,
                                        size_t bytes);

/** Take out what was entered with the same address and bytes. */
void fl_blockmap_remove(struct fl_blockmap *map, uintptr_t address, size_t bytes);

/** Bytes of memory in use by leaves, for tests and reports. */
size_t fl_blockmap_bytes(const struct fl_blockmap *map);

#endif
