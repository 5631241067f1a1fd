/* The reader's state, and what its three files give each other: reader.c (header, frames,
 * search), chunk.c (chunks), tail.c (end record, index, seek table); and what an importer needs
 * to stand in the place of all three (format/import). */
#ifndef FL_READER_INTERNAL_H
#define FL_READER_INTERNAL_H

#include <fl/reader.h>

#include "decode.h"
#include "input.h"
#include "layout.h"
#include "stacks.h"

#include <zstd.h>

/* What index and seek table must hold, as a hash of what was walked: memory stays bounded
 * however many chunks there are. Each entry is hashed with the hash before it as seed. */
struct fl_walked {
    uint64_t chunks;
    uint64_t index_hash;                           /* of offset and first event of each chunk */
    uint64_t seek_hash;                            /* of the two entries of each chunk */
    uint64_t header_bytes, end_bytes, index_bytes; /* of their frames */
};

/* Where a reader's batches come from: the frames of a trace, or an importer. */
struct fl_reader_source {
    /* As fl_reader_next, but that the batch may be empty: then it is asked again. */
    enum fl_status (*next)(struct fl_reader *reader, struct fl_batch *out,
                           struct fl_error *err);
    void (*close)(struct fl_reader *reader); /* frees what is the source's own; may be NULL */
};

struct fl_reader {
    const struct fl_reader_source *source;
    void *imported; /* state of an importer, else NULL; its source's */
    struct fl_input input;
    struct fl_metadata *meta, *end_meta;
    struct fl_reader_totals totals;
    /* From here on to `ops`, of the frames of a trace alone. */
    ZSTD_DCtx *context;
    uint8_t *payload; /* the current chunk, decompressed */
    size_t payload_capacity;
    struct fl_chunk_header chunk;
    uint64_t chunk_offset;  /* in the file */
    uint64_t chunk_records; /* delivered of the current chunk */
    uint64_t next_sequence;
    uint64_t next_event; /* number of the first event not delivered */
    struct fl_walked walked;
    bool is_in_chunk, has_end, has_index, has_seek_table;
    bool is_header_damaged; /* to be reported by the first fl_reader_next */
    bool is_header_cut;     /* the file ends before its header does */
    bool must_resync;       /* search for the next chunk header before reading on */
    bool has_damage;        /* something was reported: index and seek table may differ */
    bool is_gap_reported;   /* the damage before the next chunk was told already */
    struct fl_decoder decoder;
    struct fl_op *ops;                 /* FL_BATCH_OPS of them */
    struct fl_stacks *stacks;          /* NULL: stacks are passed over */
    struct fl_stack_sections sections; /* of the current chunk; ids: what is left of them */
    uint32_t *op_stacks;   /* of the current batch, FL_BATCH_OPS of them, with `stacks` */
    uint32_t last_stack;   /* of the column of ids */
    struct fl_error final; /* status other than FL_OK: given again by every call */
};

/* A reader of `source` that takes over `input`; NULL when out of memory, `input` is closed
 * then. */
struct fl_reader *fl_reader_new(const struct fl_reader_source *source, struct fl_input *input);

/* As fl_reader_open, of bytes that were looked at already. Takes over `input`, also on
 * failure. */
enum fl_status fl_reader_open_input(struct fl_input *input, struct fl_reader **out,
                                    struct fl_error *err);

/* Do these bytes begin a trace? A damaged header's do. */
bool fl_reader_knows(const uint8_t *at, size_t have);

/* Report damage of the current chunk or place; reading goes on where the input stands. Only
 * the first report between two chunks that are delivered says that chunks are missing. */
enum fl_status fl_reader_damage(struct fl_reader *reader, uint64_t offset, const char *what,
                                struct fl_error *err);

/* Remember a final status at `offset`, and give it: name of the file, its text, `detail`. */
enum fl_status fl_reader_finish(struct fl_reader *reader, enum fl_status status,
                                uint64_t offset, const char *detail, struct fl_error *err);

/* Does a valid check end these `bytes` bytes of content? */
bool fl_check_is_valid(const uint8_t *content, size_t bytes);

/* The chunk whose header begins where the input stands. */
enum fl_status fl_chunk_read(struct fl_reader *reader, struct fl_error *err);

/* Up to FL_BATCH_OPS operations of the current chunk; `count` is 0 when it is at its end, and
 * then the status says whether it held what its header says. */
enum fl_status fl_chunk_deliver(struct fl_reader *reader, struct fl_batch *out,
                                struct fl_error *err);

/* Is a frame with this beginning (12 bytes) end record, index or seek table? */
bool fl_tail_begins(const uint8_t *at);
enum fl_status fl_tail_read(struct fl_reader *reader, size_t bytes, struct fl_error *err);

#endif
