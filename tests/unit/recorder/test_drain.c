/* The drain's thread, given shared memory that a test writes to in the program's place. */
#include "rings.h"

#include <unistd.h>

#include <fl/reader.h>

#include "drain.h"

struct fixture {
    struct rings rings;
    char folder[32], path[48];
    struct fl_drain *drain;
    struct fl_drain_report report;
};

static int fixture_begin(void **state)
{
    struct fixture *fix = calloc(1, sizeof *fix);
    assert_non_null(fix);
    rings_make(&fix->rings);
    strcpy(fix->folder, "/tmp/test_drain.XXXXXX");
    assert_non_null(mkdtemp(fix->folder));
    snprintf(fix->path, sizeof fix->path, "%s/t.zst", fix->folder);
    const struct fl_drain_config config = {
        .session = {.shared = fix->rings.shared, .facts = fix->rings.facts, .pid = getpid()},
        .shared = fix->rings.shared,
        .path = fix->path,
        .output = FL_OUTPUT_NONE};
    assert_int_equal(fl_drain_start(&config, &fix->drain, NULL), FL_OK);
    *state = fix;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *fix = *state;
    for (size_t i = 0; i < fix->report.trace_count; i++)
        unlink(fix->report.traces[i].path);
    fl_drain_report_free(&fix->report);
    rings_end(&fix->rings);
    assert_int_equal(rmdir(fix->folder), 0);
    free(fix);
    return 0;
}

/* As an image does: count, ring, wait for the trace. */
static void image_announce(struct fixture *fix, uint32_t count)
{
    struct fl_shared *shared = fix->rings.shared;
    atomic_store(&shared->images_attached, count);
    while (atomic_load(&shared->images_opened) != count)
        usleep(1000);
}

/* Until the drain has looked at everything there was: the second call is taken in a later
 * round. */
static void drain_wait(struct fixture *fix)
{
    struct fl_ring *ring = &fix->rings.shared->rings[0];
    for (uint64_t i = 0; i < 2; i++) {
        rings_put(&fix->rings, 0, FL_CALL_FREE, 0, 0, 0);
        while (atomic_load(&ring->tail) != atomic_load(&ring->head))
            usleep(1000);
    }
}

static void each_image_has_a_trace(void **state)
{
    struct fixture *fix = *state;
    image_announce(fix, 1);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 0x1000, 10, 0);
    image_announce(fix, 2);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 0x1000, 10, 0);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 0x2000, 10, 0);
    fl_drain_finish(fix->drain, 0, true, &fix->report);
    assert_int_equal(fix->report.trace_count, 2);
    assert_int_equal(fix->report.traces[0].result.totals.events, 1);
    assert_int_equal(fix->report.traces[1].result.totals.events, 2);
}

static void a_count_of_images_written_over_is_one_image(void **state)
{
    struct fixture *fix = *state;
    image_announce(fix, 1);
    image_announce(fix, 1000000);
    drain_wait(fix);
    fl_drain_finish(fix->drain, 0, true, &fix->report);
    assert_int_equal(fix->report.trace_count, 2);
    assert_int_equal(fix->report.images_seen, 2);
}

static void a_count_of_lost_calls_that_goes_back_adds_none(void **state)
{
    struct fixture *fix = *state;
    image_announce(fix, 1);
    atomic_store(&fix->rings.shared->lost_events, 7);
    drain_wait(fix);
    atomic_store(&fix->rings.shared->lost_events, 3);
    fl_drain_finish(fix->drain, 0, true, &fix->report);
    assert_int_equal(fix->report.traces[0].result.totals.lost_events, 7);
}

static void a_text_of_the_program_ends_with_its_room(void **state)
{
    struct fixture *fix = *state;
    struct fl_shared *shared = fix->rings.shared;
    struct fl_reader *reader;
    size_t bytes;
    memset(shared->libc, 'c', sizeof shared->libc);
    memset(shared->allocator, 'a', sizeof shared->allocator);
    memset(shared->marks, 'm', sizeof shared->marks);
    image_announce(fix, 1);
    rings_put(&fix->rings, 0, FL_OP_MARK, 0, 3, 0);
    fl_drain_finish(fix->drain, 0, true, &fix->report);
    assert_int_equal(fix->report.traces[0].result.error.status, FL_OK);
    assert_int_equal(fl_reader_open(fix->report.traces[0].path, &reader, NULL), FL_OK);
    assert_non_null(fl_metadata_get(fl_reader_metadata(reader), "libc", &bytes));
    assert_int_equal(bytes, sizeof shared->libc);
    assert_non_null(fl_metadata_get(fl_reader_metadata(reader), "allocator", &bytes));
    assert_int_equal(bytes, sizeof shared->allocator);
    fl_reader_close(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(each_image_has_a_trace),
        TEST(a_count_of_images_written_over_is_one_image),
        TEST(a_count_of_lost_calls_that_goes_back_adds_none),
        TEST(a_text_of_the_program_ends_with_its_room),
    };
    return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
