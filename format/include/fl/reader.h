/**
 * Reading a trace, from a file or a pipe, in one pass.
 *
 * A chunk is read whole and its checksum verified before any of it is delivered. Memory follows
 * the live objects and the largest chunk, never the length of the trace. Cost: about 10-20 ns
 * per operation on one core, most of it the serial-to-slot map.
 *
 * Thread safety: one reader belongs to one thread at a time; readers share nothing.
 */
#ifndef FL_READER_H
#define FL_READER_H

#include <fl/stacks.h>
#include <fl/status.h>
#include <fl/trace.h>

struct fl_reader;

/** A run of operations of one chunk. Valid until the next call on the reader. */
struct fl_batch {
    const struct fl_op *ops; /* `count` operations, owned by the reader */
    size_t count;            /* 1 .. FL_BATCH_OPS */
    uint64_t first_event;    /* number of the first event in or after ops[0] */
    uint64_t first_serial;   /* serial of the first object allocated in or after ops[0] */
    uint64_t chunk;          /* sequence number of the chunk */
};

/** What the reader has met so far; complete after FL_END. */
struct fl_reader_totals {
    uint64_t events;           /* calls delivered */
    uint64_t records;          /* operations delivered, calls among them */
    uint64_t chunks;           /* whole chunks read */
    uint64_t damaged_chunks;   /* chunks reported as corrupt and passed over */
    uint64_t lost_events;      /* events the recorder says it lost */
    uint64_t missing_events;   /* events in damaged chunks, as far as headers tell */
    uint64_t compressed_bytes; /* bytes of file read */
    uint64_t decoded_bytes;    /* bytes of event stream decoded */
    uint64_t live_objects, peak_live_objects;
    bool is_complete; /* the end record was there: the recorder closed the trace */
};

/**
 * Open `path` ("-" is standard input) and read its header.
 *
 * @param out  the reader; end it with fl_reader_close
 * @return     FL_OK; FL_IO, FL_EMPTY, FL_NOT_A_TRACE, FL_VERSION, FL_FEATURE, FL_TRUNCATED,
 *             FL_CORRUPT, FL_LIMIT, FL_NOMEM with `err` saying where
 */
enum fl_status fl_reader_open(const char *path, struct fl_reader **out, struct fl_error *err)
    __attribute__((warn_unused_result));

/** As fl_reader_open, from a file descriptor that stays the caller's; `name` is for
 * messages. */
enum fl_status fl_reader_open_fd(int fd, const char *name, struct fl_reader **out,
                                 struct fl_error *err) __attribute__((warn_unused_result));

/**
 * Give the next batch.
 *
 * @return FL_OK and a batch; FL_END at a clean end; FL_TRUNCATED when the file stops before its
 *         end record; FL_CORRUPT when a chunk is damaged: the next call goes on behind the
 *         damage, so that one flipped bit costs one chunk. Objects allocated in a lost chunk
 *         are unknown afterwards. Every other status is final and is returned again.
 */
enum fl_status fl_reader_next(struct fl_reader *reader, struct fl_batch *out,
                              struct fl_error *err) __attribute__((warn_unused_result));

/** Metadata of the file header. Owned by the reader. */
const struct fl_metadata *fl_reader_metadata(const struct fl_reader *reader);

/** Metadata of the end record (exit status, totals); NULL until FL_END. Owned by the reader. */
const struct fl_metadata *fl_reader_end_metadata(const struct fl_reader *reader);

const struct fl_reader_totals *fl_reader_totals(const struct fl_reader *reader);

/** Text of a MARK operation of the current batch; `*bytes` its length; not NUL-terminated. */
const char *fl_reader_text(const struct fl_reader *reader, const struct fl_op *op,
                           size_t *bytes);

/**
 * Read call stacks too, from the first chunk on; to be called before fl_reader_next. Then
 * memory follows the distinct frames as well, 18 bytes each.
 */
enum fl_status fl_reader_keep_stacks(struct fl_reader *reader, struct fl_error *err)
    __attribute__((warn_unused_result));

/** The stacks read so far; NULL without fl_reader_keep_stacks. Owned by the reader. */
const struct fl_stacks *fl_reader_stacks(const struct fl_reader *reader);

/** The stack of ops[i] of the current batch, an allocating call; else FL_STACK_NONE. */
uint32_t fl_reader_stack(const struct fl_reader *reader, size_t i);

/** Size of the file in bytes when it is a regular file, else 0; for progress. */
uint64_t fl_reader_file_bytes(const struct fl_reader *reader);

void fl_reader_close(struct fl_reader *reader);

#endif
