/**
 * Options of a command: one table from which parsing (getopt_long), --help, the man page's
 * section, shell completion and the hint for an unknown option come.
 *
 * A command lists its options once, in a file options.def:
 *
 *     FL_OPTION(OUTPUT, 'o', "output", "FILE", FL_OPT_TEXT, "PROG.PID.zst", NULL,
 *               "Write the trace to FILE; - is standard output.")
 *
 * and expands it twice: to an enum of ids (OPT_OUTPUT) and to the table of struct fl_option.
 *
 * Thread safety: parsing uses getopt_long's globals; call it from one thread.
 */
#ifndef FL_OPT_H
#define FL_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <fl/status.h>

enum fl_option_kind {
    FL_OPT_FLAG,   /* no argument */
    FL_OPT_TEXT,   /* any text */
    FL_OPT_NUMBER, /* decimal, optional suffix k m g (powers of 1024) */
    FL_OPT_CHOICE, /* one of `choices`, "a|b|c" */
    FL_OPT_MAYBE,  /* FLAG or TEXT: the argument may be missing (--json, --json=FILE) */
};

struct fl_option {
    int id;               /* OPT_..., unique in the command, from 0 */
    char letter;          /* or 0 */
    const char *name;     /* long name without dashes */
    const char *argument; /* "FILE", or NULL for a flag */
    enum fl_option_kind kind;
    const char *default_text; /* for --help only, or NULL */
    const char *choices;      /* FL_OPT_CHOICE: "a|b|c" */
    const char *help;         /* one or two sentences */
};

/** A command: what --help, --version and messages need. */
struct fl_command {
    const char *name;     /* "flreplay" */
    const char *synopsis; /* "TRACE... [--alloc=NAME[,knob=value]]" ; lines split by '\n' */
    const char *summary;  /* one sentence */
    const char *epilogue; /* examples, exit codes: printed after the options; or NULL */
    const struct fl_option *options;
    size_t option_count;
    bool stop_at_first_operand; /* flrec: what follows PROG is not ours */
};

/** One option met on the command line. */
struct fl_option_value {
    int id;
    const char *text; /* as written; NULL for a flag or a missing optional argument */
    uint64_t number;  /* FL_OPT_NUMBER, or the index of the choice */
};

/** Called for each option in order. FL_OK, or what fl_fail returned to stop the parsing. */
typedef enum fl_status fl_option_handler(const struct fl_option_value *value, void *user,
                                         struct fl_error *err);

/**
 * Parse `argv`, calling `handle` for each option.
 *
 * `--help` and `--version` are in every table of their own accord: they print to standard
 * output and give FL_END. `--help=man` prints the man page's source, `--help=complete` the
 * options one per line as "--name<TAB>help" for completion scripts.
 *
 * @param first_operand  index in argv of the first operand (argc when there is none)
 * @return FL_OK; FL_END when help or version was printed; FL_USAGE with a message, and the
 *         nearest known option as a hint inside it, when the line is wrong
 */
enum fl_status fl_opt_parse(const struct fl_command *command, int argc, char **argv,
                            fl_option_handler *handle, void *user, int *first_operand,
                            struct fl_error *err) __attribute__((warn_unused_result));

/** Parse a number with optional suffix k, m or g (powers of 1024). False when it is none. */
bool fl_opt_number(const char *text, size_t length, uint64_t *out);

/** Print "NAME: error: MESSAGE (WHERE)" and, when there is one, "hint: HINT" to stderr. */
void fl_opt_report(const struct fl_command *command, const struct fl_error *err);

/**
 * The last thing a command does: see that what it printed has been written. What has not is an
 * error, told unless one of its kind was.
 *
 * @param code  exit code so far
 * @return      it, or FL_EXIT_ENVIRONMENT in the place of 0
 */
int fl_opt_end(const struct fl_command *command, int code);

/** Name in `names[0 .. count)` nearest to `word` (edit distance at most 3), or NULL. */
const char *fl_opt_nearest(const char *word, const char *const *names, size_t count);

#endif
