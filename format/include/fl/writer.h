/**
 * Writing a trace: events in, chunks out. Never seeks, so a pipe works; one writev per chunk.
 *
 * Thread safety: one writer belongs to one thread at a time; writers share nothing.
 */
#ifndef FL_WRITER_H
#define FL_WRITER_H

#include <fl/stacks.h>
#include <fl/status.h>
#include <fl/trace.h>

struct fl_writer;

/**
 * One record to write. Objects are named by serial; the writer numbers new ones itself, in the
 * order of the calls, from 0 (fl_writer_next_serial). Fields by kind are those of struct fl_op,
 * with `serial` (the object the pointer argument named, FL_SERIAL_NONE when there is none) in
 * place of `slot`.
 */
struct fl_event {
    uint64_t serial;
    uint64_t size_bytes; /* or the record's number */
    uint32_t extra;      /* THREAD_START: the system's thread id; allocating calls: the stack,
                          * where the trace has stacks; else 0 */
    uint8_t kind;        /* enum fl_kind */
    uint8_t align_log2;
    uint8_t flags; /* enum fl_flag */
};

struct fl_writer_options {
    int level;              /* zstd level, 1 .. 19; 0: 3, and 1 while chunks hardly shrink */
    uint32_t chunk_records; /* records per chunk, 1 .. FL_CHUNK_RECORDS_MAX; 0: the default */
    uint32_t chunk_bytes;   /* of events in a chunk, 128 KiB .. 16 MiB; 0: 1 MiB */
    uint64_t start_time_ns; /* CLOCK_REALTIME at the start of recording; 0: unknown */
    bool has_stacks;        /* each allocating call has a stack, FL_STACK_NONE or another */
};

/** Counts so far, kept exactly. */
struct fl_writer_totals {
    uint64_t events, records, chunks;
    uint64_t calls[FL_CALL_COUNT]; /* events by call, failed and NULL ones among them */
    uint64_t bytes_written;        /* bytes of file so far */
    uint64_t lost_events;
    uint64_t live_objects, peak_live_objects;
    uint64_t live_bytes, peak_live_bytes; /* payload, see fl_writer_put on `released_bytes` */
    uint64_t failed_calls, null_frees, unknown_pointers, implied_frees;
    uint64_t threads; /* THREAD_START records */
};

/**
 * Begin a trace on `fd` (stays the caller's): the file header goes out with the first chunk.
 *
 * @param meta  header metadata, copied; may be NULL
 * @param out   the writer; end it with fl_writer_finish or fl_writer_abandon
 */
enum fl_status fl_writer_open(int fd, const struct fl_writer_options *options,
                              const struct fl_metadata *meta, struct fl_writer **out,
                              struct fl_error *err) __attribute__((warn_unused_result));

/**
 * Append one record. `released_bytes` is the payload of the object that ends with this event
 * (0 when none does): the caller knows it, and so the writer needs no table of sizes.
 *
 * @return FL_OK; FL_IO when a full chunk could not be written: nothing more is taken after
 *         that, what was written stays valid to its last whole chunk
 */
enum fl_status fl_writer_put(struct fl_writer *writer, const struct fl_event *event,
                             uint64_t released_bytes, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Append a mark with `text[0 .. bytes)`, at most 64 KiB of it. */
enum fl_status fl_writer_mark(struct fl_writer *writer, const char *text, size_t bytes,
                              struct fl_error *err) __attribute__((warn_unused_result));

/**
 * Name a module for the frames that follow. Only in a trace with stacks.
 *
 * @param module  copied
 * @param number  its number in the trace
 */
enum fl_status fl_writer_module(struct fl_writer *writer, const struct fl_module *module,
                                uint32_t *number, struct fl_error *err)
    __attribute__((warn_unused_result));

/**
 * Number of a frame, the same for the same fields. Only in a trace with stacks. Amortised O(1);
 * the writer keeps 26 bytes for each distinct frame.
 *
 * @return FL_STACK_NONE when out of memory, beyond FL_FRAMES_MAX, or behind FL_STACK_FRAMES_MAX callers:
 *         the stack stays unknown
 */
uint32_t fl_writer_frame(struct fl_writer *writer, const struct fl_frame *frame);

/** Serial the next allocation will get. */
uint64_t fl_writer_next_serial(const struct fl_writer *writer);

/** End the current chunk, if it holds anything, and write it out (header first if not yet). */
enum fl_status fl_writer_flush(struct fl_writer *writer, struct fl_error *err)
    __attribute__((warn_unused_result));

const struct fl_writer_totals *fl_writer_totals(const struct fl_writer *writer);

/**
 * Flush, write the end record with `end` (may be NULL), the index and the seek table, and free
 * the writer, also on failure.
 *
 * @param totals  when not NULL: the final totals, file size included
 */
enum fl_status fl_writer_finish(struct fl_writer *writer, const struct fl_metadata *end,
                                struct fl_writer_totals *totals, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Free the writer and write nothing more: the trace stays as it is, without an end record. */
void fl_writer_abandon(struct fl_writer *writer);

#endif
