/* One record to bytes: the write side of the event stream. See encode.c. */
#ifndef FL_ENCODE_H
#define FL_ENCODE_H

#include <fl/writer.h>

#include "layout.h"

#define FL_RECORD_BYTES_MAX 48u /* longest record but a mark's or an extension's text */

/* Coding state; reset at the start of every chunk, but for `next_serial`. */
struct fl_coder {
    uint64_t next_serial;
    uint64_t last_released; /* serial released last in this chunk; at its start next_serial */
};

/* A successful malloc of `size_bytes` and a free of the live object `serial`: nine of ten
 * events of most programs, so they are inline. Both have FL_RECORD_BYTES_MAX bytes of room at
 * `at` and return the byte behind what they wrote. */
static inline uint8_t *fl_encode_malloc(struct fl_coder *coder, uint64_t size_bytes,
                                        uint8_t *at)
{
    coder->next_serial++;
    if (size_bytes >= FL_VARINT_SHORT) {
        *at++ = FL_CODE_MALLOC;
        return fl_put_varint(at, size_bytes);
    }
    const bool is_small = size_bytes - 1 < FL_SMALL_MAX && size_bytes % FL_SMALL_STEP == 0;
    const uint64_t code = FL_CODE_MALLOC_SMALL - 1 + size_bytes / FL_SMALL_STEP;
    unsigned bytes;
    const uint64_t argument = fl_short_varint(size_bytes, &bytes);
    fl_store64(at, is_small ? code : FL_CODE_MALLOC | argument << 8);
    return at + (is_small ? 1 : 1 + bytes);
}

static inline uint8_t *fl_encode_free(struct fl_coder *coder, uint64_t serial, uint8_t *at)
{
    const uint64_t age = coder->next_serial - serial - 1;
    const int64_t difference = (int64_t)(serial - coder->last_released);
    coder->last_released = serial;
    if (age < FL_YOUNG_AGES) {
        *at++ = (uint8_t)(FL_CODE_FREE_YOUNG + age);
        return at;
    }
    if (difference >= -FL_NEAR_RANGE && difference < FL_NEAR_RANGE) {
        *at++ = (uint8_t)(FL_NEAR_CENTRE + difference);
        return at;
    }
    *at++ = FL_CODE_FREE;
    return fl_put_varint(at, fl_zigzag(difference));
}

/* Write `event` at `at`, which has FL_RECORD_BYTES_MAX bytes of room; returns the byte behind
 * it. Advances next_serial when the event allocates. MARK is not written here. */
uint8_t *fl_encode(struct fl_coder *coder, const struct fl_event *event, uint8_t *at);

#endif
