/*
 * Any bytes as a command line, its words ended by NUL bytes, through the table of flreplay's
 * options: refused with a sentence, or each option given to its handler with a value of its kind.
 * The first byte: does the command stop at its first operand?
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <fl/opt.h>
#include <fl/term.h>

#include "touch.h"

#define WORDS_MAX        64
#define FL_ALLOC_DEFAULT NULL

enum {
#define FL_OPTION(id, letter, name, argument, kind, fallback, choices, help) OPT_##id,
#include "options.def"
#undef FL_OPTION
};

static const struct fl_option options[] = {
#define FL_OPTION(id, letter, name, argument, kind, fallback, choices, help)                   \
    {OPT_##id, letter, name, argument, kind, fallback, choices, help},
#include "options.def"
#undef FL_OPTION
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

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
    must((size_t)value->id < OPTION_COUNT, "an option is of the table");
    const struct fl_option *option = &options[value->id];
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

static void line_parse(struct fl_command *command, int word_count, char **words)
{
    struct fl_error err;
    size_t taken = 0;
    int first = -1;
    FILE *saved = stdout; /* --help prints */
    stdout = fuzz_nowhere();
    const enum fl_status status =
        fl_opt_parse(command, word_count, words, option_take, &taken, &first, &err);
    stdout = saved;
    if (status == FL_OK) {
        must(first >= 1 && first <= word_count, "operands are words of the line");
    } else if (status != FL_END) {
        must_tell(&err, status);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct fl_command command = {.name = "fuzz",
                                 .synopsis = "[OPTION...] TRACE...",
                                 .summary = "Take any line.",
                                 .options = options,
                                 .option_count = OPTION_COUNT};
    char *words[WORDS_MAX + 1];
    if (count == 0) {
        return 0;
    }
    command.stop_at_first_operand = bytes[0] % 2 == 1;
    char *text = fuzz_text(bytes + 1, count - 1);
    const int word_count = words_split(text, count - 1, words);
    line_parse(&command, word_count, words);
    free(text);
    return 0;
}
