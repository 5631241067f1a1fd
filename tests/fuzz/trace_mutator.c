/*
 * A mutator that knows what a trace is made of: the frames of a file, the payloads inside. It
 * changes one part with libFuzzer's own means and puts the file together again, with checks,
 * sizes and counts as they must be and without events that cannot be decoded, so that the
 * change is met where it was made and not at the first checksum. One time in four it leaves the
 * bytes to libFuzzer alone, and one time in eight it leaves counts as they were, since what
 * does not fit is a case, too.
 *
 * Only inputs that are a file (trace_input.h) have parts; the others are libFuzzer's.
 */
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "craft.h"
#include "decode.h"
#include "frame.h"
#include "fuzz.h"
#include "trace_input.h"

#define PARTS_MAX   64u
#define PAYLOAD_MAX (64u * 1024)

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed);

enum part_kind {
    PART_FRAME, /* a skippable one of ours: its content without the check */
    PART_CHUNK, /* a chunk header and its frame: the payload */
    PART_RAW,   /* what is none of these, up to the end */
};

struct part {
    enum part_kind kind;
    struct fl_chunk_header header; /* of a chunk */
    uint8_t *bytes;                /* room for PAYLOAD_MAX, owned */
    size_t count;
};

struct parts {
    struct part at[PARTS_MAX];
    size_t count;
};

/* ---- taking apart ---- */

static void part_add(struct parts *parts, enum part_kind kind, const void *bytes, size_t count)
{
    struct part *part = &parts->at[parts->count];
    if (parts->count == PARTS_MAX) {
        return;
    }
    part->kind = kind;
    part->count = count < PAYLOAD_MAX ? count : PAYLOAD_MAX;
    part->bytes = malloc(PAYLOAD_MAX);
    must(part->bytes != NULL, "room for a part");
    if (part->count > 0) {
        memcpy(part->bytes, bytes, part->count);
    }
    parts->count++;
}

/* The chunk that begins at `at`; bytes it takes up, 0 when there is none. */
static size_t chunk_take(struct parts *parts, const uint8_t *at, size_t left)
{
    struct fl_chunk_header header;
    if (left < FL_CHUNK_FRAME_BYTES || !fl_chunk_header_decode(at, &header) ||
        parts->count == PARTS_MAX) {
        return 0;
    }
    const uint8_t *frame = at + FL_CHUNK_FRAME_BYTES;
    const size_t bytes = ZSTD_findFrameCompressedSize(frame, left - FL_CHUNK_FRAME_BYTES);
    if (ZSTD_isError(bytes)) {
        return 0;
    }
    part_add(parts, PART_CHUNK, NULL, 0);
    struct part *part = &parts->at[parts->count - 1];
    const size_t decoded = ZSTD_decompress(part->bytes, PAYLOAD_MAX, frame, bytes);
    part->header = header;
    part->count = ZSTD_isError(decoded) ? 0 : decoded;
    return FL_CHUNK_FRAME_BYTES + bytes;
}

/* The frame that begins at `at`; bytes it takes up, 0 when there is none. */
static size_t frame_take(struct parts *parts, const uint8_t *at, size_t left)
{
    const size_t chunk = chunk_take(parts, at, left);
    if (chunk > 0 || left < FL_SKIPPABLE_BYTES || fl_load32(at) != FL_SKIPPABLE_MAGIC) {
        return chunk;
    }
    const size_t content = fl_load32(at + 4);
    if (content < FL_CHECK_BYTES || content > left - FL_SKIPPABLE_BYTES) {
        return 0;
    }
    part_add(parts, PART_FRAME, at + FL_SKIPPABLE_BYTES, content - FL_CHECK_BYTES);
    return FL_SKIPPABLE_BYTES + content;
}

static void parts_take(struct parts *parts, const uint8_t *bytes, size_t count)
{
    size_t at = 0, taken;
    while (at < count && (taken = frame_take(parts, bytes + at, count - at)) > 0) {
        at += taken;
    }
    if (at < count) {
        part_add(parts, PART_RAW, bytes + at, count - at);
    }
}

static void parts_clear(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        free(parts->at[i].bytes);
    }
}

/* ---- changing ---- */

/* The next section of a payload; its content as an offset and a size. */
static bool section_next(const struct part *part, struct fl_cursor *left, size_t *from,
                         size_t *count)
{
    struct fl_cursor header, content;
    if (!fl_get_span(left, FL_SECTION_HEADER_BYTES, &header) ||
        !fl_get_span(left, fl_load32(header.at + 4), &content)) {
        return false;
    }
    *from = (size_t)(content.at - part->bytes);
    *count = fl_cursor_left(&content);
    return true;
}

/* A section of a chunk's payload; all of the payload where there is none. */
static void section_choose(const struct part *part, unsigned choice, size_t *from,
                           size_t *count)
{
    struct fl_cursor left = {part->bytes, part->bytes + part->count};
    unsigned sections = 0;
    *from = 0;
    *count = part->count;
    while (section_next(part, &left, from, count)) {
        sections++;
    }
    left.at = part->bytes;
    for (unsigned i = 0; sections > 0 && i <= choice % sections; i++) {
        (void)section_next(part, &left, from, count);
    }
}

/* Change part[from .. from + count) and set the size in front of it, if it is a section. */
static void span_mutate(struct part *part, size_t from, size_t count)
{
    const size_t behind = part->count - from - count;
    uint8_t *tail = malloc(behind + 1);
    must(tail != NULL, "room for a part");
    memcpy(tail, part->bytes + from + count, behind);
    const size_t changed =
        LLVMFuzzerMutate(part->bytes + from, count, PAYLOAD_MAX - from - behind);
    memcpy(part->bytes + from + changed, tail, behind);
    part->count = from + changed + behind;
    if (from >= FL_SECTION_HEADER_BYTES) {
        fl_store32(part->bytes + from - 4, (uint32_t)changed);
    }
    free(tail);
}

static void header_mutate(struct part *part)
{
    uint8_t frame[FL_CHUNK_FRAME_BYTES];
    fl_chunk_header_encode(&part->header, frame);
    (void)LLVMFuzzerMutate(frame + FL_SKIPPABLE_BYTES + 4, FL_CHUNK_HEADER_BYTES - 12,
                           FL_CHUNK_HEADER_BYTES - 12);
    (void)fl_skippable_seal(frame, FL_CHUNK_HEADER_BYTES - FL_CHECK_BYTES);
    struct fl_chunk_header changed;
    if (fl_chunk_header_decode(frame, &changed)) {
        part->header = changed;
    }
}

static void part_mutate(struct part *part, unsigned choice)
{
    size_t from = 0, count = part->count;
    if (part->kind == PART_CHUNK && choice % 16 == 0) {
        header_mutate(part);
        return;
    }
    if (part->kind == PART_CHUNK && choice % 16 != 1) {
        section_choose(part, choice / 16, &from, &count);
    }
    span_mutate(part, from, count);
}

/* Drop a part, put it in twice, or swap it with the one behind. */
static void parts_shuffle(struct parts *parts, size_t place, unsigned choice)
{
    struct part *part = &parts->at[place];
    if (choice % 3 == 0) {
        free(part->bytes);
        memmove(part, part + 1, (parts->count - place - 1) * sizeof *part);
        parts->count--;
    } else if (choice % 3 == 1) {
        const struct part copied = *part;
        part_add(parts, copied.kind, copied.bytes, copied.count);
        parts->at[parts->count - 1].header = copied.header;
    } else if (place + 1 < parts->count) {
        const struct part moved = *part;
        *part = parts->at[place + 1];
        parts->at[place + 1] = moved;
    }
}

/* ---- putting together ---- */

/* A frame as it was put into the file, a chunk's header and its zstd frame as two. */
struct place {
    uint64_t offset, first_event;
    uint32_t bytes, decoded_bytes; /* 0: skippable */
};

/* What has been counted so far. */
struct counted {
    struct fl_decoder decoder;
    uint64_t chunks, events, records, lost_events;
    struct place places[2 * PARTS_MAX];
    size_t place_count;
};

static bool events_find(const struct part *part, size_t *from, size_t *count)
{
    struct fl_cursor left = {part->bytes, part->bytes + part->count};
    while (section_next(part, &left, from, count)) {
        if (fl_load16(part->bytes + *from - FL_SECTION_HEADER_BYTES) == FL_SECTION_EVENTS) {
            return true;
        }
    }
    return false;
}

/* How many records of the events can be decoded, and how many bytes those are. */
static size_t events_decode(struct fl_decoder *decoder, const uint8_t *events, size_t *bytes)
{
    struct fl_op op;
    size_t records = 0;
    *bytes = 0;
    while (fl_decode(decoder, &op, 1) == 1) {
        records++;
        *bytes = (size_t)(decoder->from.at - events);
    }
    return records;
}

/* Cut off what cannot be decoded, and give the chunk's header the counts of what is left. */
static void chunk_mend(struct counted *counted, struct part *part)
{
    size_t from, count, good;
    struct fl_chunk_header *header = &part->header;
    struct fl_decoder *decoder = &counted->decoder;
    header->sequence = counted->chunks++;
    header->first_event = counted->events;
    header->first_serial = decoder->slots.next_serial;
    header->live_objects = fl_slots_live(&decoder->slots);
    header->lost_events = counted->lost_events;
    if (!events_find(part, &from, &count)) {
        return;
    }
    const struct fl_cursor events = {part->bytes + from, part->bytes + from + count};
    if (!fl_decoder_begin(decoder, events, decoder->slots.next_serial)) {
        return;
    }
    header->records = (uint32_t)events_decode(decoder, events.at, &good);
    header->events = (uint32_t)decoder->events;
    counted->records += header->records;
    counted->events += header->events;
    counted->lost_events += decoder->lost_events;
    memmove(part->bytes + from + good, events.end, part->count - from - count);
    part->count -= count - good;
    fl_store32(part->bytes + from - 4, (uint32_t)good);
}

static void end_mend(const struct counted *counted, struct part *part)
{
    if (part->count >= FL_END_FIXED_BYTES && fl_load32(part->bytes) == FL_TAG_END) {
        fl_store64(part->bytes + 8, counted->chunks);
        fl_store64(part->bytes + 16, counted->events);
        fl_store64(part->bytes + 24, counted->records);
        fl_store64(part->bytes + 32, counted->decoder.slots.next_serial);
        fl_store64(part->bytes + 40, counted->lost_events);
    }
}

static void index_mend(const struct counted *counted, struct part *part)
{
    uint8_t *at = part->bytes + FL_INDEX_FIXED_BYTES;
    if (part->count < FL_INDEX_FIXED_BYTES || fl_load32(part->bytes) != FL_TAG_INDEX) {
        return;
    }
    for (size_t i = 1; i < counted->place_count; i++) {
        if (counted->places[i].decoded_bytes > 0) {
            fl_store64(at, counted->places[i - 1].offset);
            fl_store64(at + 8, counted->places[i].first_event);
            at += FL_INDEX_ENTRY_BYTES;
        }
    }
    fl_store32(part->bytes + 4, (uint32_t)counted->chunks);
    part->count = (size_t)(at - part->bytes);
}

static void seek_table_mend(const struct counted *counted, struct part *part)
{
    uint8_t *at = part->bytes + FL_SKIPPABLE_BYTES;
    if (part->count < FL_SKIPPABLE_BYTES || fl_load32(part->bytes) != FL_SEEK_TABLE_MAGIC) {
        return;
    }
    for (size_t i = 0; i < counted->place_count; i++, at += 8) {
        fl_store32(at, counted->places[i].bytes);
        fl_store32(at + 4, counted->places[i].decoded_bytes);
    }
    fl_store32(at, (uint32_t)counted->place_count);
    at[4] = 0;
    fl_store32(at + 5, FL_SEEKABLE_MAGIC);
    part->count = (size_t)(at + 9 - part->bytes);
    fl_store32(part->bytes + 4, (uint32_t)(part->count - FL_SKIPPABLE_BYTES));
}

/* The counts and places that this part tells of those before it. */
static void part_mend(struct counted *counted, struct part *part)
{
    if (part->kind == PART_CHUNK) {
        chunk_mend(counted, part);
    } else if (part->kind == PART_FRAME) {
        end_mend(counted, part);
        index_mend(counted, part);
    } else {
        seek_table_mend(counted, part);
    }
}

static void place_note(struct counted *counted, const struct craft *craft, size_t offset,
                       uint32_t decoded_bytes, uint64_t first_event)
{
    counted->places[counted->place_count++] =
        (struct place){offset, first_event, (uint32_t)(craft->bytes - offset), decoded_bytes};
}

static void part_put(struct craft *craft, struct counted *counted, const struct part *part)
{
    const size_t start = craft->bytes;
    struct fl_chunk_header header = part->header;
    header.compressed_bytes = header.decoded_bytes = 0; /* as they turn out */
    if (part->kind == PART_RAW) {
        craft_put(craft, part->bytes, part->count);
    } else if (part->kind == PART_FRAME) {
        craft_frame(craft, part->bytes, part->count);
        place_note(counted, craft, start, 0, 0);
    } else {
        craft_chunk(craft, header, part->bytes, part->count);
        place_note(counted, craft, start, 0, 0);
        counted->places[counted->place_count - 1].bytes = FL_CHUNK_FRAME_BYTES;
        place_note(counted, craft, start + FL_CHUNK_FRAME_BYTES, (uint32_t)part->count,
                   header.first_event);
    }
}

static void parts_put(struct craft *craft, struct parts *parts, bool is_mended)
{
    struct counted counted = {.chunks = 0};
    must(fl_slots_init(&counted.decoder.slots), "room for slots");
    for (size_t i = 0; i < parts->count; i++) {
        if (is_mended) {
            part_mend(&counted, &parts->at[i]);
        }
        part_put(craft, &counted, &parts->at[i]);
    }
    fl_slots_clear(&counted.decoder.slots);
}

static size_t file_mutate(uint8_t *bytes, size_t count, size_t room, unsigned seed)
{
    struct parts parts = {.count = 0};
    struct craft craft = {.at = NULL};
    parts_take(&parts, bytes, count);
    if (parts.count > 0) {
        const size_t place = seed / 32 % parts.count;
        if (seed % 8 == 1) {
            parts_shuffle(&parts, place, seed / 1024);
        } else {
            part_mutate(&parts.at[place], seed / 1024);
        }
        parts_put(&craft, &parts, seed / 8 % 8 != 0);
    }
    const bool fits = craft.bytes > 0 && craft.bytes <= room;
    const size_t changed = fits ? craft.bytes : LLVMFuzzerMutate(bytes, count, room);
    if (fits) {
        memcpy(bytes, craft.at, changed);
    }
    craft_clear(&craft);
    parts_clear(&parts);
    return changed;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t room, unsigned seed)
{
    const bool is_file = count > 1 && bytes[0] % TRACE_FORMS <= TRACE_SEALED;
    seed *= 0x9E3779B1u; /* libFuzzer's are small numbers that follow each other */
    seed ^= seed >> 15;
    if (!is_file || seed % 4 == 0) {
        return LLVMFuzzerMutate(bytes, count, room);
    }
    return 1 + file_mutate(bytes + 1, count - 1, room - 1, seed / 4);
}
