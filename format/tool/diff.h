/*
 * Two traces compared: what each holds, and the sites of both side by side.
 */
#ifndef FL_DIFF_H
#define FL_DIFF_H

#include <fl/emit.h>

#include "counts.h"
#include "site.h"

enum fl_diff_age { FL_OLD, FL_NEW, FL_AGES };

/* One of the two. */
struct fl_diff_side {
    const char *path;
    struct fl_reader *reader;
    enum fl_status status; /* the first thing that was wrong with it */
    struct fl_counts counts;
    bool has_stacks;
    struct fl_costs costs; /* where it has */
    struct fl_sites sites;
    bool is_out_of_memory;
};

/* A site of one of them or of both. */
struct fl_diff_site {
    const char *key; /* of the pair: function and module, see fl_diff_key_function */
    const struct fl_site *at[FL_AGES];   /* NULL: not there */
    const struct fl_cost *cost[FL_AGES]; /* all zeros where it is not there */
};

struct fl_diff {
    struct fl_site_settings settings;
    bool is_all; /* show what is the same, too */
    struct fl_diff_side sides[FL_AGES];
    bool has_sites; /* both have stacks */
    struct fl_diff_site *sites;
    size_t site_count;
    size_t differing_count; /* of them; these come first */
};

/* A total that is compared; one list for the table and for JSON. */
struct fl_diff_figure {
    const char *label;
    const char *key;
    enum { FL_FIGURE_COUNT, FL_FIGURE_BYTES, FL_FIGURE_EVENT } unit;
    bool is_rare;  /* said to people only where it differs */
    size_t offset; /* of a uint64_t in struct fl_counts */
};

size_t fl_diff_figure_count(void);
const struct fl_diff_figure *fl_diff_figure_at(size_t i);
uint64_t fl_diff_figure_value(const struct fl_diff_figure *figure,
                              const struct fl_counts *counts);

/* ---- sites ---- */

/*
 * What a module is to a comparison: "" for the program itself, whatever it is called; else the
 * name of its file up to ".so", so that a library is itself in another folder or version.
 *
 * @param exe  path of the program, or NULL
 * @param key  receives the text, cut when `bytes` are not enough
 */
void fl_diff_module_key(const char *path, const char *exe, char *key, size_t bytes);

/* The key of a site: function, module. `sites->user` is the path of the program. */
char *fl_diff_site_key(const struct fl_sites *sites, const struct fl_symbol *symbol,
                       struct fl_spot spot);

/* The function in such a key: its length. The module follows one byte behind it. */
size_t fl_diff_key_function(const char *key);

/* Pair the sites of both by their keys: those that differ first, those that differ most in the
 * order's unit before the others. False when out of memory. */
bool fl_diff_pair(struct fl_diff *diff) __attribute__((warn_unused_result));

/* Is any of its five figures another one? */
bool fl_diff_site_differs(const struct fl_diff_site *site);

/* "new", "gone", "changed" or "same". */
const char *fl_diff_site_state(const struct fl_diff_site *site);

/* ---- output ---- */

void fl_diff_print(const struct fl_diff *diff);

#define FL_DIFF_SCHEMA 1 /* grows when a key changes its meaning or goes; DIFF.md */

/* Write the document of DIFF.md. False (errno set) when it could not be written. */
bool fl_diff_emit(const struct fl_diff *diff, FILE *out) __attribute__((warn_unused_result));

#endif
