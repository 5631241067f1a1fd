/*
 * A verb that writes one whole trace as another: -o and --level, the walk, and what becomes of
 * the file.
 */
#ifndef FL_COPY_H
#define FL_COPY_H

#include "rewrite.h"

/* The options that fl_copy_verb takes, rows of the verb's own table. */
enum { FL_COPY_OUTPUT, FL_COPY_LEVEL };

#define FL_COPY_LEVEL_MAX 19

/* How the verb goes about it. */
struct fl_copy {
    const struct fl_command *command;
    struct fl_writer_options how; /* the level is that of no --level; stacks are the trace's */
    bool is_in_place;             /* the file may be the trace, of ours, that is read */
    /* Is the file to be there after what the walk found? */
    bool (*is_kept)(const struct fl_reader *reader, enum fl_status damage);
    /* Tell of the file that is there now. */
    void (*say)(const struct fl_reader *reader, const struct fl_writer_totals *totals,
                const char *path);
};

/* Run the verb on its command line; returns the exit code. */
int fl_copy_verb(const struct fl_copy *copy, int argc, char **argv);

#endif
