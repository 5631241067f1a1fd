/*
 * Option parsing: getopt_long fed by the command's table.
 *
 * getopt_long does the splitting, abbreviations and reordering; this file builds its two tables
 * on the stack, turns what it returns into struct fl_option_value, and words every refusal.
 * Long options return FIRST_LONG + index, short ones their letter. Cost per argument is
 * O(options), and the nearest name is looked for only after a mistake.
 */
#include <fl/opt.h>

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <fl/assert.h>

#include "opt_internal.h"

enum {
    FIRST_LONG = 256,     /* above every letter */
    NEAREST_DISTANCE = 3, /* edits, from there on a hint would only confuse */
    NEAREST_LENGTH = 48,  /* longer words get no hint */
};

struct getopt_tables {
    struct option longs[OPT_TABLE_MAX + OPT_OWN_COUNT + 1];
    char shorts[3 * (OPT_TABLE_MAX + OPT_OWN_COUNT) + 3]; /* "+:" and letter with "::" each */
};

static const struct fl_option own_options[OPT_OWN_COUNT] = {
    {OPT_HELP, 'h', "help", "FORM", FL_OPT_MAYBE, NULL, "man|complete",
     "Print this text; FORM man gives the manual page's source, complete one option per line."},
    {OPT_VERSION, 0, "version", NULL, FL_OPT_FLAG, NULL, NULL, "Print the version."},
};

const struct fl_option *opt_at(const struct fl_command *command, size_t index)
{
    FL_ASSERT(index < opt_count(command), "the index is inside the table");
    return index < command->option_count ? &command->options[index]
                                         : &own_options[index - command->option_count];
}

size_t opt_count(const struct fl_command *command)
{
    return command->option_count + OPT_OWN_COUNT;
}

size_t opt_choice_length(const char *choices)
{
    return strcspn(choices, "|");
}

static int argument_kind(const struct fl_option *option)
{
    switch (option->kind) {
    case FL_OPT_FLAG:
        return no_argument;
    case FL_OPT_MAYBE:
        return optional_argument;
    case FL_OPT_TEXT:
    case FL_OPT_NUMBER:
    case FL_OPT_CHOICE:
        break;
    }
    return required_argument;
}

static void tables_fill(struct getopt_tables *tables, const struct fl_command *command)
{
    static const char *const colons[] = {
        [no_argument] = "", [required_argument] = ":", [optional_argument] = "::"};
    FL_ASSERT(command->option_count <= OPT_TABLE_MAX, "the option table fits");
    memset(tables, 0, sizeof *tables);
    /* The ':' makes getopt tell a missing argument from an unknown option. */
    char *letters = stpcpy(tables->shorts, command->stop_at_first_operand ? "+:" : ":");
    for (size_t i = 0; i < opt_count(command); i++) {
        const struct fl_option *option = opt_at(command, i);
        const int kind = argument_kind(option);
        tables->longs[i] = (struct option){option->name, kind, NULL, FIRST_LONG + (int)i};
        if (option->letter != 0) {
            *letters++ = option->letter;
            letters = stpcpy(letters, colons[kind]);
        }
    }
}

static const struct fl_option *option_of(const struct fl_command *command, int code)
{
    if (code >= FIRST_LONG) {
        return opt_at(command, (size_t)(code - FIRST_LONG));
    }
    for (size_t i = 0; code > 0 && i < opt_count(command); i++) {
        if (opt_at(command, i)->letter == code) {
            return opt_at(command, i);
        }
    }
    return NULL;
}

static size_t smallest(size_t one, size_t two, size_t three)
{
    const size_t two_or_three = two < three ? two : three;
    return one < two_or_three ? one : two_or_three;
}

/* Levenshtein's distance with one row of the table; `word` has at most NEAREST_LENGTH bytes. */
static size_t edit_distance(const char *word, const char *name)
{
    const size_t width = strlen(word);
    size_t row[NEAREST_LENGTH + 1];
    for (size_t i = 0; i <= width; i++) {
        row[i] = i;
    }
    for (size_t j = 1; name[j - 1] != '\0'; j++) {
        size_t diagonal = row[0];
        row[0] = j;
        for (size_t i = 1; i <= width; i++) {
            const size_t change = diagonal + (word[i - 1] != name[j - 1]);
            diagonal = row[i];
            row[i] = smallest(change, row[i] + 1, row[i - 1] + 1);
        }
    }
    return row[width];
}

const char *fl_opt_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = NEAREST_DISTANCE + 1;
    if (strlen(word) > NEAREST_LENGTH) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t distance = edit_distance(word, names[i]);
        /* A name that shares no letter with the word is no neighbour. */
        if (distance < nearest_distance && distance < strlen(names[i])) {
            nearest = names[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

static enum fl_status refuse_unknown(const struct fl_command *command, const char *argument,
                                     struct fl_error *err)
{
    const char *names[OPT_TABLE_MAX + OPT_OWN_COUNT];
    char word[NEAREST_LENGTH + 2] = "";
    const size_t length = strcspn(argument + 2, "=");
    size_t abbreviated = 0;
    for (size_t i = 0; i < opt_count(command); i++) {
        names[i] = opt_at(command, i)->name;
        abbreviated += strncmp(names[i], argument + 2, length) == 0;
    }
    snprintf(word, sizeof word, "%.*s", (int)length, argument + 2);
    if (abbreviated > 1) {
        return fl_fail(err, FL_USAGE, "--%s could be several options: write it out", word);
    }
    const char *nearest = fl_opt_nearest(word, names, opt_count(command));
    return nearest == NULL ? fl_fail(err, FL_USAGE, "unknown option --%s", word)
                           : fl_fail(err, FL_USAGE, "unknown option --%s: did you mean --%s?",
                                     word, nearest);
}

/* getopt_long returned '?': an unknown letter, an unknown name, or a flag with an argument. */
static enum fl_status refuse(const struct fl_command *command, const char *argument,
                             struct fl_error *err)
{
    if (optopt >= FIRST_LONG) {
        return fl_fail(err, FL_USAGE, "--%s takes no argument",
                       option_of(command, optopt)->name);
    }
    if (optopt != 0) {
        return fl_fail(err, FL_USAGE, "unknown option -%c", optopt);
    }
    return refuse_unknown(command, argument, err);
}

static int unit_shift(char suffix)
{
    switch (suffix) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    default:
        return -1;
    }
}

bool fl_opt_number(const char *text, size_t length, uint64_t *out)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text[digits] - '0'), &number)) {
            return false;
        }
    }
    if (digits == 0 || length - digits > 1) {
        return false;
    }
    const int shift = digits == length ? 0 : unit_shift(text[digits]);
    if (shift < 0 || number > UINT64_MAX >> shift) {
        return false;
    }
    *out = number << shift;
    return true;
}

/* Index of `text` among the choices "a|b|c"; false when it is none of them. */
static bool choice_find(const char *choices, const char *text, uint64_t *index)
{
    for (uint64_t i = 0;; i++) {
        const size_t length = opt_choice_length(choices);
        if (strlen(text) == length && memcmp(choices, text, length) == 0) {
            *index = i;
            return true;
        }
        if (choices[length] == '\0') {
            return false;
        }
        choices += length + 1;
    }
}

static enum fl_status value_read(const struct fl_option *option, struct fl_option_value *value,
                                 struct fl_error *err)
{
    if (value->text == NULL) {
        return FL_OK; /* a flag, or an argument that may be missing */
    }
    if (option->kind == FL_OPT_NUMBER &&
        !fl_opt_number(value->text, strlen(value->text), &value->number)) {
        return fl_fail(err, FL_USAGE, "--%s=%s: wanted a number, k m or g may follow",
                       option->name, value->text);
    }
    if (option->choices != NULL && !choice_find(option->choices, value->text, &value->number)) {
        return fl_fail(err, FL_USAGE, "--%s=%s: wanted one of %s", option->name, value->text,
                       option->choices);
    }
    return FL_OK;
}

static enum fl_status option_deliver(const struct fl_command *command,
                                     const struct fl_option *option, fl_option_handler *handle,
                                     void *user, struct fl_error *err)
{
    struct fl_option_value value = {option->id, optarg, 0};
    const enum fl_status status = value_read(option, &value, err);
    if (status != FL_OK) {
        return status;
    }
    switch (option->id) {
    case OPT_HELP:
        opt_print_help(command, value.text, stdout);
        return FL_END;
    case OPT_VERSION:
        printf("%s %s\n", command->name, FL_PROJECT_VERSION);
        return FL_END;
    default:
        return handle(&value, user, err);
    }
}

enum fl_status fl_opt_parse(const struct fl_command *command, int argc, char **argv,
                            fl_option_handler *handle, void *user, int *first_operand,
                            struct fl_error *err)
{
    struct getopt_tables tables;
    tables_fill(&tables, command);
    optind = 0; /* glibc: start again, and read the '+' of this command's letters */
    opterr = 0;
    for (;;) {
        optopt = 0;
        const int code = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
        if (code == -1) {
            *first_operand = optind;
            return FL_OK;
        }
        const struct fl_option *option = option_of(command, code == ':' ? optopt : code);
        if (code == '?' || option == NULL) {
            return refuse(command, argv[optind - 1], err);
        }
        if (code == ':') {
            return fl_fail(err, FL_USAGE, "--%s needs an argument: %s", option->name,
                           option->argument);
        }
        const enum fl_status status = option_deliver(command, option, handle, user, err);
        if (status != FL_OK) {
            return status;
        }
    }
}

int fl_opt_end(const struct fl_command *command, int code)
{
    struct fl_error err;
    const bool has_failed_before = ferror(stdout) != 0;
    errno = 0;
    if ((fflush(stdout) == 0 && !has_failed_before) || code == FL_EXIT_ENVIRONMENT) {
        return code;
    }
    /* Of an earlier failure the reason is gone, unless what is left meets it again. */
    (void)(errno != 0 ? fl_fail_os(&err, FL_IO, errno, "cannot write to standard output")
                      : fl_fail(&err, FL_IO, "cannot write to standard output"));
    fl_opt_report(command, &err);
    return code == FL_EXIT_OK ? FL_EXIT_ENVIRONMENT : code;
}

void fl_opt_report(const struct fl_command *command, const struct fl_error *err)
{
    fprintf(stderr, "%s: error: %s", command->name,
            err->message[0] != '\0' ? err->message : fl_status_text(err->status));
    if (err->offset_in_file != FL_NO_OFFSET && err->chunk != FL_NO_CHUNK) {
        fprintf(stderr, " (chunk %ju, byte %ju)", (uintmax_t)err->chunk,
                (uintmax_t)err->offset_in_file);
    } else if (err->offset_in_file != FL_NO_OFFSET) {
        fprintf(stderr, " (byte %ju)", (uintmax_t)err->offset_in_file);
    }
    fputc('\n', stderr);
    const char *hint = fl_status_hint(err->status);
    if (hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", hint);
    } else if (err->status == FL_USAGE) {
        fprintf(stderr, "hint: %s --help lists what can be written\n", command->name);
    }
}
