/*
 * Files built part by part, for what a writer would never write, and files kept in memory.
 */
#ifndef FL_CRAFT_H
#define FL_CRAFT_H

#include <fl/trace.h>

#include "bytes.h"
#include "layout.h"

/* A file being built in memory. */
struct craft {
    uint8_t *at;
    size_t bytes, capacity;
    struct fl_chunk_header next; /* fields the next chunk gets, advanced by craft_events */
};

void craft_clear(struct craft *craft);
void craft_put(struct craft *craft, const void *from, size_t bytes);

/* A file header of that version and those required features, without metadata. */
void craft_header(struct craft *craft, unsigned major, uint64_t required);

/* A chunk with `header` and this payload; sizes of frame and payload are filled in when 0. */
void craft_chunk(struct craft *craft, struct fl_chunk_header header, const uint8_t *payload,
                 size_t bytes);

/* A chunk of one event section that continues the ones before; `records`, `events` and
 * `serials` are what its header says it holds. */
void craft_events(struct craft *craft, const uint8_t *events, size_t bytes, uint32_t records,
                  uint32_t calls, uint32_t serials);

/* A section with header, appended to `out` (room for 8 + bytes). Returns its bytes. */
size_t craft_section(uint8_t *out, unsigned kind, unsigned flags, const void *content,
                     size_t bytes);

/* An end record that agrees with the chunks so far. */
void craft_end(struct craft *craft);

/* All of `from` as one zstd frame. */
void craft_compressed(struct craft *craft, const struct craft *from, int level);

/* A skippable frame of ours with this content, check added. */
void craft_frame(struct craft *craft, const void *content, size_t bytes);

/* A memory file that holds the bytes, at its start. */
int craft_file(const void *bytes, size_t count);

/* All bytes of a file, whatever its position; the caller frees them. */
uint8_t *craft_load(int fd, size_t *count);

#endif
