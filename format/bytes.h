/*
 * A bounded cursor over bytes in memory, and the few encodings a trace uses: little-endian
 * integers, LEB128 varints, zigzag. Reads succeed and advance, or fail and stay; they cannot
 * pass the end. Everything is inline: the decoder's inner loop is made of it.
 *
 * LEB128: DWARF 5, section 7.6. Zigzag: Protocol Buffers encoding guide, "Signed integers".
 */
#ifndef FL_BYTES_H
#define FL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FL_VARINT_MAX 10 /* bytes of the longest varint of 64 bits */

/* What is left to read. */
struct fl_cursor {
    const uint8_t *at, *end;
};

static inline size_t fl_cursor_left(const struct fl_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static inline uint16_t fl_load16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t fl_load32(const uint8_t *at)
{
    return (uint32_t)fl_load16(at) | (uint32_t)fl_load16(at + 2) << 16;
}

static inline uint64_t fl_load64(const uint8_t *at)
{
    return (uint64_t)fl_load32(at) | (uint64_t)fl_load32(at + 4) << 32;
}

static inline void fl_store16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void fl_store32(uint8_t *at, uint32_t value)
{
    fl_store16(at, (uint16_t)value);
    fl_store16(at + 2, (uint16_t)(value >> 16));
}

static inline void fl_store64(uint8_t *at, uint64_t value)
{
    fl_store32(at, (uint32_t)value);
    fl_store32(at + 4, (uint32_t)(value >> 32));
}

static inline bool fl_get_u8(struct fl_cursor *cursor, uint8_t *out)
{
    if (cursor->at == cursor->end) {
        return false;
    }
    *out = *cursor->at++;
    return true;
}

/* A varint of more than one byte; false when cut, or when it does not fit 64 bits. */
static inline bool fl_get_long_varint(struct fl_cursor *cursor, uint64_t *out)
{
    const uint8_t *at = cursor->at;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (at == cursor->end) {
            return false;
        }
        const uint8_t byte = *at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            cursor->at = at;
            *out = value;
            return true;
        }
    }
    return false;
}

static inline bool fl_get_varint(struct fl_cursor *cursor, uint64_t *out)
{
    if (cursor->at != cursor->end && *cursor->at < 0x80) {
        *out = *cursor->at++;
        return true;
    }
    return fl_get_long_varint(cursor, out);
}

/* The next `bytes` bytes as a cursor of their own. */
static inline bool fl_get_span(struct fl_cursor *cursor, uint64_t bytes, struct fl_cursor *out)
{
    if (bytes > fl_cursor_left(cursor)) {
        return false;
    }
    out->at = cursor->at;
    out->end = cursor->at + bytes;
    cursor->at += bytes;
    return true;
}

#define FL_VARINT_SHORT (UINT64_C(1) << 28) /* values below take at most four bytes */

/* The bytes of a varint below FL_VARINT_SHORT, as a little-endian number; `*bytes` how many.
 * Without a branch: the length of what a program asks for is not predictable, and a wrong
 * guess costs more than all of this. */
static inline uint64_t fl_short_varint(uint64_t value, unsigned *bytes)
{
    const unsigned count = (70 - (unsigned)__builtin_clzll(value | 1)) / 7;
    const uint64_t spread = (value & 0x7F) | (value & 0x3F80) << 1 | (value & 0x1FC000) << 2 |
                            (value & 0xFE00000) << 3;
    *bytes = count;
    return spread | (0x808080u & ((UINT64_C(1) << (8 * count - 8)) - 1));
}

/* Write a varint; the caller has FL_VARINT_MAX bytes of room. Returns the byte behind it. */
static inline uint8_t *fl_put_varint(uint8_t *at, uint64_t value)
{
    if (value < FL_VARINT_SHORT) {
        unsigned bytes;
        fl_store32(at, (uint32_t)fl_short_varint(value, &bytes));
        return at + bytes;
    }
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static inline uint64_t fl_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (0 - (uint64_t)(value < 0));
}

static inline int64_t fl_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

#endif
