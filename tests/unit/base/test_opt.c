#include <fl_test.h>

#include <unistd.h>

#include <fl/opt.h>

enum { OPT_OUTPUT, OPT_LEVEL, OPT_MODE, OPT_JSON, OPT_QUIET };

static const struct fl_option options[] = {
    {OPT_OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, "a.zst", NULL, "Write to FILE."},
    {OPT_LEVEL, 0, "level", "N", FL_OPT_NUMBER, "3", NULL,
     "A sentence that is too long for what is left of one line of eighty columns."},
    {OPT_MODE, 'm', "mode", "MODE", FL_OPT_CHOICE, NULL, "fast|full|off", "Pick one."},
    {OPT_JSON, 'j', "json", "FILE", FL_OPT_MAYBE, NULL, NULL, "Write JSON."},
    {OPT_QUIET, 'q', "quiet", NULL, FL_OPT_FLAG, NULL, NULL, "Say nothing."},
};

static const struct fl_command command = {"try",
                                          "[options] FILE...\n--list",
                                          "try all of it",
                                          "Examples:\n  try -q\nA closing paragraph that is "
                                          "too long for one line of a terminal, which has "
                                          "eighty columns.\n",
                                          options,
                                          sizeof options / sizeof options[0],
                                          false};

/* "o=a.zst;q;" : what the handler was called with. */
struct seen {
    char text[256];
};

static enum fl_status remember(const struct fl_option_value *value, void *user,
                               struct fl_error *err)
{
    struct seen *seen = user;
    const size_t length = strlen(seen->text);
    snprintf(seen->text + length, sizeof seen->text - length, "%s=%s/%ju;",
             options[value->id].name, value->text == NULL ? "NULL" : value->text,
             (uintmax_t)value->number);
    return value->text != NULL && strcmp(value->text, "refuse") == 0
               ? fl_fail(err, FL_USAGE, "refused by the handler")
               : FL_OK;
}

/* Parse the words of `line`; what came back goes to the pointers. */
static enum fl_status parse(const struct fl_command *of, const char *line, struct seen *seen,
                            int *first_operand, struct fl_error *err)
{
    static char words[256];
    char *argv[16] = {NULL};
    int argc = 0;
    snprintf(words, sizeof words, "try %s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    *seen = (struct seen){""};
    return fl_opt_parse(of, argc, argv, remember, seen, first_operand, err);
}

static void assert_refused(const char *line, const char *message)
{
    struct seen seen;
    struct fl_error err;
    int first_operand = -7;
    assert_int_equal(parse(&command, line, &seen, &first_operand, &err), FL_USAGE);
    assert_string_equal(err.message, message);
    assert_int_equal(first_operand, -7);
}

static void each_kind_is_read(void **state)
{
    (void)state;
    struct seen seen;
    struct fl_error err;
    int first_operand = 0;
    assert_int_equal(parse(&command, "-o x --level=4k operand -mfull -j --json=y -q", &seen,
                           &first_operand, &err),
                     FL_OK);
    assert_string_equal(
        seen.text, "output=x/0;level=4k/4096;mode=full/1;json=NULL/0;json=y/0;quiet=NULL/0;");
    assert_int_equal(first_operand, 8);
}

static void parsing_stops_at_the_first_operand_when_asked_to(void **state)
{
    (void)state;
    struct fl_command stopping = command;
    struct seen seen;
    struct fl_error err;
    int first_operand = 0;
    stopping.stop_at_first_operand = true;
    assert_int_equal(parse(&stopping, "-q prog -q --nonsense", &seen, &first_operand, &err),
                     FL_OK);
    assert_string_equal(seen.text, "quiet=NULL/0;");
    assert_int_equal(first_operand, 2);
    assert_int_equal(parse(&stopping, "-q -- -q", &seen, &first_operand, &err), FL_OK);
    assert_int_equal(first_operand, 3);
}

static void mistakes_are_named_with_the_nearest_option(void **state)
{
    (void)state;
    assert_refused("--ouput=3", "unknown option --ouput: did you mean --output?");
    assert_refused("--xyzzyxyzzy", "unknown option --xyzzyxyzzy");
    assert_refused("--l=x", "--level=x: wanted a number, k m or g may follow");
    assert_refused("-z", "unknown option -z");
    assert_refused("--quiet=1", "--quiet takes no argument");
    assert_refused("-o", "--output needs an argument: FILE");
    assert_refused("--mode=fa", "--mode=fa: wanted one of fast|full|off");
    assert_refused("-orefuse", "refused by the handler");
}

static void numbers_have_binary_suffixes_and_limits(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_true(fl_opt_number("18446744073709551615", 20, &number));
    assert_true(number == UINT64_MAX);
    assert_true(fl_opt_number("3g,x", 2, &number));
    assert_true(number == UINT64_C(3) << 30);
    number = 42;
    assert_false(fl_opt_number("18446744073709551616", 20, &number));
    assert_false(fl_opt_number("17179869184g", 12, &number));
    assert_false(fl_opt_number("", 0, &number));
    assert_false(fl_opt_number("k", 1, &number));
    assert_false(fl_opt_number("1kk", 3, &number));
    assert_false(fl_opt_number("-1", 2, &number));
    assert_true(number == 42);
}

static void nearest_is_at_most_three_edits_away(void **state)
{
    (void)state;
    static const char *const names[] = {"addr-tree", "list-addr", "none"};
    assert_string_equal(fl_opt_nearest("adr-tree", names, 3), "addr-tree");
    assert_null(fl_opt_nearest("jemalloc", names, 3));
    assert_null(fl_opt_nearest("xyz", names + 2, 1));
}

/* Standard output of a parse that prints, into `text`. */
static void output_of(const char *line, char *text, size_t size)
{
    struct seen seen;
    int first_operand = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    const enum fl_status status = parse(&command, line, &seen, &first_operand, NULL);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(status, FL_END);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void help_is_printed_from_the_table(void **state)
{
    (void)state;
    char text[4096];
    output_of("--help", text, sizeof text);
    const char *const expected =
        "Usage: try [options] FILE...\n"
        "       try --list\n"
        "\n"
        "try all of it\n"
        "\n"
        "Options:\n"
        "  -o, --output=FILE         Write to FILE. [default: a.zst]\n"
        "      --level=N             A sentence that is too long for what is left of one\n"
        "                            line of eighty columns. [default: 3]\n"
        "  -m, --mode=MODE           Pick one. (fast|full|off)\n"
        "  -j, --json[=FILE]         Write JSON.\n"
        "  -q, --quiet               Say nothing.\n";
    assert_true(strncmp(text, expected, strlen(expected)) == 0);
    assert_non_null(strstr(text, "\nExamples:\n  try -q\nA closing paragraph that is too long "
                                 "for one line of a terminal, which has\neighty columns.\n"));
}

static void version_man_and_completion_are_printed(void **state)
{
    (void)state;
    char text[4096];
    output_of("--version", text, sizeof text);
    assert_string_equal(text, "try " FL_PROJECT_VERSION "\n");
    output_of("--help=man", text, sizeof text);
    assert_non_null(strstr(text, ".TH TRY 1 "));
    assert_non_null(strstr(text, "\n\\fB\\-j\\fR, \\fB\\-\\-json\\fR[=\\fIFILE\\fR]\n"));
    assert_non_null(strstr(text, "\n.nf\n  try \\-q\n.fi\n.PP\nA closing"));
    output_of("--help=complete", text, sizeof text);
    assert_non_null(strstr(text, "--quiet\tSay nothing.\n"));
    assert_non_null(strstr(text, "--version\tPrint the version.\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_read),
        cmocka_unit_test(parsing_stops_at_the_first_operand_when_asked_to),
        cmocka_unit_test(mistakes_are_named_with_the_nearest_option),
        cmocka_unit_test(numbers_have_binary_suffixes_and_limits),
        cmocka_unit_test(nearest_is_at_most_three_edits_away),
        cmocka_unit_test(help_is_printed_from_the_table),
        cmocka_unit_test(version_man_and_completion_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
