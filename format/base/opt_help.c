/*
 * What is printed from a command's option table: --help, the manual page, completion lines.
 *
 * --help has fixed columns (names to HELP_COLUMN, text to LINE_WIDTH) whatever the terminal, so
 * that its text can be tested and pasted. The manual page uses the man(7) macros and passes
 * `mandoc -Tlint`; everything that comes from the table is escaped, because '-' and '\' mean
 * something else in roff.
 */
#include "opt_internal.h"

#include <ctype.h>
#include <string.h>

enum {
    HELP_COLUMN = 28, /* where the help text starts */
    LINE_WIDTH = 80,  /* columns */
};

/* Of the last change to an option, so that a build does not depend on its day. */
#define MAN_DATE "2026-11-23"

/* "--output=FILE", "--json[=FILE]", "--quiet" */
static int print_long_name(const struct fl_option *option, FILE *out)
{
    if (option->argument == NULL || option->kind == FL_OPT_FLAG) {
        return fprintf(out, "--%s", option->name);
    }
    return fprintf(out, option->kind == FL_OPT_MAYBE ? "--%s[=%s]" : "--%s=%s", option->name,
                   option->argument);
}

/* Print words of `text`, starting at `column`; continuation lines start at HELP_COLUMN. */
static int print_wrapped(const char *text, int column, FILE *out)
{
    while (*text != '\0') {
        const int spaces = (int)strspn(text, " ");
        const int length = (int)strcspn(text + spaces, " ");
        if (column + spaces + length > LINE_WIDTH) {
            fprintf(out, "\n%*s%.*s", HELP_COLUMN, "", length, text + spaces);
            column = HELP_COLUMN + length;
        } else {
            column += fprintf(out, "%.*s", spaces + length, text);
        }
        text += spaces + length;
    }
    return column;
}

static void print_extras(const struct fl_option *option, int column, FILE *out)
{
    char extra[256];
    if (option->choices != NULL) {
        snprintf(extra, sizeof extra, " (%s)", option->choices);
        column = print_wrapped(extra, column, out);
    }
    if (option->default_text != NULL) {
        snprintf(extra, sizeof extra, " [default: %s]", option->default_text);
        print_wrapped(extra, column, out);
    }
}

static void print_option(const struct fl_option *option, FILE *out)
{
    int column =
        option->letter != 0 ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
    column += print_long_name(option, out);
    if (column > HELP_COLUMN - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_extras(option, print_wrapped(option->help, HELP_COLUMN, out), out);
    fputc('\n', out);
}

static void print_synopsis(const struct fl_command *command, FILE *out)
{
    const char *line = command->synopsis;
    for (const char *prefix = "Usage:"; *line != '\0'; prefix = "      ") {
        const size_t length = strcspn(line, "\n");
        fprintf(out, "%s %s %.*s\n", prefix, command->name, (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void print_text(const struct fl_command *command, FILE *out)
{
    print_synopsis(command, out);
    fprintf(out, "\n%s\n\nOptions:\n", command->summary);
    for (size_t i = 0; i < opt_count(command); i++) {
        print_option(opt_at(command, i), out);
    }
    if (command->epilogue != NULL) {
        fprintf(out, "\n%s", command->epilogue);
        if (command->epilogue[strlen(command->epilogue) - 1] != '\n') {
            fputc('\n', out);
        }
    }
}

/* Print text as roff: '-' and '\' escaped, no line that starts like a request. */
static void print_roff(const char *text, size_t length, FILE *out)
{
    for (size_t i = 0; i < length; i++) {
        const bool starts_line = i == 0 || text[i - 1] == '\n';
        if (starts_line && (text[i] == '.' || text[i] == '\'')) {
            fputs("\\&", out);
        }
        if (text[i] == '-' || text[i] == '\\') {
            fputs(text[i] == '-' ? "\\-" : "\\e", out);
        } else {
            fputc(text[i], out);
        }
    }
}

static void print_roff_text(const char *text, FILE *out)
{
    print_roff(text, strlen(text), out);
}

static void print_man_option(const struct fl_option *option, FILE *out)
{
    fputs(".TP\n", out);
    if (option->letter != 0) {
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    }
    fputs("\\fB\\-\\-", out);
    print_roff_text(option->name, out);
    fputs("\\fR", out);
    if (option->argument != NULL && option->kind != FL_OPT_FLAG) {
        const bool may_miss = option->kind == FL_OPT_MAYBE;
        fprintf(out, "%s=\\fI%s\\fR%s", may_miss ? "[" : "", option->argument,
                may_miss ? "]" : "");
    }
    fputc('\n', out);
    print_roff_text(option->help, out);
    fputc('\n', out);
    if (option->choices != NULL) {
        fputs("One of: ", out);
        print_roff_text(option->choices, out);
        fputs(".\n", out);
    }
    if (option->default_text != NULL) {
        fputs("Default: ", out);
        print_roff_text(option->default_text, out);
        fputs(".\n", out);
    }
}

static void print_man_synopsis(const struct fl_command *command, FILE *out)
{
    fputs(".SH SYNOPSIS\n.nf\n", out);
    for (const char *line = command->synopsis; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        fprintf(out, "\\fB%s\\fR ", command->name);
        print_roff(line, length, out);
        fputc('\n', out);
        line += length + (line[length] == '\n');
    }
    fputs(".fi\n", out);
}

static void print_man(const struct fl_command *command, FILE *out)
{
    fputs(".TH ", out);
    for (const char *letter = command->name; *letter != '\0'; letter++) {
        fputc(toupper((unsigned char)*letter), out);
    }
    fprintf(out, " 1 \"%s\" \"%s %s\" \"User Commands\"\n", MAN_DATE, command->name,
            FL_PROJECT_VERSION);
    fprintf(out, ".SH NAME\n%s \\- ", command->name);
    print_roff_text(command->summary, out);
    fputc('\n', out);
    print_man_synopsis(command, out);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < opt_count(command); i++) {
        print_man_option(opt_at(command, i), out);
    }
    if (command->epilogue != NULL) {
        fputs(".SH NOTES\n.nf\n", out);
        print_roff_text(command->epilogue, out);
        fputs("\n.fi\n", out);
    }
}

static void print_complete(const struct fl_command *command, FILE *out)
{
    for (size_t i = 0; i < opt_count(command); i++) {
        fprintf(out, "--%s\t%s\n", opt_at(command, i)->name, opt_at(command, i)->help);
    }
}

void opt_print_help(const struct fl_command *command, const char *form, FILE *out)
{
    if (form == NULL) {
        print_text(command, out);
    } else if (strcmp(form, "man") == 0) {
        print_man(command, out);
    } else {
        print_complete(command, out);
    }
}
