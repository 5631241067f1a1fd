#include "imported.h"

static void frees_name_allocations_in_their_order(void **state)
{
    (void)state;
    check_import("Alloc(552),\nAlloc(0),\nFree(1),\nAlloc(24),\nFree(0),\nFree(2),\n", NULL,
                 "malloc @0 552\nmalloc @1 0\nfree @1\nmalloc @1 24\nfree @0\nfree @1\n");
}

static void a_second_free_is_unknown_and_counted(void **state)
{
    (void)state;
    struct imported imported;
    imported_read(&imported, "Alloc(1),\nFree(0),\nFree(0),\n", 28, NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "malloc @0 1\nfree @0\nfree - unknown\n");
    assert_int_equal(imported_number(&imported, "unknown_frees"), 1);
    assert_int_equal(imported_number(&imported, "threads"), 0);
    imported_clear(&imported);
}

static void a_free_of_what_comes_later_is_no_call(void **state)
{
    (void)state;
    check_import("Alloc(1),\nFree(1),\nFree(18446744073709551615),\nAlloc(2),\nFree(1),\n",
                 NULL,
                 "malloc @0 1\nlost 1\n"
                 "! x: the trace is damaged: line 2: a free of an object that is not allocated "
                 "yet\nlost 1\n"
                 "! x: the trace is damaged: line 3: a free of an object that is not allocated "
                 "yet\nmalloc @1 2\nfree @1\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {"Alloc(1)",
                                      "Alloc(,",
                                      "Alloc(-1),",
                                      "Alloc(1), 2",
                                      "alloc(1),",
                                      "Free(),",
                                      "Free(18446744073709551616),"};
    check_odd_lines("Alloc(8),", odd, sizeof odd / sizeof odd[0], "Free(0),");
}

static void what_the_format_cannot_say_is_in_the_trace(void **state)
{
    (void)state;
    struct imported imported;
    imported_read(&imported, "Alloc(1),", 9, NULL);
    assert_string_equal(fl_metadata_get(imported.meta, "imported_from", NULL), "wee-alloc");
    assert_string_equal(
        fl_metadata_get(imported.meta, "import_gaps", NULL),
        "calloc, realloc, alignment, free of NULL, failed calls, threads, times");
    imported_clear(&imported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frees_name_allocations_in_their_order),
        cmocka_unit_test(a_second_free_is_unknown_and_counted),
        cmocka_unit_test(a_free_of_what_comes_later_is_no_call),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(what_the_format_cannot_say_is_in_the_trace),
    };
    return cmocka_run_group_tests_name("wee_alloc", tests, NULL, NULL);
}
