/*
 * What is printed from a command's option table: --help, the manual page, completion lines.
 *
 * --help has fixed columns (names to HELP_COLUMN, text to FL_LINE_WIDTH) whatever the terminal,
 * so that its text can be tested and pasted. The manual page uses the man(7) macros and passes
 * `mandoc -Tlint`; everything that comes from the table is escaped, because '-' and '\' mean
 * something else in roff.
 */
#include "opt_internal.h"

#include <ctype.h>
#include <string.h>

#include <fl/fmt.h>

enum {
    HELP_COLUMN = 28, /* where the help text starts */
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

static void print_extras(const struct fl_option *option, int column, FILE *out)
{
    char extra[256];
    if (option->choices != NULL) {
        snprintf(extra, sizeof extra, " (%s)", option->choices);
        column = fl_fmt_wrapped(out, extra, column, HELP_COLUMN);
    }
    if (option->default_text != NULL) {
        snprintf(extra, sizeof extra, " [default: %s]", option->default_text);
        fl_fmt_wrapped(out, extra, column, HELP_COLUMN);
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
    column = fl_fmt_wrapped(out, option->help, HELP_COLUMN, HELP_COLUMN);
    print_extras(option, column, out);
    fputc('\n', out);
}

static const char *line_next(const char *line)
{
    const size_t length = strcspn(line, "\n");
    return line + length + (line[length] == '\n');
}

static void print_synopsis(const struct fl_command *command, FILE *out)
{
    const char *line = command->synopsis;
    for (const char *prefix = "Usage:"; *line != '\0'; prefix = "      ") {
        const size_t length = strcspn(line, "\n");
        fprintf(out, "%s %s %.*s\n", prefix, command->name, (int)length, line);
        line = line_next(line);
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
        fputc('\n', out);
        for (const char *line = command->epilogue; *line != '\0'; line = line_next(line)) {
            fl_fmt_wrapped(out, line, 0, 0);
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
        line = line_next(line);
    }
    fputs(".fi\n", out);
}

/* Indented lines are examples and stay as they are; the others are filled to paragraphs. */
static void print_man_notes(const char *epilogue, FILE *out)
{
    fputs(".SH NOTES\n", out);
    bool is_example = false;
    bool wants_paragraph = false;
    for (const char *line = epilogue; *line != '\0'; line = line_next(line)) {
        const size_t length = strcspn(line, "\n");
        if ((line[0] == ' ') != is_example) {
            is_example = !is_example;
            fputs(is_example ? ".nf\n" : ".fi\n", out);
            wants_paragraph = !is_example;
        }
        if (length == 0) {
            wants_paragraph = !is_example;
            continue;
        }
        fputs(wants_paragraph ? ".PP\n" : "", out);
        wants_paragraph = false;
        print_roff(line, length, out);
        fputc('\n', out);
    }
    fputs(is_example ? ".fi\n" : "", out);
}

/* The name of a page has no blanks: that of `fltrace dump` is fltrace-dump, as git's are. */
static void print_page_name(const char *name, bool is_upper, FILE *out)
{
    for (const char *letter = name; *letter != '\0'; letter++) {
        if (*letter == ' ') {
            fputs("\\-", out);
        } else {
            fputc(is_upper ? toupper((unsigned char)*letter) : *letter, out);
        }
    }
}

static void print_man(const struct fl_command *command, FILE *out)
{
    fputs(".TH ", out);
    print_page_name(command->name, true, out);
    fprintf(out, " 1 \"%s\" \"%s %s\" \"User Commands\"\n", MAN_DATE, command->name,
            FL_PROJECT_VERSION);
    fputs(".SH NAME\n", out);
    print_page_name(command->name, false, out);
    fputs(" \\- ", out);
    print_roff_text(command->summary, out);
    fputc('\n', out);
    print_man_synopsis(command, out);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < opt_count(command); i++) {
        print_man_option(opt_at(command, i), out);
    }
    if (command->epilogue != NULL) {
        print_man_notes(command->epilogue, out);
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
