/**
 * A counter of the kernel's perf events, on in the sections that are measured.
 *
 * Thread safety: it counts the thread that opened it, and belongs to it.
 */
#ifndef FL_REPLAY_COUNTER_H
#define FL_REPLAY_COUNTER_H

#include <stdint.h>

struct fl_counter {
    int fd; /* below 0: not open, and then nothing is counted */
};

/** User-space instructions. 0, or a negative errno where the machine or the kernel counts
 * none. */
int fl_counter_open_instructions(struct fl_counter *counter);

/** An event by its numbers in linux/perf_event.h, in user space. The same. */
int fl_counter_open(struct fl_counter *counter, uint32_t type, uint64_t config);
void fl_counter_close(struct fl_counter *counter);

/** Count from here on, and no more. Each is a system call, where the counter is open. */
void fl_counter_start(const struct fl_counter *counter);
void fl_counter_stop(const struct fl_counter *counter);

/** What was counted; 0 when it is not open, or was not on the processor all the time. */
uint64_t fl_counter_value(const struct fl_counter *counter);

#endif
