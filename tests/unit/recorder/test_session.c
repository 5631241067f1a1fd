#include "rings.h"

#include <sys/mman.h>

#include <fl/reader.h>

#include "session.h"

#define OPS_MAX 64

/* Slots in, a trace in memory out, and what a reader makes of it. */
struct fixture {
    struct rings rings;
    struct fl_merge merge;
    struct fl_session *session;
    int trace_fd;
    struct fl_session_result result;
    uint64_t start_ns, opened_ns; /* before and after the session was made */
    uint64_t ticks_ns;            /* sum of all */
    struct fl_op ops[OPS_MAX];    /* the calls only */
    size_t op_count;
};

static int fixture_make(void **state, enum fl_times times)
{
    struct fixture *fix = calloc(1, sizeof *fix);
    assert_non_null(fix);
    rings_make(&fix->rings);
    fix->trace_fd = memfd_create("trace", 0);
    fix->start_ns = fl_clock_now_ns();
    const struct fl_session_config config = {
        .shared = fix->rings.shared,
        .facts = fix->rings.facts,
        .pid = getpid(),
        .times = times,
        .clock = {.base_ns = fix->start_ns, .ns_per_cycle = 1}};
    fix->session = fl_session_open(&config, 0, fix->trace_fd, NULL);
    assert_non_null(fix->session);
    fix->opened_ns = fl_clock_now_ns();
    assert_true(fl_merge_init(&fix->merge, fix->rings.shared, &fix->rings.facts,
                              fl_session_take, fix->session));
    *state = fix;
    return 0;
}

static int fixture_begin(void **state)
{
    return fixture_make(state, FL_TIMES_TICK);
}

/* A stamp is the ns since `start_ns`. */
static int fixture_begin_exact(void **state)
{
    return fixture_make(state, FL_TIMES_NS);
}

static int fixture_end(void **state)
{
    struct fixture *fix = *state;
    fl_merge_end(&fix->merge);
    rings_end(&fix->rings);
    close(fix->trace_fd);
    free(fix);
    return 0;
}

static void trace_read(struct fixture *fix)
{
    struct fl_reader *reader;
    struct fl_batch batch;
    assert_int_equal(lseek(fix->trace_fd, 0, SEEK_SET), 0);
    assert_int_equal(fl_reader_open_fd(fix->trace_fd, "trace", &reader, NULL), FL_OK);
    enum fl_status status;
    while ((status = fl_reader_next(reader, &batch, NULL)) == FL_OK)
        for (size_t i = 0; i < batch.count; i++) {
            if (fl_kind_is_call(batch.ops[i].kind) && fix->op_count < OPS_MAX)
                fix->ops[fix->op_count++] = batch.ops[i];
            if (batch.ops[i].kind == FL_RECORD_TICK)
                fix->ticks_ns += batch.ops[i].size_bytes;
        }
    assert_int_equal(status, FL_END);
    fl_reader_close(reader);
}

static void finish(struct fixture *fix)
{
    const struct fl_session_end end = {.exit_code = 0};
    fl_merge_round(&fix->merge, true);
    fl_session_close(fix->session, &end, &fix->result);
    assert_int_equal(fix->result.error.status, FL_OK);
    trace_read(fix);
}

static void begin_realloc(struct fixture *fix, uint64_t old_address)
{
    rings_put(&fix->rings, 0, FL_OP_REALLOC_BEGIN | FL_OP_EARLY, old_address, 0, 0);
}

static void put_call(struct fixture *fix, unsigned op, uint64_t address, uint64_t size_bytes)
{
    rings_put(&fix->rings, 0, op, address, size_bytes, 0);
}

static void put_free(struct fixture *fix, uint64_t address)
{
    put_call(fix, FL_CALL_FREE | FL_OP_EARLY, address, 0);
}

static void a_free_ends_the_object_at_its_address(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    put_call(fix, FL_CALL_CALLOC, 0x2000, 20);
    put_free(fix, 0x1000);
    finish(fix);
    assert_int_equal(fix->op_count, 3);
    assert_int_equal(fix->ops[2].slot, fix->ops[0].slot);
    assert_int_equal(fix->result.totals.live_bytes, 20);
    assert_int_equal(fix->result.totals.peak_live_bytes, 30);
}

static void odd_frees_are_flagged(void **state)
{
    struct fixture *fix = *state;
    put_free(fix, 0);
    put_free(fix, 0x1000);
    finish(fix);
    assert_int_equal(fix->ops[0].flags, FL_FLAG_NULL);
    assert_int_equal(fix->ops[1].flags, FL_FLAG_UNKNOWN);
}

static void an_allocation_of_null_failed(void **state)
{
    struct fixture *fix = *state;
    rings_put_wide(&fix->rings, 0, FL_CALL_CALLOC, 0, UINT64_MAX, 0);
    finish(fix);
    assert_int_equal(fix->ops[0].flags, FL_FLAG_FAILED);
    assert_int_equal(fix->ops[0].size_bytes, UINT64_MAX);
}

static void an_address_handed_out_twice_ends_its_first_object(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    put_call(fix, FL_CALL_MALLOC, 0x1000, 20);
    finish(fix);
    assert_int_equal(fix->result.totals.implied_frees, 1);
    assert_int_equal(fix->result.totals.live_objects, 1);
    assert_int_equal(fix->result.totals.live_bytes, 20);
}

static void a_realloc_moves_its_object(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    begin_realloc(fix, 0x1000);
    put_call(fix, FL_CALL_REALLOC, 0x2000, 20);
    put_free(fix, 0x1000);
    put_free(fix, 0x2000);
    finish(fix);
    assert_int_equal(fix->op_count, 4);
    assert_int_equal(fix->ops[1].slot, fix->ops[0].slot);
    assert_int_equal(fix->ops[2].flags, FL_FLAG_UNKNOWN);
    assert_int_equal(fix->ops[3].flags, 0);
    assert_int_equal(fix->result.totals.live_bytes, 0);
}

static void a_realloc_that_fails_keeps_its_object(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    begin_realloc(fix, 0x1000);
    put_call(fix, FL_CALL_REALLOC, 0, 20);
    put_free(fix, 0x1000);
    finish(fix);
    assert_int_equal(fix->ops[1].flags, FL_FLAG_FAILED);
    assert_int_equal(fix->ops[2].flags, 0);
}

/* Its address cannot have been handed out meanwhile; when it was, both are in the trace. */
static void a_failed_realloc_takes_its_address_back(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    begin_realloc(fix, 0x1000);
    put_call(fix, FL_CALL_MALLOC, 0x1000, 30);
    put_call(fix, FL_CALL_REALLOC, 0, 20);
    put_free(fix, 0x1000);
    finish(fix);
    assert_int_equal(fix->result.totals.implied_frees, 1);
    assert_int_equal(fix->result.totals.live_objects, 0);
    assert_int_equal(fix->op_count, 5);
    assert_int_equal(fix->ops[3].flags, FL_FLAG_FAILED);
    assert_int_equal(fix->ops[4].slot, fix->ops[0].slot);
}

static void a_realloc_to_nothing_frees(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    begin_realloc(fix, 0x1000);
    put_call(fix, FL_CALL_REALLOC, 0, 0);
    finish(fix);
    assert_int_equal(fix->ops[1].flags, FL_FLAG_FREED);
    assert_int_equal(fix->result.totals.live_objects, 0);
}

static void a_realloc_without_a_beginning_was_of_null(void **state)
{
    struct fixture *fix = *state;
    put_call(fix, FL_CALL_REALLOC, 0x1000, 10);
    put_call(fix, FL_CALL_REALLOCARRAY, 0, 10);
    finish(fix);
    assert_int_equal(fix->ops[0].flags, FL_FLAG_NULL);
    assert_int_equal(fix->ops[1].flags, FL_FLAG_NULL | FL_FLAG_FAILED);
}

static void the_old_address_may_be_reused_before_the_realloc_ends(void **state)
{
    struct fixture *fix = *state;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 0x1000, 10, 1);
    rings_put(&fix->rings, 0, FL_OP_REALLOC_BEGIN | FL_OP_EARLY, 0x1000, 0, 2);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 0x1000, 30, 3);
    rings_put(&fix->rings, 0, FL_CALL_REALLOC, 0x2000, 20, 4);
    finish(fix);
    assert_int_equal(fix->result.totals.implied_frees, 0);
    assert_int_equal(fix->result.totals.live_bytes, 50);
    assert_int_equal(fix->result.totals.threads, 2);
}

static void a_realloc_of_an_unknown_pointer_is_flagged(void **state)
{
    struct fixture *fix = *state;
    begin_realloc(fix, 0x1000);
    put_call(fix, FL_CALL_REALLOC, 0x2000, 20);
    finish(fix);
    assert_int_equal(fix->ops[0].flags, FL_FLAG_UNKNOWN);
    assert_int_equal(fix->result.totals.live_objects, 1);
}

static void a_wide_slot_without_its_event_is_passed_over(void **state)
{
    struct fixture *fix = *state;
    rings_slot(&fix->rings, 0, fl_slot_what(1, FL_OP_WIDE, 0), 7);
    fl_merge_round(&fix->merge, true);
    put_call(fix, FL_CALL_MALLOC, 0x1000, 10);
    finish(fix);
    assert_int_equal(fix->op_count, 1);
    assert_int_equal(fix->ops[0].size_bytes, 10);
}

/* 255 is what the library says of one that is no power of two; the others nobody says. */
static void an_alignment_beyond_the_address_space_is_none(void **state)
{
    struct fixture *fix = *state;
    static const struct {
        unsigned op, align_log2;
        uint64_t address;
    } calls[] = {{FL_CALL_ALIGNED_ALLOC, 255, 0},
                 {FL_CALL_ALIGNED_ALLOC, 64, 0},
                 {FL_CALL_ALIGNED_ALLOC, 64, 0x1000},
                 {FL_CALL_REALLOC, 255, 0},
                 {FL_CALL_FREE_ALIGNED_SIZED, 200, 0x1000}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        rings_slot(&fix->rings, 0,
                   fl_slot_what(calls[i].address, calls[i].op, calls[i].align_log2),
                   fl_slot_rest(8, 0));
    finish(fix);
    assert_int_equal(fix->op_count, 5);
    assert_int_equal(fix->ops[0].align_log2, FL_ALIGN_INVALID);
    assert_int_equal(fix->ops[1].align_log2, FL_ALIGN_INVALID);
    for (size_t i = 2; i < 5; i++)
        assert_int_equal(fix->ops[i].align_log2, FL_ALIGN_DEFAULT);
}

static void an_event_has_the_time_of_its_stamp(void **state)
{
    struct fixture *fix = *state;
    const uint64_t now_ns = fl_clock_now_ns();
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 0x1000, 10, now_ns - fix->start_ns);
    finish(fix);
    assert_in_range(fix->ticks_ns, now_ns - fix->opened_ns, now_ns - fix->start_ns);
}

static void a_stamp_from_the_future_is_as_old_as_the_one_before(void **state)
{
    struct fixture *fix = *state;
    static const uint64_t wild[] = {UINT64_C(1) << 45, UINT64_C(1) << 62, UINT64_MAX};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
        rings_put_wide(&fix->rings, 0, FL_CALL_MALLOC, 0x1000 + 16 * i, 10, wild[i]);
    rings_put_wide(&fix->rings, 0, FL_CALL_MALLOC, 0x2000, 10, 1);
    finish(fix);
    assert_int_equal(fix->op_count, 4);
    assert_in_range(fix->ticks_ns, 0, UINT64_C(1) << 44); /* five hours */
}

int main(void)
{
#define TEST(name)       cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
#define TEST_EXACT(name) cmocka_unit_test_setup_teardown(name, fixture_begin_exact, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(a_free_ends_the_object_at_its_address),
        TEST(odd_frees_are_flagged),
        TEST(an_allocation_of_null_failed),
        TEST(an_address_handed_out_twice_ends_its_first_object),
        TEST(a_realloc_moves_its_object),
        TEST(a_realloc_that_fails_keeps_its_object),
        TEST(a_failed_realloc_takes_its_address_back),
        TEST(a_realloc_to_nothing_frees),
        TEST(a_realloc_without_a_beginning_was_of_null),
        TEST(the_old_address_may_be_reused_before_the_realloc_ends),
        TEST(a_realloc_of_an_unknown_pointer_is_flagged),
        TEST(a_wide_slot_without_its_event_is_passed_over),
        TEST(an_alignment_beyond_the_address_space_is_none),
        TEST_EXACT(an_event_has_the_time_of_its_stamp),
        TEST_EXACT(a_stamp_from_the_future_is_as_old_as_the_one_before),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
