/*
 * The chunk header on disk, byte by byte in both directions, and the names of kinds.
 */
#include "layout.h"

#include <xxhash.h>

const char *fl_kind_name(unsigned kind)
{
    static const char *const names[] = {
#define FL_KIND_NAME(name, text) text,
        FL_CALL_LIST(FL_KIND_NAME) FL_RECORD_LIST(FL_KIND_NAME)
#undef FL_KIND_NAME
    };
    _Static_assert(sizeof names / sizeof names[0] == FL_KIND_COUNT, "every kind has a name");
    return kind < FL_KIND_COUNT ? names[kind] : "?";
}

void fl_chunk_header_encode(const struct fl_chunk_header *header,
                            uint8_t out[FL_CHUNK_FRAME_BYTES])
{
    fl_store32(out, FL_SKIPPABLE_MAGIC);
    fl_store32(out + 4, FL_CHUNK_HEADER_BYTES);
    uint8_t *content = out + FL_SKIPPABLE_BYTES;
    fl_store32(content, FL_TAG_CHUNK);
    fl_store32(content + 4, header->flags);
    fl_store64(content + 8, header->sequence);
    fl_store32(content + 16, header->compressed_bytes);
    fl_store32(content + 20, header->decoded_bytes);
    fl_store32(content + 24, header->records);
    fl_store32(content + 28, header->events);
    fl_store64(content + 32, header->first_event);
    fl_store64(content + 40, header->first_serial);
    fl_store64(content + 48, header->live_objects);
    fl_store64(content + 56, header->live_bytes);
    fl_store64(content + 64, header->start_ns);
    fl_store64(content + 72, header->end_ns);
    fl_store64(content + 80, header->lost_events);
    fl_store32(content + 88, header->thread);
    fl_store32(content + 92, 0);
    fl_store64(content + 96, XXH64(content, 96, 0));
}

bool fl_chunk_header_decode(const uint8_t in[FL_CHUNK_FRAME_BYTES], struct fl_chunk_header *out)
{
    const uint8_t *content = in + FL_SKIPPABLE_BYTES;
    if (fl_load32(in) != FL_SKIPPABLE_MAGIC || fl_load32(in + 4) != FL_CHUNK_HEADER_BYTES ||
        fl_load32(content) != FL_TAG_CHUNK ||
        fl_load64(content + 96) != XXH64(content, 96, 0)) {
        return false;
    }
    *out = (struct fl_chunk_header){
        .flags = fl_load32(content + 4),
        .sequence = fl_load64(content + 8),
        .compressed_bytes = fl_load32(content + 16),
        .decoded_bytes = fl_load32(content + 20),
        .records = fl_load32(content + 24),
        .events = fl_load32(content + 28),
        .first_event = fl_load64(content + 32),
        .first_serial = fl_load64(content + 40),
        .live_objects = fl_load64(content + 48),
        .live_bytes = fl_load64(content + 56),
        .start_ns = fl_load64(content + 64),
        .end_ns = fl_load64(content + 72),
        .lost_events = fl_load64(content + 80),
        .thread = fl_load32(content + 88),
    };
    return true;
}
