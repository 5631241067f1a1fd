#include <fl_test.h>

#include <fl/progress.h>

#define SECOND UINT64_C(1000000000)

/* Started long ago in the test's own time, on a terminal that is a buffer. */
static void progress_open(struct fl_progress *progress, struct fl_test_output *output,
                          uint64_t total)
{
    fl_test_output_open(output);
    fl_progress_start(progress, "replaying", "events", total);
    progress->out = output->file;
    progress->is_enabled = true;
    progress->next_ns = SECOND;
}

static void nothing_is_shown_in_the_first_second(void **state)
{
    (void)state;
    struct fl_progress progress;
    struct fl_test_output output;
    progress_open(&progress, &output, 10);
    fl_progress_update_at(&progress, 5, SECOND - 1);
    fl_progress_end(&progress);
    assert_string_equal(fl_test_output_text(&output), "");
    fl_test_output_close(&output);
}

static void a_line_is_shown_ten_times_a_second_and_cleared(void **state)
{
    (void)state;
    struct fl_progress progress;
    struct fl_test_output output;
    progress_open(&progress, &output, 4000);
    fl_progress_update_at(&progress, 1000, SECOND);
    fl_progress_update_at(&progress, 1500, SECOND + SECOND / 10 - 1);
    fl_progress_update_at(&progress, 2000, SECOND + SECOND / 10);
    fl_progress_end(&progress);
    fl_progress_end(&progress);
    assert_string_equal(fl_test_output_text(&output),
                        "\r\033[Kreplaying: 1,000 of 4,000 events (25%)"
                        "\r\033[Kreplaying: 2,000 of 4,000 events (50%)"
                        "\r\033[K");
    fl_test_output_close(&output);
}

static void an_unknown_total_shows_the_count_alone(void **state)
{
    (void)state;
    struct fl_progress progress;
    struct fl_test_output output;
    progress_open(&progress, &output, 0);
    fl_progress_update_at(&progress, 7, SECOND);
    assert_string_equal(fl_test_output_text(&output), "\r\033[Kreplaying: 7 events");
    fl_progress_end(&progress);
    fl_test_output_close(&output);
}

static void nothing_is_shown_when_disabled(void **state)
{
    (void)state;
    struct fl_progress progress;
    struct fl_test_output output;
    progress_open(&progress, &output, 10);
    progress.is_enabled = false;
    fl_progress_update_at(&progress, 5, 100 * SECOND);
    fl_progress_end(&progress);
    assert_string_equal(fl_test_output_text(&output), "");
    fl_test_output_close(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_shown_in_the_first_second),
        cmocka_unit_test(a_line_is_shown_ten_times_a_second_and_cleared),
        cmocka_unit_test(an_unknown_total_shows_the_count_alone),
        cmocka_unit_test(nothing_is_shown_when_disabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
