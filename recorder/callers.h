/**
 * Who called: what the numbers of each ring's stacks mean in the trace.
 *
 * Thread safety: belongs to its session's thread.
 */
#ifndef FL_CALLERS_H
#define FL_CALLERS_H

#include <stdint.h>
#include <sys/types.h>

#include <fl/writer.h>

struct fl_callers;

/** For `ring_count` rings; NULL when out of memory. Memory: 4 bytes for each stack of each
 * ring. */
struct fl_callers *fl_callers_new(uint32_t ring_count, pid_t pid);
void fl_callers_free(struct fl_callers *callers);

/** The program's modules have changed. */
void fl_callers_read_modules(struct fl_callers *callers);

/** One frame more, the innermost first, of the new stack `number` of `ring`. */
void fl_callers_frame(struct fl_callers *callers, uint32_t ring, uint64_t number,
                      uint64_t address);

/** The trace's number for stack `number` of `ring`; FL_STACK_NONE when it was never told, or
 * there was no memory for it. */
uint32_t fl_callers_stack(struct fl_callers *callers, struct fl_writer *writer, uint32_t ring,
                          uint64_t number);

#endif
