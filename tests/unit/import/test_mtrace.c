#include "imported.h"

static void every_kind_of_line_is_a_call(void **state)
{
    (void)state;
    check_import("= Start\n"
                 "@ ./a.out:[0x11f0] + 0x55b2c614d2a0 0xa\n"
                 "@ ./a.out:[0x1205] < 0x55b2c614d2a0\n"
                 "@ ./a.out:[0x1205] > 0x55b2c614d4a0 0x3e8\n"
                 "@ ./a.out:[0x121c] ! 0x55b2c614d4a0 0xffffffffffffff9c\n"
                 "@ /lib/libc.so.6:(fopen+0x1c)[0x7b2c] + 0x55b2c614d890 0\n"
                 "@ [0x804a] + (nil) 0xffffffffffffff9c\n"
                 "- 0x55b2c614d890\n"
                 "@ ./a.out:[0x12bc] - 0x55b2c614d4a0\n"
                 "@ ./a.out:[0x12cc] - 0x1234\n"
                 "= End\n",
                 NULL,
                 "malloc @0 10\nrealloc @0 1000\nrealloc @0 18446744073709551516 failed\n"
                 "malloc @1 0\nmalloc - 18446744073709551516 failed\n"
                 "free @1\nfree @0\nfree - unknown\n");
}

static void the_caller_may_be_of_any_name(void **state)
{
    (void)state;
    check_import("@ ./with ] and + 0x1 0x2:(f[3])[0x11f0] + 0x10 0xa\n@ a:[0x1] - 0x10\n", NULL,
                 "malloc @0 10\nfree @0\n");
}

static void a_realloc_without_its_result_frees(void **state)
{
    (void)state;
    check_import("= Start\n+ 0x10 0x1\n< 0x10\n+ 0x20 0x2\n> 0x30 0x3\n- 0x20\n", NULL,
                 "malloc @0 1\nfree @0\nmalloc @0 2\nlost 1\n"
                 "! x: the trace is damaged: line 5: the result of a realloc without what was "
                 "reallocated\nfree @0\n");
    check_import_end(
        "= Start\n+ 0x10 0x1\n< 0x10\n", NULL,
        "malloc @0 1\n! x: the trace is truncated: the last realloc has no result\n",
        FL_TRUNCATED);
}

static void a_cut_last_line_is_reported(void **state)
{
    (void)state;
    check_import("= Start\n@ ./a:[0x1] + 0x10 0x1\n@ ./a:[0x1] + 0x2", NULL,
                 "malloc @0 1\nlost 1\n! x: the trace is damaged: line 3: no line of mtrace\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {"@ ./a + 0x10 0x1",     "* 0x10",  "+ 0x10",
                                      "- 0x10 0x1",           "+ x 0x1", "@ ./a:[0x1]",
                                      "@ ./a:[0x1] + 0x1 1g", "hello"};
    check_odd_lines("= Start\n+ 0x20 0x8", odd, sizeof odd / sizeof odd[0], "- 0x20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_is_a_call),
        cmocka_unit_test(the_caller_may_be_of_any_name),
        cmocka_unit_test(a_realloc_without_its_result_frees),
        cmocka_unit_test(a_cut_last_line_is_reported),
        cmocka_unit_test(an_odd_line_is_no_call),
    };
    return cmocka_run_group_tests_name("mtrace", tests, NULL, NULL);
}
