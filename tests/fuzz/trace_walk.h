/* Reading a whole trace as strictly as its reader promises it can be read. */
#ifndef FL_FUZZ_TRACE_WALK_H
#define FL_FUZZ_TRACE_WALK_H

#include <fl/reader.h>

/* The rules that every operation must keep are those of struct fl_op: slots are dense, a new
 * object's slot is free, an ended object's slot was in use; and stacks must lead to the
 * root. */

/* How it ended. */
struct trace_walked {
    enum fl_status opened; /* FL_OK, or why not even the header could be read */
    enum fl_status ended;  /* final status of the reader */
    unsigned damages;      /* FL_CORRUPT before it */
    uint64_t events;
    char
        message[FL_ERROR_MESSAGE_MAX]; /* the first that was not that it is at its end, or "" */
};

/* Read the trace in `fd` from its start to its final status. */
struct trace_walked trace_walk(int fd);

/* The same of a reader that was just opened, however; it is closed. */
struct trace_walked trace_walk_reader(struct fl_reader *reader);

#endif
