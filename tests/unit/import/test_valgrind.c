#include "imported.h"

/* Recorded by valgrind 3.19, but for the times. */
static void every_kind_of_call_is_read(void **state)
{
    (void)state;
    check_import("==12691== Memcheck, a memory error detector\n"
                 "==12691== Command: ./hello 1\n"
                 "==12691== \n"
                 "--12691-- malloc(24) = 0x4A43040\n"
                 "--12691-- calloc(3,7) = 0x4A430A0\n"
                 "--12691-- malloc(10) = 0x4A43100\n"
                 "--12691-- realloc(0x4A43100,100000) = 0x4A43150\n"
                 "--12691-- memalign(al 64, size 100) = 0x4A5B880\n"
                 "--12691-- realloc(0x0,120)malloc(120) = 0x4A5BC10\n"
                 "--12691-- malloc_usable_size(0x4A43040) = 24\n"
                 "--12691-- malloc(0) = 0x4A5BB30\n"
                 "--12691-- free(0x0)\n"
                 "--12691-- free(0x4A43040)\n"
                 "--12691-- cfree(0x4A430A0)\n"
                 "--12691-- free(0x99)\n"
                 "--12691-- _Znwm(4) = 0x4D70C80\n"
                 "--12691-- _Znam(40) = 0x4D70CD0\n"
                 "--12691-- _ZnwmSt11align_val_t(size 128, al 64) = 0x4D70D80\n"
                 "--12691-- _ZnamSt11align_val_tRKSt9nothrow_t(size 384, al 64) = 0x4D70EC0\n"
                 "--12691-- _ZdlPvm(0x4D70C80)\n"
                 "--12691-- _ZdaPvSt11align_val_t(0x4D70EC0)\n"
                 "--12691-- mallinfo()\n"
                 "==12691== HEAP SUMMARY:\n",
                 NULL,
                 "thread-start 0 12691\nthread 0\nmalloc @0 24\ncalloc @1 21\nmalloc @2 10\n"
                 "realloc @2 100000\nmemalign @3 align=64 100\nrealloc @4 120 null\n"
                 "malloc_usable_size @0 24\nmalloc @5 0\nfree - null\nfree @0\nfree @1\n"
                 "free - unknown\nmalloc @1 4\nmalloc @0 40\naligned_alloc @6 align=64 128\n"
                 "aligned_alloc @7 align=64 384\nfree @1\nfree @7\n");
}

/* Recorded: malloc(-100), calloc(1 << 62, 16) and realloc(p, 0), with what memcheck says of the
 * first between it and its result. */
static void a_call_and_its_result_are_printed_one_by_one(void **state)
{
    (void)state;
    check_import(
        "--12691-- malloc(0) = 0x4A5BB30\n"
        "--12691-- malloc(18446744073709551516)Argument 'size' of function malloc has a fishy "
        "(possibly negative) value: -100\n"
        "==12691==    at 0x48417B4: malloc (in vgpreload_memcheck-amd64-linux.so)\n"
        "==12691== \n"
        "--12691--  = 0x0\n"
        "--12691-- calloc(4611686018427387904,16)realloc(0x4A5BB30,0)free(0x4A5BB30)\n"
        "--12691--  = 0\n"
        "--12691-- free(0x0)\n",
        NULL,
        "thread-start 0 12691\nthread 0\nmalloc @0 0\nmalloc - 18446744073709551516 failed\n"
        "calloc - 18446744073709551615 failed\nrealloc @0 0 freed\nfree - null\n");
}

/* Of a line that begins as the one before no more is taken for the same than is. */
static void a_mark_is_read_anew_where_it_is_another(void **state)
{
    (void)state;
    check_import("--12-- malloc(1) = 0x10\n"
                 "--12-- malloc(2) = 0x20\n"
                 "--123-- malloc(3) = 0x10\n"
                 "--12-- free(0x10)\n"
                 "--12--free(0x20) no call\n"
                 "= --12-- malloc(4) = 0x30\n"
                 "= --12-- malloc(5) = 0x40\n"
                 "--00:00:00:00.001 12-- free(0x20)\n"
                 "--12-- free(0x30)\n"
                 "==12== free(0x40)\n"
                 "printed: --12-- free(0x40)\n"
                 "--12-- free(0x40) --123-- free(0x10)\n",
                 NULL,
                 "thread-start 0 12\nthread 0\nmalloc @0 1\nmalloc @1 2\n"
                 "thread-start 1 123\nthread 1\nmalloc @2 3\nthread 0\nfree @0\n"
                 "malloc @0 4\nmalloc @3 5\nfree @1\nfree @0\nfree @3\nfree - unknown\n"
                 "thread 1\nfree @2\n");
}

static void calls_without_a_result_do_not_end_their_line(void **state)
{
    (void)state;
    check_import("--1-- malloc_usable_size(0x0)malloc_usable_size(0x0)malloc_usable_size(0x0)"
                 "malloc_usable_size(0x0)malloc_usable_size(0x0)malloc_usable_size(0x0)"
                 "_ZnwmSt11align_val_t(size 8, al 3)calloc(4611686018427387904,16)"
                 "malloc(3) = 0x10\n--1-- free(0x10)\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc_usable_size - 0 null\n"
                 "malloc_usable_size - 0 null\nmalloc_usable_size - 0 null\n"
                 "malloc_usable_size - 0 null\nmalloc_usable_size - 0 null\n"
                 "malloc_usable_size - 0 null\naligned_alloc - align=4 8 failed\n"
                 "calloc - 18446744073709551615 failed\nmalloc @0 3\nfree @0\n");
}

/* From 3.22 on: its own lines for posix_memalign, without the block, and reallocarray, with the
 * result twice. */
static void later_versions_print_more(void **state)
{
    (void)state;
    check_import("--1-- posix_memalign(al 64, size 100)\n"
                 "--1-- posix_memalign(al 3, size 100)\n"
                 "--1-- realloc(0x0,5) = 0x10\n"
                 "--1-- reallocarray(0x10,4,8) = 0x20\n"
                 "--1--  = 0x20\n"
                 "--1-- reallocarray(0x20,4611686018427387904,8)free(0x20)\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nlost 1\nposix_memalign - align=4 100 failed\n"
                 "realloc @0 5 null\nreallocarray @0 32\n"
                 "reallocarray @0 18446744073709551615 failed\nfree @0\n");
}

static void threads_change_between_a_call_and_its_result(void **state)
{
    (void)state;
    check_import("--1-- malloc(10)free(0x0)\n"
                 "--1-- calloc(2,3) = 0x20\n"
                 "--1--  = 0x10\n"
                 "--1-- free(0x10)\n--1-- free(0x20)\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nfree - null\ncalloc @0 6\nmalloc @1 10\nfree @1\n"
                 "free @0\n");
    check_import("--1-- malloc(8) = 0x30\n"
                 "--1-- realloc(0x30,0)free(0x30)\n"
                 "--1-- malloc(10)\n"
                 "--1--  = 0\n"
                 "--1--  = 0x10\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 8\nrealloc @0 0 freed\nmalloc @0 10\n");
}

/* Recorded: a pipeline of two programs with --trace-children=yes, and what they print. */
static void processes_mix_their_lines(void **state)
{
    (void)state;
    check_import("--17318-- malloc(5) = 0x4A43040\n"
                 "--17317-- malloc(6) = 0x4A43040\n"
                 "--17318-- realloc(0x4A43040,2048)--17317-- free(0x4A43040)\n"
                 " = 0x4A44DB0\n"
                 "bin\n"
                 "4000--17317-- malloc(7)etc\n"
                 " = 0x4A43090\n"
                 "a -- b --17317-- free(0x4A43090)\n"
                 "--17318-- free(0x4A44DB0)\n",
                 NULL,
                 "thread-start 0 17318\nthread 0\nmalloc @0 5\nthread-start 1 17317\nthread 1\n"
                 "malloc @1 6\nfree @1\nthread 0\nrealloc @0 2048\nthread 1\nmalloc @1 7\n"
                 "free @1\nthread 0\nfree @0\n");
}

static void each_process_has_a_heap_of_its_own(void **state)
{
    (void)state;
    check_import("==1== Command: ./a\n"
                 "--1-- malloc(5) = 0x10\n"
                 "--2-- free(0x10)\n"
                 "--2-- malloc(6) = 0x20\n"
                 "--1-- malloc(7) = 0x20\n"
                 "--2-- malloc(8)\n"
                 "==2== Memcheck, a memory error detector\n"
                 "==2== Command: ./b\n"
                 "--2-- malloc(9) = 0x20\n"
                 "--2-- free(0x20)\n"
                 "--1-- free(0x20)\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 5\nthread-start 1 2\nthread 1\n"
                 "free - unknown\nmalloc @1 6\nthread 0\nmalloc @2 7\nlost 1\nthread 1\n"
                 "malloc @3 9\nfree @3\nthread 0\nfree @2\n");
}

static void times_stand_before_the_process(void **state)
{
    (void)state;
    struct imported imported;
    static const char text[] = "==00:00:00:00.000 12764== Memcheck, a memory error detector\n"
                               "--00:00:00:00.739 12764-- malloc(24) = 0x4A43040\n"
                               "--00:00:00:00.739 12764-- calloc(3,7)\n"
                               "--01:02:03:04.745 12764--  = 0x4A430A0\n"
                               "--01:02:03:04.746 12764-- free(0x4A43040)\n";
    imported_read(&imported, text, sizeof text - 1, NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "thread-start 0 12764\nthread 0\nmalloc @0 24\ntick 93784006000000\n"
                        "calloc @1 21\ntick 1000000\nfree @0\n");
    assert_string_equal(fl_metadata_get(imported.meta, "time", NULL), "ns");
    imported_clear(&imported);
}

static void a_line_that_is_cut_is_reported(void **state)
{
    (void)state;
    check_import_end("--1-- malloc(5) = 0x10\n--1-- malloc(6)", NULL,
                     "thread-start 0 1\nthread 0\nmalloc @0 5\n"
                     "! x: the trace is truncated: calls without a result: 1\n",
                     FL_TRUNCATED);
    check_import(
        "--1-- malloc(5) = 0x10\n--1-- free(0x1", NULL,
        "thread-start 0 1\nthread 0\nmalloc @0 5\nlost 1\n"
        "! x: the trace is damaged: line 2: the arguments are not those of the call\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {"--1-- malloc(8",
                                      "--1-- malloc(x) = 0x30",
                                      "--1-- malloc() = 0x30",
                                      "--1-- malloc(8,9) = 0x30",
                                      "--1-- calloc(8) = 0x30",
                                      "--1-- memalign(al 64) = 0x30",
                                      "--1-- memalign(al 18446744073709551615, size 8) = 0x30",
                                      "--1-- free(0x20, 8)",
                                      "--1--  = 0x30",
                                      "--1--  = ",
                                      "--1--  = x"};
    check_odd_lines("--1-- malloc(8) = 0x20", odd, sizeof odd / sizeof odd[0],
                    "--1-- free(0x20)");
}

static void other_text_says_nothing(void **state)
{
    (void)state;
    check_import("--1-- Reading syms from /lib/libc.so.6 (malloc(3) = 0x4)\n"
                 "--1-- malloc(8) = 0x20\n"
                 "malloc(9) = 0x30\n"
                 " = 0x30\n"
                 "= 5\n"
                 "-- 1-- malloc(10) = 0x40\n"
                 "--1:1:main-- malloc(10) = 0x40\n"
                 "--99999999999-- malloc(10) = 0x40\n"
                 "--00:00:00:99.000 1-- malloc(10) = 0x40\n"
                 "--00:00 1-- malloc(10) = 0x40\n"
                 "==1== malloc(10) = 0x40\n"
                 "**1** Program aborting because of call to pvalloc\n"
                 "--1-- free(0x20)\n"
                 "--1--\n"
                 "--\n",
                 NULL, "thread-start 0 1\nthread 0\nmalloc @0 8\nfree @0\n");
}

static void calls_that_wait_have_a_limit(void **state)
{
    (void)state;
    check_import_end(
        "--1-- malloc(1)malloc(2)malloc(3)malloc(4)malloc(5)malloc(6)malloc(7)"
        "malloc(8)malloc(9)\n",
        NULL,
        "lost 1\n! x: the trace is damaged: line 1: too many calls without a result\n"
        "! x: the trace is truncated: calls without a result: 8\n",
        FL_TRUNCATED);
}

static void it_is_known_by_a_call(void **state)
{
    (void)state;
    static const char *const others[] = {"==1== Memcheck, a memory error detector\n",
                                         "malloc(3) = 0x4\nhello\n", "--1-- hello(1) = 0x4\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_refused(others[i], strlen(others[i]), "android", FL_OK, NULL);
        struct imported imported;
        imported_read(&imported, others[i], strlen(others[i]), NULL);
        assert_true(imported.opened == FL_NOT_A_TRACE ||
                    strcmp(fl_metadata_get(imported.meta, "imported_from", NULL), "valgrind") !=
                        0);
        imported_clear(&imported);
    }
    check_import("hello\n==1== x\n--1-- malloc(3) = 0x10\n", NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 3\n");
    check_import("==1== x\n", "valgrind", "");
    check_import_end("hello\n", "valgrind", "! x: nothing in it is of the format 'valgrind'\n",
                     FL_NOT_A_TRACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_call_is_read),
        cmocka_unit_test(a_call_and_its_result_are_printed_one_by_one),
        cmocka_unit_test(a_mark_is_read_anew_where_it_is_another),
        cmocka_unit_test(calls_without_a_result_do_not_end_their_line),
        cmocka_unit_test(later_versions_print_more),
        cmocka_unit_test(threads_change_between_a_call_and_its_result),
        cmocka_unit_test(processes_mix_their_lines),
        cmocka_unit_test(each_process_has_a_heap_of_its_own),
        cmocka_unit_test(times_stand_before_the_process),
        cmocka_unit_test(a_line_that_is_cut_is_reported),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(other_text_says_nothing),
        cmocka_unit_test(calls_that_wait_have_a_limit),
        cmocka_unit_test(it_is_known_by_a_call),
    };
    return cmocka_run_group_tests_name("valgrind", tests, NULL, NULL);
}
