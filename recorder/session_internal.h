/* A session's state, and what its two files give each other: session.c (begin, rounds, end) and
 * session_take.c (slots to records). */
#ifndef FL_SESSION_INTERNAL_H
#define FL_SESSION_INTERNAL_H

#include "callers.h"
#include "session.h"

struct fl_session {
    struct fl_session_config config;
    struct fl_writer *writer;
    struct fl_namer *namer;
    struct fl_callers *callers; /* NULL: no stacks */
    uint64_t next_serial;
    uint64_t next_thread;    /* number the next thread gets */
    uint64_t current_thread; /* last one written */
    uint64_t tick_ns;        /* clock at the last tick written, a multiple of the step later */
    uint64_t step_ns;        /* ticks are multiples of it */
    bool has_exact_times;
    uint64_t latest_ns;    /* no event so far can have a later time */
    uint64_t owed_tick_ns; /* to be written before the next event */
    uint64_t flushed_ns;
    uint64_t flushed_records;
    struct fl_error error;
    bool is_broken;
    uint64_t calls_seen;   /* counted while limits hold */
    bool has_gaps;         /* calls were left out: pointers that are not known are expected */
    bool is_full;          /* a limit was reached: nothing more is written */
    bool has_first_thread; /* thread 0 is written and waits for the first ring */
};

static inline void fl_session_put(struct fl_session *session, const struct fl_event *event,
                                  uint64_t released_bytes)
{
    if (fl_writer_put(session->writer, event, released_bytes, &session->error) != FL_OK)
        session->is_broken = true;
}

static inline void fl_session_put_record(struct fl_session *session, enum fl_kind kind,
                                         uint64_t number, uint32_t extra)
{
    const struct fl_event event = {
        .serial = FL_SERIAL_NONE, .size_bytes = number, .extra = extra, .kind = (uint8_t)kind};
    fl_session_put(session, &event, 0);
}

/* Time went on to `now_ns`; what is known of it may step back by the error of a reading. */
static inline void fl_session_owe_tick(struct fl_session *session, uint64_t now_ns)
{
    const uint64_t passed_ns = now_ns > session->tick_ns ? now_ns - session->tick_ns : 0;
    session->owed_tick_ns = passed_ns - passed_ns % session->step_ns;
}

#endif
