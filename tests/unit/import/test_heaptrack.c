#include "imported.h"

#define HEADER    "v 10400 3\n"
#define RAW       HEADER "x 9 /bin/prog\nX /bin/prog a  b\nI 1000 5e2910\nm 1 -\n"
#define RAW_SHORT HEADER "x 1 a\n"
#define CLASSES   HEADER "X a\nI 1000 1\na 10 1\na 8 2\n"

/* A text of its own length, whatever it holds. */
static void check_metadata(const char *text, const char *name, const char *expected)
{
    struct imported imported;
    imported_read(&imported, text, strlen(text), NULL);
    assert_int_equal(imported.ended, FL_END);
    const char *value = fl_metadata_get(imported.meta, name, NULL);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
    imported_clear(&imported);
}

static void a_raw_file_names_each_object(void **state)
{
    (void)state;
    check_import(RAW "m 9 /bin/prog 0 400000 1e3e8\nt 7f1 0\nt 7f2 1\n"
                     "+ 11c00 2 28cd2530\n+ 0 1 7FFF0010\nR be8\n- 28cd2530\n"
                     "+ ffffffffffffffff 2 30\n- 1234560\n- 30\nA\nS leak:x\n# end\n",
                 NULL,
                 "malloc @0 72704\nmalloc @1 0\nfree @0\nmalloc @0 18446744073709551615\n"
                 "free - unknown\nfree @0\n");
}

static void an_address_handed_out_again_was_freed_unseen(void **state)
{
    (void)state;
    check_import(RAW_SHORT "+ 1 0 10\n+ 2 0 10\n- 10\n", NULL,
                 "malloc @0 1\nfree @0 implied\nmalloc @0 2\nfree @0\n");
}

static void the_newest_of_a_class_is_freed_first(void **state)
{
    (void)state;
    check_import(
        CLASSES "+ 0\n+ 1\n+ 0\n+ 0\n- 0\n+ 0\n- 0\n- 0\n- 0\n- 1\n- 0\n+ 0\n- 0\n", NULL,
        "malloc @0 16\nmalloc @1 8\nmalloc @2 16\nmalloc @3 16\nfree @3\nmalloc @3 16\n"
        "free @3\nfree @2\nfree @0\nfree @1\nfree - unknown\nmalloc @1 16\nfree @1\n");
}

static void classes_come_between_calls(void **state)
{
    (void)state;
    check_import(HEADER "X a\nI 1 1\ns 1 a\ni 7f b 0 d 0\nt 1 0\na 5 1\n+ 0\na 6 1\n+ 1\n- 0\n"
                        "\n# strings: 1\n# ips: 1\n",
                 NULL, "malloc @0 5\nmalloc @1 6\nfree @0\n");
}

static void a_name_may_be_long(void **state)
{
    (void)state;
    static char text[300000];
    memset(text, 'n', sizeof text - 1);
    memcpy(text, CLASSES "s 40000 ", sizeof(CLASSES "s 40000 ") - 1);
    memcpy(text + sizeof text - 10, "\n+ 1\n- 1\n", 10);
    check_import(text, NULL, "malloc @0 8\nfree @0\n");
}

static void objects_of_many_classes_are_told_apart(void **state)
{
    (void)state;
    struct imported imported;
    struct fl_test_output text;
    fl_test_output_open(&text);
    fputs(HEADER "X a\nI 1 1\n", text.file);
    for (unsigned i = 0; i < 3000; i++) {
        fprintf(text.file, "a %x 1\n+ %x\n+ %x\n+ %x\n", i, i, i / 2, i / 3);
    }
    for (unsigned i = 0; i < 3000; i++) {
        fprintf(text.file, "- %x\n- %x\n- %x\n", i, i / 2, i / 3);
    }
    imported_read(&imported, fl_test_output_text(&text), strlen(fl_test_output_text(&text)),
                  NULL);
    assert_int_equal(imported.totals.events, 18000);
    assert_int_equal(imported.totals.peak_live_objects, 9000);
    assert_int_equal(imported.totals.live_objects, 0);
    assert_int_equal(imported_number(&imported, "unknown_frees"), 0);
    assert_int_equal(imported_number(&imported, "implied_frees"), 0);
    imported_clear(&imported);
    fl_test_output_close(&text);
}

static void a_malformed_class_keeps_its_number(void **state)
{
    (void)state;
    check_import(HEADER "X a\nI 1 1\na 5 1\na 6\na 7 1\n+ 2\n+ 1\n- 2\n", NULL,
                 "lost 1\n! x: the trace is damaged: line 5: not 'a SIZE TRACE'\n"
                 "malloc @0 7\nlost 1\n"
                 "! x: the trace is damaged: line 8: not '+ CLASS' of a class that a line "
                 "declares\nfree @0\n");
}

static void times_are_milliseconds_since_the_start(void **state)
{
    (void)state;
    struct imported imported;
    const char *text = RAW_SHORT "+ 1 0 10\nc a\n- 10\nc 9\nc 14\n+ 1 0 20\n";
    imported_read(&imported, text, strlen(text), NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "malloc @0 1\ntick 10000000\nfree @0\ntick 10000000\nmalloc @0 1\n");
    assert_string_equal(fl_metadata_get(imported.meta, "time", NULL), "ns");
    imported_clear(&imported);
}

static void the_kind_is_told_by_what_only_one_has(void **state)
{
    (void)state;
    check_import(HEADER "+ 8 1 10\n- 10\n", NULL, "malloc @0 8\nfree @0\n");
    check_import(HEADER "- 10\n+ 8 1 10\n", NULL, "free - unknown\nmalloc @0 8\n");
    check_import(HEADER "m 1 -\n- 10\n", NULL, "free - unknown\n");
    check_import(HEADER "a 8 1\n+ 0\n", NULL, "malloc @0 8\n");
    check_metadata(RAW_SHORT, "import_guess", NULL);
    check_metadata(CLASSES, "import_guess",
                   "a free ends the newest live object of its size and stack (heaptrack --raw "
                   "knows)");
    check_metadata(HEADER "t 1 1\n+ 0\n+ 0\n", "imported_from", "heaptrack");
}

static void all_versions_are_known_but_later_ones(void **state)
{
    (void)state;
    check_import("v 10000\nX a\ns /bin/a\n+ 8 1 10\n- 10\n", NULL, "malloc @0 8\nfree @0\n");
    check_import("v 10000 0\nX a\ns /bin/a\n+ 8 1 10\n- 10\n", NULL, "malloc @0 8\nfree @0\n");
    check_import("v 10200\nX a\ns /bin/a\na 8 1\n+ 0\n- 0\n", NULL, "malloc @0 8\nfree @0\n");
    check_import("v 10100 2\nx /bin/a b\n+ 8 1 10\n", NULL, "malloc @0 8\n");
    check_refused("v 20000 4\nX a\n", 14, NULL, FL_VERSION,
                  "x: the trace has a newer format version: version 4 of heaptrack's files, "
                  "known are 0 to 3");
    check_refused("v 20000 ffffffffffffffff\n", 25, NULL, FL_VERSION, NULL);
    check_metadata("v 10100 2\nx /bin/a b\n+ 8 1 10\n", "exe", "/bin/a b");
}

static void the_header_says_the_program(void **state)
{
    (void)state;
    check_metadata(RAW "+ 1 0 10\n", "exe", "/bin/prog");
    check_metadata(RAW "+ 1 0 10\n", "command_line", "/bin/prog a  b");
    check_metadata(CLASSES, "exe", NULL);
    check_metadata(CLASSES, "command_line", "a");
    check_metadata(HEADER "X\nI 1 1\na 1 1\n", "command_line", NULL);
}

/* python3 -c of a few lines: they are no records, whatever they look like. */
static void a_command_line_has_lines(void **state)
{
    (void)state;
    const char *text = HEADER "x 1 a\nX a -c for i in x:\n- 10\n\n+ 8 1 10\nv 1 9\nI 1000 5\n"
                              "+ 8 1 10\nX b\n- 10\n";
    check_import(text, NULL, "malloc @0 8\nfree @0\n");
    check_metadata(text, "command_line", "a -c for i in x:\n- 10\n\n+ 8 1 10\nv 1 9");
    check_import(HEADER "x 1 a\nX a b\n+ 8 1 10\n- 10\n", NULL, "malloc @0 8\nfree @0\n");
    check_metadata(HEADER "x 1 a\nX a b\n+ 8 1 10\n", "command_line", "a b");
}

/* heaptrack writes 4,096 bytes of it at most; a line I behind is of something else. */
static void a_command_line_has_an_end(void **state)
{
    (void)state;
    struct imported imported;
    struct fl_test_output text;
    fl_test_output_open(&text);
    fputs(RAW_SHORT "X a\n", text.file);
    for (unsigned i = 0; i < 1000; i++) {
        fputs("+ 8 1 10\n- 10\n", text.file);
    }
    fputs("I 1000 5\n", text.file);
    imported_read(&imported, fl_test_output_text(&text), strlen(fl_test_output_text(&text)),
                  NULL);
    assert_int_equal(imported.totals.events, 2000);
    assert_string_equal(fl_metadata_get(imported.meta, "command_line", NULL), "a");
    imported_clear(&imported);
    fl_test_output_close(&text);
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const raw[] = {
        "+ 0",     "+ 1 2", "+ 1 2 3 4", "+ 1 2 g", "+ 10000000000000000 2 3",
        "- ",      "- 1 2", "-1",        "+1 2 3",  "- x",
        "v 10400", "d 1",   "hello",     "tt 1",    "c x",
        "c 1 2",   "c -1",  "cc",        "c",       "c ffffffffffffffff",
        "\x01",    "a 8 1", "Xa",        "# x\n-"};
    static const char *const interpreted[] = {"+ 2", "+ 0 1", "+ 8 1 10", "- 2", "- ffffffff",
                                              "-",   "+",     "a 1",      "a",   "a 1 2 3"};
    check_odd_lines(RAW_SHORT "+ 8 1 10", raw, sizeof raw / sizeof raw[0], "- 10");
    check_odd_lines(CLASSES "+ 0", interpreted, sizeof interpreted / sizeof interpreted[0],
                    "- 0");
}

static void nothing_else_is_taken_for_it(void **state)
{
    (void)state;
    check_refused("v 1 2 3\n", 8, NULL, FL_NOT_A_TRACE, NULL);
    check_refused("v\n", 2, NULL, FL_NOT_A_TRACE, NULL);
    check_refused("v x\n", 4, NULL, FL_NOT_A_TRACE, NULL);
    check_refused("version 1\n", 10, NULL, FL_NOT_A_TRACE, NULL);
    check_import_end("+ 8 1 10\n- 10\n", "heaptrack",
                     "lost 1\n! x: the trace is damaged: line 1: the file does not begin with "
                     "'v', the versions of heaptrack and the file\nlost 1\n"
                     "! x: the trace is damaged: line 2: the file does not begin with 'v', the "
                     "versions of heaptrack and the file\n"
                     "! x: nothing in it is of the format 'heaptrack'\n",
                     FL_NOT_A_TRACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_raw_file_names_each_object),
        cmocka_unit_test(an_address_handed_out_again_was_freed_unseen),
        cmocka_unit_test(the_newest_of_a_class_is_freed_first),
        cmocka_unit_test(classes_come_between_calls),
        cmocka_unit_test(a_name_may_be_long),
        cmocka_unit_test(objects_of_many_classes_are_told_apart),
        cmocka_unit_test(a_malformed_class_keeps_its_number),
        cmocka_unit_test(times_are_milliseconds_since_the_start),
        cmocka_unit_test(the_kind_is_told_by_what_only_one_has),
        cmocka_unit_test(all_versions_are_known_but_later_ones),
        cmocka_unit_test(the_header_says_the_program),
        cmocka_unit_test(a_command_line_has_lines),
        cmocka_unit_test(a_command_line_has_an_end),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(nothing_else_is_taken_for_it),
    };
    return cmocka_run_group_tests_name("heaptrack", tests, NULL, NULL);
}
