/*
 * The end of a trace: end record, index, seek table, in this order. What they say is compared
 * with the chunks that were walked, as long as nothing was reported that explains a difference.
 */
#include "reader_internal.h"

#include <xxhash.h>

#include "metadata.h"

#define SEEK_ENTRY_BYTES  8u
#define SEEK_FOOTER_BYTES 9u
#define SEEK_OTHERS       3u /* entries of header, end record and index */

bool fl_tail_begins(const uint8_t *at)
{
    const uint32_t magic = fl_load32(at), tag = fl_load32(at + 8);
    return magic == FL_SEEK_TABLE_MAGIC ||
           (magic == FL_SKIPPABLE_MAGIC && (tag == FL_TAG_END || tag == FL_TAG_INDEX));
}

/* Does the end record agree with the chunks? NULL, or what is wrong and not told yet. */
static const char *end_compare(struct fl_reader *reader, const uint8_t *content)
{
    const uint64_t chunks = fl_load64(content + 8), events = fl_load64(content + 16);
    if (events > reader->next_event && events <= FL_NUMBER_MAX) {
        reader->totals.missing_events += events - reader->next_event;
    }
    if (reader->has_damage) {
        return reader->is_gap_reported ||
                       (chunks == reader->next_sequence && events == reader->next_event)
                   ? NULL
                   : "chunks are missing before the end record";
    }
    if (chunks != reader->next_sequence || events != reader->next_event) {
        return "chunks are missing before the end record";
    }
    return fl_load64(content + 24) == reader->totals.records &&
                   fl_load64(content + 32) == reader->decoder.slots.next_serial &&
                   fl_load64(content + 40) == reader->totals.lost_events
               ? NULL
               : "the end record does not agree with the chunks";
}

static const char no_memory[] = "no memory"; /* no damage: the reading ends */

static const char *end_take(struct fl_reader *reader, const uint8_t *content, size_t bytes)
{
    if (reader->has_end) {
        return "a second end record";
    }
    if (bytes < FL_END_FIXED_BYTES + FL_CHECK_BYTES || !fl_check_is_valid(content, bytes)) {
        return "the end record";
    }
    reader->has_end = true;
    reader->totals.is_complete = true;
    reader->walked.end_bytes = FL_SKIPPABLE_BYTES + bytes;
    const size_t room = bytes - FL_END_FIXED_BYTES - FL_CHECK_BYTES;
    const uint32_t meta_bytes = fl_load32(content + 4);
    const struct fl_cursor meta = {content + FL_END_FIXED_BYTES,
                                   content + FL_END_FIXED_BYTES + meta_bytes};
    const enum fl_status status =
        meta_bytes > room ? FL_CORRUPT : fl_metadata_decode(meta, reader->end_meta);
    if (status != FL_OK) {
        return status == FL_NOMEM ? no_memory : "the metadata of the end record";
    }
    const char *wrong = end_compare(reader, content);
    reader->totals.lost_events = fl_load64(content + 40);
    return wrong;
}

static const char *index_take(struct fl_reader *reader, const uint8_t *content, size_t bytes)
{
    if (reader->has_index || reader->has_seek_table || !reader->has_end) {
        return "the index is out of place";
    }
    reader->has_index = true;
    reader->walked.index_bytes = FL_SKIPPABLE_BYTES + bytes;
    const uint64_t entries = fl_load32(content + 4);
    if (!fl_check_is_valid(content, bytes) ||
        bytes != FL_INDEX_FIXED_BYTES + FL_CHECK_BYTES + entries * FL_INDEX_ENTRY_BYTES) {
        return "the index";
    }
    uint64_t hash = 0;
    for (uint64_t i = 0; i < entries; i++) {
        const uint8_t *entry = content + FL_INDEX_FIXED_BYTES + i * FL_INDEX_ENTRY_BYTES;
        hash = XXH64(entry, FL_INDEX_ENTRY_BYTES, hash);
    }
    const bool agrees = entries == reader->walked.chunks && hash == reader->walked.index_hash;
    return agrees || reader->has_damage ? NULL : "the index does not agree with the chunks";
}

static bool seek_entry_is(const uint8_t *entry, uint64_t frame_bytes)
{
    return fl_load32(entry) == frame_bytes && fl_load32(entry + 4) == 0;
}

/* Has the table the entries of the frames that were walked? It has `entries` of them. */
static bool seek_table_agrees(const struct fl_walked *walked, const uint8_t *table,
                              uint64_t entries)
{
    if (entries != 2 * walked->chunks + SEEK_OTHERS) {
        return false;
    }
    uint64_t hash = 0;
    const uint8_t *entry = table + SEEK_ENTRY_BYTES;
    for (uint64_t i = 0; i < walked->chunks; i++) {
        hash = XXH64(entry, 2 * SEEK_ENTRY_BYTES, hash);
        entry += 2 * SEEK_ENTRY_BYTES;
    }
    return hash == walked->seek_hash && seek_entry_is(table, walked->header_bytes) &&
           seek_entry_is(entry, walked->end_bytes) &&
           seek_entry_is(entry + SEEK_ENTRY_BYTES, walked->index_bytes);
}

static const char *seek_table_take(struct fl_reader *reader, const uint8_t *table, size_t bytes)
{
    if (reader->has_seek_table || !reader->has_index) {
        return "the seek table is out of place";
    }
    reader->has_seek_table = true;
    if (bytes < SEEK_FOOTER_BYTES) {
        return "the seek table";
    }
    const uint8_t *footer = table + bytes - SEEK_FOOTER_BYTES;
    const uint64_t entries = fl_load32(footer);
    if (fl_load32(footer + 5) != FL_SEEKABLE_MAGIC || footer[4] != 0 ||
        bytes != entries * SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES) {
        return "the seek table";
    }
    return reader->has_damage || seek_table_agrees(&reader->walked, table, entries)
               ? NULL
               : "the seek table does not agree with the chunks";
}

enum fl_status fl_tail_read(struct fl_reader *reader, size_t bytes, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const uint64_t offset = reader->input.offset;
    const enum fl_status status =
        fl_input_peek(&reader->input, FL_SKIPPABLE_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have < FL_SKIPPABLE_BYTES + bytes) {
        return fl_reader_finish(reader, FL_TRUNCATED, offset,
                                " inside its end record, index or seek table", err);
    }
    const uint8_t *content = at + FL_SKIPPABLE_BYTES;
    const char *wrong;
    if (fl_load32(at) == FL_SEEK_TABLE_MAGIC) {
        wrong = seek_table_take(reader, content, bytes);
    } else if (fl_load32(content) == FL_TAG_INDEX) {
        wrong = index_take(reader, content, bytes);
    } else {
        wrong = end_take(reader, content, bytes);
    }
    if (wrong == no_memory) {
        return fl_reader_finish(reader, FL_NOMEM, offset, "", err);
    }
    if (reader->has_end) {
        fl_input_skip(&reader->input, FL_SKIPPABLE_BYTES + bytes);
    } else {
        reader->must_resync = true;
    }
    return wrong == NULL ? FL_OK : fl_reader_damage(reader, offset, wrong, err);
}
