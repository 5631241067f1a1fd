/*
 * The fixed parts of a trace on disk, shared by writer and reader: frame tags, the chunk
 * header, section headers, opcodes of the event stream. SPEC.md is the authority; names here
 * follow it.
 */
#ifndef FL_LAYOUT_H
#define FL_LAYOUT_H

#include <fl/trace.h>

#include "bytes.h"

#define FL_SKIPPABLE_MAGIC    0x184D2A57u /* zstd skippable frame, our number 7 of 0..15 */
#define FL_SEEK_TABLE_MAGIC   0x184D2A5Eu /* zstd seekable format */
#define FL_SEEKABLE_MAGIC     0x8F92EAB1u
#define FL_SKIPPABLE_BYTES    8u /* magic and content size */
#define FL_CHECK_BYTES        8u /* XXH64 of all content before it, seed 0 */

#define FL_TAG_HEADER         0x48544C46u /* "FLTH" */
#define FL_TAG_CHUNK          0x43544C46u /* "FLTC" */
#define FL_TAG_END            0x45544C46u /* "FLTE" */
#define FL_TAG_INDEX          0x49544C46u /* "FLTI" */

#define FL_HEADER_FIXED_BYTES 28u /* tag .. metadata size */
#define FL_END_FIXED_BYTES    56u
#define FL_INDEX_FIXED_BYTES  8u
#define FL_INDEX_ENTRY_BYTES  16u

/* The chunk header's content, 104 bytes; offsets in SPEC.md, "Chunk header". */
struct fl_chunk_header {
    uint32_t flags;
    uint64_t sequence;
    uint32_t compressed_bytes, decoded_bytes;
    uint32_t records, events;
    uint64_t first_event, first_serial;
    uint64_t live_objects, live_bytes;
    uint64_t start_ns, end_ns;
    uint64_t lost_events;
    uint32_t thread;
};
#define FL_CHUNK_HEADER_BYTES 104u
#define FL_CHUNK_FRAME_BYTES  (FL_SKIPPABLE_BYTES + FL_CHUNK_HEADER_BYTES)

/* Both sides of a whole chunk header frame, its skippable frame header included. */
void fl_chunk_header_encode(const struct fl_chunk_header *header,
                            uint8_t out[FL_CHUNK_FRAME_BYTES]);
/* False when magic, size, tag or check are not those of a chunk header. */
bool fl_chunk_header_decode(const uint8_t in[FL_CHUNK_FRAME_BYTES],
                            struct fl_chunk_header *out);

/* Sections of a chunk's payload. */
#define FL_SECTION_HEADER_BYTES 8u
#define FL_SECTION_REQUIRED     1u
#define FL_SECTION_EVENTS       1u
#define FL_SECTION_FRAMES       2u
#define FL_SECTION_MODULES      3u
#define FL_SECTION_STACK_IDS    7u

/* Opcodes of the event stream. */
enum fl_opcode {
    FL_CODE_MALLOC = 0x01,        /* size */
    FL_CODE_CALLOC = 0x02,        /* size */
    FL_CODE_REALLOC = 0x03,       /* reference, size */
    FL_CODE_REALLOC_NULL = 0x04,  /* size */
    FL_CODE_REALLOC_FREED = 0x05, /* reference */
    FL_CODE_ALIGNED = 0x06,       /* call, log2 of the alignment, size */
    FL_CODE_FREE = 0x07,          /* zigzag difference to the serial released last */
    FL_CODE_FREE_NULL = 0x08,
    FL_CODE_FREE_UNKNOWN = 0x09,
    FL_CODE_USABLE = 0x0A,       /* reference, size */
    FL_CODE_CALL = 0x0B,         /* call, flags, alignment, [reference], size: all the rest */
    FL_CODE_IMPLIED = 0x0C,      /* reference */
    FL_CODE_THREAD = 0x10,       /* thread */
    FL_CODE_THREAD_START = 0x11, /* thread, system's thread id */
    FL_CODE_THREAD_END = 0x12,   /* thread */
    FL_CODE_TICK = 0x13,         /* ns in units of FL_TICK_NS */
    FL_CODE_TICK_NS = 0x14,      /* ns */
    FL_CODE_MARK = 0x15,         /* bytes, text */
    FL_CODE_LOST = 0x16,         /* events */
    FL_CODE_EXTENSION = 0x1F,    /* number, bytes, content: optional, skipped by length */
    FL_CODE_FREE_NEAR = 0x20,    /* .. 0x3F: difference of code - 0x30 */
    FL_CODE_FREE_YOUNG = 0x40,   /* .. 0x7F: age of code - 0x40 */
    FL_CODE_MALLOC_SMALL = 0x80, /* .. 0xFF: size of 8 * (code - 0x7F) */
};

/* Which flags may stand together, by kind of call (SPEC.md, "Flags"). */
static inline bool fl_flags_are_valid(unsigned kind, unsigned flags)
{
    const unsigned pointer = flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN);
    const unsigned rest = flags & ~pointer;
    if (pointer == (FL_FLAG_NULL | FL_FLAG_UNKNOWN)) {
        return false;
    }
    if (kind == FL_CALL_REALLOC || kind == FL_CALL_REALLOCARRAY) {
        return rest == 0 || rest == FL_FLAG_FAILED ||
               (rest == FL_FLAG_FREED && pointer != FL_FLAG_NULL);
    }
    if (kind <= FL_CALL_PVALLOC) {
        return (flags & ~(unsigned)FL_FLAG_FAILED) == 0;
    }
    return rest == 0 || (kind == FL_CALL_FREE && flags == FL_FLAG_IMPLIED);
}

/* May an event with these flags have this alignment? */
static inline bool fl_alignment_is_valid(unsigned align_log2, unsigned flags)
{
    return align_log2 < 64 || (align_log2 == FL_ALIGN_INVALID && (flags & FL_FLAG_FAILED));
}

/* Does an event of this kind and these flags name an object by a reference? */
static inline bool fl_has_reference(unsigned kind, unsigned flags)
{
    return (kind == FL_CALL_REALLOC || kind == FL_CALL_REALLOCARRAY ||
            (kind >= FL_CALL_FREE && kind < FL_CALL_COUNT)) &&
           !(flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN));
}

/* Does it end that object? */
static inline bool fl_ends_object(unsigned kind, unsigned flags)
{
    return fl_has_reference(kind, flags) && kind != FL_CALL_USABLE_SIZE &&
           !(flags & FL_FLAG_FAILED);
}

/* Does it begin a new one? */
static inline bool fl_begins_object(unsigned kind, unsigned flags)
{
    return kind <= FL_CALL_PVALLOC && !(flags & (FL_FLAG_FAILED | FL_FLAG_FREED));
}

/* A chunk of FL_CHUNK_RECORDS_MAX records has 264 bytes at least, header and checksums among
 * them: 15,888 records a byte. */
#define FL_RECORDS_PER_BYTE 16384u

#define FL_NEAR_CENTRE      0x30
#define FL_NEAR_RANGE       16
#define FL_YOUNG_AGES       64u
#define FL_SMALL_STEP       8u
#define FL_SMALL_MAX        1024u
#define FL_TICK_NS          100000u
#define FL_MARK_BYTES_MAX   (64u * 1024)

#endif
