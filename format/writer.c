/*
 * Writing a trace: records are encoded into the payload of the current chunk; a full chunk is
 * compressed and goes out with its header in one writev. The file header rides with the first
 * chunk, so that an early death leaves either nothing or a readable trace.
 *
 * Memory: one chunk decoded and compressed, and 32 bytes per chunk for the index.
 */
#include <fl/writer.h>

#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "frame.h"
#include "layout.h"
#include "metadata.h"
#include "stack_writer.h"

#define FL_CHUNK_PAYLOAD_DEFAULT (1u << 20)
#define FL_CHUNK_PAYLOAD_MIN     (128u * 1024) /* a mark is of 64 KiB at most */
#define FL_CHUNK_PAYLOAD_MAX     (16u << 20)

struct chunk_place {
    uint64_t offset; /* of the chunk header's frame in the file */
    uint64_t first_event;
    uint32_t compressed_bytes, decoded_bytes;
};

struct fl_writer {
    int fd;
    uint32_t chunk_records;
    enum fl_status failed; /* sticky: nothing is taken after a write error */
    struct fl_compressor *compressor;
    struct fl_metadata *meta; /* owned, until the header is written */
    struct fl_coder coder;
    struct fl_stack_writer *stacks;        /* NULL: a trace without */
    uint8_t *payload;                      /* section header, then events */
    size_t payload_used, payload_capacity; /* the latter for events */
    size_t payload_room; /* bytes there are: more, where sections of stacks follow the events */
    uint64_t chunk_first_record;  /* totals.records when the chunk began */
    uint64_t chunk_end_record;    /* totals.records at which it is full; 0 after a failure */
    struct fl_chunk_header chunk; /* of the chunk being filled; counts are set when it ends */
    uint64_t now_ns;              /* sum of ticks */
    uint32_t thread;
    struct fl_writer_totals totals;
    uint32_t header_bytes; /* of the file header's frame, 0 until it is written */
    struct chunk_place *places;
    size_t place_capacity;
};

static void chunk_begin(struct fl_writer *writer)
{
    writer->payload_used = FL_SECTION_HEADER_BYTES;
    writer->chunk_first_record = writer->totals.records;
    writer->chunk_end_record =
        writer->failed == FL_OK ? writer->totals.records + writer->chunk_records : 0;
    writer->coder.last_released = writer->coder.next_serial;
    writer->chunk = (struct fl_chunk_header){
        .sequence = writer->totals.chunks,
        .first_event = writer->totals.events,
        .first_serial = writer->coder.next_serial,
        .live_objects = writer->totals.live_objects,
        .live_bytes = writer->totals.live_bytes,
        .start_ns = writer->now_ns,
        .lost_events = writer->totals.lost_events,
        .thread = writer->thread,
    };
}

/* What a reader takes: SPEC.md, "Limits". */
static bool metadata_is_within_limits(const struct fl_metadata *meta)
{
    const size_t around = FL_HEADER_FIXED_BYTES + FL_END_FIXED_BYTES + FL_CHECK_BYTES;
    return fl_metadata_count(meta) <= FL_METADATA_ITEMS_MAX &&
           fl_metadata_encoded_bytes(meta) <= FL_METADATA_BYTES_MAX - around;
}

enum fl_status fl_writer_open(int fd, const struct fl_writer_options *options,
                              const struct fl_metadata *meta, struct fl_writer **out,
                              struct fl_error *err)
{
    const uint32_t records = options->chunk_records;
    const uint32_t bytes = options->chunk_bytes;
    if (records > FL_CHUNK_RECORDS_MAX || options->level < 0 || options->level > 19 ||
        (bytes != 0 && (bytes < FL_CHUNK_PAYLOAD_MIN || bytes > FL_CHUNK_PAYLOAD_MAX))) {
        return fl_fail(err, FL_USAGE,
                       "chunks hold 1 to %u records in %u to %u bytes, levels are 1 to 19",
                       FL_CHUNK_RECORDS_MAX, FL_CHUNK_PAYLOAD_MIN, FL_CHUNK_PAYLOAD_MAX);
    }
    struct fl_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for a trace writer");
    }
    writer->fd = fd;
    writer->chunk_records = records == 0 ? FL_CHUNK_RECORDS_DEFAULT : records;
    writer->compressor = fl_compressor_new(options->level);
    writer->payload_capacity =
        options->chunk_bytes == 0 ? FL_CHUNK_PAYLOAD_DEFAULT : options->chunk_bytes;
    writer->payload_room = writer->payload_capacity;
    writer->payload = malloc(writer->payload_capacity);
    writer->meta = fl_metadata_new();
    writer->stacks = options->has_stacks ? fl_stack_writer_new() : NULL;
    if (writer->compressor == NULL || writer->payload == NULL || writer->meta == NULL ||
        (options->has_stacks && writer->stacks == NULL) ||
        !fl_metadata_copy(writer->meta, meta) ||
        (options->start_time_ns != 0 &&
         !fl_metadata_set_number(writer->meta, "start_time_ns", options->start_time_ns))) {
        fl_writer_abandon(writer);
        return fl_fail(err, FL_NOMEM, "no memory for a trace writer");
    }
    if (!metadata_is_within_limits(writer->meta)) {
        fl_writer_abandon(writer);
        return fl_fail(err, FL_LIMIT, "more metadata than a trace may have");
    }
    chunk_begin(writer);
    *out = writer;
    return FL_OK;
}

void fl_writer_abandon(struct fl_writer *writer)
{
    if (writer != NULL) {
        fl_compressor_free(writer->compressor);
        fl_stack_writer_free(writer->stacks);
        fl_metadata_free(writer->meta);
        free(writer->payload);
        free(writer->places);
        free(writer);
    }
}

/* The file header's frame, in memory the caller frees. */
static uint8_t *file_header_make(const struct fl_metadata *meta, size_t *frame_bytes)
{
    const size_t room = FL_SKIPPABLE_BYTES + FL_HEADER_FIXED_BYTES + FL_CHECK_BYTES;
    uint8_t *frame = malloc(room + fl_metadata_encoded_bytes(meta));
    if (frame == NULL) {
        return NULL;
    }
    uint8_t *content = frame + FL_SKIPPABLE_BYTES;
    const size_t bytes = fl_metadata_encode(meta, content + FL_HEADER_FIXED_BYTES);
    fl_store32(content, FL_TAG_HEADER);
    fl_store16(content + 4, FL_FORMAT_MAJOR);
    fl_store16(content + 6, FL_FORMAT_MINOR);
    fl_store64(content + 8, 0);  /* required features */
    fl_store64(content + 16, 0); /* optional features */
    fl_store32(content + 24, (uint32_t)bytes);
    *frame_bytes = fl_skippable_seal(frame, FL_HEADER_FIXED_BYTES + bytes);
    return frame;
}

static enum fl_status place_add(struct fl_writer *writer, struct fl_error *err)
{
    const uint64_t count = writer->totals.chunks;
    if (count == writer->place_capacity) {
        const size_t capacity = count == 0 ? 64 : 2 * count;
        struct chunk_place *grown = reallocarray(writer->places, capacity, sizeof *grown);
        if (grown == NULL) {
            return fl_fail(err, FL_NOMEM, "no memory for the index");
        }
        writer->places = grown;
        writer->place_capacity = capacity;
    }
    writer->places[count] = (struct chunk_place){
        .offset = writer->totals.bytes_written,
        .first_event = writer->chunk.first_event,
        .compressed_bytes = writer->chunk.compressed_bytes,
        .decoded_bytes = writer->chunk.decoded_bytes,
    };
    return FL_OK;
}

/* Write the parts and count them; after a failure nothing more is written. */
static enum fl_status parts_write(struct fl_writer *writer, struct iovec *parts, int count,
                                  struct fl_error *err)
{
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++) {
        bytes += parts[i].iov_len;
    }
    const enum fl_status status = fl_write_all(writer->fd, parts, count, err);
    if (status == FL_OK) {
        writer->totals.bytes_written += bytes;
    }
    return status;
}

static enum fl_status header_write(struct fl_writer *writer, struct fl_error *err)
{
    size_t bytes;
    uint8_t *header = file_header_make(writer->meta, &bytes);
    if (header == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for the file header");
    }
    struct iovec part = {header, bytes};
    const enum fl_status status = parts_write(writer, &part, 1, err);
    free(header);
    writer->header_bytes = (uint32_t)bytes;
    return status;
}

/* Behind the events, the sections of their stacks. */
static enum fl_status stacks_put(struct fl_writer *writer, struct fl_error *err)
{
    const size_t room = writer->payload_used + fl_stack_writer_bytes(writer->stacks);
    if (room > writer->payload_room) {
        uint8_t *grown = realloc(writer->payload, room);
        if (grown == NULL) {
            return fl_fail(err, FL_NOMEM, "no memory for the call stacks of a chunk");
        }
        writer->payload = grown;
        writer->payload_room = room;
    }
    uint8_t *at = writer->payload + writer->payload_used;
    writer->payload_used += fl_stack_writer_end_chunk(writer->stacks, at);
    return FL_OK;
}

static enum fl_status chunk_write(struct fl_writer *writer, struct fl_error *err)
{
    fl_store16(writer->payload, FL_SECTION_EVENTS);
    fl_store16(writer->payload + 2, FL_SECTION_REQUIRED);
    fl_store32(writer->payload + 4, (uint32_t)(writer->payload_used - FL_SECTION_HEADER_BYTES));
    const uint8_t *frame;
    size_t frame_bytes;
    enum fl_status status = writer->stacks != NULL ? stacks_put(writer, err) : FL_OK;
    if (status == FL_OK) {
        status = fl_compress(writer->compressor, writer->payload, writer->payload_used, &frame,
                             &frame_bytes, err);
    }
    if (status != FL_OK) {
        return status;
    }
    writer->chunk.compressed_bytes = (uint32_t)frame_bytes;
    writer->chunk.decoded_bytes = (uint32_t)writer->payload_used;
    writer->chunk.records = (uint32_t)(writer->totals.records - writer->chunk_first_record);
    writer->chunk.events = (uint32_t)(writer->totals.events - writer->chunk.first_event);
    writer->chunk.end_ns = writer->now_ns;
    uint8_t header[FL_CHUNK_FRAME_BYTES];
    fl_chunk_header_encode(&writer->chunk, header);
    status = place_add(writer, err);
    if (status != FL_OK) {
        return status;
    }
    struct iovec parts[] = {{header, sizeof header}, {(void *)(uintptr_t)frame, frame_bytes}};
    return parts_write(writer, parts, 2, err);
}

enum fl_status fl_writer_flush(struct fl_writer *writer, struct fl_error *err)
{
    if (writer->failed != FL_OK) {
        return fl_fail(err, writer->failed, "the trace could not be written before");
    }
    const bool has_records = writer->totals.records > writer->chunk_first_record;
    if (!has_records && writer->header_bytes != 0) {
        return FL_OK;
    }
    enum fl_status status = FL_OK;
    if (writer->header_bytes == 0) {
        status = header_write(writer, err);
    }
    if (status == FL_OK && has_records) {
        status = chunk_write(writer, err);
        writer->totals.chunks += status == FL_OK;
    }
    writer->failed = status;
    chunk_begin(writer);
    return status;
}

/* Room for sections of stacks, far below what a chunk may have (FL_CHUNK_BYTES_MAX). */
#define FL_STACKS_BYTES (16u * 1024 * 1024)

/* Has the current chunk room for a record of `bytes` bytes? Never after a failure. */
static inline bool has_room(const struct fl_writer *writer, size_t bytes)
{
    return writer->totals.records < writer->chunk_end_record &&
           writer->payload_used + bytes <= writer->payload_capacity;
}

/* Make room for a record of `bytes` bytes, ending the chunk when it is full. */
static enum fl_status room_make(struct fl_writer *writer, size_t bytes, struct fl_error *err)
{
    return has_room(writer, bytes) ? FL_OK : fl_writer_flush(writer, err);
}

static void totals_count_flags(struct fl_writer_totals *totals, const struct fl_event *event)
{
    totals->failed_calls += (event->flags & FL_FLAG_FAILED) != 0;
    totals->null_frees += event->kind >= FL_CALL_FREE && event->kind != FL_CALL_USABLE_SIZE &&
                          (event->flags & FL_FLAG_NULL);
    totals->unknown_pointers += (event->flags & FL_FLAG_UNKNOWN) != 0;
    totals->implied_frees += (event->flags & FL_FLAG_IMPLIED) != 0;
}

static inline void totals_add_object(struct fl_writer_totals *totals, uint64_t size_bytes)
{
    totals->live_objects++;
    totals->live_bytes += size_bytes;
    if (totals->live_objects > totals->peak_live_objects) {
        totals->peak_live_objects = totals->live_objects;
    }
    if (totals->live_bytes > totals->peak_live_bytes) {
        totals->peak_live_bytes = totals->live_bytes;
    }
}

static inline void totals_take_object(struct fl_writer_totals *totals, uint64_t released_bytes)
{
    totals->live_objects--;
    totals->live_bytes -= released_bytes;
}

static void totals_count_call(struct fl_writer_totals *totals, const struct fl_event *event,
                              uint64_t released_bytes)
{
    const bool is_call = !(event->flags & FL_FLAG_IMPLIED);
    totals->events += is_call;
    totals->calls[event->kind] += is_call;
    if (event->flags != 0) {
        totals_count_flags(totals, event);
    }
    if (fl_ends_object(event->kind, event->flags)) {
        totals_take_object(totals, released_bytes);
    }
    if (fl_begins_object(event->kind, event->flags)) {
        totals_add_object(totals, event->size_bytes);
    }
}

static void totals_count_record(struct fl_writer *writer, const struct fl_event *event)
{
    switch (event->kind) {
    case FL_RECORD_THREAD:
        writer->thread = (uint32_t)event->size_bytes;
        break;
    case FL_RECORD_THREAD_START:
        writer->totals.threads++;
        break;
    case FL_RECORD_TICK:
        writer->now_ns += event->size_bytes;
        break;
    case FL_RECORD_LOST:
        writer->totals.lost_events += event->size_bytes;
        break;
    default:
        break;
    }
}

/* Fields the encoding relies on; a caller that breaks them has a bug. */
static bool event_is_valid(const struct fl_writer *writer, const struct fl_event *event)
{
    if (!fl_kind_is_call(event->kind)) {
        return event->kind < FL_KIND_COUNT && event->kind != FL_RECORD_MARK;
    }
    if ((event->flags != 0 && !fl_flags_are_valid(event->kind, event->flags)) ||
        !fl_alignment_is_valid(event->align_log2, event->flags)) {
        return false;
    }
    return fl_has_reference(event->kind, event->flags)
               ? event->serial < writer->coder.next_serial
               : event->serial == FL_SERIAL_NONE;
}

/* Without memory for it the column would not fit the calls: the trace ends here. */
static void put_stack(struct fl_writer *writer, const struct fl_event *event)
{
    if (writer->failed == FL_OK && !fl_stack_writer_id(writer->stacks, event->extra)) {
        writer->failed = FL_NOMEM;
        writer->chunk_end_record = 0;
    }
}

static inline bool has_stack(const struct fl_writer *writer, const struct fl_event *event)
{
    return __builtin_expect(writer->stacks != NULL, 0) && event->kind <= FL_CALL_PVALLOC;
}

/* The two most frequent events, when the chunk has room. False: not one of them. */
static inline bool put_frequent(struct fl_writer *writer, const struct fl_event *event,
                                uint64_t released_bytes)
{
    uint8_t *at = writer->payload + writer->payload_used;
    if (event->flags != 0 || event->align_log2 != 0 || !has_room(writer, FL_RECORD_BYTES_MAX)) {
        return false;
    }
    if (event->kind == FL_CALL_MALLOC && event->serial == FL_SERIAL_NONE) {
        at = fl_encode_malloc(&writer->coder, event->size_bytes, at);
        totals_add_object(&writer->totals, event->size_bytes);
        if (has_stack(writer, event)) {
            put_stack(writer, event);
        }
    } else if (event->kind == FL_CALL_FREE && event->size_bytes == 0 &&
               event->serial < writer->coder.next_serial) {
        at = fl_encode_free(&writer->coder, event->serial, at);
        totals_take_object(&writer->totals, released_bytes);
    } else {
        return false;
    }
    writer->payload_used = (size_t)(at - writer->payload);
    writer->totals.records++;
    writer->totals.events++;
    writer->totals.calls[event->kind]++;
    return true;
}

enum fl_status fl_writer_put(struct fl_writer *writer, const struct fl_event *event,
                             uint64_t released_bytes, struct fl_error *err)
{
    if (put_frequent(writer, event, released_bytes)) {
        return FL_OK;
    }
    if (!event_is_valid(writer, event)) {
        return fl_fail(err, FL_BUG, "a %s event with inconsistent fields",
                       fl_kind_name(event->kind));
    }
    const enum fl_status status = room_make(writer, FL_RECORD_BYTES_MAX, err);
    if (status != FL_OK) {
        return status;
    }
    if (has_stack(writer, event)) {
        put_stack(writer, event);
    }
    uint8_t *end = fl_encode(&writer->coder, event, writer->payload + writer->payload_used);
    writer->payload_used = (size_t)(end - writer->payload);
    writer->totals.records++;
    if (fl_kind_is_call(event->kind)) {
        totals_count_call(&writer->totals, event, released_bytes);
    } else {
        totals_count_record(writer, event);
    }
    return FL_OK;
}

enum fl_status fl_writer_mark(struct fl_writer *writer, const char *text, size_t bytes,
                              struct fl_error *err)
{
    bytes = bytes < FL_MARK_BYTES_MAX ? bytes : FL_MARK_BYTES_MAX;
    const enum fl_status status = room_make(writer, 1 + FL_VARINT_MAX + bytes, err);
    if (status != FL_OK) {
        return status;
    }
    uint8_t *at = writer->payload + writer->payload_used;
    *at++ = FL_CODE_MARK;
    at = fl_put_varint(at, bytes);
    if (bytes > 0) {
        memcpy(at, text, bytes);
    }
    writer->payload_used = (size_t)(at + bytes - writer->payload);
    writer->totals.records++;
    return FL_OK;
}

enum fl_status fl_writer_module(struct fl_writer *writer, const struct fl_module *module,
                                uint32_t *number, struct fl_error *err)
{
    if (writer->stacks == NULL || !fl_stack_writer_module(writer->stacks, module, number)) {
        return fl_fail(err, FL_NOMEM, "no memory for another module");
    }
    return FL_OK;
}

uint32_t fl_writer_frame(struct fl_writer *writer, const struct fl_frame *frame)
{
    if (fl_stack_writer_bytes(writer->stacks) > FL_STACKS_BYTES) {
        writer->chunk_end_record = writer->totals.records; /* full: the next record ends it */
    }
    return fl_stack_writer_frame(writer->stacks, frame);
}

uint64_t fl_writer_next_serial(const struct fl_writer *writer)
{
    return writer->coder.next_serial;
}

const struct fl_writer_totals *fl_writer_totals(const struct fl_writer *writer)
{
    return &writer->totals;
}

static size_t end_encode(const struct fl_writer *writer, const struct fl_metadata *end,
                         uint8_t *frame)
{
    uint8_t *content = frame + FL_SKIPPABLE_BYTES;
    const size_t bytes = fl_metadata_encode(end, content + FL_END_FIXED_BYTES);
    fl_store32(content, FL_TAG_END);
    fl_store32(content + 4, (uint32_t)bytes);
    fl_store64(content + 8, writer->totals.chunks);
    fl_store64(content + 16, writer->totals.events);
    fl_store64(content + 24, writer->totals.records);
    fl_store64(content + 32, writer->coder.next_serial);
    fl_store64(content + 40, writer->totals.lost_events);
    fl_store64(content + 48, writer->now_ns);
    return fl_skippable_seal(frame, FL_END_FIXED_BYTES + bytes);
}

static size_t index_encode(const struct fl_writer *writer, uint8_t *frame)
{
    uint8_t *content = frame + FL_SKIPPABLE_BYTES;
    fl_store32(content, FL_TAG_INDEX);
    fl_store32(content + 4, (uint32_t)writer->totals.chunks);
    uint8_t *at = content + FL_INDEX_FIXED_BYTES;
    for (uint64_t i = 0; i < writer->totals.chunks; i++) {
        fl_store64(at, writer->places[i].offset);
        fl_store64(at + 8, writer->places[i].first_event);
        at += FL_INDEX_ENTRY_BYTES;
    }
    return fl_skippable_seal(frame, (size_t)(at - content));
}

static uint8_t *seek_entry(uint8_t *at, size_t compressed_bytes, size_t decoded_bytes)
{
    fl_store32(at, (uint32_t)compressed_bytes);
    fl_store32(at + 4, (uint32_t)decoded_bytes);
    return at + 8;
}

/* The seek table of zstd's seekable format: an entry for every frame of the file before it,
 * the skippable ones among them with nothing decoded. */
static size_t seek_table_encode(const struct fl_writer *writer, size_t end_bytes,
                                size_t index_bytes, uint8_t *frame)
{
    uint8_t *at = frame + FL_SKIPPABLE_BYTES;
    at = seek_entry(at, writer->header_bytes, 0);
    for (uint64_t i = 0; i < writer->totals.chunks; i++) {
        const struct chunk_place *place = &writer->places[i];
        at = seek_entry(at, FL_CHUNK_FRAME_BYTES, 0);
        at = seek_entry(at, place->compressed_bytes, place->decoded_bytes);
    }
    at = seek_entry(at, end_bytes, 0);
    at = seek_entry(at, index_bytes, 0);
    fl_store32(at, (uint32_t)(2 * writer->totals.chunks + 3));
    at[4] = 0; /* no checksum per frame: the frames carry their own */
    fl_store32(at + 5, FL_SEEKABLE_MAGIC);
    at += 9;
    fl_store32(frame, FL_SEEK_TABLE_MAGIC);
    fl_store32(frame + 4, (uint32_t)(at - frame - FL_SKIPPABLE_BYTES));
    return (size_t)(at - frame);
}

/* End record, index and seek table, by one write. */
static enum fl_status tail_write(struct fl_writer *writer, const struct fl_metadata *end,
                                 struct fl_error *err)
{
    const uint64_t chunks = writer->totals.chunks;
    const size_t room = 3 * FL_SKIPPABLE_BYTES + 2 * FL_CHECK_BYTES + FL_END_FIXED_BYTES +
                        fl_metadata_encoded_bytes(end) + FL_INDEX_FIXED_BYTES +
                        FL_INDEX_ENTRY_BYTES * chunks + 8 * (2 * chunks + 3) + 9;
    uint8_t *tail = malloc(room);
    if (tail == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for the index");
    }
    const size_t end_bytes = end_encode(writer, end, tail);
    const size_t index_bytes = index_encode(writer, tail + end_bytes);
    const size_t table_bytes =
        seek_table_encode(writer, end_bytes, index_bytes, tail + end_bytes + index_bytes);
    struct iovec part = {tail, end_bytes + index_bytes + table_bytes};
    const enum fl_status status = parts_write(writer, &part, 1, err);
    free(tail);
    return status;
}

enum fl_status fl_writer_finish(struct fl_writer *writer, const struct fl_metadata *end,
                                struct fl_writer_totals *totals, struct fl_error *err)
{
    enum fl_status status = fl_writer_flush(writer, err);
    struct fl_metadata *none = fl_metadata_new();
    if (status == FL_OK && none == NULL) {
        status = fl_fail(err, FL_NOMEM, "no memory for the end record");
    }
    if (status == FL_OK && end != NULL && !metadata_is_within_limits(end)) {
        status = fl_fail(err, FL_LIMIT, "more metadata than a trace may have");
    }
    if (status == FL_OK) {
        status = tail_write(writer, end != NULL ? end : none, err);
    }
    if (totals != NULL) {
        *totals = writer->totals;
    }
    fl_metadata_free(none);
    fl_writer_abandon(writer);
    return status;
}
