/*
 * Threads that record, the program's half of the code, while the drain takes: in one process,
 * so that ThreadSanitizer sees both sides. The rings are so small that each thread waits for
 * room many times.
 */
#include "rings.h"

#include <pthread.h>
#include <unistd.h>

#include <fl/reader.h>

#include "attach.h"
#include "drain.h"
#include "thread_buffer.h"

#define THREADS 4u
#define CALLS   20000u /* allocations of each thread */
#define PLACES  16u    /* where threads leave objects for each other */

/* What attach.c has in the program. */
struct fl_process fl_process;
static volatile uint8_t gate = 1;
static const volatile char is_single = 0;

void fl_attach(void)
{
}

void fl_detach(const char *why)
{
    fail_msg("%s", why);
}

static _Atomic uintptr_t places[PLACES];
static _Atomic uint32_t done;

static void call_record(unsigned op, uintptr_t address, uint64_t size_bytes)
{
    assert_true(fl_enter(&fl_thread));
    if (op == FL_CALL_FREE)
        fl_thread_record(&fl_thread, FL_CALL_FREE | FL_OP_EARLY, 0, (void *)address, 0);
    else
        fl_thread_record(&fl_thread, FL_CALL_MALLOC, 0, (void *)address, size_bytes);
    fl_leave(&fl_thread);
}

/* Each object is left in a place, and who takes it from there frees it. Addresses are new each
 * time. */
static void *objects_pass_on(void *user)
{
    const uintptr_t first = ((uintptr_t)user + 1) << 32;
    for (uint32_t i = 0; i < CALLS; i++) {
        const uintptr_t address = first + 16 * (uintptr_t)i;
        call_record(FL_CALL_MALLOC, address, i + 1);
        const uintptr_t before = atomic_exchange(&places[i % PLACES], address);
        if (before != 0)
            call_record(FL_CALL_FREE, before, 0);
    }
    atomic_fetch_add(&done, 1);
    while (atomic_load(&done) < THREADS)
        usleep(1000); /* the ring of a thread that is gone may be another's */
    return NULL;
}

static void threads_run(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, objects_pass_on, (void *)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

struct tally {
    uint64_t mallocs, frees, unknown, bytes;
};

static void tally_take(struct tally *tally, const struct fl_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct fl_op *op = &batch->ops[i];
        if (!fl_kind_is_call(op->kind))
            continue;
        assert_int_equal(op->flags & FL_FLAG_IMPLIED, 0);
        tally->mallocs += op->kind == FL_CALL_MALLOC;
        tally->frees += op->kind == FL_CALL_FREE;
        tally->unknown += op->slot == FL_SLOT_NONE;
        tally->bytes += op->kind == FL_CALL_MALLOC ? op->size_bytes : 0;
    }
}

static void tally_check(const char *path)
{
    struct tally tally = {0};
    struct fl_reader *reader;
    struct fl_batch batch;
    enum fl_status status;
    assert_int_equal(fl_reader_open(path, &reader, NULL), FL_OK);
    while ((status = fl_reader_next(reader, &batch, NULL)) == FL_OK)
        tally_take(&tally, &batch);
    assert_int_equal(status, FL_END);
    fl_reader_close(reader);
    assert_int_equal(tally.mallocs, THREADS * CALLS);
    assert_int_equal(tally.frees, THREADS * CALLS - PLACES);
    assert_int_equal(tally.unknown, 0);
    assert_int_equal(tally.bytes, (uint64_t)THREADS * CALLS * (CALLS + 1) / 2);
}

static void no_call_is_lost_and_each_free_follows_its_malloc(void **state)
{
    (void)state;
    struct rings rings;
    char path[] = "/tmp/test_producers.XXXXXX";
    struct fl_drain *drain;
    struct fl_drain_report report;
    close(mkstemp(path));
    rings_make(&rings);
    fl_process = (struct fl_process){.is_recording = &gate,
                                     .is_single = &is_single,
                                     .shared = rings.shared,
                                     .ring_count = rings.shared->ring_count,
                                     .stamp_source = FL_STAMP_COUNTER};
    const struct fl_drain_config config = {
        .session = {.shared = rings.shared, .facts = rings.facts, .pid = getpid()},
        .shared = rings.shared,
        .path = path,
        .output = FL_OUTPUT_NONE};
    assert_int_equal(fl_drain_start(&config, &drain, NULL), FL_OK);
    atomic_store(&rings.shared->images_attached, 1);
    threads_run();
    fl_drain_finish(drain, 0, true, &report);
    assert_int_equal(report.trace_count, 1);
    assert_int_equal(report.traces[0].result.error.status, FL_OK);
    tally_check(report.traces[0].path);
    unlink(report.traces[0].path);
    fl_drain_report_free(&report);
    rings_end(&rings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_is_lost_and_each_free_follows_its_malloc),
    };
    return cmocka_run_group_tests_name("producers", tests, NULL, NULL);
}
