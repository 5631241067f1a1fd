#include <fl_test.h>

#include <errno.h>
#include <linux/futex.h>

#include "attach.h"
#include "rings.h"
#include "thread_buffer.h"

/* What attach.c has in the program. */
struct fl_process fl_process;
static volatile uint8_t gate;
static const volatile char is_single = 1;
static unsigned detached;

void fl_attach(void)
{
}

void fl_detach(const char *why)
{
    (void)why;
    gate = 0;
    detached++;
}

static struct rings rings;

/* A thread that has claimed ring 0 of a process with one thread. */
static int thread_make(void **state)
{
    (void)state;
    rings_make(&rings);
    gate = 1;
    detached = 0;
    fl_process = (struct fl_process){.is_recording = &gate,
                                     .is_single = &is_single,
                                     .shared = rings.shared,
                                     .ring_count = rings.shared->ring_count,
                                     .stamp_source = FL_STAMP_COUNTER};
    fl_thread = (struct fl_thread){0};
    assert_true(fl_enter(&fl_thread)); /* THREAD_START */
    fl_leave(&fl_thread);
    assert_int_equal(fl_thread.head, 1);
    return 0;
}

static int thread_end(void **state)
{
    (void)state;
    rings_end(&rings);
    return 0;
}

static void call(unsigned op)
{
    fl_thread_record(&fl_thread, op, 0, &rings, 8);
}

/* Fill the ring up to `left` free slots. */
static void fill(uint64_t left)
{
    while (fl_thread.head + left < rings.shared->ring_slots)
        call(FL_CALL_MALLOC);
    assert_int_equal(fl_thread.head + left, rings.shared->ring_slots);
}

static void take(uint64_t slots)
{
    atomic_fetch_add(&fl_thread.ring->tail, slots);
}

static unsigned op_at(uint64_t slot)
{
    return fl_slot_op(&fl_thread.slots[slot & fl_thread.mask]) & FL_OP_KIND;
}

static void a_call_without_room_is_lost_and_counted(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    fill(1);
    const uint64_t head = fl_thread.head;
    errno = EDOM;
    call(FL_CALL_MALLOC);
    call(FL_CALL_FREE | FL_OP_EARLY);
    assert_int_equal(errno, EDOM);
    assert_int_equal(fl_thread.head, head);
    assert_int_equal(rings.shared->lost_events, 2);
    assert_int_equal(rings.shared->doorbell, 1); /* once for each time the ring fills */
    take(10);
    call(FL_CALL_MALLOC);
    assert_int_equal(fl_thread.head, head + 1);
    assert_int_equal(rings.shared->lost_events, 2);
}

static void a_realloc_is_recorded_whole_or_not_at_all(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    for (uint64_t left = 2; left < 16; left++) {
        const uint64_t lost_before = rings.shared->lost_events;
        fill(left);
        const uint64_t head = fl_thread.head;
        call(FL_OP_REALLOC_BEGIN | FL_OP_EARLY);
        call(FL_CALL_REALLOC);
        const uint64_t written = fl_thread.head - head;
        const uint64_t lost = rings.shared->lost_events - lost_before;
        assert_int_equal(written + 2 * lost, 2);
        assert_int_equal(written, left < fl_op_room(FL_OP_REALLOC_BEGIN) ? 0 : 2);
        thread_end(NULL);
        thread_make(NULL);
        rings.shared->is_lossy = 1;
    }
}

static void room_that_comes_in_the_middle_does_not_tear_a_realloc(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    fill(2);
    const uint64_t head = fl_thread.head;
    call(FL_OP_REALLOC_BEGIN | FL_OP_EARLY);
    take(100);
    call(FL_CALL_REALLOC);
    assert_int_equal(fl_thread.head, head);
    assert_int_equal(rings.shared->lost_events, 1);
    call(FL_OP_REALLOC_BEGIN | FL_OP_EARLY);
    call(FL_CALL_REALLOC);
    assert_int_equal(fl_thread.head, head + 2);
    assert_int_equal(op_at(head), FL_OP_REALLOC_BEGIN);
    assert_int_equal(op_at(head + 1), FL_CALL_REALLOC);
    assert_int_equal(rings.shared->lost_events, 1);
}

static void *take_later(void *argument)
{
    struct fl_ring *ring = argument;
    usleep(20 * 1000);
    atomic_fetch_add(&ring->tail, 100);
    return NULL;
}

/* For an op that waits: it is written after all. */
static void expect_wait(unsigned op)
{
    pthread_t taker;
    fill(1);
    const uint64_t head = fl_thread.head;
    assert_int_equal(pthread_create(&taker, NULL, take_later, fl_thread.ring), 0);
    call(op);
    pthread_join(taker, NULL);
    assert_int_equal(fl_thread.head, head + 1);
    assert_int_equal(op_at(head), op & FL_OP_KIND);
    assert_int_equal(rings.shared->lost_events, 0);
}

static void a_fork_waits_even_so(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    expect_wait(FL_OP_FORK | FL_OP_EARLY);
}

static void a_mark_waits_even_so(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    expect_wait(FL_OP_MARK);
}

static void a_frame_waits_even_so(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    expect_wait(FL_OP_FRAME);
}

static void without_loss_a_call_waits(void **state)
{
    (void)state;
    expect_wait(FL_CALL_MALLOC);
}

static void losing_notices_that_flrec_is_gone(void **state)
{
    (void)state;
    rings.shared->is_lossy = 1;
    fill(1);
    atomic_fetch_or((_Atomic uint32_t *)(void *)&rings.shared->life, FUTEX_OWNER_DIED);
    call(FL_CALL_MALLOC);
    assert_int_equal(detached, 1);
    call(FL_CALL_MALLOC);
    assert_int_equal(rings.shared->lost_events, 1); /* what is not recorded is not lost */
}

#define ON_A_THREAD(test) cmocka_unit_test_setup_teardown(test, thread_make, thread_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_THREAD(a_call_without_room_is_lost_and_counted),
        ON_A_THREAD(a_realloc_is_recorded_whole_or_not_at_all),
        ON_A_THREAD(room_that_comes_in_the_middle_does_not_tear_a_realloc),
        ON_A_THREAD(a_fork_waits_even_so),
        ON_A_THREAD(a_mark_waits_even_so),
        ON_A_THREAD(a_frame_waits_even_so),
        ON_A_THREAD(without_loss_a_call_waits),
        ON_A_THREAD(losing_notices_that_flrec_is_gone),
    };
    return cmocka_run_group_tests_name("thread_buffer", tests, NULL, NULL);
}
