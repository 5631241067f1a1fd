/*
 * The verbs of fltrace: one file each, one row each in the table of fltrace.c.
 */
#ifndef FL_VERB_H
#define FL_VERB_H

#include <fl/opt.h>

/* What a verb does with its own command line: argv[0] is the verb. Returns the exit code. */
typedef int fl_verb_run(int argc, char **argv);

struct fl_verb {
    const char *name;
    const char *summary; /* one line for the list of verbs */
    fl_verb_run *run;
};

fl_verb_run verb_convert, verb_info, verb_dump, verb_sites, verb_folded, verb_pack, verb_slice,
    verb_stats, verb_merge, verb_diff;

/* What `info` prints of several traces: the tree of their processes. `from` is the format to
 * read them as, or NULL. Returns the exit code. */
int fl_tree_print(const struct fl_command *command, char *const *paths, size_t count,
                  const char *from);

#endif
