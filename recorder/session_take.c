/*
 * From slots to records: names objects, restores what the program's side left out, keeps the
 * realloc of each thread between its two halves.
 *
 * The loop in fl_session_take runs once for each event and is, with the namer and the encoder
 * behind it, what limits a recording; the namer's cache lines are asked for some events ahead.
 *
 * A realloc's first half takes the old object out of the table, before any thread can be given
 * its address again; the second half writes the event, or puts the object back when the call
 * failed. A second half without a first is a realloc of NULL.
 *
 * Calls that are left out (--start-after, a pause) must not tear the trace: an object that it
 * has ends in it, when it is freed meanwhile; one that it never had is passed over when it is
 * freed later.
 *
 * After a write error nothing more is named or encoded; slots are dropped, so that the program
 * runs on.
 */
#include "session_internal.h"

#include <stdatomic.h>

#define FL_PREFETCH_SLOTS 12
#define FL_PREFETCH_RING  96
#define FL_CLOCK_ERROR_NS 1000000u /* more than clock.h says, over some seconds */

static void put_tick(struct fl_session *session)
{
    fl_session_put_record(session, FL_RECORD_TICK, session->owed_tick_ns, 0);
    session->tick_ns += session->owed_tick_ns;
    session->owed_tick_ns = 0;
}

static void put_thread(struct fl_session *session, struct fl_lane *lane)
{
    if (!lane->has_thread && session->has_first_thread) {
        lane->has_thread = true;
        lane->thread = 0;
        session->has_first_thread = false;
    } else if (!lane->has_thread) {
        lane->has_thread = true;
        lane->thread = session->next_thread++;
        const uint32_t tid = atomic_load_explicit(&lane->ring->tid, memory_order_relaxed);
        fl_session_put_record(session, FL_RECORD_THREAD_START, lane->thread, tid);
    }
    if (lane->thread != session->current_thread) {
        session->current_thread = lane->thread;
        fl_session_put_record(session, FL_RECORD_THREAD, lane->thread, 0);
    }
}

static void put_context(struct fl_session *session, struct fl_lane *lane)
{
    if (session->owed_tick_ns > 0)
        put_tick(session);
    put_thread(session, lane);
}

static void put_implied_free(struct fl_session *session, struct fl_named ended)
{
    const struct fl_event event = {
        .serial = ended.serial, .kind = FL_CALL_FREE, .flags = FL_FLAG_IMPLIED};
    fl_session_put(session, &event, ended.size_bytes);
}

/* Name `object` at `address`; what is there already ends. False: no memory, and nothing is
 * taken any more. */
static inline bool object_name(struct fl_session *session, uint64_t address,
                               struct fl_named object)
{
    struct fl_named before;
    const int outcome = fl_namer_add(session->namer, address, object, &before);
    if (__builtin_expect(outcome < 0, 0)) {
        (void)fl_fail(&session->error, FL_NOMEM, "no memory to name another live object");
        session->is_broken = true;
        return false;
    }
    if (__builtin_expect(outcome > 0, 0))
        put_implied_free(session, before);
    return true;
}

/* Name the object an allocating call made; `released_bytes` is what a realloc ended. */
static inline void put_new(struct fl_session *session, uint64_t address, struct fl_event *event,
                           uint64_t released_bytes)
{
    const struct fl_named object = {session->next_serial, event->size_bytes};
    if (!object_name(session, address, object))
        return;
    session->next_serial++;
    fl_session_put(session, event, released_bytes);
}

static inline void take_allocation(struct fl_session *session, uint64_t address,
                                   struct fl_event *event)
{
    if (__builtin_expect(address != 0, 1)) {
        put_new(session, address, event, 0);
        return;
    }
    event->flags = FL_FLAG_FAILED;
    fl_session_put(session, event, 0);
}

static inline void take_free(struct fl_session *session, uint64_t address,
                             struct fl_event *event)
{
    struct fl_named ended = {0};
    if (address == 0)
        event->flags = FL_FLAG_NULL;
    else if (fl_namer_remove(session->namer, address, &ended))
        event->serial = ended.serial;
    else
        event->flags = FL_FLAG_UNKNOWN;
    fl_session_put(session, event, ended.size_bytes);
}

static void take_usable_size(struct fl_session *session, uint64_t address,
                             struct fl_event *event)
{
    struct fl_named object;
    if (address == 0)
        event->flags = FL_FLAG_NULL;
    else if (fl_namer_find(session->namer, address, &object))
        event->serial = object.serial;
    else
        event->flags = FL_FLAG_UNKNOWN;
    fl_session_put(session, event, 0);
}

static void take_realloc_begin(struct fl_session *session, struct fl_lane *lane,
                               uint64_t address)
{
    lane->has_pending = true;
    lane->pending_is_known = fl_namer_remove(session->namer, address, &lane->pending);
    lane->pending_address = address;
}

/* The call failed: the object is where it was. */
static void pending_restore(struct fl_session *session, struct fl_lane *lane)
{
    if (lane->pending_is_known)
        (void)object_name(session, lane->pending_address, lane->pending);
}

static void take_realloc_end(struct fl_session *session, struct fl_lane *lane, uint64_t address,
                             struct fl_event *event)
{
    const bool had_pointer = lane->has_pending, is_known = lane->pending_is_known;
    lane->has_pending = lane->pending_is_known = false;
    if (!had_pointer)
        event->flags = FL_FLAG_NULL;
    else if (!is_known)
        event->flags = FL_FLAG_UNKNOWN;
    else
        event->serial = lane->pending.serial;
    const uint64_t old_bytes = had_pointer && is_known ? lane->pending.size_bytes : 0;
    if (address != 0) {
        put_new(session, address, event, old_bytes);
        return;
    }
    const bool is_freed = had_pointer && event->size_bytes == 0;
    event->flags |= is_freed ? FL_FLAG_FREED : FL_FLAG_FAILED;
    lane->pending_is_known = is_known;
    if (!is_freed && had_pointer)
        pending_restore(session, lane);
    lane->pending_is_known = false;
    fl_session_put(session, event, is_freed ? old_bytes : 0);
}

static void take_mark(struct fl_session *session, uint64_t number)
{
    if (number >= FL_MARK_PLACES)
        return;
    struct fl_mark_place *place = &session->config.shared->marks[number];
    const uint32_t told = atomic_load_explicit(&place->bytes, memory_order_relaxed);
    const size_t bytes = told < FL_MARK_BYTES ? told : FL_MARK_BYTES;
    if (fl_writer_mark(session->writer, place->text, bytes, &session->error) != FL_OK)
        session->is_broken = true;
    atomic_store(&place->is_taken, 0);
}

/* What a ring says of its stacks. */
static void take_stack(struct fl_session *session, struct fl_lane *lane, uint64_t address,
                       const struct fl_event *event)
{
    const uint32_t ring = (uint32_t)(lane->ring - session->config.shared->rings);
    if (!session->callers)
        return;
    if (event->kind == FL_OP_MODULES)
        fl_callers_read_modules(session->callers);
    else if (event->kind == FL_OP_FRAME)
        fl_callers_frame(session->callers, ring, event->size_bytes, address);
    else
        lane->stack =
            fl_callers_stack(session->callers, session->writer, ring, event->size_bytes);
}

static void take_rest(struct fl_session *session, struct fl_lane *lane, uint64_t address,
                      struct fl_event *event)
{
    switch (event->kind) {
    case FL_CALL_REALLOC:
    case FL_CALL_REALLOCARRAY:
        take_realloc_end(session, lane, address, event);
        break;
    case FL_OP_REALLOC_BEGIN:
        take_realloc_begin(session, lane, address);
        break;
    case FL_CALL_USABLE_SIZE:
        take_usable_size(session, address, event);
        break;
    case FL_OP_MARK:
        take_mark(session, event->size_bytes);
        break;
    case FL_OP_MODULES:
    case FL_OP_FRAME:
    case FL_OP_STACK:
        take_stack(session, lane, address, event);
        break;
    case FL_OP_FORK:
        fl_nursery_put(session->config.nursery, session->config.pid, event->size_bytes,
                       fl_writer_totals(session->writer)->events, session->namer);
        break;
    case FL_OP_FORK_FAILED:
        fl_nursery_drop(session->config.nursery, session->config.pid, event->size_bytes);
        break;
    default: /* THREAD_START only makes put_thread see the thread; others do not exist */
        break;
    }
}

/* One that is none comes with a call that failed by it; else nobody asked for it. */
static uint8_t alignment_mend(const struct fl_event *event, uint64_t address)
{
    const bool has_failed = address == 0 && event->kind <= FL_CALL_PVALLOC &&
                            event->kind != FL_CALL_REALLOC &&
                            event->kind != FL_CALL_REALLOCARRAY;
    return has_failed ? FL_ALIGN_INVALID : FL_ALIGN_DEFAULT;
}

/* When the event with this stamp was made. One from the future is not of this program's making,
 * and would take the time of all that follow: it is as old as the event before it. */
static uint64_t time_of(struct fl_session *session, uint64_t stamp)
{
    const uint64_t time_ns = fl_clock_ns(&session->config.clock, stamp);
    if (time_ns > session->latest_ns)
        session->latest_ns = fl_clock_now_ns() + FL_CLOCK_ERROR_NS;
    return time_ns > session->latest_ns ? session->tick_ns : time_ns;
}

/* The event in `slot` is about to be written: its own time goes before it. */
static void put_time(struct fl_session *session, const struct fl_lane *lane,
                     const struct fl_slot *slot)
{
    const unsigned op = fl_slot_op(slot) & FL_OP_KIND;
    if (op >= (unsigned)FL_CALL_COUNT && op != FL_OP_MARK)
        return;
    const uint64_t stamp = fl_slot_stamp(slot, lane->stamp_base);
    fl_session_owe_tick(session, time_of(session, stamp));
    if (session->owed_tick_ns > 0)
        put_tick(session);
}

static inline void take_event(struct fl_session *session, struct fl_lane *lane,
                              const struct fl_slot *slot, uint64_t size_high)
{
    if (__builtin_expect(session->has_exact_times, 0))
        put_time(session, lane, slot);
    const uint64_t address = fl_slot_address(slot);
    struct fl_event event = {
        .serial = FL_SERIAL_NONE,
        .size_bytes = (slot->rest & UINT32_MAX) | size_high << 32,
        .extra = lane->stack,
        .kind = fl_slot_op(slot) & FL_OP_KIND,
        .align_log2 = (uint8_t)(slot->what >> (FL_ADDRESS_BITS + 8)),
    };
    if (__builtin_expect(event.align_log2 >= 64, 0))
        event.align_log2 = alignment_mend(&event, address);
    if (event.kind >= FL_CALL_FREE && event.kind <= FL_CALL_FREE_ALIGNED_SIZED)
        take_free(session, address, &event);
    else if (event.kind <= FL_CALL_PVALLOC && event.kind != FL_CALL_REALLOC &&
             event.kind != FL_CALL_REALLOCARRAY)
        take_allocation(session, address, &event);
    else
        take_rest(session, lane, address, &event);
}

/* Nobody notes what is live any more: the children of this fork need not wait for it. And a
 * mark is not written, but its place is given back. */
static void drop_event(const struct fl_session_config *config, const struct fl_slot *slot)
{
    const unsigned op = fl_slot_op(slot) & FL_OP_KIND;
    const uint64_t number = slot->rest & UINT32_MAX;
    if (op == FL_OP_FORK)
        fl_nursery_refuse(config->nursery, config->pid, number);
    else if (op == FL_OP_FORK_FAILED)
        fl_nursery_drop(config->nursery, config->pid, number);
    else if (op == FL_OP_MARK && number < FL_MARK_PLACES)
        atomic_store(&config->shared->marks[number].is_taken, 0);
}

void fl_session_pass(const struct fl_session_config *config, struct fl_lane *lane,
                     uint64_t stop)
{
    for (; lane->at < stop; lane->at++)
        drop_event(config, &lane->slots[lane->at & lane->mask]);
}

/* ---- leaving calls out ---- */

static bool session_is_paused(const struct fl_session *session)
{
    const _Atomic bool *is_paused = session->config.is_paused;
    return is_paused && atomic_load_explicit(is_paused, memory_order_relaxed);
}

/* Must each call be looked at? Asked once for a run of slots. */
static bool session_is_limited(const struct fl_session *session)
{
    const struct fl_limits *limits = &session->config.limits;
    return limits->start_after > 0 || limits->max_events > 0 || limits->max_bytes > 0 ||
           session->has_gaps || session_is_paused(session);
}

static void limits_check(struct fl_session *session)
{
    const struct fl_limits *limits = &session->config.limits;
    const struct fl_writer_totals *totals = fl_writer_totals(session->writer);
    if ((limits->max_events > 0 && totals->events >= limits->max_events) ||
        (limits->max_bytes > 0 && totals->bytes_written >= limits->max_bytes))
        session->is_full = true;
}

static bool op_is_free(unsigned op)
{
    return op >= FL_CALL_FREE && op <= FL_CALL_FREE_ALIGNED_SIZED;
}

/* The object at `address`, if the trace has one, ends without a call of its own. */
static void object_drop(struct fl_session *session, uint64_t address)
{
    struct fl_named ended;
    if (address != 0 && fl_namer_remove(session->namer, address, &ended))
        put_implied_free(session, ended);
}

/* A realloc that is left out: what it resized ends in the trace, unless the call failed. */
static void skip_realloc_end(struct fl_session *session, struct fl_lane *lane, uint64_t address,
                             uint64_t size_bytes)
{
    const bool has_failed = address == 0 && size_bytes != 0;
    if (lane->has_pending && has_failed)
        pending_restore(session, lane);
    else if (lane->has_pending && lane->pending_is_known)
        put_implied_free(session, lane->pending);
    lane->has_pending = lane->pending_is_known = false;
    object_drop(session, address);
}

static void skip_event(struct fl_session *session, struct fl_lane *lane,
                       const struct fl_slot *slot, uint64_t size_high)
{
    const unsigned op = fl_slot_op(slot) & FL_OP_KIND;
    const uint64_t address = fl_slot_address(slot);
    struct fl_named known;
    session->has_gaps = true;
    if (op_is_free(op)) {
        if (fl_namer_find(session->namer, address, &known))
            take_event(session, lane, slot, size_high);
    } else if (op == FL_CALL_REALLOC || op == FL_CALL_REALLOCARRAY) {
        skip_realloc_end(session, lane, address, (slot->rest & UINT32_MAX) | size_high << 32);
    } else if (op <= FL_CALL_PVALLOC) {
        object_drop(session, address);
    }
}

static void take_limited(struct fl_session *session, struct fl_lane *lane,
                         const struct fl_slot *slot, uint64_t size_high)
{
    const unsigned op = fl_slot_op(slot) & FL_OP_KIND;
    const bool is_call = op < (unsigned)FL_CALL_COUNT;
    struct fl_named known;
    session->calls_seen += is_call;
    const bool is_left_out =
        session_is_paused(session) || session->calls_seen <= session->config.limits.start_after;
    const bool is_stranger = session->has_gaps && op_is_free(op) &&
                             !fl_namer_find(session->namer, fl_slot_address(slot), &known);
    if (session->is_full) {
        drop_event(&session->config, slot);
        return;
    }
    if (is_call && is_left_out)
        skip_event(session, lane, slot, size_high);
    else if (!is_call || !is_stranger)
        take_event(session, lane, slot, size_high);
    limits_check(session);
}

void fl_session_take(void *user, struct fl_lane *lane, uint64_t bound, uint64_t stop)
{
    struct fl_session *session = user;
    const struct fl_slot *slots = lane->slots;
    const uint64_t mask = lane->mask;
    const bool is_limited = session_is_limited(session);
    if (!session->is_broken && !session->is_full)
        put_context(session, lane);
    uint64_t at = lane->at;
    while (at < stop) {
        const struct fl_slot *slot = &slots[at & mask];
        uint64_t size_high = 0, stamp_base = lane->stamp_base;
        const uint64_t ahead = at + FL_PREFETCH_SLOTS < lane->end ? at + FL_PREFETCH_SLOTS : at;
        __builtin_prefetch(&slots[(at + FL_PREFETCH_RING) & mask]);
        fl_namer_prefetch(session->namer, fl_slot_address(&slots[ahead & mask]));
        if (__builtin_expect(fl_slot_goes_before(lane, slot, at), 0)) {
            stamp_base = slot->rest;
            size_high = fl_slot_address(slot);
            slot = &slots[++at & mask];
        }
        if (fl_slot_key(slot, stamp_base) > bound)
            break;
        lane->stamp_base = stamp_base;
        if (__builtin_expect(session->is_broken, 0))
            drop_event(&session->config, slot);
        else if (__builtin_expect(is_limited, 0))
            take_limited(session, lane, slot, size_high);
        else
            take_event(session, lane, slot, size_high);
        lane->at = ++at;
    }
}
