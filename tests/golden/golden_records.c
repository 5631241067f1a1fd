/*
 * Traces put together by hand. Every check in them is right, so that what is wrong is what they
 * say: records that no writer writes, and sizes and counts that ask a reader for more than it
 * has.
 */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

/* A file header with this metadata; it says that there are `said_bytes` of it. */
static void put_metadata(struct craft *out, const void *meta, size_t bytes, uint32_t said_bytes)
{
    uint8_t content[FL_HEADER_FIXED_BYTES + 128] = {0};
    fl_store32(content, FL_TAG_HEADER);
    fl_store16(content + 4, FL_FORMAT_MAJOR);
    fl_store32(content + 24, said_bytes);
    memcpy(content + FL_HEADER_FIXED_BYTES, meta, bytes);
    craft_frame(out, content, FL_HEADER_FIXED_BYTES + bytes);
}

void golden_begin(struct craft *craft)
{
    craft_header(craft, FL_FORMAT_MAJOR, 0);
    golden_put_good_chunk(craft);
}

void golden_put_good_chunk(struct craft *craft)
{
    const uint8_t one_malloc[] = {FL_CODE_MALLOC_SMALL};
    craft_events(craft, one_malloc, 1, 1, 1, 1);
    craft->next.live_objects++;
}

/* A chunk of these events between two good ones. Its header says what a writer's would. */
static void make_events(struct craft *out, const uint8_t *events, size_t bytes,
                        uint32_t records, uint32_t calls, uint32_t serials)
{
    golden_begin(out);
    craft_events(out, events, bytes, records, calls, serials);
    out->next.live_objects += serials;
    golden_put_good_chunk(out);
    golden_close(out);
}

/* One record, an event, that makes no object. */
#define RECORD(function, ...)                                                                  \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        const uint8_t events[] = {__VA_ARGS__};                                                \
        make_events(out, events, sizeof events, 1, 1, 0);                                      \
    }

#define MAX_VARINT 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1

RECORD(make_no_opcode, 0x17)
RECORD(make_cut_record, FL_CODE_MALLOC)
RECORD(make_long_varint, FL_CODE_MALLOC, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
       0x80, 0)
RECORD(make_large_varint, FL_CODE_MALLOC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
       2)
RECORD(make_no_object, FL_CODE_FREE_YOUNG + 5)
RECORD(make_far_reference, FL_CODE_FREE, MAX_VARINT)
RECORD(make_no_call, FL_CODE_CALL, 13, 0, 0, 8)
RECORD(make_wrong_flags, FL_CODE_CALL, FL_CALL_FREE, FL_FLAG_NULL | FL_FLAG_UNKNOWN, 0, 0)
RECORD(make_wrong_alignment, FL_CODE_ALIGNED, FL_CALL_MEMALIGN, 64, 8)

static void make_freed_twice(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_FREE_YOUNG, FL_CODE_FREE_NEAR + 16};
    make_events(out, events, sizeof events, 2, 2, 0);
}

static void make_wrong_counts(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_FREE_NULL, FL_CODE_FREE_NULL, FL_CODE_FREE_NULL};
    make_events(out, events, sizeof events, 2, 2, 0);
}

static void make_long_mark(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_MARK, MAX_VARINT};
    make_events(out, events, sizeof events, 1, 0, 0);
}

static void make_long_extension(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_EXTENSION, 1, MAX_VARINT, FL_CODE_FREE_NULL};
    make_events(out, events, sizeof events, 1, 1, 0);
}

static void make_whole_extension(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_EXTENSION, 77, 3, 'a', 'b', 'c', FL_CODE_FREE_NULL};
    make_events(out, events, sizeof events, 1, 1, 0);
}

/* ---- chunks ---- */

/* A chunk of one free(NULL) and another section, and a good one. */
static void put_section(struct craft *out, unsigned kind, unsigned flags,
                        const uint8_t *content, size_t bytes)
{
    uint8_t payload[256];
    const uint8_t events[] = {FL_CODE_FREE_NULL};
    size_t at = craft_section(payload, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, events, 1);
    at += craft_section(payload + at, kind, flags, content, bytes);
    out->next.records = out->next.events = 1;
    craft_chunk(out, out->next, payload, at);
    out->next.sequence++;
    out->next.first_event++;
    golden_put_good_chunk(out);
    golden_close(out);
}

static void make_section(struct craft *out, unsigned kind, unsigned flags,
                         const uint8_t *content, size_t bytes)
{
    golden_begin(out);
    put_section(out, kind, flags, content, bytes);
}

static void make_whole_section(struct craft *out)
{
    make_section(out, 99, 0, (const uint8_t *)"of a later version", 18);
}

static void make_required_section(struct craft *out)
{
    make_section(out, 99, FL_SECTION_REQUIRED, (const uint8_t *)"of a later version", 18);
}

static void make_two_event_sections(struct craft *out)
{
    make_section(out, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, (const uint8_t *)"\x08", 1);
}

/* A chunk whose header is changed by the caller; the payload is one free(NULL). */
static void put_odd_chunk(struct craft *out, struct fl_chunk_header header)
{
    const uint8_t events[] = {FL_CODE_FREE_NULL};
    uint8_t payload[16];
    const size_t bytes =
        craft_section(payload, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, events, 1);
    header.records += header.records == 0;
    header.events += header.events == 0;
    craft_chunk(out, header, payload, bytes);
    out->next.sequence++;
    out->next.first_event++;
}

/* It stands between good ones. */
#define ODD_CHUNK(function, change)                                                            \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        golden_begin(out);                                                                     \
        struct fl_chunk_header header = out->next;                                             \
        header.change;                                                                         \
        put_odd_chunk(out, header);                                                            \
        golden_put_good_chunk(out);                                                            \
        golden_close(out);                                                                     \
    }

/* Nothing follows it: where, the header says wrongly. */
#define ODD_FRAME(function, bytes)                                                             \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        golden_begin(out);                                                                     \
        struct fl_chunk_header header = out->next;                                             \
        header.compressed_bytes = bytes;                                                       \
        put_odd_chunk(out, header);                                                            \
        golden_put_good_chunk(out);                                                            \
        craft_end(out);                                                                        \
    }

ODD_CHUNK(make_wrong_live_objects, live_objects = 7)
ODD_CHUNK(make_wrong_sequence, sequence = UINT64_MAX)
ODD_CHUNK(make_wrong_first_event, first_event = UINT64_C(1) << 62)
ODD_CHUNK(make_far_first_event, first_event = UINT64_C(1) << 61)
ODD_CHUNK(make_wrong_first_serial, first_serial = UINT64_MAX - 1)
ODD_CHUNK(make_far_first_serial, first_serial = UINT64_C(1) << 61)
ODD_CHUNK(make_huge_records, records = UINT32_MAX)
ODD_CHUNK(make_large_records, records = FL_CHUNK_RECORDS_MAX)
ODD_CHUNK(make_huge_events, events = UINT32_MAX)
ODD_CHUNK(make_huge_payload, decoded_bytes = UINT32_MAX)
ODD_CHUNK(make_large_payload, decoded_bytes = FL_CHUNK_BYTES_MAX)
ODD_FRAME(make_huge_frame, UINT32_MAX)
ODD_FRAME(make_large_frame, FL_CHUNK_BYTES_MAX)

static void make_long_section(struct craft *out)
{
    uint8_t payload[16];
    golden_begin(out);
    const size_t bytes = craft_section(payload, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, "", 0);
    fl_store32(payload + 4, UINT32_MAX);
    out->next.records = out->next.events = 1;
    craft_chunk(out, out->next, payload, bytes);
    golden_put_good_chunk(out);
    craft_end(out);
}

/* ---- what asks for much ---- */

#define MOST_OBJECTS_REST (3u * 128 * 1024) /* in zstd's blocks */

/* A frame of `count` bytes that are `byte`, which zstd says in a few, behind a section header.
 * No end: that it is cut must be said after all of them. */
static void put_repeated_chunk(struct craft *out, uint8_t byte, uint32_t count, bool allocates)
{
    uint8_t *events = malloc(count);
    memset(events, byte, count);
    craft_events(out, events, count, count, count, allocates ? count : 0);
    out->next.live_objects += allocates ? count : 0;
    free(events);
}

static void make_many_frees(struct craft *out)
{
    golden_begin(out);
    put_repeated_chunk(out, FL_CODE_FREE_NULL, FL_CHUNK_RECORDS_MAX, false);
}

static void make_many_objects(struct craft *out)
{
    golden_begin(out);
    put_repeated_chunk(out, FL_CODE_MALLOC_SMALL, FL_CHUNK_RECORDS_MAX, true);
}

/* As many objects as 1 KiB can hold: three chunks of the most records, and what is left. */
static void make_most_objects(struct craft *out)
{
    craft_header(out, FL_FORMAT_MAJOR, 0);
    for (int i = 0; i < 3; i++) {
        put_repeated_chunk(out, FL_CODE_MALLOC_SMALL, FL_CHUNK_RECORDS_MAX, true);
    }
    put_repeated_chunk(out, FL_CODE_MALLOC_SMALL, MOST_OBJECTS_REST, true);
}

/* A trace of 40 such chunks, which are alike but for their headers, in a zstd frame. */
static void make_packed_twice(struct craft *out)
{
    struct craft trace = {0};
    craft_header(&trace, FL_FORMAT_MAJOR, 0);
    for (int i = 0; i < 40; i++) {
        put_repeated_chunk(&trace, FL_CODE_MALLOC_SMALL, FL_CHUNK_RECORDS_MAX, true);
    }
    craft_compressed(out, &trace, 19);
    craft_clear(&trace);
}

/* Threads that begin, and then as many that end and had not begun, before two calls. */
static void make_many_threads(struct craft *out)
{
    const size_t count = 400000;
    uint8_t *events = malloc(5 * count + 2);
    uint8_t *at = events;
    for (size_t i = 0; i < count; i++) {
        *at++ = FL_CODE_THREAD_START;
        *at++ = 1;
        *at++ = 1;
    }
    for (size_t i = 0; i < count; i++) {
        *at++ = FL_CODE_THREAD_END;
        *at++ = 2;
    }
    *at++ = FL_CODE_FREE_NULL;
    *at++ = FL_CODE_FREE_NULL;
    golden_begin(out);
    craft_events(out, events, (size_t)(at - events), 2 * (uint32_t)count + 2, 2, 0);
    free(events);
}

/* A frame without module at address 1, whose caller's number is `distance` less. */
static uint8_t *put_frame(uint8_t *at, uint32_t distance)
{
    at = fl_put_varint(at, distance);
    *at++ = 0;
    *at++ = 1;
    return at;
}

/* A million frames, their chains short enough, and calls all over them. */
static void make_many_stacks(struct craft *out)
{
    const uint32_t frames = 1000000, calls = 100000, far = 16000;
    uint8_t *payload = malloc(8 * (size_t)frames);
    uint8_t *content = malloc(8 * (size_t)frames);
    uint8_t *at = fl_put_varint(fl_put_varint(content, 1), frames);
    for (uint32_t number = 1; number <= frames; number++) {
        at = put_frame(at, number <= 100 ? number : number <= far ? 100 : far);
    }
    put_metadata(out,
                 "\1\13stack_depth\2"
                 "64",
                 16, 16);
    size_t bytes =
        craft_section(payload, FL_SECTION_FRAMES, 0, content, (size_t)(at - content));
    memset(content, FL_CODE_MALLOC_SMALL, calls);
    bytes +=
        craft_section(payload + bytes, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, content, calls);
    memset(content, (int)(2 * (frames / calls)), calls);
    bytes += craft_section(payload + bytes, FL_SECTION_STACK_IDS, 0, content, calls);
    out->next.records = out->next.events = calls;
    craft_chunk(out, out->next, payload, bytes);
    free(content);
    free(payload);
}

/* A header frame of this size and this size of metadata, of which nothing follows. */
static void put_header(struct craft *out, uint32_t bytes, uint32_t meta_bytes)
{
    uint8_t frame[FL_SKIPPABLE_BYTES + FL_HEADER_FIXED_BYTES] = {0};
    fl_store32(frame, FL_SKIPPABLE_MAGIC);
    fl_store32(frame + 4, bytes);
    fl_store32(frame + 8, FL_TAG_HEADER);
    fl_store16(frame + 12, FL_FORMAT_MAJOR);
    fl_store32(frame + 8 + 24, meta_bytes);
    craft_put(out, frame, sizeof frame);
}

static void make_huge_header(struct craft *out)
{
    put_header(out, UINT32_MAX, UINT32_MAX - 64);
}

static void make_large_header(struct craft *out)
{
    put_header(out, FL_METADATA_BYTES_MAX, FL_METADATA_BYTES_MAX - 64);
}

/* A header with this metadata, a good chunk and a tail. */
static void make_metadata(struct craft *out, const void *meta, size_t bytes,
                          uint32_t said_bytes)
{
    put_metadata(out, meta, bytes, said_bytes);
    golden_put_good_chunk(out);
    golden_close(out);
}

#define METADATA(function, said, ...)                                                          \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        const uint8_t meta[] = {__VA_ARGS__};                                                  \
        make_metadata(out, meta, sizeof meta, said == 0 ? sizeof meta : said);                 \
    }

METADATA(make_metadata_too_long, UINT32_MAX, 0)
METADATA(make_metadata_many_items, 0, MAX_VARINT)
METADATA(make_metadata_long_name, 0, 1, MAX_VARINT)
METADATA(make_metadata_long_value, 0, 1, 1, 'a', MAX_VARINT)
METADATA(make_metadata_huge_numbers, 0, 4, 9, 'p', 'a', 'g', 'e', '_', 's', 'i', 'z', 'e', 1,
         '0', 9, 'i', 'n', 'h', 'e', 'r', 'i', 't', 'e', 'd', 20, '1', '8', '4', '4', '6', '7',
         '4', '4', '0', '7', '3', '7', '0', '9', '5', '5', '1', '6', '1', '5', 3, 'p', 'i', 'd',
         2, '-', '1', 11, 's', 't', 'a', 'c', 'k', '_', 'd', 'e', 'p', 't', 'h', 19, '9', '2',
         '2', '3', '3', '7', '2', '0', '3', '6', '8', '5', '4', '7', '7', '5', '8', '0', '8')

static void make_huge_index(struct craft *out)
{
    uint8_t frame[FL_SKIPPABLE_BYTES + 8];
    golden_begin(out);
    craft_end(out);
    fl_store32(frame, FL_SKIPPABLE_MAGIC);
    fl_store32(frame + 4, FL_INDEX_BYTES_MAX);
    fl_store32(frame + 8, FL_TAG_INDEX);
    fl_store32(frame + 12, UINT32_MAX);
    craft_put(out, frame, sizeof frame);
}

static void make_huge_end_counts(struct craft *out)
{
    uint8_t content[FL_END_FIXED_BYTES + 1];
    golden_begin(out);
    memset(content, 0xFF, sizeof content);
    fl_store32(content, FL_TAG_END);
    fl_store32(content + 4, 1);
    content[FL_END_FIXED_BYTES] = 0;
    craft_frame(out, content, sizeof content);
}

#define STACKS(function, kind, ...)                                                            \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        const uint8_t content[] = {__VA_ARGS__};                                               \
        put_metadata(out,                                                                      \
                     "\1\13stack_depth\2"                                                      \
                     "64",                                                                     \
                     16, 16);                                                                  \
        put_section(out, kind, 0, content, sizeof content);                                    \
    }

STACKS(make_many_frames, FL_SECTION_FRAMES, 1, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 0)
STACKS(make_far_frame, FL_SECTION_FRAMES, MAX_VARINT, 1, 1, 0, 0)
STACKS(make_many_modules, FL_SECTION_MODULES, 0, 0x80, 0x80, 8, 1, 0, 0, 0, 0)
STACKS(make_long_module, FL_SECTION_MODULES, 0, 1, MAX_VARINT)

/* Sizes, alignments, threads, ticks and losses at the end of their ranges: a whole trace, but
 * no allocator can serve it. Each is followed by a cut, so that every command ends with an
 * error. */
static void make_extremes(struct craft *out)
{
    const uint8_t events[] = {FL_CODE_THREAD_START,
                              MAX_VARINT,
                              MAX_VARINT,
                              FL_CODE_THREAD,
                              MAX_VARINT,
                              FL_CODE_TICK_NS,
                              MAX_VARINT,
                              FL_CODE_LOST,
                              MAX_VARINT,
                              FL_CODE_LOST,
                              MAX_VARINT,
                              FL_CODE_MALLOC,
                              MAX_VARINT,
                              FL_CODE_CALLOC,
                              MAX_VARINT,
                              FL_CODE_ALIGNED,
                              FL_CALL_MEMALIGN,
                              63,
                              8,
                              FL_CODE_REALLOC,
                              0,
                              MAX_VARINT,
                              FL_CODE_USABLE,
                              0,
                              MAX_VARINT};
    golden_begin(out);
    craft_events(out, events, sizeof events, 10, 5, 4);
}

const struct golden golden_records[] = {
    {"1.0/whole-extension.zst", make_whole_extension},
    {"1.0/whole-section.zst", make_whole_section},
    {"1.0/record-no-opcode.zst", make_no_opcode},
    {"1.0/record-cut.zst", make_cut_record},
    {"1.0/record-long-varint.zst", make_long_varint},
    {"1.0/record-large-varint.zst", make_large_varint},
    {"1.0/record-no-object.zst", make_no_object},
    {"1.0/record-far-reference.zst", make_far_reference},
    {"1.0/record-freed-twice.zst", make_freed_twice},
    {"1.0/record-no-call.zst", make_no_call},
    {"1.0/record-wrong-flags.zst", make_wrong_flags},
    {"1.0/record-wrong-alignment.zst", make_wrong_alignment},
    {"1.0/record-long-mark.zst", make_long_mark},
    {"1.0/record-long-extension.zst", make_long_extension},
    {"1.0/chunk-wrong-counts.zst", make_wrong_counts},
    {"1.0/chunk-required-section.zst", make_required_section},
    {"1.0/chunk-two-event-sections.zst", make_two_event_sections},
    {"1.0/chunk-long-section.zst", make_long_section},
    {"1.0/chunk-wrong-live-objects.zst", make_wrong_live_objects},
    {"1.0/chunk-wrong-sequence.zst", make_wrong_sequence},
    {"1.0/chunk-wrong-first-event.zst", make_wrong_first_event},
    {"1.0/chunk-far-first-event.zst", make_far_first_event},
    {"1.0/chunk-wrong-first-serial.zst", make_wrong_first_serial},
    {"1.0/chunk-far-first-serial.zst", make_far_first_serial},
    {"1.0/huge-records.zst", make_huge_records},
    {"1.0/huge-records-within-limit.zst", make_large_records},
    {"1.0/huge-events.zst", make_huge_events},
    {"1.0/huge-payload.zst", make_huge_payload},
    {"1.0/huge-payload-within-limit.zst", make_large_payload},
    {"1.0/huge-frame.zst", make_huge_frame},
    {"1.0/huge-frame-within-limit.zst", make_large_frame},
    {"1.0/huge-header.zst", make_huge_header},
    {"1.0/huge-header-within-limit.zst", make_large_header},
    {"1.0/huge-index.zst", make_huge_index},
    {"1.0/huge-end-counts.zst", make_huge_end_counts},
    {"1.0/stacks-many-frames.zst", make_many_frames},
    {"1.0/stacks-huge-frame-number.zst", make_far_frame},
    {"1.0/stacks-many-modules.zst", make_many_modules},
    {"1.0/stacks-huge-module-path.zst", make_long_module},
    {"1.0/huge-many-frees.zst", make_many_frees},
    {"1.0/huge-many-objects.zst", make_many_objects},
    {"1.0/huge-most-objects.zst", make_most_objects},
    {"1.0/huge-packed-twice.zst", make_packed_twice},
    {"1.0/huge-many-threads.zst", make_many_threads},
    {"1.0/huge-many-stacks.zst", make_many_stacks},
    {"1.0/huge-extremes.zst", make_extremes},
    {"1.0/metadata-too-long.zst", make_metadata_too_long},
    {"1.0/metadata-many-items.zst", make_metadata_many_items},
    {"1.0/metadata-long-name.zst", make_metadata_long_name},
    {"1.0/metadata-long-value.zst", make_metadata_long_value},
    {"1.0/whole-huge-metadata.zst", make_metadata_huge_numbers},
    {NULL, NULL},
};
