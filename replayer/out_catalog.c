/*
 * --alloc=help: the names of a catalog with their knobs, written as they are on the command line.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>

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

static void print_knob(FILE *out, const struct fl_knob *knob)
{
    char value[32];
    knob_value_text(knob, knob->default_value, value, sizeof value);
    fprintf(out, "    %s=%s  %s", knob->name, value, knob->help);
    if (knob->choices != NULL) {
        fprintf(out, " (%s%s)", knob->type == FL_KNOB_BYTES ? "bytes or " : "", knob->choices);
    }
    fputc('\n', out);
}

void fl_out_catalog(FILE *out, const struct fl_catalog *catalog)
{
    fprintf(out, "--alloc=NAME[,knob=value...][,NAME...]; knobs with their defaults\n");
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        fprintf(out, "\n%s  %s\n", ops->name, ops->summary);
        for (size_t knob = 0; knob < ops->knob_count; knob++) {
            print_knob(out, &ops->knobs[knob]);
        }
    }
}
