/*
 * fltrace: what one does with a trace alone. This file finds the verb; the verbs do the work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

static const struct fl_verb verbs[] = {
    {"info", "what was recorded: program, counts by call, sizes, threads, peaks", verb_info},
    {"stats", "sizes, lifetimes, and which threads allocated and freed", verb_stats},
    {"sites", "which places in the program allocated, by what they cost", verb_sites},
    {"diff", "what changed between two traces, in all and by call site", verb_diff},
    {"folded", "the call stacks and their cost, for a flame graph", verb_folded},
    {"dump", "the records as text, one a line", verb_dump},
    {"convert", "another tool's trace as one of ours", verb_convert},
    {"slice", "a part of a trace as a trace of its own", verb_slice},
    {"merge", "several traces as one", verb_merge},
    {"pack", "the same trace in a smaller file", verb_pack},
};

#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static char verb_list[1024]; /* for --help; written once at start */

static void verb_list_make(void)
{
    int used = snprintf(verb_list, sizeof verb_list, "Verbs:\n");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        used += snprintf(verb_list + used, sizeof verb_list - (size_t)used, "  %-8s %s\n",
                         verbs[i].name, verbs[i].summary);
    }
    snprintf(
        verb_list + used, sizeof verb_list - (size_t)used,
        "\n`fltrace VERB --help` tells more, or fltrace-VERB(1).\n\n"
        "Exit codes: 0 fine, 2 wrong use, 3 the trace is damaged, truncated or unsupported, "
        "4 input/output error or no memory, 70 a bug in fltrace.\n");
}

static const struct fl_verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static enum fl_status verb_missing(const char *word, struct fl_error *err)
{
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        names[i] = verbs[i].name;
    }
    const char *nearest = fl_opt_nearest(word, names, VERB_COUNT);
    return fl_fail(err, FL_USAGE, "there is no verb '%s'%s%s%s", word,
                   nearest == NULL ? ": try fltrace --help" : "; did you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static enum fl_status no_option(const struct fl_option_value *value, void *user,
                                struct fl_error *err)
{
    (void)user;
    return fl_fail(err, FL_BUG, "option %d is in no table", value->id);
}

int main(int argc, char **argv)
{
    verb_list_make();
    const struct fl_command command = {
        .name = "fltrace",
        .synopsis = "VERB [OPTION...] TRACE",
        .summary = "Look at an allocation trace recorded by flrec or another tool.",
        .epilogue = verb_list,
        .stop_at_first_operand = true,
    };
    struct fl_error err;
    int first;
    enum fl_status status = fl_opt_parse(&command, argc, argv, no_option, NULL, &first, &err);
    if (status == FL_OK && first == argc) {
        status = fl_fail(&err, FL_USAGE, "a verb is missing: try fltrace --help");
    }
    if (status == FL_OK) {
        const struct fl_verb *verb = verb_find(argv[first]);
        if (verb != NULL) {
            return fl_opt_end(&command, verb->run(argc - first, argv + first));
        }
        status = verb_missing(argv[first], &err);
    }
    if (status == FL_END) {
        return fl_opt_end(&command, FL_EXIT_OK);
    }
    fl_opt_report(&command, &err);
    return fl_status_exit(status);
}
