#include <fl_test.h>

#include <errno.h>
#include <math.h>

#include <fl/emit.h>

/* A document that is one string, as written, without the newline. */
static void assert_string_is(const void *bytes, size_t length, const char *expected)
{
    struct fl_test_output output;
    struct fl_emit emit;
    char wanted[128];
    fl_test_output_open(&output);
    fl_emit_start(&emit, output.file);
    fl_emit_bytes(&emit, NULL, bytes, length);
    assert_true(fl_emit_finish(&emit));
    snprintf(wanted, sizeof wanted, "\"%s\"\n", expected);
    assert_string_equal(fl_test_output_text(&output), wanted);
    fl_test_output_close(&output);
}

static void assert_double_is(double value, const char *expected)
{
    struct fl_test_output output;
    struct fl_emit emit;
    fl_test_output_open(&output);
    fl_emit_start(&emit, output.file);
    fl_emit_double(&emit, NULL, value);
    assert_true(fl_emit_finish(&emit));
    const char *text = fl_test_output_text(&output);
    assert_int_equal(strlen(text), strlen(expected) + 1);
    assert_memory_equal(text, expected, strlen(expected));
    fl_test_output_close(&output);
}

static void a_document_keeps_the_order_of_the_calls(void **state)
{
    (void)state;
    struct fl_test_output output;
    struct fl_emit emit;
    fl_test_output_open(&output);
    fl_emit_start(&emit, output.file);
    fl_emit_object(&emit, NULL);
    fl_emit_u64(&emit, "zeta", UINT64_MAX);
    fl_emit_i64(&emit, "alpha", INT64_MIN);
    fl_emit_array(&emit, "list");
    fl_emit_bool(&emit, NULL, true);
    fl_emit_null(&emit, NULL);
    fl_emit_object(&emit, NULL);
    fl_emit_close(&emit);
    fl_emit_close(&emit);
    fl_emit_array(&emit, "empty");
    fl_emit_close(&emit);
    fl_emit_text(&emit, "missing", NULL);
    fl_emit_close(&emit);
    assert_true(fl_emit_finish(&emit));
    assert_string_equal(fl_test_output_text(&output), "{\n"
                                                      "  \"zeta\": 18446744073709551615,\n"
                                                      "  \"alpha\": -9223372036854775808,\n"
                                                      "  \"list\": [\n"
                                                      "    true,\n"
                                                      "    null,\n"
                                                      "    {}\n"
                                                      "  ],\n"
                                                      "  \"empty\": [],\n"
                                                      "  \"missing\": null\n"
                                                      "}\n");
    fl_test_output_close(&output);
}

static void special_characters_are_escaped(void **state)
{
    (void)state;
    assert_string_is("a\"b\\c\n\t\r\b\f", 10, "a\\\"b\\\\c\\n\\t\\r\\b\\f");
    assert_string_is("\0\x01\x1F\x7F/", 5, "\\u0000\\u0001\\u001f\\u007f/");
}

static void valid_utf8_is_kept(void **state)
{
    (void)state;
    assert_string_is("é€\xF0\x9F\x98\x80", 9, "é€\xF0\x9F\x98\x80");
}

static void each_invalid_byte_becomes_a_replacement_character(void **state)
{
    (void)state;
    assert_string_is("a\xFFz", 3, "a\\ufffdz");
    assert_string_is("\xC0\x80", 2, "\\ufffd\\ufffd");                       /* overlong */
    assert_string_is("\xED\xA0\x80", 3, "\\ufffd\\ufffd\\ufffd");            /* surrogate */
    assert_string_is("\xE2\x82", 2, "\\ufffd\\ufffd");                       /* cut */
    assert_string_is("\xF4\x90\x80\x80", 4, "\\ufffd\\ufffd\\ufffd\\ufffd"); /* > U+10FFFF */
}

static void doubles_are_short_and_read_back(void **state)
{
    (void)state;
    assert_double_is(0.1, "0.1");
    assert_double_is(2.0, "2");
    assert_double_is(1.0 / 3.0, "0.3333333333333333");
    assert_double_is(-1e300, "-1e+300");
    assert_double_is((double)NAN, "null");
    assert_double_is((double)INFINITY, "null");
}

static void a_failed_write_is_reported_at_the_end(void **state)
{
    (void)state;
    struct fl_emit emit;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        skip();
    }
    fl_emit_start(&emit, full);
    fl_emit_u64(&emit, NULL, 1);
    assert_false(fl_emit_finish(&emit));
    assert_int_equal(errno, ENOSPC);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_keeps_the_order_of_the_calls),
        cmocka_unit_test(special_characters_are_escaped),
        cmocka_unit_test(valid_utf8_is_kept),
        cmocka_unit_test(each_invalid_byte_becomes_a_replacement_character),
        cmocka_unit_test(doubles_are_short_and_read_back),
        cmocka_unit_test(a_failed_write_is_reported_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
