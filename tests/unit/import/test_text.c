/* Fields and lines, whatever the format. */
#include "imported.h"

#include <inttypes.h>

#include "text.h"

#define FIELD_ROOM 64

/* The field of `length` bytes in a buffer with room behind it, filled with what could be
 * mistaken for more of it. */
static struct fl_cursor field_put(uint8_t *room, const char *text, size_t length)
{
    memset(room, '1', FIELD_ROOM);
    memcpy(room, text, length);
    return (struct fl_cursor){room, room + length};
}

static void check_number(bool is_hex, const char *text, size_t taken, uint64_t expected)
{
    uint8_t room[FIELD_ROOM];
    struct fl_cursor line = field_put(room, text, strlen(text));
    uint64_t number = 7;
    const bool is_there =
        is_hex ? fl_text_hex(&line, &number) : fl_text_decimal(&line, &number);
    if (is_there != (taken > 0) || (is_there && number != expected)) {
        fail_msg("'%s': %d, %" PRIu64, text, is_there, number);
    }
    if (taken > 0) {
        assert_ptr_equal(line.at, room + taken);
    } else {
        assert_int_equal(number, 7);
    }
}

static void decimal_numbers_end_where_their_digits_do(void **state)
{
    (void)state;
    check_number(false, "0", 1, 0);
    check_number(false, " \t42 7", 4, 42);
    check_number(false, "1234567", 7, 1234567);
    check_number(false, "12345678", 8, 12345678);
    check_number(false, "123456789/", 9, 123456789);
    check_number(false, "12345678:", 8, 12345678);
    check_number(false, "00000000000000000000000012", 26, 12);
    check_number(false, "18446744073709551615", 20, UINT64_MAX);
    check_number(false, "18446744073709551616", 0, 0);
    check_number(false, "99999999999999999999", 0, 0);
    check_number(false, "99999999999999999999999999999999", 0, 0);
    check_number(false, "", 0, 0);
    check_number(false, " ", 0, 0);
    check_number(false, "-1", 0, 0);
    check_number(false, "x1", 0, 0);
    check_number(false, "\xFF", 0, 0);
}

static void hexadecimal_numbers_end_where_their_digits_do(void **state)
{
    (void)state;
    check_number(true, "0", 1, 0);
    check_number(true, "0x0", 3, 0);
    check_number(true, " 0xb4827400 1", 11, 0xb4827400);
    check_number(true, "ABCDEFabcdefg", 12, 0xABCDEFabcdef);
    check_number(true, "09afAF:", 6, 0x09afAF);
    check_number(true, "0xffffffffffffffff", 18, UINT64_MAX);
    check_number(true, "0x0000000000000000000f", 22, 15);
    check_number(true, "0x10000000000000000", 0, 0);
    check_number(true, "fffffffffffffffff", 0, 0);
    check_number(true, "0x", 0, 0);
    check_number(true, "0xg", 0, 0);
    check_number(true, "`", 0, 0);
    check_number(true, "@", 0, 0);
    check_number(true, "G", 0, 0);
    check_number(true, "", 0, 0);
}

/* Any byte ends a number or is a digit of it, wherever in a group of eight it stands. */
static void every_byte_is_a_digit_or_none(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        for (size_t before = 1; before < 12; before++) {
            char text[16] = "111111111111111";
            text[before] = (char)byte;
            uint8_t room[FIELD_ROOM];
            uint64_t number;
            struct fl_cursor line = field_put(room, text, before + 1);
            const bool is_decimal = byte >= '0' && byte <= '9';
            assert_true(fl_text_decimal(&line, &number));
            assert_ptr_equal(line.at, room + before + is_decimal);
            line = field_put(room, text, before + 1);
            const bool is_hex = strchr("0123456789abcdefABCDEF", (int)byte) != NULL;
            assert_true(fl_text_hex(&line, &number));
            assert_ptr_equal(line.at, room + before + is_hex);
        }
    }
}

static void words_are_what_stands_between_blanks(void **state)
{
    (void)state;
    uint8_t room[FIELD_ROOM];
    struct fl_cursor line = field_put(room, "  free\tx", 8), word;
    assert_true(fl_text_word(&line, &word));
    assert_true(FL_TEXT_IS(&word, "free"));
    assert_false(FL_TEXT_IS(&word, "fre"));
    assert_false(FL_TEXT_IS(&word, "freed"));
    assert_false(FL_TEXT_TAKE(&line, "x"));
    fl_text_skip_blanks(&line);
    assert_false(FL_TEXT_TAKE(&line, "x1")); /* the 1 is behind the end */
    assert_true(FL_TEXT_TAKE(&line, "x"));
    assert_true(fl_text_is_over(&line));
    assert_false(fl_text_word(&line, &word));
}

static void a_number_as_c_writes_it_stands_right_here(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t taken; /* 0: it is none */
        uint64_t number;
    } numbers[] = {{"0", 1, 0},
                   {"0x1f,", 4, 31},
                   {"017", 3, 17},
                   {"123456789)", 9, 123456789},
                   {"0x", 1, 0},
                   {"0xg", 0, 0},
                   {"0x123456789abcdef0", 18, 0x123456789abcdef0},
                   {" 1", 0, 0},
                   {" 0x1", 0, 0},
                   {"1f", 1, 1},
                   {"", 0, 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint8_t room[FIELD_ROOM];
        struct fl_cursor line = field_put(room, numbers[i].text, strlen(numbers[i].text));
        uint64_t number = 7;
        assert_int_equal(fl_text_number_here(&line, &number), numbers[i].taken > 0);
        assert_ptr_equal(line.at, room + numbers[i].taken);
        assert_int_equal(number, numbers[i].taken > 0 ? numbers[i].number : 7);
    }
}

static void marks_are_at_the_byte_and_at_no_other(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned other = 0; other < 256; other++) {
            const uint64_t bytes = other * FL_TEXT_BYTES ^ (uint64_t)(byte ^ other) << 16;
            const uint64_t marks = UINT64_C(0x800000);
            assert_int_equal(fl_text_marks(bytes, (uint8_t)byte),
                             byte == other ? 0x80 * FL_TEXT_BYTES : marks);
        }
    }
}

static void a_memo_knows_its_text_again(void **state)
{
    (void)state;
    static const char text[] = "abcdefghijklmnopqrst";
    struct fl_text_memo memo = {0};
    uint8_t room[FIELD_ROOM];
    struct fl_cursor line = field_put(room, text, 20);
    assert_false(fl_text_memo_is_at(&memo, &line)); /* of nothing */
    for (size_t count = 1; count <= FL_TEXT_MEMO_MAX; count++) {
        line = field_put(room, text, 20);
        fl_text_memo_set(&memo, room, count);
        assert_int_equal(memo.count, count);
        assert_true(fl_text_memo_is_at(&memo, &line));
        for (size_t i = 0; i < 20; i++) {
            room[i] ^= 1;
            assert_int_equal(fl_text_memo_is_at(&memo, &line), i >= count);
            room[i] ^= 1;
        }
        line.end = room + FL_TEXT_MEMO_MAX - 1;
        assert_false(fl_text_memo_is_at(&memo, &line)); /* too short */
    }
    fl_text_memo_set(&memo, room, FL_TEXT_MEMO_MAX + 1);
    assert_int_equal(memo.count, 0);
    line = field_put(room, text, 20);
    assert_false(fl_text_memo_is_at(&memo, &line));
}

static void lines_end_in_every_way(void **state)
{
    (void)state;
    check_import("Alloc(1),\r\n\r\n \t \nAlloc(2),\n\n\nAlloc(3),", NULL,
                 "malloc @0 1\nmalloc @1 2\nmalloc @2 3\n");
    check_import("\n\n  Alloc(1),\n", NULL, "malloc @0 1\n");
}

static void a_line_has_a_limit(void **state)
{
    (void)state;
    struct imported imported;
    char *text = malloc(FL_TEXT_LINE_MAX + 64);
    assert_non_null(text);
    memset(text, ' ', FL_TEXT_LINE_MAX + 64);
    memcpy(text, "Alloc(1),\nAlloc(2),", 19);
    text[10 + FL_TEXT_LINE_MAX] = '\n';
    imported_read(&imported, text, 11 + FL_TEXT_LINE_MAX, "wee-alloc");
    assert_string_equal(fl_test_output_text(&imported.text), "malloc @0 1\nmalloc @1 2\n");
    imported_clear(&imported);
    text[10 + FL_TEXT_LINE_MAX] = ' ';
    for (size_t behind = 1; behind < 40; behind += 38) { /* with its end, and without */
        text[10 + FL_TEXT_LINE_MAX + behind] = '\n';
        imported_read(&imported, text, 12 + FL_TEXT_LINE_MAX, "wee-alloc");
        assert_string_equal(fl_test_output_text(&imported.text),
                            "malloc @0 1\n! x: line 2 is longer than 1048576 bytes\n");
        assert_int_equal(imported.ended, FL_LIMIT);
        imported_clear(&imported);
        text[10 + FL_TEXT_LINE_MAX + behind] = ' ';
    }
    free(text);
}

static void of_many_odd_lines_the_first_are_reported_and_all_counted(void **state)
{
    (void)state;
    struct imported imported;
    char *text = malloc(20000 * 4 + 16);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "Alloc(1),\n");
    for (unsigned i = 0; i < 20000; i++) {
        used += (size_t)sprintf(text + used, "odd\n");
    }
    imported_read(&imported, text, used, NULL);
    assert_int_equal(imported.ended, FL_END);
    assert_int_equal(imported_number(&imported, "malformed"), 20000);
    assert_int_equal(imported.totals.lost_events, 20000);
    const char *told = fl_test_output_text(&imported.text);
    unsigned reports = 0;
    for (const char *at = strstr(told, "! "); at != NULL; at = strstr(at + 1, "! ")) {
        reports++;
    }
    assert_int_equal(reports, 6);
    assert_non_null(strstr(told, "\n! x: the trace is damaged: 19995 more are malformed\n"));
    imported_clear(&imported);
    free(text);
}

static void a_file_of_odd_lines_alone_is_of_another_format(void **state)
{
    (void)state;
    check_import_end("1: malloc 0x10 1\n", "wee-alloc",
                     "lost 1\n! x: the trace is damaged: line 1: not 'Alloc(SIZE),' nor "
                     "'Free(NUMBER),'\n"
                     "! x: nothing in it is of the format 'wee-alloc'\n",
                     FL_NOT_A_TRACE);
    struct imported imported;
    char *text = malloc(4000);
    assert_non_null(text);
    memset(text, '\n', 4000);
    for (unsigned i = 0; i < 4000; i += 2) {
        text[i] = 'x';
    }
    imported_read(&imported, text, 4000, "android"); /* given up early: 2,000 odd lines */
    assert_int_equal(imported.ended, FL_NOT_A_TRACE);
    assert_int_equal(imported.totals.lost_events, 1000);
    imported_clear(&imported);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers_end_where_their_digits_do),
        cmocka_unit_test(hexadecimal_numbers_end_where_their_digits_do),
        cmocka_unit_test(a_number_as_c_writes_it_stands_right_here),
        cmocka_unit_test(marks_are_at_the_byte_and_at_no_other),
        cmocka_unit_test(a_memo_knows_its_text_again),
        cmocka_unit_test(every_byte_is_a_digit_or_none),
        cmocka_unit_test(words_are_what_stands_between_blanks),
        cmocka_unit_test(lines_end_in_every_way),
        cmocka_unit_test(a_line_has_a_limit),
        cmocka_unit_test(of_many_odd_lines_the_first_are_reported_and_all_counted),
        cmocka_unit_test(a_file_of_odd_lines_alone_is_of_another_format),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
