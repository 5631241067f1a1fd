/*
 * Calls of another tool's file to operations: the part that all formats share.
 *
 * An open hash leads from the address of a live object to its slot (namer.c), free slots are a stack
 * (slots.h), as when a trace of ours is decoded. A call is named as the recorder names it: an address that is handed
 * out again was freed by someone unseen, so an implied free stands before the call; a realloc ends the
 * old object before the new one begins, and keeps its slot; what no object was handed out for is
 * unknown. Cost: 15-30 ns a call, most of it the miss of the hash. Memory: 48-192 bytes per live object.
 */
#include "import_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <fl/assert.h>

#define OPS_PER_CALL  2u /* an implied free and the call */
#define OPS_BESIDE    8u /* a tick, a thread's start and the turn to it, a loss, for each call */
#define ROOM_OPS      (FL_IMPORT_CALLS_MAX * (OPS_PER_CALL + OPS_BESIDE))
#define WHAT_BYTES    128u
#define REPORTS_MAX   5u    /* malformed parts that are reported one by one */
#define HOPELESS_PART 1000u /* malformed parts without one that is understood: another format */

bool fl_import_has_room(const struct fl_import *import)
{
    return import->count + ROOM_OPS <= FL_BATCH_OPS && !import->is_out_of_memory;
}

static inline void op_put(struct fl_import *import, enum fl_kind kind, uint64_t size_bytes,
                          uint32_t slot, uint8_t align_log2, uint8_t flags)
{
    FL_ASSERT(import->count < FL_BATCH_OPS, "a format looks whether there is room");
    import->reader->ops[import->count++] = (struct fl_op){.size_bytes = size_bytes,
                                                          .slot = slot,
                                                          .kind = (uint8_t)kind,
                                                          .align_log2 = align_log2,
                                                          .flags = flags};
}

static inline void call_put(struct fl_import *import, enum fl_kind kind, uint64_t size_bytes,
                            uint32_t slot, uint8_t align_log2, unsigned flags)
{
    op_put(import, kind, size_bytes, slot, align_log2, (uint8_t)flags);
    import->events++;
}

/* ---- objects ---- */

static void slot_release(struct fl_import *import, uint32_t slot)
{
    if (!fl_slots_release(&import->slots, slot)) {
        import->is_out_of_memory = true;
    }
}

/* `address` was handed out again while `slot` was live there. */
static void implied_free(struct fl_import *import, uint32_t slot)
{
    op_put(import, FL_CALL_FREE, 0, slot, FL_ALIGN_DEFAULT, FL_FLAG_IMPLIED);
    import->implied_frees++;
}

/* `slot` is at `address` now; true when another one was, which `before` gets. */
static bool address_bind(struct fl_import *import, uint64_t address, uint32_t slot,
                         struct fl_named *before)
{
    const struct fl_named object = {.serial = slot};
    const int outcome = fl_namer_add(import->objects, address, object, before);
    import->is_out_of_memory |= outcome < 0;
    return outcome > 0;
}

/* A slot for a new object at `address`: a free one, or that of the object which was there. */
static uint32_t slot_begin(struct fl_import *import, uint64_t address)
{
    struct fl_named before;
    const uint32_t slot = fl_slots_next(&import->slots);
    if (!address_bind(import, address, slot, &before)) {
        import->is_out_of_memory |= fl_slots_new(&import->slots) == FL_SLOT_NONE;
        return slot;
    }
    const uint32_t reused = (uint32_t)before.serial;
    (void)address_bind(import, address, reused, &before);
    implied_free(import, reused);
    return reused;
}

static void object_begin(struct fl_import *import, enum fl_kind kind, uint64_t address,
                         uint64_t size_bytes, uint8_t align_log2, unsigned flags)
{
    const uint32_t slot = slot_begin(import, address);
    if (!import->is_out_of_memory) {
        call_put(import, kind, size_bytes, slot, align_log2, flags);
        import->serials++;
    }
}

void fl_import_alloc(struct fl_import *import, enum fl_kind kind, uint64_t address,
                     uint64_t size_bytes, uint8_t align_log2)
{
    if (address == 0) {
        call_put(import, kind, size_bytes, FL_SLOT_NONE, align_log2, FL_FLAG_FAILED);
    } else {
        object_begin(import, kind, address, size_bytes, align_log2, 0);
    }
}

void fl_import_free(struct fl_import *import, enum fl_kind kind, uint64_t address,
                    uint64_t size_bytes)
{
    struct fl_named object;
    if (address == 0) {
        call_put(import, kind, size_bytes, FL_SLOT_NONE, FL_ALIGN_DEFAULT, FL_FLAG_NULL);
    } else if (fl_namer_remove(import->objects, address, &object)) {
        call_put(import, kind, size_bytes, (uint32_t)object.serial, FL_ALIGN_DEFAULT, 0);
        slot_release(import, (uint32_t)object.serial);
    } else {
        call_put(import, kind, size_bytes, FL_SLOT_NONE, FL_ALIGN_DEFAULT, FL_FLAG_UNKNOWN);
        import->unknown_frees++;
    }
}

bool fl_import_is_live(const struct fl_import *import, uint64_t address)
{
    struct fl_named object;
    return address != 0 && fl_namer_find(import->objects, address, &object);
}

void fl_import_usable(struct fl_import *import, uint64_t address, uint64_t size_bytes)
{
    struct fl_named object = {.serial = FL_SLOT_NONE};
    const bool is_known = address != 0 && fl_namer_find(import->objects, address, &object);
    const unsigned odd = address == 0 ? FL_FLAG_NULL : FL_FLAG_UNKNOWN;
    call_put(import, FL_CALL_USABLE_SIZE, size_bytes, (uint32_t)object.serial, FL_ALIGN_DEFAULT,
             is_known ? 0 : odd);
}

/* It returned nothing: freed, or left as it was. `flags` say what the pointer was. */
static void realloc_end(struct fl_import *import, enum fl_kind kind, uint64_t old_address,
                        uint64_t size_bytes, unsigned flags)
{
    struct fl_named object = {.serial = FL_SLOT_NONE};
    const bool is_freed = old_address != 0 && size_bytes == 0;
    if (flags == 0) {
        (void)fl_namer_find(import->objects, old_address, &object);
    }
    call_put(import, kind, size_bytes, (uint32_t)object.serial, FL_ALIGN_DEFAULT,
             flags | (is_freed ? FL_FLAG_FREED : FL_FLAG_FAILED));
    if (is_freed && flags == 0) {
        (void)fl_namer_remove(import->objects, old_address, &object);
        slot_release(import, (uint32_t)object.serial);
    }
}

/* The object of a live slot is another one, at `address`. */
static void realloc_move(struct fl_import *import, enum fl_kind kind, uint64_t old_address,
                         uint64_t address, uint64_t size_bytes)
{
    struct fl_named object, before;
    (void)fl_namer_remove(import->objects, old_address, &object);
    const uint32_t slot = (uint32_t)object.serial;
    if (address_bind(import, address, slot, &before)) {
        implied_free(import, (uint32_t)before.serial);
        slot_release(import, (uint32_t)before.serial);
    }
    call_put(import, kind, size_bytes, slot, FL_ALIGN_DEFAULT, 0);
    import->serials++;
}

void fl_import_realloc(struct fl_import *import, enum fl_kind kind, uint64_t old_address,
                       uint64_t address, uint64_t size_bytes)
{
    struct fl_named object;
    unsigned flags = 0;
    if (old_address == 0) {
        flags = FL_FLAG_NULL;
    } else if (!fl_namer_find(import->objects, old_address, &object)) {
        flags = FL_FLAG_UNKNOWN;
    }
    if (address == 0) {
        realloc_end(import, kind, old_address, size_bytes, flags);
    } else if (flags == 0) {
        realloc_move(import, kind, old_address, address, size_bytes);
    } else {
        object_begin(import, kind, address, size_bytes, FL_ALIGN_DEFAULT, flags);
    }
}

uint8_t fl_import_align(uint64_t align_bytes)
{
    return align_bytes <= 1 ? FL_ALIGN_DEFAULT
                            : (uint8_t)(64 - __builtin_clzll(align_bytes - 1));
}

/* ---- threads, times, losses ---- */

static void record_put(struct fl_import *import, enum fl_kind kind, uint64_t number)
{
    op_put(import, kind, number, 0, 0, 0);
}

static uint64_t thread_key(uint32_t tid)
{
    return fl_import_address(tid);
}

/* A thread that was not seen before. */
static uint64_t thread_begin(struct fl_import *import, uint32_t tid)
{
    struct fl_named before;
    const struct fl_named thread = {.serial = import->thread_count++};
    import->is_out_of_memory |=
        fl_namer_add(import->threads, thread_key(tid), thread, &before) < 0;
    op_put(import, FL_RECORD_THREAD_START, thread.serial, tid, 0, 0);
    return thread.serial;
}

void fl_import_thread(struct fl_import *import, uint32_t tid)
{
    struct fl_named thread;
    if (import->has_thread && import->tid == tid) {
        return;
    }
    import->has_thread = true;
    import->tid = tid;
    if (!fl_namer_find(import->threads, thread_key(tid), &thread)) {
        thread.serial = thread_begin(import, tid);
    }
    record_put(import, FL_RECORD_THREAD, thread.serial);
}

void fl_import_thread_end(struct fl_import *import, uint32_t tid)
{
    struct fl_named thread;
    if (fl_namer_remove(import->threads, thread_key(tid), &thread)) {
        record_put(import, FL_RECORD_THREAD_END, thread.serial);
        import->has_thread &= import->tid != tid;
    }
}

void fl_import_time(struct fl_import *import, uint64_t now_ns)
{
    if (import->has_begun && now_ns > import->now_ns) {
        record_put(import, FL_RECORD_TICK, now_ns - import->now_ns);
    }
    if (!import->has_begun || now_ns > import->now_ns) {
        import->now_ns = now_ns;
    }
    import->has_begun = true;
}

void fl_import_lost(struct fl_import *import, uint64_t events)
{
    record_put(import, FL_RECORD_LOST, events);
    import->reader->totals.lost_events += events;
}

/* ---- what is malformed ---- */

void fl_import_understood(struct fl_import *import)
{
    import->understood++;
}

static enum fl_status nothing_understood(const struct fl_import *import, struct fl_error *err)
{
    return fl_fail(err, FL_NOT_A_TRACE, "%s: nothing in it is of the format '%s'",
                   import->reader->input.name, import->format->name);
}

static enum fl_status fail(const struct fl_import *import, enum fl_status status,
                           struct fl_error *err, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static enum fl_status fail(const struct fl_import *import, enum fl_status status,
                           struct fl_error *err, const char *format, va_list args)
{
    char what[WHAT_BYTES];
    vsnprintf(what, sizeof what, format, args);
    return fl_fail(err, status, "%s: %s: %s", import->reader->input.name,
                   fl_status_text(status), what);
}

enum fl_status fl_import_fail(const struct fl_import *import, enum fl_status status,
                              struct fl_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fail(import, status, err, format, args);
    va_end(args);
    return status;
}

enum fl_status fl_import_malformed(struct fl_import *import, struct fl_error *err,
                                   const char *format, ...)
{
    va_list args;
    fl_import_lost(import, 1);
    import->malformed++;
    if (import->malformed == HOPELESS_PART && import->understood == 0) {
        return nothing_understood(import, err);
    }
    if (import->malformed > REPORTS_MAX) {
        return FL_OK;
    }
    va_start(args, format);
    (void)fail(import, FL_CORRUPT, err, format, args);
    va_end(args);
    return FL_CORRUPT;
}

/* ---- the source of a reader ---- */

static bool end_metadata_set(const struct fl_import *import)
{
    struct fl_metadata *end = import->reader->end_meta;
    return fl_metadata_set_number(end, "threads", import->thread_count) &&
           fl_metadata_set_number(end, "unknown_frees", import->unknown_frees) &&
           fl_metadata_set_number(end, "implied_frees", import->implied_frees) &&
           fl_metadata_set_number(end, "malformed", import->malformed);
}

/* The file is at its end: FL_END, or what is wrong with the whole of it. */
static enum fl_status import_end(struct fl_import *import, struct fl_error *err)
{
    struct fl_reader *reader = import->reader;
    if (import->malformed > 0 && import->understood == 0) {
        return nothing_understood(import, err);
    }
    const enum fl_status status =
        import->format->end == NULL ? FL_OK : import->format->end(import, import->state, err);
    if (status != FL_OK) {
        return status;
    }
    if (!end_metadata_set(import)) {
        return fl_fail(err, FL_NOMEM, "no memory for what is known of %s", reader->input.name);
    }
    reader->has_end = true;
    reader->totals.is_complete = true;
    return fl_fail(err, FL_END, "%s: %s", reader->input.name, fl_status_text(FL_END));
}

/* Those that were only counted, told once; the next call gives the end. */
static enum fl_status rest_report(struct fl_import *import, struct fl_error *err)
{
    const uint64_t rest = import->malformed - REPORTS_MAX;
    import->is_rest_told = true;
    return fl_import_fail(import, FL_CORRUPT, err, "%" PRIu64 " more are malformed", rest);
}

static enum fl_status import_step(struct fl_import *import, struct fl_error *err)
{
    enum fl_status status = import->format->next(import, import->state, err);
    if (import->is_out_of_memory) {
        return fl_fail(err, FL_NOMEM, "no memory for the live objects of %s",
                       import->reader->input.name);
    }
    if (status == FL_END && import->malformed > REPORTS_MAX && !import->is_rest_told) {
        return rest_report(import, err);
    }
    return status == FL_END ? import_end(import, err) : status;
}

static void batch_fill(struct fl_import *import, struct fl_batch *out)
{
    struct fl_reader_totals *totals = &import->reader->totals;
    *out = (struct fl_batch){.ops = import->reader->ops,
                             .count = import->count,
                             .first_event = import->batch_first_event,
                             .first_serial = import->batch_first_serial};
    totals->records += import->count;
    totals->events = import->events;
    totals->live_objects = fl_slots_live(&import->slots);
    totals->peak_live_objects = import->slots.slot_count;
    totals->compressed_bytes = fl_input_file_offset(&import->reader->input);
    totals->decoded_bytes = import->reader->input.offset;
}

static enum fl_status import_next(struct fl_reader *reader, struct fl_batch *out,
                                  struct fl_error *err)
{
    struct fl_import *import = reader->imported;
    if (import->pending.status != FL_OK) { /* it came behind the last batch */
        *err = import->pending;
        import->pending.status = FL_OK;
        return err->status;
    }
    import->count = 0;
    import->batch_first_event = import->events;
    import->batch_first_serial = import->serials;
    const enum fl_status status = import_step(import, err);
    batch_fill(import, out);
    if (import->count > 0 && status != FL_OK) {
        import->pending = *err;
        return FL_OK;
    }
    return status;
}

static void import_close(struct fl_reader *reader)
{
    struct fl_import *import = reader->imported;
    if (import == NULL) {
        return;
    }
    if (import->format->close != NULL) {
        import->format->close(import->state);
    }
    fl_namer_free(import->objects);
    fl_namer_free(import->threads);
    fl_slots_clear(&import->slots);
    free(import->state);
    free(import);
}

const struct fl_reader_source fl_import_source = {.next = import_next, .close = import_close};

struct fl_import *fl_import_new(const struct fl_import_format *format, struct fl_reader *reader)
{
    struct fl_import *import = calloc(1, sizeof *import);
    if (import == NULL) {
        return NULL;
    }
    import->format = format;
    import->reader = reader;
    reader->imported = import; /* the reader ends it, whatever is missing */
    import->state = calloc(1, format->state_bytes + 1);
    import->objects = fl_namer_new();
    import->threads = fl_namer_new();
    const bool has_slots = fl_slots_init(&import->slots);
    return import->state != NULL && import->objects != NULL && import->threads != NULL &&
                   has_slots
               ? import
               : NULL;
}
