/*
 * Reading a trace: one pass over its frames. A chunk's frame is decompressed and its checksum
 * verified before an operation of it is delivered; what is damaged is reported and passed over
 * by searching for the next chunk header that carries a valid check.
 *
 * The states: at a frame border, inside a chunk (batches are being delivered), behind the end
 * record, final (the last status is given again).
 */
#include <fl/reader.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>
#include <zstd.h>

#include "decode.h"
#include "input.h"
#include "layout.h"
#include "metadata.h"

struct fl_reader {
    struct fl_input input;
    struct fl_metadata *meta, *end_meta;
    struct fl_reader_totals totals;
    ZSTD_DCtx *context;
    uint8_t *payload; /* the current chunk, decompressed */
    size_t payload_capacity;
    struct fl_chunk_header chunk;
    uint64_t chunk_offset;  /* in the file */
    uint64_t chunk_records; /* delivered of the current chunk */
    uint64_t next_sequence;
    uint64_t next_event; /* number of the first event not delivered */
    bool is_in_chunk, has_end, has_index, has_seek_table;
    bool is_header_damaged; /* to be reported by the first fl_reader_next */
    bool must_resync;       /* search for the next chunk header before reading on */
    bool is_gap_reported;   /* the damage before the next chunk was told already */
    struct fl_decoder decoder;
    struct fl_op *ops;     /* FL_BATCH_OPS of them */
    struct fl_error final; /* status other than FL_OK: given again by every call */
};

static enum fl_status fail_at(struct fl_error *err, enum fl_status status, uint64_t offset,
                              uint64_t chunk)
{
    if (err != NULL) {
        err->offset_in_file = offset;
        err->chunk = chunk;
    }
    return status;
}

/* Remember a final status, and give it. */
static enum fl_status finish(struct fl_reader *reader, enum fl_status status,
                             const struct fl_error *why, struct fl_error *err)
{
    reader->final = *why;
    reader->final.status = status;
    if (err != NULL) {
        *err = *why;
    }
    return status;
}

static enum fl_status finish_truncated(struct fl_reader *reader, const char *where,
                                       struct fl_error *err)
{
    struct fl_error why;
    fl_fail(&why, FL_TRUNCATED, "%s: %s %s", reader->input.name, fl_status_text(FL_TRUNCATED),
            where);
    fail_at(&why, FL_TRUNCATED, reader->input.offset, reader->next_sequence);
    return finish(reader, FL_TRUNCATED, &why, err);
}

/* Report damage at the current place; the next call searches behind it. */
static enum fl_status damage(struct fl_reader *reader, const char *what, struct fl_error *err)
{
    reader->must_resync = true;
    reader->is_gap_reported = true;
    reader->decoder.has_gaps = true;
    reader->totals.damaged_chunks++;
    fl_fail(err, FL_CORRUPT, "%s: %s: %s", reader->input.name, fl_status_text(FL_CORRUPT),
            what);
    return fail_at(err, FL_CORRUPT, reader->input.offset, reader->next_sequence);
}

/* ---- file header ---- */

static bool looks_like_a_trace(const uint8_t *at, size_t have)
{
    return have >= 12 &&
           (fl_load32(at) == FL_SKIPPABLE_MAGIC || fl_load32(at + 8) == FL_TAG_HEADER);
}

static enum fl_status header_versions(const struct fl_reader *reader, const uint8_t *content,
                                      struct fl_error *err)
{
    const unsigned major = fl_load16(content + 4);
    if (major != FL_FORMAT_MAJOR) {
        fl_fail(err, FL_VERSION, "%s has format version %u.%u, this reader knows %u",
                reader->input.name, major, fl_load16(content + 6), FL_FORMAT_MAJOR);
        return fail_at(err, FL_VERSION, FL_SKIPPABLE_BYTES + 4, FL_NO_CHUNK);
    }
    const uint64_t required = fl_load64(content + 8);
    if (required != 0) {
        fl_fail(err, FL_FEATURE, "%s requires feature bit %d, which this reader does not know",
                reader->input.name, __builtin_ctzll(required));
        return fail_at(err, FL_FEATURE, FL_SKIPPABLE_BYTES + 8, FL_NO_CHUNK);
    }
    return FL_OK;
}

static bool check_is_valid(const uint8_t *content, size_t bytes)
{
    return bytes >= FL_CHECK_BYTES && fl_load64(content + bytes - FL_CHECK_BYTES) ==
                                          XXH64(content, bytes - FL_CHECK_BYTES, 0);
}

/* Metadata that stands behind `fixed` bytes of content, up to the check. */
static bool metadata_read(const uint8_t *content, size_t bytes, size_t fixed,
                          struct fl_metadata *meta)
{
    if (bytes < fixed + FL_CHECK_BYTES) {
        return false;
    }
    const struct fl_cursor from = {content + fixed, content + bytes - FL_CHECK_BYTES};
    return fl_metadata_decode(from, meta);
}

/* The header frame; damage in it costs the metadata, not the chunks. */
static enum fl_status header_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    enum fl_status status = fl_input_peek(&reader->input, 12, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have == 0) {
        return fl_fail(err, FL_EMPTY, "%s is empty", reader->input.name);
    }
    if (!looks_like_a_trace(at, have)) {
        fl_fail(err, FL_NOT_A_TRACE, "%s is not an flrec trace", reader->input.name);
        return fail_at(err, FL_NOT_A_TRACE, 0, FL_NO_CHUNK);
    }
    const size_t bytes = fl_load32(at + 4);
    const bool is_header = fl_load32(at) == FL_SKIPPABLE_MAGIC &&
                           fl_load32(at + 8) == FL_TAG_HEADER &&
                           bytes <= FL_METADATA_BYTES_MAX && bytes >= FL_HEADER_FIXED_BYTES;
    if (!is_header) {
        reader->is_header_damaged = true;
        return FL_OK;
    }
    status = fl_input_peek(&reader->input, FL_SKIPPABLE_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    const uint8_t *content = at + FL_SKIPPABLE_BYTES;
    if (have < FL_SKIPPABLE_BYTES + bytes || !check_is_valid(content, bytes)) {
        reader->is_header_damaged = true;
        return FL_OK;
    }
    status = header_versions(reader, content, err);
    if (status != FL_OK) {
        return status;
    }
    if (!metadata_read(content, bytes, FL_HEADER_FIXED_BYTES, reader->meta)) {
        reader->is_header_damaged = true;
        return FL_OK;
    }
    fl_input_skip(&reader->input, FL_SKIPPABLE_BYTES + bytes);
    return FL_OK;
}

static struct fl_reader *reader_new(void)
{
    struct fl_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->meta = fl_metadata_new();
    reader->end_meta = fl_metadata_new();
    reader->context = ZSTD_createDCtx();
    reader->ops = malloc(FL_BATCH_OPS * sizeof *reader->ops);
    reader->input.fd = -1;
    if (reader->meta == NULL || reader->end_meta == NULL || reader->context == NULL ||
        reader->ops == NULL || !fl_slots_init(&reader->decoder.slots)) {
        fl_reader_close(reader);
        return NULL;
    }
    return reader;
}

static enum fl_status reader_start(struct fl_reader *reader, enum fl_status status,
                                   struct fl_reader **out, struct fl_error *err)
{
    if (status == FL_OK) {
        status = header_read(reader, err);
    }
    if (status != FL_OK) {
        fl_reader_close(reader);
        return status;
    }
    *out = reader;
    return FL_OK;
}

enum fl_status fl_reader_open(const char *path, struct fl_reader **out, struct fl_error *err)
{
    struct fl_reader *reader = reader_new();
    if (reader == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for a trace reader");
    }
    return reader_start(reader, fl_input_open(&reader->input, path, err), out, err);
}

enum fl_status fl_reader_open_fd(int fd, const char *name, struct fl_reader **out,
                                 struct fl_error *err)
{
    struct fl_reader *reader = reader_new();
    if (reader == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for a trace reader");
    }
    fl_input_open_fd(&reader->input, fd, name);
    return reader_start(reader, FL_OK, out, err);
}

void fl_reader_close(struct fl_reader *reader)
{
    if (reader != NULL) {
        fl_input_close(&reader->input);
        fl_metadata_free(reader->meta);
        fl_metadata_free(reader->end_meta);
        ZSTD_freeDCtx(reader->context);
        fl_slots_clear(&reader->decoder.slots);
        free(reader->payload);
        free(reader->ops);
        free(reader);
    }
}

/* ---- chunks ---- */

/* Does an undamaged chunk header, or the end record, begin at `at`? */
static bool is_landmark(const uint8_t *at, size_t have)
{
    struct fl_chunk_header header;
    if (fl_load32(at) != FL_SKIPPABLE_MAGIC) {
        return false;
    }
    if (have >= FL_CHUNK_FRAME_BYTES && fl_chunk_header_decode(at, &header)) {
        return true;
    }
    const size_t bytes = fl_load32(at + 4);
    return have >= 12 && fl_load32(at + 8) == FL_TAG_END &&
           bytes <= have - FL_SKIPPABLE_BYTES && bytes >= FL_END_FIXED_BYTES &&
           check_is_valid(at + FL_SKIPPABLE_BYTES, bytes);
}

/* Search behind the damage for the next landmark, or the end of the file. */
static enum fl_status resync(struct fl_reader *reader, struct fl_error *err)
{
    const size_t window = 256u * 1024, margin = 64u * 1024; /* an end record fits in it */
    reader->must_resync = false;
    size_t skip = 1;
    for (;;) {
        const uint8_t *at;
        size_t have;
        const enum fl_status status =
            fl_input_peek(&reader->input, skip + window, &at, &have, err);
        if (status != FL_OK) {
            return status;
        }
        const size_t end = have >= 4 ? have - 3 : 0;
        size_t i = skip;
        while (i < end && !is_landmark(at + i, have - i)) {
            i++;
            if (have - i < margin && !reader->input.is_at_end) {
                break;
            }
        }
        const bool is_found = i < end && is_landmark(at + i, have - i);
        if (!is_found && i >= end && reader->input.is_at_end) {
            i = have;
        }
        fl_input_skip(&reader->input, i);
        if (is_found || i == have) {
            return FL_OK;
        }
        skip = 0;
    }
}

static bool payload_reserve(struct fl_reader *reader, size_t bytes)
{
    if (bytes <= reader->payload_capacity) {
        return true;
    }
    uint8_t *grown = realloc(reader->payload, bytes);
    if (grown == NULL) {
        return false;
    }
    reader->payload = grown;
    reader->payload_capacity = bytes;
    return true;
}

static bool chunk_is_within_limits(const struct fl_chunk_header *header)
{
    return header->decoded_bytes <= FL_CHUNK_BYTES_MAX &&
           header->compressed_bytes <= ZSTD_COMPRESSBOUND(FL_CHUNK_BYTES_MAX) &&
           header->records <= FL_CHUNK_RECORDS_MAX && header->events <= header->records;
}

/* Decompress the chunk whose `bytes` bytes of frame stand at `frame`; NULL, or what is wrong. */
static const char *chunk_unpack(struct fl_reader *reader, const uint8_t *frame, size_t bytes)
{
    const size_t decoded = reader->chunk.decoded_bytes;
    const unsigned checksum_flag = 4;
    if (bytes < 9 || !(frame[4] & checksum_flag) ||
        ZSTD_getFrameContentSize(frame, bytes) != decoded ||
        ZSTD_findFrameCompressedSize(frame, bytes) != bytes) {
        return "the frame does not fit its chunk header";
    }
    const size_t result =
        ZSTD_decompressDCtx(reader->context, reader->payload, decoded, frame, bytes);
    if (ZSTD_isError(result)) {
        return ZSTD_getErrorName(result);
    }
    return result == decoded ? NULL : "the frame does not fit its chunk header";
}

/* The event section of the payload; other sections are passed over or refused. */
static enum fl_status sections_read(struct fl_reader *reader, struct fl_cursor *events,
                                    struct fl_error *err)
{
    struct fl_cursor left = {reader->payload, reader->payload + reader->chunk.decoded_bytes};
    bool has_events = false;
    while (fl_cursor_left(&left) > 0) {
        struct fl_cursor header, content;
        if (!fl_get_span(&left, FL_SECTION_HEADER_BYTES, &header) ||
            !fl_get_span(&left, fl_load32(header.at + 4), &content)) {
            return damage(reader, "a section is longer than its chunk", err);
        }
        const unsigned kind = fl_load16(header.at);
        if (kind == FL_SECTION_EVENTS && !has_events) {
            *events = content;
            has_events = true;
        } else if (fl_load16(header.at + 2) & FL_SECTION_REQUIRED) {
            struct fl_error why;
            fl_fail(&why, FL_FEATURE, "%s requires section %u, which this reader does not know",
                    reader->input.name, kind);
            fail_at(&why, FL_FEATURE, reader->chunk_offset, reader->chunk.sequence);
            return finish(reader, FL_FEATURE, &why, err);
        }
    }
    return has_events ? FL_OK : damage(reader, "a chunk without events", err);
}

/* Does the chunk continue what was read? Otherwise say what is missing, once. */
static const char *chunk_order(struct fl_reader *reader)
{
    const struct fl_chunk_header *chunk = &reader->chunk;
    if (chunk->sequence < reader->next_sequence || chunk->first_event < reader->next_event ||
        chunk->first_serial < reader->decoder.slots.next_serial) {
        return "a chunk is out of order";
    }
    const bool is_next = chunk->sequence == reader->next_sequence &&
                         chunk->first_event == reader->next_event &&
                         chunk->first_serial == reader->decoder.slots.next_serial;
    if (!is_next) {
        reader->totals.missing_events += chunk->first_event - reader->next_event;
        reader->decoder.has_gaps = true;
        return reader->is_gap_reported ? NULL : "chunks are missing before this one";
    }
    if (!reader->decoder.has_gaps &&
        chunk->live_objects != fl_slots_live(&reader->decoder.slots)) {
        return "the number of live objects is not what the chunk header says";
    }
    return NULL;
}

/* Begin to deliver the chunk that was unpacked. */
static enum fl_status chunk_begin(struct fl_reader *reader, struct fl_error *err)
{
    struct fl_cursor events = {0};
    const enum fl_status status = sections_read(reader, &events, err);
    if (status != FL_OK) {
        return status;
    }
    const char *wrong = chunk_order(reader);
    if (wrong != NULL && reader->chunk.sequence < reader->next_sequence) {
        return damage(reader, wrong, err);
    }
    if (!fl_decoder_begin(&reader->decoder, events, reader->chunk.first_serial)) {
        struct fl_error why;
        fl_fail(&why, FL_NOMEM, "no memory for the live objects");
        return finish(reader, FL_NOMEM, &why, err);
    }
    reader->next_event = reader->chunk.first_event;
    reader->next_sequence = reader->chunk.sequence + 1;
    reader->chunk_records = 0;
    reader->is_in_chunk = true;
    reader->is_gap_reported = false;
    reader->totals.lost_events = reader->chunk.lost_events;
    if (wrong != NULL) { /* reported, and the chunk follows with the next call */
        reader->decoder.has_gaps = true;
        fl_fail(err, FL_CORRUPT, "%s: %s: %s", reader->input.name, fl_status_text(FL_CORRUPT),
                wrong);
        return fail_at(err, FL_CORRUPT, reader->chunk_offset, reader->chunk.sequence);
    }
    return FL_OK;
}

static enum fl_status chunk_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    enum fl_status status =
        fl_input_peek(&reader->input, FL_CHUNK_FRAME_BYTES, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_CHUNK_FRAME_BYTES) {
        return finish_truncated(reader, "inside a chunk header", err);
    }
    struct fl_chunk_header header;
    if (!fl_chunk_header_decode(at, &header)) {
        return damage(reader, "a chunk header does not fit its check", err);
    }
    if (!chunk_is_within_limits(&header) || !payload_reserve(reader, header.decoded_bytes)) {
        struct fl_error why;
        fl_fail(&why, FL_LIMIT, "%s: %s", reader->input.name, fl_status_text(FL_LIMIT));
        fail_at(&why, FL_LIMIT, reader->input.offset, header.sequence);
        return finish(reader, FL_LIMIT, &why, err);
    }
    const size_t bytes = header.compressed_bytes;
    status = fl_input_peek(&reader->input, FL_CHUNK_FRAME_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_CHUNK_FRAME_BYTES + bytes) {
        return finish_truncated(reader, "inside a chunk", err);
    }
    reader->chunk = header;
    reader->chunk_offset = reader->input.offset;
    const char *wrong = chunk_unpack(reader, at + FL_CHUNK_FRAME_BYTES, bytes);
    if (wrong != NULL) {
        return damage(reader, wrong, err);
    }
    fl_input_skip(&reader->input, FL_CHUNK_FRAME_BYTES + bytes);
    reader->totals.compressed_bytes = reader->input.offset;
    reader->totals.decoded_bytes += header.decoded_bytes;
    return chunk_begin(reader, err);
}

/* The chunk is delivered: does it hold what its header says? */
static enum fl_status chunk_finish(struct fl_reader *reader, struct fl_error *err)
{
    reader->is_in_chunk = false;
    reader->totals.chunks++;
    const char *wrong = reader->decoder.what;
    if (reader->decoder.is_out_of_memory) {
        struct fl_error why;
        fl_fail(&why, FL_NOMEM, "no memory for the live objects");
        return finish(reader, FL_NOMEM, &why, err);
    }
    if (wrong == NULL && (reader->chunk_records != reader->chunk.records ||
                          reader->decoder.events != reader->chunk.events)) {
        wrong = "the counts are not those of the chunk header";
    }
    if (wrong == NULL) {
        return FL_OK;
    }
    reader->decoder.has_gaps = true;
    reader->is_gap_reported = true;
    reader->totals.damaged_chunks++;
    fl_fail(err, FL_CORRUPT, "%s: %s: %s", reader->input.name, fl_status_text(FL_CORRUPT),
            wrong);
    return fail_at(err, FL_CORRUPT, reader->chunk_offset, reader->chunk.sequence);
}

/* ---- the end: end record, index, seek table ---- */

static enum fl_status end_check(struct fl_reader *reader, const uint8_t *content,
                                struct fl_error *err)
{
    reader->has_end = true;
    reader->totals.is_complete = true;
    reader->totals.lost_events = fl_load64(content + 40);
    const uint64_t chunks = fl_load64(content + 8), events = fl_load64(content + 16);
    if (chunks == reader->next_sequence && events == reader->next_event) {
        return FL_OK;
    }
    if (events > reader->next_event) {
        reader->totals.missing_events += events - reader->next_event;
    }
    if (reader->is_gap_reported) {
        return FL_OK;
    }
    fl_fail(err, FL_CORRUPT, "%s: chunks are missing before the end record",
            reader->input.name);
    return fail_at(err, FL_CORRUPT, reader->input.offset, reader->next_sequence);
}

static enum fl_status tail_damage(struct fl_reader *reader, size_t bytes, struct fl_error *err)
{
    const enum fl_status status = damage(reader, "the end record, index or seek table", err);
    reader->totals.damaged_chunks--;
    if (reader->has_end) {
        fl_input_skip(&reader->input, bytes);
        reader->must_resync = false;
    }
    return status;
}

/* A frame with our magic and tag END or INDEX, or the seek table: `bytes` of content. */
static enum fl_status tail_frame(struct fl_reader *reader, const uint8_t *at, size_t bytes,
                                 struct fl_error *err)
{
    const uint8_t *content = at + FL_SKIPPABLE_BYTES;
    const size_t frame_bytes = FL_SKIPPABLE_BYTES + bytes;
    if (fl_load32(at) == FL_SEEK_TABLE_MAGIC) {
        reader->has_seek_table = true;
        if (bytes < 9 || fl_load32(content + bytes - 4) != FL_SEEKABLE_MAGIC) {
            return tail_damage(reader, frame_bytes, err);
        }
    } else if (!check_is_valid(content, bytes)) {
        reader->has_index |= fl_load32(content) == FL_TAG_INDEX;
        return tail_damage(reader, frame_bytes, err);
    } else if (fl_load32(content) == FL_TAG_INDEX) {
        reader->has_index = true;
    } else {
        if (reader->has_end ||
            !metadata_read(content, bytes, FL_END_FIXED_BYTES, reader->end_meta)) {
            return tail_damage(reader, frame_bytes, err);
        }
        const enum fl_status status = end_check(reader, content, err);
        fl_input_skip(&reader->input, frame_bytes);
        return status;
    }
    fl_input_skip(&reader->input, frame_bytes);
    return FL_OK;
}

static enum fl_status tail_read(struct fl_reader *reader, size_t bytes, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const enum fl_status status =
        fl_input_peek(&reader->input, FL_SKIPPABLE_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_SKIPPABLE_BYTES + bytes) {
        return finish_truncated(reader, "inside its end record, index or seek table", err);
    }
    return tail_frame(reader, at, bytes, err);
}

/* Nothing is left in the file. */
static enum fl_status file_end(struct fl_reader *reader, struct fl_error *err)
{
    reader->totals.compressed_bytes = reader->input.offset;
    if (!reader->has_end) {
        return finish_truncated(reader, "before its end record", err);
    }
    if (!reader->has_index || !reader->has_seek_table) {
        return finish_truncated(reader, "before its index and seek table", err);
    }
    struct fl_error why;
    fl_fail(&why, FL_END, "%s", fl_status_text(FL_END));
    return finish(reader, FL_END, &why, err);
}

/* ---- frames ---- */

static bool is_tail(const uint8_t *at, size_t have)
{
    const uint32_t magic = fl_load32(at);
    const uint32_t tag = have >= 12 ? fl_load32(at + 8) : 0;
    return magic == FL_SEEK_TABLE_MAGIC ||
           (magic == FL_SKIPPABLE_MAGIC && (tag == FL_TAG_END || tag == FL_TAG_INDEX));
}

static enum fl_status frame_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(&reader->input, 12, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have == 0) {
        return file_end(reader, err);
    }
    if (have < 12) {
        return finish_truncated(reader, "inside a frame header", err);
    }
    const size_t bytes = fl_load32(at + 4);
    if (is_tail(at, have) && bytes <= FL_INDEX_BYTES_MAX && bytes >= FL_INDEX_FIXED_BYTES) {
        return tail_read(reader, bytes, err);
    }
    if (reader->has_end) {
        struct fl_error why;
        fl_fail(&why, FL_CORRUPT, "%s: something follows the end of the trace%s",
                reader->input.name,
                fl_load32(at + 8) == FL_TAG_HEADER ? ": another trace" : "");
        fail_at(&why, FL_CORRUPT, reader->input.offset, FL_NO_CHUNK);
        return finish(reader, FL_CORRUPT, &why, err);
    }
    if (fl_load32(at) == FL_SKIPPABLE_MAGIC) {
        return chunk_read(reader, err);
    }
    return damage(reader, "no chunk header where one should be", err);
}

static enum fl_status header_damage(struct fl_reader *reader, struct fl_error *err)
{
    reader->is_header_damaged = false;
    const enum fl_status status = damage(reader, "the file header", err);
    reader->totals.damaged_chunks--;
    reader->is_gap_reported = false;
    return status;
}

static void batch_fill(struct fl_reader *reader, size_t count, uint64_t first_event,
                       uint64_t first_serial, struct fl_batch *out)
{
    *out = (struct fl_batch){
        .ops = reader->ops,
        .count = count,
        .first_event = first_event,
        .first_serial = first_serial,
        .chunk = reader->chunk.sequence,
    };
    struct fl_reader_totals *totals = &reader->totals;
    reader->next_event = reader->chunk.first_event + reader->decoder.events;
    reader->chunk_records += count;
    totals->records += count;
    totals->events += reader->next_event - first_event;
    totals->live_objects = fl_slots_live(&reader->decoder.slots);
    if (reader->decoder.slots.slot_count > totals->peak_live_objects) {
        totals->peak_live_objects = reader->decoder.slots.slot_count;
    }
}

enum fl_status fl_reader_next(struct fl_reader *reader, struct fl_batch *out,
                              struct fl_error *err)
{
    if (reader->final.status != FL_OK) {
        return finish(reader, reader->final.status, &reader->final, err);
    }
    if (reader->is_header_damaged) {
        return header_damage(reader, err);
    }
    for (;;) {
        enum fl_status status = FL_OK;
        if (reader->must_resync) {
            status = resync(reader, err);
        } else if (reader->is_in_chunk) {
            const uint64_t first_event = reader->next_event;
            const uint64_t first_serial = reader->decoder.slots.next_serial;
            const size_t count = fl_decode(&reader->decoder, reader->ops, FL_BATCH_OPS);
            if (count > 0) {
                batch_fill(reader, count, first_event, first_serial, out);
                return FL_OK;
            }
            status = chunk_finish(reader, err);
        } else {
            status = frame_read(reader, err);
        }
        if (status != FL_OK) {
            return status;
        }
    }
}

const struct fl_metadata *fl_reader_metadata(const struct fl_reader *reader)
{
    return reader->meta;
}

const struct fl_metadata *fl_reader_end_metadata(const struct fl_reader *reader)
{
    return reader->has_end ? reader->end_meta : NULL;
}

const struct fl_reader_totals *fl_reader_totals(const struct fl_reader *reader)
{
    return &reader->totals;
}

const char *fl_reader_text(const struct fl_reader *reader, const struct fl_op *op,
                           size_t *bytes)
{
    *bytes = op->slot;
    return (const char *)reader->decoder.payload + op->size_bytes;
}

uint64_t fl_reader_file_bytes(const struct fl_reader *reader)
{
    return reader->input.file_bytes;
}
