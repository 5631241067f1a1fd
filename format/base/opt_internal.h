/*
 * Shared by opt.c (parsing) and opt_help.c (everything printed from the table).
 */
#ifndef FL_OPT_INTERNAL_H
#define FL_OPT_INTERNAL_H

#include <fl/opt.h>

enum {
    OPT_HELP = -1,    /* ids of the two options every command has */
    OPT_VERSION = -2, /* ids of commands count from 0 */
    OPT_OWN_COUNT = 2,
    OPT_TABLE_MAX = 64, /* options of one command; a constant keeps the tables on the stack */
};

/* Option number `index` of the command: its own first, then --help and --version. */
const struct fl_option *opt_at(const struct fl_command *command, size_t index);

/* Number of options, --help and --version included. */
size_t opt_count(const struct fl_command *command);

/* Length of the choice at `choices`, up to '|' or the end. */
size_t opt_choice_length(const char *choices);

/* Print what --help, --help=man or --help=complete (`form` NULL, "man", "complete") asks
 * for. */
void opt_print_help(const struct fl_command *command, const char *form, FILE *out);

#endif
