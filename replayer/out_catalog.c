/*
 * --alloc=help: the names of a catalog, then each knob once, written as on the command line,
 * with the names that have it. A knob of the same name but another help is another one.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>

#include <fl/fmt.h>

enum {
    NAME_COLUMN = 12, /* where a summary starts */
    KNOB_COLUMN = 20, /* where a knob's help starts */
};

/* A knob's value as it is written on the command line: a word of its choices, or a size. */
static void knob_value_text(const struct fl_knob *knob, uint64_t value, char *text,
                            size_t text_bytes)
{
    const uint64_t index = knob->type == FL_KNOB_CHOICE ? value : UINT64_MAX - value;
    const char *word = knob->choices;
    for (uint64_t i = 0; word != NULL && i < index; i++) {
        word = strchr(word, '|');
        word = word == NULL ? NULL : word + 1;
    }
    if (word != NULL) {
        snprintf(text, text_bytes, "%.*s", (int)strcspn(word, "|"), word);
        return;
    }
    static const char *const suffixes[] = {"", "k", "m", "g"};
    size_t unit = 0;
    while (unit < 3 && value > 0 && value % 1024 == 0) {
        value /= 1024;
        unit++;
    }
    snprintf(text, text_bytes, "%" PRIu64 "%s", value, suffixes[unit]);
}

/* The knob of `ops` that is this one, or NULL. */
static const struct fl_knob *knob_of(const struct fl_allocator_ops *ops,
                                     const struct fl_knob *knob)
{
    for (size_t i = 0; i < ops->knob_count; i++) {
        if (strcmp(ops->knobs[i].name, knob->name) == 0 &&
            strcmp(ops->knobs[i].help, knob->help) == 0) {
            return &ops->knobs[i];
        }
    }
    return NULL;
}

/* "; of list-addr, addr-tree", or nothing when all that have knobs have this one. */
static void owners_text(const struct fl_catalog *catalog, const struct fl_knob *knob,
                        char *text, size_t text_bytes)
{
    size_t length = 0, with_knobs = 0, owners = 0;
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        with_knobs += ops->knob_count > 0;
        if (knob_of(ops, knob) != NULL && length < text_bytes) {
            length += (size_t)snprintf(text + length, text_bytes - length, "%s%s",
                                       owners == 0 ? "; of " : ", ", ops->name);
            owners++;
        }
    }
    if (owners == with_knobs) {
        text[0] = '\0';
    }
}

static void print_knob(FILE *out, const struct fl_catalog *catalog, const struct fl_knob *knob)
{
    char value[32], owners[256], text[640];
    knob_value_text(knob, knob->default_value, value, sizeof value);
    owners_text(catalog, knob, owners, sizeof owners);
    snprintf(text, sizeof text, "%s%s%s%s%s%s", knob->help, owners,
             knob->choices != NULL ? " (" : "",
             knob->choices != NULL && knob->type == FL_KNOB_BYTES ? "bytes or " : "",
             knob->choices != NULL ? knob->choices : "", knob->choices != NULL ? ")" : "");
    const int column = fprintf(out, "  %s=%s ", knob->name, value);
    fprintf(out, "%*s", column < KNOB_COLUMN ? KNOB_COLUMN - column : 0, "");
    fl_fmt_wrapped(out, text, column < KNOB_COLUMN ? KNOB_COLUMN : column, KNOB_COLUMN);
    fputc('\n', out);
}

/* Has one of the first `count` names this knob? */
static bool is_printed(const struct fl_catalog *catalog, size_t count,
                       const struct fl_knob *knob)
{
    for (size_t i = 0; i < count; i++) {
        if (knob_of(fl_catalog_at(catalog, i), knob) != NULL) {
            return true;
        }
    }
    return false;
}

void fl_out_catalog(FILE *out, const struct fl_catalog *catalog)
{
    fprintf(out, "--alloc=NAME[,knob=value...][,NAME...]\n\n");
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        fprintf(out, "%-*s", NAME_COLUMN, ops->name);
        fl_fmt_wrapped(out, ops->summary, NAME_COLUMN, NAME_COLUMN);
        fputc('\n', out);
    }
    fprintf(out, "\nKnobs with their defaults; without names, of all that have knobs:\n");
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        for (size_t k = 0; k < ops->knob_count; k++) {
            if (!is_printed(catalog, i, &ops->knobs[k])) {
                print_knob(out, catalog, &ops->knobs[k]);
            }
        }
    }
}
