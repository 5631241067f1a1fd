/* Call stacks on their way into a trace: interning, and the sections of the chunk at hand. */
#ifndef FL_STACK_WRITER_H
#define FL_STACK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/stacks.h>

struct fl_stack_writer;

struct fl_stack_writer *fl_stack_writer_new(void);
void fl_stack_writer_free(struct fl_stack_writer *writer);

/* Number of the next module; false when out of memory. */
bool fl_stack_writer_module(struct fl_stack_writer *writer, const struct fl_module *module,
                            uint32_t *number);

/* The frame with these fields, a new one when there is none yet; FL_STACK_NONE when out of
 * memory or numbers. Amortised O(1). */
uint32_t fl_stack_writer_frame(struct fl_stack_writer *writer, const struct fl_frame *frame);

/* The next allocating call of this chunk has that stack. False when out of memory. */
bool fl_stack_writer_id(struct fl_stack_writer *writer, uint32_t stack);

/* Bytes that the sections of this chunk take at most. */
size_t fl_stack_writer_bytes(const struct fl_stack_writer *writer);

/* Write them at `at` and begin the next chunk. Returns how many bytes they took. */
size_t fl_stack_writer_end_chunk(struct fl_stack_writer *writer, uint8_t *at);

#endif
