#include "imported.h"

/*
 * Messages of protocol buffers, written by macros: VARINT(number, value) of one byte, and a
 * field's content in bytes with its length. A key is 8 x number + wire type in a character:
 * \x08 is the varint 1, \x0a the bytes 1.
 */
#define MALLOC_0_100   "\x0a\x06\x0a\x04\x08\x00\x10\x64"         /* 0 = malloc(100) */
#define MALLOC_1_8     "\x0a\x06\x0a\x04\x08\x01\x10\x08"         /* 1 = malloc(8) */
#define ALIGNED_1_8    "\x0a\x08\x0a\x06\x08\x01\x10\x08\x18\x40" /* 1 = memalign(64, 8) */
#define CALLOC_2_3_7   "\x0a\x08\x22\x06\x08\x02\x10\x03\x18\x07" /* 2 = calloc(3, 7) */
#define REALLOC_3_0_9  "\x0a\x08\x1a\x06\x08\x03\x10\x00\x18\x09" /* 3 = realloc(0, 9) */
#define REALLOC_4_5    "\x0a\x06\x1a\x04\x08\x04\x18\x05"         /* 4 = realloc(NULL, 5) */
#define FREE_0         "\x0a\x04\x12\x02\x08\x00"
#define FREE_1         "\x0a\x04\x12\x02\x08\x01"
#define FREE_NULL      "\x0a\x02\x12\x00"
#define FREE_1_SIZED   "\x0a\x06\x12\x04\x08\x01\x10\x08"
#define FREE_1_BOTH    "\x0a\x08\x12\x06\x08\x01\x10\x08\x18\x40"
#define FREE_1_ALIGN   "\x0a\x06\x12\x04\x08\x01\x18\x40"
#define MOST_LIVE      "\x10\x05"

#define BYTES(literal) literal, sizeof(literal) - 1

static void check_bytes_end(const char *bytes, size_t count, const char *expected,
                            enum fl_status status)
{
    struct imported imported;
    imported_read(&imported, bytes, count, "malloc-bench");
    if (imported.opened != FL_OK) {
        fail_msg("%s", imported.err.message);
    }
    assert_string_equal(fl_test_output_text(&imported.text), expected);
    assert_int_equal(imported.ended, status);
    imported_clear(&imported);
}

static void check_bytes(const char *bytes, size_t count, const char *expected)
{
    check_bytes_end(bytes, count, expected, FL_END);
}

static void every_kind_of_line_is_a_call(void **state)
{
    (void)state;
    check_bytes(BYTES(MALLOC_0_100 ALIGNED_1_8 CALLOC_2_3_7 REALLOC_3_0_9 REALLOC_4_5 FREE_NULL
                          FREE_1_BOTH FREE_0 MOST_LIVE),
                "malloc @0 100\nmemalign @1 align=64 8\ncalloc @2 21\nrealloc @0 9\n"
                "realloc @3 5 null\nfree - null\nfree_aligned_sized @1 align=64 8\n"
                "free - unknown\n");
    check_bytes(BYTES(MALLOC_1_8 FREE_1 MALLOC_1_8 FREE_1_SIZED MALLOC_1_8 FREE_1_ALIGN),
                "malloc @0 8\nfree @0\nmalloc @0 8\nfree_sized @0 8\nmalloc @0 8\nfree @0\n");
}

static void a_call_without_a_result_returned_null(void **state)
{
    (void)state;
    check_bytes(BYTES("\x0a\x02\x0a\x00"                              /* malloc(0) */
                      "\x0a\x04\x0a\x02\x10\x64"                      /* malloc(100) */
                      "\x0a\x06\x22\x04\x10\x03\x18\x07"              /* calloc(3, 7) */
                      MALLOC_0_100 "\x0a\x06\x1a\x04\x10\x00\x18\x09" /* realloc(0, 9) */
                      "\x0a\x04\x1a\x02\x10\x00"),                    /* realloc(0, 0) */
                "malloc - 0 failed\nmalloc - 100 failed\ncalloc - 21 failed\nmalloc @0 100\n"
                "realloc @0 9 failed\nrealloc @0 0 freed\n");
}

static void numbers_have_up_to_ten_bytes(void **state)
{
    (void)state;
    check_bytes(BYTES("\x0a\x17\x0a\x15"
                      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\x03" /* 2^58 - 1 */
                      "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                      "\x0a\x0c\x12\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x03"),
                "malloc @0 18446744073709551615\nfree @0\n");
    check_bytes(
        BYTES(MALLOC_1_8 "\x0a\x0c\x12\x0a\x08\x80\x80\x80\x80\x80\x80\x80\x80\x04" FREE_1),
        "malloc @0 8\nlost 1\n! x: the trace is damaged: the line at byte 8: the number "
        "of an object is 2^58 or more\nfree @0\n");
}

static void a_calloc_may_overflow(void **state)
{
    (void)state;
    check_bytes(
        BYTES("\x0a\x0f\x22\x0d\x10\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
              "\x0a\x11\x22\x0f\x08\x01\x10\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        "calloc - 18446744073709551615 failed\nlost 1\n! x: the trace is damaged: the line at "
        "byte 17: a calloc of more than 2^64 bytes succeeded\n");
}

static void a_number_may_be_used_again(void **state)
{
    (void)state;
    check_bytes(BYTES(MALLOC_1_8 MALLOC_1_8 FREE_1),
                "malloc @0 8\nfree @0 implied\nmalloc @0 8\nfree @0\n");
}

static void what_is_not_known_is_passed_over(void **state)
{
    (void)state;
    check_bytes(BYTES("\x1a\x03xyz\x0d"
                      "1234\x09"
                      "12345678\x98\x06\x01"                      /* fields 3, 1, 1, 99 */
                      "\x08\x01"                                  /* 1, not as a line */
                      "\x0a\x10\x18\x01\x32\x01z"                 /* in the line */
                      "\x0a\x09\x08\x01\x22\x01z\x10\x08\x20\x07" /* in the call */
                      FREE_1),
                "malloc @0 8\nfree @0\n");
    check_bytes(BYTES(MALLOC_1_8 "\x0a\x04\x2a\x02\x08\x01" FREE_1),
                "malloc @0 8\nlost 1\n! x: the trace is damaged: the line at byte 8: no call "
                "that is known\nfree @0\n");
}

static void of_two_calls_in_a_line_the_last_counts(void **state)
{
    (void)state;
    check_bytes(BYTES("\x0a\x0a\x12\x02\x08\x07\x0a\x04\x08\x01\x10\x08" /* free, malloc */
                      "\x0a\x08\x12\x02\x10\x08\x12\x02\x08\x01"),       /* free in two parts */
                "malloc @0 8\nfree_sized @0 8\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\x0a\x01",                 /* its line is: */
        "\x0a\x04\x12\x03\x08\x01", /* longer inside than outside */
        "\x0a\x04\x12\x02\x08\x80", /* with a varint that does not end */
        "\x0a\x04\x12\x02\x0b\x01", /* with a wire type that is none */
        "\x0a\x04\x12\x02\x07\x01", /* with one more */
        "\x0a\x04\x12\x02\x0a\x01", /* with bytes that are not there */
        "\x0a\x04\x12\x02\x09\x01", /* with eight bytes that are not there */
        "\x0a\x04\x12\x02\x0d\x01", /* with four of them */
        "\x0a\x04\x12\x02\x01\x01", /* with a field of number 0 */
        "\x0a\x04\x10\x02\x08\x01"  /* without a call */
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct imported imported;
        char text[64];
        const size_t count = i == 0 ? 3 : 6; /* the first one's content is a byte 0 */
        memcpy(text, BYTES(MALLOC_1_8));
        memcpy(text + 8, lines[i], count);
        memcpy(text + 8 + count, BYTES(FREE_1));
        imported_read(&imported, text, 8 + count + 6, "malloc-bench");
        assert_int_equal(imported.ended, FL_END);
        assert_int_equal(imported_number(&imported, "malformed"), 1);
        assert_int_equal(imported.totals.events, 2);
        assert_int_equal(imported.totals.lost_events, 1);
        imported_clear(&imported);
    }
}

static void what_is_cut_is_truncated(void **state)
{
    (void)state;
    const char bytes[] = MALLOC_0_100 FREE_0 MOST_LIVE;
    const char *calls[] = {"", "malloc @0 100\n", "malloc @0 100\nfree @0\n"};
    for (size_t count = 1; count < sizeof bytes - 1; count++) {
        struct imported imported;
        const size_t whole = count < 8 ? 0 : count < 14 ? 1 : 2;
        const bool is_cut = count != 8 && count != 14;
        imported_read(&imported, bytes, count, "malloc-bench");
        assert_int_equal(imported.ended, is_cut ? FL_TRUNCATED : FL_END);
        assert_memory_equal(fl_test_output_text(&imported.text), calls[whole],
                            strlen(calls[whole]));
        assert_int_equal(imported.totals.events, whole);
        imported_clear(&imported);
    }
    check_bytes_end(BYTES(MALLOC_1_8 "\x1a\x7fxyz"),
                    "malloc @0 8\n! x: the trace is truncated: its last field is cut\n",
                    FL_TRUNCATED);
}

static void a_length_is_not_believed(void **state)
{
    (void)state;
    check_bytes_end(BYTES(MALLOC_1_8 "\x0a\xff\xff\xff\xff\x0f"),
                    "malloc @0 8\n! x: a declared count or size is over its limit: the line at "
                    "byte 8 is longer than 65536 bytes\n",
                    FL_LIMIT);
    check_bytes_end(BYTES(MALLOC_1_8 "\x1a\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                    "malloc @0 8\n! x: the trace is truncated: what is at byte 8 is no whole "
                    "field of protocol buffers\n",
                    FL_TRUNCATED);
    check_bytes_end(BYTES(MALLOC_1_8 "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7fxyz"),
                    "malloc @0 8\n! x: the trace is truncated: its last field is cut\n",
                    FL_TRUNCATED);
    check_bytes_end(BYTES(MALLOC_1_8 "\x0b" FREE_1),
                    "malloc @0 8\n! x: the trace is truncated: what is at byte 8 is no whole "
                    "field of protocol buffers\n",
                    FL_TRUNCATED);
}

/* Long enough for several readings of the input, with lines across their ends. */
static void a_long_file_is_read_in_parts(void **state)
{
    (void)state;
    struct imported imported;
    const size_t lines = 60000;
    const char field[] = "\x1a\xa0\x9c\x01"; /* 20,000 bytes that are passed over */
    char *bytes = calloc(lines / 2, 14 + 1), *at = bytes;
    assert_non_null(bytes);
    for (size_t i = 0; i < lines / 2; i++) {
        at = mempcpy(at, BYTES(MALLOC_0_100 FREE_0));
        if (i % 10000 == 5000) {
            at = mempcpy(at, BYTES(field));
            at += 20000;
            i += 20004 / 14 + 1;
        }
    }
    imported_read(&imported, bytes, (size_t)(at - bytes), NULL);
    assert_int_equal(imported.ended, FL_END);
    assert_in_range(imported.totals.events, 50000, lines);
    assert_int_equal(imported.totals.peak_live_objects, 1);
    assert_int_equal(imported_number(&imported, "malformed"), 0);
    imported_clear(&imported);
    free(bytes);
}

static void it_is_known_by_its_first_lines(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
    } known[] = {{BYTES(MALLOC_0_100)},
                 {BYTES(MALLOC_0_100 MOST_LIVE)},
                 {BYTES(FREE_NULL MALLOC_0_100 "\x0a\x06\x0a")}},
      others[] = {{BYTES(MOST_LIVE)},
                  {BYTES(MALLOC_0_100 "\x0a\x01\x00" FREE_0)},
                  {BYTES("\x0a\x00")},
                  {BYTES("\n\n\n\n\n\n\n\n\n\n\n\n\n")},
                  {BYTES(MALLOC_0_100 "\x13\x00 and text that is far too long for a line that "
                                      "has been cut somewhere in it")}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct imported imported;
        imported_read(&imported, known[i].bytes, known[i].count, NULL);
        assert_int_equal(imported.opened, FL_OK);
        assert_string_equal(fl_metadata_get(imported.meta, "imported_from", NULL),
                            "malloc-bench");
        assert_string_equal(
            fl_metadata_get(imported.meta, "import_gaps", NULL),
            "which aligned call it was, failed calls, usable sizes, threads, times");
        imported_clear(&imported);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_refused(others[i].bytes, others[i].count, NULL, FL_NOT_A_TRACE, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_is_a_call),
        cmocka_unit_test(a_call_without_a_result_returned_null),
        cmocka_unit_test(numbers_have_up_to_ten_bytes),
        cmocka_unit_test(a_calloc_may_overflow),
        cmocka_unit_test(a_number_may_be_used_again),
        cmocka_unit_test(what_is_not_known_is_passed_over),
        cmocka_unit_test(of_two_calls_in_a_line_the_last_counts),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(what_is_cut_is_truncated),
        cmocka_unit_test(a_length_is_not_believed),
        cmocka_unit_test(a_long_file_is_read_in_parts),
        cmocka_unit_test(it_is_known_by_its_first_lines),
    };
    return cmocka_run_group_tests_name("malloc-bench", tests, NULL, NULL);
}
