/*
 * Chunks: unpack one whole frame, verify it, then deliver its operations in batches. What its
 * header promises is held against what was read before it and what it holds, since a checksum
 * only says that the bytes are those that were written.
 */
#include "reader_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

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

/* Numbers stay far below the wrap, so that sums of them need no care elsewhere. */
static bool chunk_is_within_limits(const struct fl_chunk_header *header)
{
    return header->decoded_bytes <= FL_CHUNK_BYTES_MAX &&
           header->compressed_bytes <= ZSTD_COMPRESSBOUND(FL_CHUNK_BYTES_MAX) &&
           header->records <= FL_CHUNK_RECORDS_MAX && header->events <= header->records &&
           header->sequence < FL_NUMBER_MAX && header->first_event < FL_NUMBER_MAX &&
           header->first_serial < FL_NUMBER_MAX;
}

/* Decompress the chunk whose `bytes` bytes of frame stand at `frame`; NULL, or what is
 * wrong. */
static const char *chunk_unpack(struct fl_reader *reader, const uint8_t *frame, size_t bytes)
{
    const size_t decoded = reader->chunk.decoded_bytes;
    const unsigned checksum_flag = 4;
    if (bytes < 9 || !(frame[4] & checksum_flag) || decoded == 0 ||
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

static enum fl_status chunk_damage(struct fl_reader *reader, const char *what,
                                   struct fl_error *err)
{
    reader->totals.damaged_chunks++;
    const enum fl_status status = fl_reader_damage(reader, reader->chunk_offset, what, err);
    if (err != NULL) {
        err->chunk = reader->chunk.sequence;
    }
    return status;
}

static enum fl_status finish_no_memory(struct fl_reader *reader, struct fl_error *err)
{
    return fl_reader_finish(reader, FL_NOMEM, reader->chunk_offset, "", err);
}

/* Where the section of a column or table goes; NULL when it is passed over. */
static struct fl_cursor *section_place(struct fl_stack_sections *sections, unsigned kind)
{
    switch (kind) {
    case FL_SECTION_FRAMES:
        return &sections->frames;
    case FL_SECTION_MODULES:
        return &sections->modules;
    case FL_SECTION_STACK_IDS:
        return &sections->ids;
    default:
        return NULL;
    }
}

/* The event section of the payload; other sections are noted, passed over or refused. */
static enum fl_status sections_read(struct fl_reader *reader, struct fl_cursor *events,
                                    struct fl_error *err)
{
    struct fl_cursor left = {reader->payload, reader->payload + reader->chunk.decoded_bytes};
    bool has_events = false;
    reader->sections = (struct fl_stack_sections){0};
    while (fl_cursor_left(&left) > 0) {
        struct fl_cursor header, content;
        if (!fl_get_span(&left, FL_SECTION_HEADER_BYTES, &header) ||
            !fl_get_span(&left, fl_load32(header.at + 4), &content)) {
            return chunk_damage(reader, "a section is longer than its chunk", err);
        }
        const unsigned kind = fl_load16(header.at);
        struct fl_cursor *place = section_place(&reader->sections, kind);
        if (kind == FL_SECTION_EVENTS) {
            if (has_events) {
                return chunk_damage(reader, "a chunk with two event sections", err);
            }
            *events = content;
            has_events = true;
        } else if (place != NULL) {
            *place = content;
        } else if (fl_load16(header.at + 2) & FL_SECTION_REQUIRED) {
            char detail[32];
            snprintf(detail, sizeof detail, ": section %u", kind);
            return fl_reader_finish(reader, FL_FEATURE, reader->chunk_offset, detail, err);
        }
    }
    return has_events ? FL_OK : chunk_damage(reader, "a chunk without events", err);
}

static bool chunk_goes_back(const struct fl_reader *reader)
{
    const struct fl_chunk_header *chunk = &reader->chunk;
    return chunk->sequence < reader->next_sequence || chunk->first_event < reader->next_event ||
           chunk->first_serial < reader->decoder.slots.next_serial;
}

/* Does the chunk continue what was read? NULL, or what is wrong and not told yet. */
static const char *chunk_order(struct fl_reader *reader)
{
    const struct fl_chunk_header *chunk = &reader->chunk;
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
    if (chunk_goes_back(reader)) {
        return chunk_damage(reader, "a chunk is out of order", err);
    }
    const char *wrong = chunk_order(reader);
    if (reader->stacks != NULL) {
        const char *stacks_wrong = fl_stacks_take(reader->stacks, &reader->sections);
        reader->last_stack = FL_STACK_NONE;
        wrong = wrong != NULL ? wrong : stacks_wrong;
    }
    if (!fl_decoder_begin(&reader->decoder, events, reader->chunk.first_serial)) {
        return finish_no_memory(reader, err);
    }
    reader->next_event = reader->chunk.first_event;
    reader->next_sequence = reader->chunk.sequence + 1;
    reader->chunk_records = 0;
    reader->is_in_chunk = true;
    reader->totals.lost_events = reader->chunk.lost_events;
    if (wrong != NULL) { /* reported, and the chunk follows with the next call */
        (void)fl_reader_damage(reader, reader->chunk_offset, wrong, err);
    }
    reader->is_gap_reported = false;
    return wrong == NULL ? FL_OK : FL_CORRUPT;
}

/* Remember what index and seek table will say about this chunk. */
static void chunk_note(struct fl_reader *reader)
{
    struct fl_walked *walked = &reader->walked;
    uint8_t entry[16];
    fl_store64(entry, reader->chunk_offset);
    fl_store64(entry + 8, reader->chunk.first_event);
    walked->index_hash = XXH64(entry, sizeof entry, walked->index_hash);
    fl_store32(entry, FL_CHUNK_FRAME_BYTES);
    fl_store32(entry + 4, 0);
    fl_store32(entry + 8, reader->chunk.compressed_bytes);
    fl_store32(entry + 12, reader->chunk.decoded_bytes);
    walked->seek_hash = XXH64(entry, sizeof entry, walked->seek_hash);
    walked->chunks++;
}

enum fl_status fl_chunk_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const uint64_t offset = reader->input.offset;
    enum fl_status status =
        fl_input_peek(&reader->input, FL_CHUNK_FRAME_BYTES, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_CHUNK_FRAME_BYTES) {
        return fl_reader_finish(reader, FL_TRUNCATED, offset, " inside a chunk header", err);
    }
    struct fl_chunk_header header;
    if (!fl_chunk_header_decode(at, &header)) {
        reader->must_resync = true;
        reader->totals.damaged_chunks++;
        return fl_reader_damage(reader, offset, "a chunk header does not fit its check", err);
    }
    reader->chunk = header;
    reader->chunk_offset = offset;
    if (!chunk_is_within_limits(&header)) {
        return fl_reader_finish(reader, FL_LIMIT, offset, "", err);
    }
    const size_t bytes = header.compressed_bytes;
    status = fl_input_peek(&reader->input, FL_CHUNK_FRAME_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_CHUNK_FRAME_BYTES + bytes) {
        return fl_reader_finish(reader, FL_TRUNCATED, offset, " inside a chunk", err);
    }
    if (!payload_reserve(reader, header.decoded_bytes)) {
        return finish_no_memory(reader, err);
    }
    const char *wrong = chunk_unpack(reader, at + FL_CHUNK_FRAME_BYTES, bytes);
    if (wrong != NULL) {
        reader->must_resync = true;
        return chunk_damage(reader, wrong, err);
    }
    fl_input_skip(&reader->input, FL_CHUNK_FRAME_BYTES + bytes);
    reader->totals.compressed_bytes = fl_input_file_offset(&reader->input);
    reader->totals.decoded_bytes += header.decoded_bytes;
    chunk_note(reader);
    return chunk_begin(reader, err);
}

/* The chunk is delivered: does it hold what its header says? */
static enum fl_status chunk_finish(struct fl_reader *reader, struct fl_error *err)
{
    reader->is_in_chunk = false;
    reader->totals.chunks++;
    reader->totals.lost_events += reader->decoder.lost_events;
    if (reader->decoder.is_out_of_memory) {
        return finish_no_memory(reader, err);
    }
    const char *wrong = reader->decoder.what;
    if (wrong == NULL && (reader->chunk_records != reader->chunk.records ||
                          reader->decoder.events != reader->chunk.events ||
                          !fl_decoder_is_at_end(&reader->decoder))) {
        wrong = "the counts are not those of the chunk header";
    }
    return wrong == NULL ? FL_OK : chunk_damage(reader, wrong, err);
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

/* The stacks of the calls in this batch. A chunk may have none at all. */
static void batch_stacks(struct fl_reader *reader, size_t count)
{
    struct fl_cursor *ids = &reader->sections.ids;
    if (ids->at == NULL) {
        memset(reader->op_stacks, 0, count * sizeof *reader->op_stacks);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t code;
        if (reader->ops[i].kind > FL_CALL_PVALLOC) {
            continue;
        }
        if (!fl_get_varint(ids, &code)) {
            reader->decoder.what = "fewer stacks than calls";
            code = 0;
        }
        reader->last_stack += (uint32_t)fl_unzigzag(code);
        reader->op_stacks[i] = fl_stacks_of_number(reader->stacks, reader->last_stack);
        if (reader->op_stacks[i] == FL_STACK_NONE && reader->last_stack != FL_STACK_NONE &&
            !reader->decoder.has_gaps) {
            reader->decoder.what = "a stack that is not there";
        }
    }
}

/* Has more come than the file can hold? It was compressed twice then, and who did that need not
 * have had as many bytes as now stand for them. */
static bool is_overpacked(const struct fl_reader *reader)
{
    const uint64_t extent = fl_input_extent(&reader->input);
    return reader->totals.records / FL_RECORDS_PER_BYTE >= extent ||
           reader->totals.decoded_bytes / FL_UNPACKED_PER_BYTE >= extent;
}

enum fl_status fl_chunk_deliver(struct fl_reader *reader, struct fl_batch *out,
                                struct fl_error *err)
{
    const uint64_t first_event = reader->next_event;
    const uint64_t first_serial = reader->decoder.slots.next_serial;
    const uint64_t left = reader->chunk.records - reader->chunk_records;
    if (left > 0 && is_overpacked(reader)) {
        return fl_reader_finish(reader, FL_LIMIT, reader->chunk_offset,
                                ": more records than its file has room for; "
                                "it is compressed twice, undo one of them first",
                                err);
    }
    const size_t count =
        fl_decode(&reader->decoder, reader->ops, left < FL_BATCH_OPS ? left : FL_BATCH_OPS);
    if (count == 0) {
        out->count = 0;
        return chunk_finish(reader, err);
    }
    batch_fill(reader, count, first_event, first_serial, out);
    if (reader->stacks != NULL) {
        batch_stacks(reader, count);
    }
    return FL_OK;
}
