/* The event stream to operations: the read side of encode.h. See decode.c. */
#ifndef FL_DECODE_H
#define FL_DECODE_H

#include "bytes.h"
#include "slots.h"

struct fl_decoder {
    struct fl_cursor from;  /* what is left of the chunk's event section */
    const uint8_t *payload; /* its start, for text positions */
    uint64_t last_released; /* serial released last in this chunk */
    struct fl_slots slots;  /* lives as long as the trace */
    bool has_gaps;          /* a chunk was lost: dead references are unknown objects */
    uint64_t events;        /* decoded in this chunk */
    uint64_t lost_events;   /* by the LOST records of this chunk */
    const char *what;       /* why decoding stopped, a phrase; NULL while it is fine */
    bool is_out_of_memory;
};

/* Begin a chunk whose events are `section` and whose first serial is `first_serial`. */
bool fl_decoder_begin(struct fl_decoder *decoder, struct fl_cursor section,
                      uint64_t first_serial);

/* Decode up to `max` operations to `ops`; returns how many. Fewer means the section is at its
 * end, or is malformed: then `what` is set. */
size_t fl_decode(struct fl_decoder *decoder, struct fl_op *ops, size_t max);

/* Is nothing but extensions left of the section? Passes over them. */
bool fl_decoder_is_at_end(struct fl_decoder *decoder);

#endif
