/* One record to bytes: the write side of the event stream. See encode.c. */
#ifndef FL_ENCODE_H
#define FL_ENCODE_H

#include <fl/writer.h>

#define FL_RECORD_BYTES_MAX 48u /* longest record but a mark's or an extension's text */

/* Coding state; reset at the start of every chunk, but for `next_serial`. */
struct fl_coder {
    uint64_t next_serial;
    uint64_t last_released; /* serial released last in this chunk; at its start next_serial */
};

/* Write `event` at `at`, which has FL_RECORD_BYTES_MAX bytes of room; returns the byte behind
 * it. Advances next_serial when the event allocates. MARK is not written here. */
uint8_t *fl_encode(struct fl_coder *coder, const struct fl_event *event, uint8_t *at);

#endif
