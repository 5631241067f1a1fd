/*
 * Any bytes as a command line, its words ended by NUL bytes: refused with a sentence, or taken.
 * First byte even: by flreplay, as far as a replay would begin. Odd: by its table of options in
 * a command that stops at its first operand, each option with a value of its kind.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "request.h"

#define WORDS_MAX 64

static size_t choices_count(const char *choices)
{
    size_t count = 1;
    for (; *choices != '\0'; choices++) {
        count += *choices == '|';
    }
    return count;
}

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    size_t *taken = user;
    must((size_t)value->id < fl_replay_command.option_count, "an option is of the table");
    const struct fl_option *option = &fl_replay_command.options[value->id];
    const bool may_lack = option->kind == FL_OPT_FLAG || option->kind == FL_OPT_MAYBE;
    must(value->text != NULL || may_lack, "a value is there where one must be");
    must(value->text == NULL || option->kind != FL_OPT_FLAG, "a flag has no value");
    must(value->text == NULL || option->choices == NULL ||
             value->number < choices_count(option->choices),
         "a choice is one of those there are");
    return ++*taken < WORDS_MAX ? FL_OK : fl_fail(err, FL_USAGE, "enough");
}

/* The words of `text`, `count` bytes; returns how many. */
static int words_split(char *text, size_t count, char **words)
{
    int found = 0;
    words[found++] = text + count; /* the command's name, empty */
    for (size_t at = 0; at < count && found < WORDS_MAX; at += strlen(text + at) + 1) {
        words[found++] = text + at;
    }
    words[found] = NULL;
    return found;
}

static enum fl_status table_parse(int word_count, char **words, int *first,
                                  struct fl_error *err)
{
    struct fl_command command = fl_replay_command;
    size_t taken = 0;
    command.stop_at_first_operand = true;
    return fl_opt_parse(&command, word_count, words, option_take, &taken, first, err);
}

static enum fl_status request_parse(int word_count, char **words, int *first,
                                    struct fl_error *err)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    static struct fl_request request;
    enum fl_status status = fl_request_parse(&request, &catalog, word_count, words, first, err);
    if (status == FL_OK && *first < word_count) {
        status = fl_request_complete(&request, (size_t)(word_count - *first), err);
        must(status != FL_OK || request.run.targets.count > 0,
             "there is something to replay into");
    }
    return status;
}

static void line_parse(bool is_request, int word_count, char **words)
{
    struct fl_error err;
    int first = -1;
    FILE *saved = stdout; /* --help prints */
    stdout = fuzz_nowhere();
    const enum fl_status status = is_request ? request_parse(word_count, words, &first, &err)
                                             : table_parse(word_count, words, &first, &err);
    stdout = saved;
    if (status == FL_OK) {
        must(first >= 1 && first <= word_count, "operands are words of the line");
    } else if (status != FL_END) {
        must_tell(&err, status);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *words[WORDS_MAX + 1];
    if (count == 0) {
        return 0;
    }
    char *text = fuzz_text(bytes + 1, count - 1);
    const int word_count = words_split(text, count - 1, words);
    line_parse(bytes[0] % 2 == 0, word_count, words);
    free(text);
    return 0;
}
