#include "imported.h"

static void every_kind_of_line_is_a_call(void **state)
{
    (void)state;
    check_import("7: malloc 0xb4827400 1024\n"
                 "7: calloc 0xb4827800 3 40\n"
                 "7: memalign 0xb4828000 64 100\n"
                 "7: realloc 0xb4829000 0xb4827400 2048\n"
                 "7: realloc 0xb482a000 0x0 10\n"
                 "7: free 0xb4829000\n"
                 "7: posix_memalign 0xb482b000 128 1\n"
                 "7: aligned_alloc 0xb482c000 256 2\n"
                 "7: free 0x0\n"
                 "7: thread_done 0x0\n",
                 NULL,
                 "thread-start 0 7\nthread 0\n"
                 "malloc @0 1024\n"
                 "calloc @1 120\n"
                 "memalign @2 align=64 100\n"
                 "realloc @0 2048\n"
                 "realloc @3 10 null\n"
                 "free @0\n"
                 "posix_memalign @0 align=128 1\n"
                 "aligned_alloc @4 align=256 2\n"
                 "free - null\n"
                 "thread-end 0\n");
}

static void pointers_have_64_bits_and_tags(void **state)
{
    (void)state;
    check_import(
        "1: malloc 0xb400007b12345670 8\n1: malloc 0xffffffffffffffff 1\n"
        "1: malloc B400007B12345680 9\n1: free 0xb400007b12345680\n",
        NULL, "thread-start 0 1\nthread 0\nmalloc @0 8\nmalloc @1 1\nmalloc @2 9\nfree @2\n");
}

static void threads_are_numbered_as_they_come_and_end(void **state)
{
    (void)state;
    check_import("9: malloc 0x10 1\n8: malloc 0x20 1\n9: free 0x20\n8: thread_done 0x0\n"
                 "9: free 0x10\n8: malloc 0x20 2\n12: thread_done 0x0\n9: thread_done 0x0\n"
                 "9: free 0x20\n",
                 NULL,
                 "thread-start 0 9\nthread 0\nmalloc @0 1\n"
                 "thread-start 1 8\nthread 1\nmalloc @1 1\n"
                 "thread 0\nfree @1\n"
                 "thread-end 1\n"
                 "free @0\n"
                 "thread-start 2 8\nthread 2\nmalloc @0 2\n"
                 "thread-end 0\n"
                 "thread-start 3 9\nthread 3\nfree @0\n");
}

static void times_are_ticks_that_never_go_back(void **state)
{
    (void)state;
    struct imported imported;
    const char *text =
        "1: malloc 0x10 1 5000 5100\n1: malloc 0x20 2 5000 5200\n"
        "2: free 0x10 4000 5300\n1: free 0x20 5200 5400\n1: thread_done 0x0 6000\n";
    imported_read(&imported, text, strlen(text), NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "thread-start 0 1\nthread 0\nmalloc @0 1\nmalloc @1 2\n"
                        "thread-start 1 2\nthread 1\nfree @0\n"
                        "tick 200\nthread 0\nfree @1\ntick 800\nthread-end 0\n");
    assert_string_equal(fl_metadata_get(imported.meta, "time", NULL), "ns");
    assert_string_equal(fl_metadata_get(imported.meta, "import_gaps", NULL),
                        "which aligned call it was, failed calls");
    imported_clear(&imported);
}

static void without_times_the_trace_says_so(void **state)
{
    (void)state;
    struct imported imported;
    imported_read(&imported, "1: malloc 0x10 1\n", 17, NULL);
    assert_string_equal(fl_metadata_get(imported.meta, "imported_from", NULL), "android");
    assert_string_equal(fl_metadata_get(imported.meta, "time", NULL), "none");
    assert_string_equal(fl_metadata_get(imported.meta, "import_gaps", NULL),
                        "which aligned call it was, failed calls, times");
    imported_clear(&imported);
}

static void an_alignment_is_rounded_up_as_memalign_does(void **state)
{
    (void)state;
    check_import("1: memalign 0x40 48 1\n1: memalign 0x80 1 1\n1: memalign 0xc0 0 1\n"
                 "1: memalign 0x100 9223372036854775808 1\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmemalign @0 align=64 1\nmemalign @1 1\n"
                 "memalign @2 1\nmemalign @3 align=9223372036854775808 1\n");
}

static void what_failed_or_never_was_is_told(void **state)
{
    (void)state;
    struct imported imported;
    const char *text = "1: malloc 0x0 99\n1: calloc 0x0 18446744073709551615 2\n"
                       "1: realloc 0x0 0x30 4\n1: free 0x50\n1: malloc 0x30 4\n"
                       "1: realloc 0x0 0x30 8\n1: realloc 0x0 0x30 0\n1: free 0x30\n";
    imported_read(&imported, text, strlen(text), NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "thread-start 0 1\nthread 0\n"
                        "malloc - 99 failed\ncalloc - 18446744073709551615 failed\n"
                        "realloc - 4 failed unknown\nfree - unknown\nmalloc @0 4\n"
                        "realloc @0 8 failed\nrealloc @0 0 freed\nfree - unknown\n");
    assert_int_equal(imported_number(&imported, "unknown_frees"), 2);
    assert_int_equal(imported_number(&imported, "implied_frees"), 0);
    imported_clear(&imported);
}

static void an_odd_line_is_reported_with_its_number(void **state)
{
    (void)state;
    check_import("1: malloc 0x10 1\n"
                 "1: mallox 0x10 1\n"
                 "1: malloc 0x20\n"
                 "\n"
                 "  1: free   0x10  \n"
                 "1 free 0x20\n"
                 "4294967296: free 0x20\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 1\nlost 1\n"
                 "! x: the trace is damaged: line 2: no known call\n"
                 "lost 1\n"
                 "! x: the trace is damaged: line 3: the arguments are not those of the call\n"
                 "free @0\nlost 1\n"
                 "! x: the trace is damaged: line 6: it does not begin with the number of a "
                 "thread and a colon\n"
                 "lost 1\n"
                 "! x: the trace is damaged: line 7: it does not begin with the number of a "
                 "thread and a colon\n");
}

static void an_odd_argument_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "1: free 0x10 1",                         /* one time of two */
        "1: free 0x10 1 2 3",                     /* and a third */
        "1: free",                                /* no pointer */
        "1: free 10z",                            /* no number */
        "1: malloc 0x10 -1",                      /* below zero */
        "1: malloc 0x10 18446744073709551616",    /* 2^64 */
        "1: malloc 0x10000000000000000 1",        /* the same */
        "1: calloc 0x10 4294967296 4294967296",   /* cannot have succeeded */
        "1: memalign 0x10 9223372036854775809 1", /* nor this */
        "1: realloc 0x10 1",                      /* no size */
        "1: thread_done 0x0 1 2",
    };
    check_odd_lines("1: malloc 0x20 1", odd, sizeof odd / sizeof odd[0], "1: free 0x20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_is_a_call),
        cmocka_unit_test(pointers_have_64_bits_and_tags),
        cmocka_unit_test(threads_are_numbered_as_they_come_and_end),
        cmocka_unit_test(times_are_ticks_that_never_go_back),
        cmocka_unit_test(without_times_the_trace_says_so),
        cmocka_unit_test(an_alignment_is_rounded_up_as_memalign_does),
        cmocka_unit_test(what_failed_or_never_was_is_told),
        cmocka_unit_test(an_odd_line_is_reported_with_its_number),
        cmocka_unit_test(an_odd_argument_is_no_call),
    };
    return cmocka_run_group_tests_name("android", tests, NULL, NULL);
}
