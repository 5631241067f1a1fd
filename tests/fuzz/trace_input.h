/* How the targets that read traces take their input: one corpus serves them all. */
#ifndef FL_FUZZ_TRACE_INPUT_H
#define FL_FUZZ_TRACE_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What the low two bits of the first byte say the others are. */
enum trace_form {
    TRACE_FILE,   /* a file */
    TRACE_SEALED, /* a file whose checks are made right first */
    TRACE_EVENTS, /* chunks: records, events and serials as one byte each, the number of bytes of
                       events, the bytes */
    TRACE_SECTIONS, /* one chunk of one malloc and these sections: kind, number of bytes, bytes */
    TRACE_FORMS,
};

/* What the target may make of the rest of the first byte. */
static inline unsigned trace_input_choice(const uint8_t *bytes)
{
    return bytes[0] / TRACE_FORMS;
}

/* A file in memory with the trace that the input stands for, at its start; `count` is 1 or
 * more. */
int trace_input_file(const uint8_t *bytes, size_t count);

#endif
