/*
 * Lanes: the traces that a merge reads side by side, each with its next step at hand. What a
 * lane's header says is known from the start; its file is open only while its steps are read,
 * unless it cannot be opened twice: so as many are open as ran at a time, not as many as there
 * are.
 */
#ifndef FL_LANE_H
#define FL_LANE_H

#include "objects.h"

#define FL_LANE_NONE SIZE_MAX

struct fl_lane {
    const char *path;
    const char *from;         /* the format to read it as; NULL: what its content says */
    struct fl_metadata *meta; /* of its header; NULL: it cannot be read at all */
    bool has_start, is_forked;
    uint64_t start_ns;          /* since 1970 */
    uint64_t pid, ppid, image;  /* 0 where not known */
    uint64_t parent_event;      /* of a forked one */
    uint64_t inherited;         /* events at its start that stand for what it inherited */
    uint64_t end_ns;            /* since 1970, as its end record says; 0: not known */
    uint64_t file_bytes;        /* 0: no plain file */
    struct fl_reader *reader;   /* NULL: not open */
    struct fl_walk *walk;       /* NULL: not begun, or over */
    const struct fl_step *step; /* the next one, never a tick; NULL: not begun, or at its end */
    uint64_t time_ns;           /* of that step or the end, from what it was begun with */
    uint64_t events_missing;    /* lost with damaged chunks before that step */
    uint64_t missing_before;    /* and before the step that is over */
    uint64_t events, allocations; /* given so far, the step at hand not among them */
    bool is_over;                 /* closed: nothing comes of it any more */
    enum fl_status fault;         /* the first thing that was wrong */
    /* For fl_order. */
    size_t rank;          /* by start */
    size_t after;         /* lane that it may not overtake, or FL_LANE_NONE */
    uint64_t after_event; /* it begins when that one has given so many, or is over */
    uint64_t release_at;  /* the next such number that one waits for in this lane */
};

/* Open `path` as fl_import_open does and learn what its header says. FL_OK, or why it cannot be
 * read; `lane` is to be cleared in any case. */
enum fl_status fl_lane_look(struct fl_lane *lane, const char *path, const char *from,
                            struct fl_error *err) __attribute__((warn_unused_result));

/* Begin to read; there is no step yet. `time_ns` is when it starts. */
enum fl_status fl_lane_begin(struct fl_lane *lane, uint64_t time_ns, struct fl_error *err)
    __attribute__((warn_unused_result));

/*
 * Go on to the next step, or to the end: then there is none.
 *
 * @return  FL_OK; FL_CORRUPT when something was passed over before it, and the call is to be made again;
 *          what else is wrong, which is an end too
 */
enum fl_status fl_lane_next(struct fl_lane *lane, struct fl_error *err)
    __attribute__((warn_unused_result));

/* It is over: close its file. */
void fl_lane_end(struct fl_lane *lane);

/* Give all of it back. */
void fl_lane_clear(struct fl_lane *lane);

#endif
