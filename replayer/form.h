/**
 * Forms: the results as other programs read them. Each is a view of the JSON document and of
 * what the gate said; RESULTS.md describes them.
 *
 * Thread safety: constants; one thread per stream.
 */
#ifndef FL_REPLAY_FORM_H
#define FL_REPLAY_FORM_H

#include <stdio.h>

#include "gate.h"

/** What a form is made of. */
struct fl_form_input {
    const char *text; /* the document as it was written, `bytes` long */
    size_t bytes;
    const json_t *document;                /* the same, read; NULL where the form needs none */
    const struct fl_gate_verdict *verdict; /* NULL: there was no gate */
};

struct fl_form {
    const char *name, *summary;
    bool (*write)(FILE *out, const struct fl_form_input *input); /* false, errno: it was not */
    bool is_text; /* the document as it is: it need not be read */
};

bool fl_form_csv(FILE *out, const struct fl_form_input *input);
bool fl_form_md(FILE *out, const struct fl_form_input *input);
bool fl_form_junit(FILE *out, const struct fl_form_input *input);
bool fl_form_gab(FILE *out, const struct fl_form_input *input);
bool fl_form_bmf(FILE *out, const struct fl_form_input *input);
bool fl_form_gbench(FILE *out, const struct fl_form_input *input);

/** The form called `name[0 .. length)`, or NULL. */
const struct fl_form *fl_form_find(const char *name, size_t length);

/** The forms: --format=help. */
void fl_form_help(FILE *out);

/** A text of `object`, "" when it has none of this key. */
const char *fl_form_text(const json_t *object, const char *key);

/** Called for each metric that a target tells. */
typedef void fl_form_visitor(void *user, const json_t *trace, const json_t *target,
                             const struct fl_metric *metric, double value);

/** Visit every figure of a document, in its order. */
void fl_form_each(const json_t *document, fl_form_visitor *visit, void *user);

#endif
