#include "imported.h"

#define CALLS "a 0 512\na 1 128\nr 0 640\na 2 128\nf 1\nr 0 768\nf 0\nf 2\n"
#define CALLS_TAKEN                                                                            \
    "malloc @0 512\nmalloc @1 128\nrealloc @0 640\nmalloc @2 128\nfree @1\nrealloc @0 768\n"   \
    "free @0\nfree @2\n"

static void both_orders_of_the_header_are_read(void **state)
{
    (void)state;
    check_import("20000\n3\n8\n1\n" CALLS, NULL, CALLS_TAKEN); /* size, ids, calls, weight */
    check_import("1\n3\n8\n1024\n" CALLS, NULL, CALLS_TAKEN);  /* weight, ids, calls, peak */
    check_import("0\r\n3\r\n8\r\n1024\r\n\r\n" CALLS, NULL, CALLS_TAKEN);
    check_import("20000\n0\n0\n1\n", NULL, "");
}

static void numbers_may_be_used_again(void **state)
{
    (void)state;
    check_import("1\n1\n5\n9\na 0 1\nf 0\na 0 2\na 0 3\nf 0\n", NULL,
                 "malloc @0 1\nfree @0\nmalloc @0 2\nfree @0 implied\nmalloc @0 3\nfree @0\n");
}

static void realloc_is_what_the_driver_makes_of_it(void **state)
{
    (void)state;
    struct imported imported;
    const char *text = "1\n9\n7\n9\nr 5 10\nr 5 0\nr 5 20\nf 5\nf -1\nf 5\na 4294967295 7\n";
    imported_read(&imported, text, strlen(text), NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "realloc @0 10 null\nrealloc @0 0 freed\nrealloc @0 20 null\nfree @0\n"
                        "free - null\nfree - unknown\nmalloc @0 7\n");
    assert_int_equal(imported_number(&imported, "unknown_frees"), 1);
    imported_clear(&imported);
}

static void fewer_calls_than_declared_are_a_cut(void **state)
{
    (void)state;
    check_import_end("20000\n3\n9\n1\n" CALLS, NULL,
                     CALLS_TAKEN
                     "! x: the trace is truncated: the header declares 9 calls, there are 8\n",
                     FL_TRUNCATED);
    check_import_end("20000\n18446744073709551615\n18446744073709551615\n1\na 0 1\n", NULL,
                     "malloc @0 1\n! x: the trace is truncated: the header declares "
                     "18446744073709551615 calls, there are 1\n",
                     FL_TRUNCATED);
    check_import_end("20000\n3\n", "rep", "! x: the trace is truncated: its header is cut\n",
                     FL_TRUNCATED);
}

static void more_calls_than_declared_are_reported_and_read(void **state)
{
    (void)state;
    check_import("20000\n3\n1\n1\n" CALLS, NULL,
                 CALLS_TAKEN
                 "! x: the trace is damaged: the header declares 1 calls, there are 8\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {"a 1",   "a 1 2 3", "b 1 2",  "f",
                                      "f -2",  "f 1 2",   "r -1 5", "a 4294967296 1",
                                      "a x 1", "aa 1 1",  "a 1 -1"};
    check_odd_lines("1\n1\n3\n8\na 0 8", odd, sizeof odd / sizeof odd[0], "f 0");
}

static void a_header_of_something_else_is_not_known(void **state)
{
    (void)state;
    static const char *const none[] = {"1\n2\n3\na 0 1\n", "1\n2\n3\n4\n5\n",
                                       "1 2\n3\n4\n5\na 0 1\n", "x\n1\n2\n3\na 0 1\n",
                                       "1\n2\n3\n4\nb 0 1\n"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        check_refused(none[i], strlen(none[i]), NULL, FL_NOT_A_TRACE, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_of_the_header_are_read),
        cmocka_unit_test(numbers_may_be_used_again),
        cmocka_unit_test(realloc_is_what_the_driver_makes_of_it),
        cmocka_unit_test(fewer_calls_than_declared_are_a_cut),
        cmocka_unit_test(more_calls_than_declared_are_reported_and_read),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(a_header_of_something_else_is_not_known),
    };
    return cmocka_run_group_tests_name("rep", tests, NULL, NULL);
}
