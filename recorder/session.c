/*
 * A session's beginning, its rounds and its end; what stands between is in session_take.c.
 *
 * A trace that cannot be written is noted and told at the end: the program runs on.
 */
#include "session_internal.h"

#include <stdlib.h>

#include "describe.h"

#define FL_TICK_NS        100000u
#define FL_FLUSH_NS       UINT64_C(1000000000)
#define FL_THREAD_UNKNOWN UINT64_MAX

static void writer_begin(struct fl_session *session, uint32_t number, int fd,
                         const struct fl_inheritance *inherited)
{
    const uint64_t start_time_ns = fl_clock_real_ns();
    const struct fl_writer_options options = {.level = session->config.level,
                                              .start_time_ns = start_time_ns,
                                              .has_stacks = session->callers != NULL};
    struct fl_metadata *meta =
        fl_describe_image(&session->config, number, inherited, start_time_ns);
    if (fl_writer_open(fd, &options, meta, &session->writer, &session->error) != FL_OK)
        session->is_broken = true;
    fl_metadata_free(meta);
}

/* The objects of the parent, as if the process's first thread had allocated them. */
static void inherit(struct fl_session *session, const struct fl_inheritance *inherited)
{
    struct fl_named before;
    fl_session_put_record(session, FL_RECORD_THREAD_START, 0, (uint32_t)session->config.pid);
    fl_session_put_record(session, FL_RECORD_THREAD, 0, 0);
    session->next_thread = 1;
    session->current_thread = 0;
    session->has_first_thread = true;
    for (size_t i = 0; i < inherited->count && !session->is_broken; i++) {
        const struct fl_heirloom *heirloom = &inherited->objects[i];
        const uint64_t size_bytes = heirloom->object.size_bytes;
        const struct fl_named object = {session->next_serial++, size_bytes};
        const struct fl_event event = {
            .serial = FL_SERIAL_NONE, .size_bytes = size_bytes, .kind = FL_CALL_MALLOC};
        if (fl_namer_add(session->namer, heirloom->address, object, &before) < 0) {
            (void)fl_fail(&session->error, FL_NOMEM, "no memory to name another live object");
            session->is_broken = true;
        }
        fl_session_put(session, &event, 0);
    }
}

/* The process waits for its trace, so none of its stamps is from before this. When times are
 * those at which flrec sees the events, they begin with its first look. */
static void times_begin(struct fl_session *session)
{
    const enum fl_times times = session->config.times;
    session->step_ns = times == FL_TIMES_US ? 1000 : times == FL_TIMES_NS ? 1 : FL_TICK_NS;
    session->has_exact_times = fl_times_are_exact(times);
    if (session->has_exact_times)
        session->tick_ns = fl_clock_now_ns();
}

struct fl_session *fl_session_open(const struct fl_session_config *config, uint32_t number,
                                   int fd, const struct fl_inheritance *inherited)
{
    struct fl_session *session = calloc(1, sizeof *session);
    struct fl_namer *namer = fl_namer_new();
    const struct fl_shared_facts *facts = &config->facts;
    struct fl_callers *callers =
        facts->stack_depth > 0 ? fl_callers_new(facts->ring_count, config->pid) : NULL;
    if (!session || !namer || (facts->stack_depth > 0 && !callers)) {
        free(session);
        fl_namer_free(namer);
        fl_callers_free(callers);
        return NULL;
    }
    session->callers = callers;
    session->config = *config;
    times_begin(session);
    session->namer = namer;
    session->current_thread = FL_THREAD_UNKNOWN;
    writer_begin(session, number, fd, inherited);
    if (inherited && !session->is_broken)
        inherit(session, inherited);
    return session;
}

void fl_session_round(struct fl_session *session, uint64_t now_ns)
{
    if (session->tick_ns == 0)
        session->tick_ns = now_ns;
    if (session->config.times == FL_TIMES_TICK)
        fl_session_owe_tick(session, now_ns);
    else if (session->has_exact_times)
        fl_clock_follow(&session->config.clock);
}

void fl_session_thread_end(struct fl_session *session, const struct fl_lane *lane)
{
    if (lane->has_thread && !session->is_broken && !session->is_full)
        fl_session_put_record(session, FL_RECORD_THREAD_END, lane->thread, 0);
}

void fl_session_lose(struct fl_session *session, uint64_t count)
{
    if (!session->is_broken)
        fl_session_put_record(session, FL_RECORD_LOST, count, 0);
}

void fl_session_flush(struct fl_session *session, uint64_t now_ns)
{
    if (session->is_broken || now_ns - session->flushed_ns < FL_FLUSH_NS)
        return;
    session->flushed_ns = now_ns;
    const uint64_t records = fl_writer_totals(session->writer)->records;
    if (records == session->flushed_records)
        return;
    session->flushed_records = records;
    if (fl_writer_flush(session->writer, &session->error) != FL_OK)
        session->is_broken = true;
}

static void writer_end(struct fl_session *session, const struct fl_session_end *end,
                       struct fl_session_result *result)
{
    result->totals = *fl_writer_totals(session->writer);
    result->is_full = session->is_full;
    result->has_gaps = session->has_gaps;
    if (session->is_broken) {
        result->error = session->error;
        fl_writer_abandon(session->writer);
        return;
    }
    struct fl_session_end how = *end;
    how.is_full = session->is_full;
    struct fl_metadata *meta = fl_describe_end(&session->config, &how, &result->totals);
    const enum fl_status status =
        fl_writer_finish(session->writer, meta, &result->totals, &result->error);
    if (status == FL_OK)
        result->error.status = FL_OK;
    fl_metadata_free(meta);
}

void fl_session_close(struct fl_session *session, const struct fl_session_end *end,
                      struct fl_session_result *result)
{
    *result = (struct fl_session_result){.error = session->error};
    if (session->writer)
        writer_end(session, end, result);
    fl_namer_free(session->namer);
    fl_callers_free(session->callers);
    free(session);
}
