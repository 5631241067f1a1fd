/*
 * What formats report: calls wait in a batch until they are named (naming.c), and between them
 * stands what is known at once, of threads, times and losses. Reporting costs some ns.
 */
#include "import_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <fl/assert.h>

#define PLACES_PER_CALL 5u /* a call, a tick, a thread's start and the turn to it, a loss */
#define ROOM            (FL_IMPORT_CALLS_MAX * PLACES_PER_CALL)
#define WHAT_BYTES      128u
#define HOPELESS_PARTS  1000u /* malformed, and none understood: another format */

bool fl_import_has_room(const struct fl_import *import)
{
    return import->call_count + ROOM <= FL_IMPORT_BATCH;
}

/* A call or a record waits for the others of its batch. */
static inline void part_add(struct fl_import *import, const struct fl_import_call *call)
{
    FL_ASSERT(import->call_count < FL_IMPORT_BATCH, "a format looks whether there is room");
    import->calls[import->call_count++] = *call;
}

static inline void call_add(struct fl_import *import, const struct fl_import_call *call)
{
    part_add(import, call);
    import->understood++;
}

void fl_import_alloc(struct fl_import *import, enum fl_kind kind, uint64_t address,
                     uint64_t size_bytes, uint8_t align_log2)
{
    call_add(import, &(struct fl_import_call){.address = address,
                                              .size_bytes = size_bytes,
                                              .kind = (uint8_t)kind,
                                              .align_log2 = align_log2});
}

void fl_import_realloc(struct fl_import *import, enum fl_kind kind, uint64_t old_address,
                       uint64_t address, uint64_t size_bytes)
{
    call_add(import, &(struct fl_import_call){.address = address,
                                              .old_address = old_address,
                                              .size_bytes = size_bytes,
                                              .kind = (uint8_t)kind});
}

void fl_import_realloc_if_live(struct fl_import *import, enum fl_kind kind,
                               uint64_t old_address, uint64_t address, uint64_t size_bytes)
{
    call_add(import, &(struct fl_import_call){.address = address,
                                              .old_address = old_address,
                                              .size_bytes = size_bytes,
                                              .kind = (uint8_t)kind,
                                              .is_null_when_dead = true});
}

void fl_import_free(struct fl_import *import, enum fl_kind kind, uint64_t address,
                    uint64_t size_bytes)
{
    call_add(import, &(struct fl_import_call){
                         .address = address, .size_bytes = size_bytes, .kind = (uint8_t)kind});
}

void fl_import_free_aligned(struct fl_import *import, uint64_t address, uint64_t size_bytes,
                            uint8_t align_log2)
{
    call_add(import, &(struct fl_import_call){.address = address,
                                              .size_bytes = size_bytes,
                                              .kind = FL_CALL_FREE_ALIGNED_SIZED,
                                              .align_log2 = align_log2});
}

void fl_import_usable(struct fl_import *import, uint64_t address, uint64_t size_bytes)
{
    fl_import_free(import, FL_CALL_USABLE_SIZE, address, size_bytes);
}

/* ---- threads, times, losses ---- */

static void record_add(struct fl_import *import, enum fl_kind kind, uint64_t number,
                       uint32_t tid)
{
    part_add(import,
             &(struct fl_import_call){.size_bytes = number, .tid = tid, .kind = (uint8_t)kind});
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
    record_add(import, FL_RECORD_THREAD_START, thread.serial, tid);
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
    record_add(import, FL_RECORD_THREAD, thread.serial, 0);
}

void fl_import_thread_end(struct fl_import *import, uint32_t tid)
{
    struct fl_named thread;
    if (fl_namer_remove(import->threads, thread_key(tid), &thread)) {
        record_add(import, FL_RECORD_THREAD_END, thread.serial, 0);
        import->has_thread &= import->tid != tid;
    }
}

void fl_import_time(struct fl_import *import, uint64_t now_ns)
{
    if (import->has_begun && now_ns > import->now_ns) {
        record_add(import, FL_RECORD_TICK, now_ns - import->now_ns, 0);
    }
    if (!import->has_begun || now_ns > import->now_ns) {
        import->now_ns = now_ns;
    }
    import->has_begun = true;
}

void fl_import_lost(struct fl_import *import, uint64_t events)
{
    record_add(import, FL_RECORD_LOST, events, 0);
    import->reader->totals.lost_events += events;
}

/* ---- what is malformed ---- */

void fl_import_no_memory(struct fl_import *import)
{
    import->is_out_of_memory = true;
}

void fl_import_understood(struct fl_import *import)
{
    import->understood++;
}

enum fl_status fl_import_hopeless(const struct fl_import *import, struct fl_error *err)
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
    if (import->malformed == HOPELESS_PARTS && import->understood == 0) {
        return fl_import_hopeless(import, err);
    }
    if (import->malformed > FL_IMPORT_REPORTS_MAX) {
        return FL_OK;
    }
    va_start(args, format);
    (void)fail(import, FL_CORRUPT, err, format, args);
    va_end(args);
    return FL_CORRUPT;
}
