#include <fl_test.h>

#include <fl/trace.h>

#include "finding.h"

static void every_kind_names_event_object_call_and_address(void **state)
{
    (void)state;
    for (uint32_t kind = FL_FINDING_MISALIGNED; kind < FL_FINDING_HANG; kind++) {
        const struct fl_finding finding = {.kind = kind,
                                           .call = FL_CALL_REALLOC,
                                           .event = 12,
                                           .serial = 7,
                                           .address = 0x7f10,
                                           .size_bytes = 24};
        char text[400];
        fl_finding_text(&finding, text, sizeof text);
        const char *start = "event 12, object 7, realloc of 24 bytes: block 0x7f10 ";
        assert_memory_equal(text, start, strlen(start));
        assert_true(strlen(text) > strlen(start));
        assert_string_not_equal(fl_finding_word(kind), "?");
    }
    assert_string_equal(fl_finding_word(FL_FINDING_COUNT), "?");
}

static void a_crash_names_its_events_and_signal(void **state)
{
    (void)state;
    struct fl_finding finding = {
        .kind = FL_FINDING_CRASH, .event = 12, .last_event = 90, .found = 6};
    char text[400];
    fl_finding_text(&finding, text, sizeof text);
    assert_string_equal(text, "events 12 to 90: crashed: Aborted (signal 6)");
    finding.last_event = 12;
    fl_finding_text(&finding, text, sizeof text);
    assert_string_equal(text, "event 12: crashed: Aborted (signal 6)");
    finding.found = 0;
    finding.expected = 3;
    fl_finding_text(&finding, text, sizeof text);
    assert_string_equal(text, "event 12: ended the process with code 3");
}

static void a_hang_names_its_events_and_how_long_it_was_waited_for(void **state)
{
    (void)state;
    const struct fl_finding finding = {
        .kind = FL_FINDING_HANG, .event = 12, .last_event = 90, .found = 9, .expected = 60};
    char text[400];
    fl_finding_text(&finding, text, sizeof text);
    assert_string_equal(text, "events 12 to 90: no answer in 60 s (--timeout)");
}

static void text_that_does_not_fit_is_cut(void **state)
{
    (void)state;
    const struct fl_finding finding = {.kind = FL_FINDING_OVERLAP, .call = FL_CALL_MALLOC};
    for (size_t bytes = 1; bytes < 120; bytes++) {
        char text[120];
        fl_finding_text(&finding, text, bytes);
        assert_true(strlen(text) < bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_names_event_object_call_and_address),
        cmocka_unit_test(a_crash_names_its_events_and_signal),
        cmocka_unit_test(a_hang_names_its_events_and_how_long_it_was_waited_for),
        cmocka_unit_test(text_that_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
