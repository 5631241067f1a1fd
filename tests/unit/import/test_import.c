/* Which format a file is opened as. */
#include "imported.h"

#include <fl/import.h>

static void check_is(const char *text, const char *from, const char *name)
{
    struct imported imported;
    imported_read(&imported, text, strlen(text), from);
    assert_int_equal(imported.opened, FL_OK);
    assert_string_equal(fl_metadata_get(imported.meta, "imported_from", NULL), name);
    imported_clear(&imported);
}

static void the_content_says_the_format(void **state)
{
    (void)state;
    check_is("1: malloc 0x10 1\n", NULL, "android");
    check_is("\n\n4711: thread_done 0x0\n", NULL, "android");
    check_is("Alloc(1),\n", NULL, "wee-alloc");
    check_is("Free(0),\n", NULL, "wee-alloc");
}

static void what_is_none_of_them_is_refused_with_their_names(void **state)
{
    (void)state;
    static const char *const none[] = {
        "hello\n", "1: mallox 0x10 1\n", "a 1 2\n", "Alloc[1],\n",
        "\n\n\n",  "\xFF\xFE\xFF",       " "};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct imported imported;
        imported_read(&imported, none[i], strlen(none[i]), NULL);
        assert_int_equal(imported.opened, FL_NOT_A_TRACE);
        assert_non_null(strstr(imported.err.message, "x is not an flrec trace, nor any of "));
        assert_non_null(strstr(imported.err.message, "android"));
        assert_non_null(strstr(imported.err.message, "wee-alloc"));
        imported_clear(&imported);
    }
    check_refused("", 0, NULL, FL_EMPTY, "x is empty");
    check_refused("", 0, "android", FL_EMPTY, "x is empty");
}

static void a_forced_format_is_not_looked_for(void **state)
{
    (void)state;
    check_is("# a comment\nAlloc(1),\n", "wee-alloc", "wee-alloc");
    check_refused("Alloc(1),\n", 10, "rustc", FL_USAGE, NULL);
}

static void a_trace_of_ours_is_no_other_format(void **state)
{
    (void)state;
    static const uint8_t begin[64] = {0x57, 0x2A, 0x4D, 0x18, 56, 0, 0, 0, 'F', 'L', 'T', 'H'};
    check_refused(begin, sizeof begin, "android", FL_NOT_A_TRACE,
                  "x is an flrec trace: --from=android does not fit");
}

static void every_format_is_listed_with_what_it_cannot_say(void **state)
{
    (void)state;
    struct fl_test_output output;
    fl_test_output_open(&output);
    fl_import_list(output.file);
    const char *text = fl_test_output_text(&output);
    assert_non_null(strstr(text, "android       Android's memory_replay text"));
    assert_non_null(strstr(text, "\n              does not say: calloc, realloc, alignment"));
    fl_test_output_close(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_says_the_format),
        cmocka_unit_test(what_is_none_of_them_is_refused_with_their_names),
        cmocka_unit_test(a_forced_format_is_not_looked_for),
        cmocka_unit_test(a_trace_of_ours_is_no_other_format),
        cmocka_unit_test(every_format_is_listed_with_what_it_cannot_say),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
