/*
 * Reading a text trace. All of it is read and judged before any call is made, so that a mistake
 * in line 40 is told instead of shown behind 39 answers.
 *
 * Everything has a limit, the length of a line, the lines, the calls: no input makes this take
 * more than some 300 KiB or go on for ever. IDs are found by a scan: a text trace has a
 * handful.
 */
#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>
#include <fl/opt.h>

#define WORDS_MAX   4u
#define ALIGN_MAX   ((uint64_t)1 << 30)
#define ID_MAX      (FL_SCRIPT_NAME_MAX - 1)
#define SHOWN_BYTES 24 /* of a word that is not understood */

/* How each call is written; `words` counts the letter too. */
static const struct form {
    char letter;
    enum fl_script_call call;
    size_t words;
    const char *verb, *form;
} forms[] = {
    {'a', FL_SCRIPT_MALLOC, 3, "malloc", "a ID BYTES"},
    {'z', FL_SCRIPT_CALLOC, 3, "calloc", "z ID BYTES"},
    {'m', FL_SCRIPT_ALIGNED, 4, "aligned malloc", "m ID ALIGN BYTES"},
    {'r', FL_SCRIPT_REALLOC, 3, "realloc", "r ID BYTES"},
    {'f', FL_SCRIPT_FREE, 2, "free", "f ID"},
    {'u', FL_SCRIPT_USABLE, 2, "usable size", "u ID"},
};

struct script_reader {
    struct fl_script *script;
    FILE *in;
    uint32_t line;
    char text[FL_SCRIPT_LINE_MAX + 1]; /* the line, without comment and end */
    char *words[WORDS_MAX + 1];        /* of it; the last only to see that there are too many */
    size_t word_count;
};

/* "notes.txt:3: ..." */
__attribute__((format(printf, 4, 5))) static enum fl_status
script_fail(const struct script_reader *reader, struct fl_error *err, enum fl_status status,
            const char *format, ...)
{
    char what[FL_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fl_fail(err, status, "%s:%u: %s", reader->script->name, reader->line, what);
}

/* Read a line into `text`. FL_OK, FL_END behind the last one, or what is wrong with it. */
static enum fl_status line_read(struct script_reader *reader, struct fl_error *err)
{
    int byte = getc(reader->in);
    if (byte == EOF) {
        return FL_END;
    }
    reader->line++;
    if (reader->line > FL_SCRIPT_LINES_MAX) {
        return script_fail(reader, err, FL_LIMIT, "more than %s lines",
                           fl_fmt_count(FL_SCRIPT_LINES_MAX).text);
    }
    size_t length = 0;
    for (; byte != '\n' && byte != EOF; byte = getc(reader->in)) {
        if (iscntrl(byte) && byte != '\t' && byte != '\r') {
            return script_fail(reader, err, FL_SCRIPT,
                               "byte 0x%02x is not text; a recorded trace is replayed without "
                               "--explain",
                               (unsigned)byte);
        }
        if (length == FL_SCRIPT_LINE_MAX) {
            return script_fail(reader, err, FL_LIMIT, "the line is longer than %u bytes",
                               FL_SCRIPT_LINE_MAX);
        }
        reader->text[length++] = (char)byte;
    }
    reader->text[length] = '\0';
    reader->text[strcspn(reader->text, "#")] = '\0';
    return FL_OK;
}

static void line_split(struct script_reader *reader)
{
    static const char blanks[] = " \t\r";
    char *rest = NULL;
    reader->word_count = 0;
    for (char *word = strtok_r(reader->text, blanks, &rest);
         word != NULL && reader->word_count <= WORDS_MAX;
         word = strtok_r(NULL, blanks, &rest)) {
        reader->words[reader->word_count++] = word;
    }
}

static const struct form *form_find(const char *word)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (word[0] == forms[i].letter && word[1] == '\0') {
            return &forms[i];
        }
    }
    return NULL;
}

static bool is_id(const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)word[i] > 0x7F ||
            (!isalnum((unsigned char)word[i]) && word[i] != '_')) {
            return false;
        }
    }
    return length <= ID_MAX;
}

/* The ID written as `word`; a new one is entered. There is room for one per call. */
static uint32_t id_of(struct fl_script *script, const char *word)
{
    char name[FL_SCRIPT_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s%s", isdigit((unsigned char)word[0]) ? "p" : "", word);
    for (uint32_t i = 0; i < script->id_count; i++) {
        if (strcmp(script->ids[i].name, name) == 0) {
            return i;
        }
    }
    struct fl_script_id *id = &script->ids[script->id_count];
    *id = (struct fl_script_id){.live_line = 0};
    memcpy(id->name, name, sizeof id->name);
    return (uint32_t)script->id_count++;
}

static enum fl_status number_read(const struct script_reader *reader, const char *word,
                                  uint64_t *out, struct fl_error *err)
{
    if (!fl_opt_number(word, strlen(word), out)) {
        return script_fail(reader, err, FL_SCRIPT, "'%.*s' is no size: 100, 4k, 1m, 2g",
                           SHOWN_BYTES, word);
    }
    return FL_OK;
}

static enum fl_status align_read(const struct script_reader *reader, const char *word,
                                 uint64_t *out, struct fl_error *err)
{
    const enum fl_status status = number_read(reader, word, out, err);
    if (status == FL_OK && (*out == 0 || *out > ALIGN_MAX || (*out & (*out - 1)) != 0)) {
        return script_fail(reader, err, FL_SCRIPT,
                           "%.*s is no alignment: a power of two, 1g at most", SHOWN_BYTES,
                           word);
    }
    return status;
}

/* A new ID begins, a live one is used or ends. */
static enum fl_status id_use(const struct script_reader *reader, const struct form *form,
                             struct fl_script_id *id, struct fl_error *err)
{
    const bool makes = form->call == FL_SCRIPT_MALLOC || form->call == FL_SCRIPT_CALLOC ||
                       form->call == FL_SCRIPT_ALIGNED;
    const char *word = reader->words[1];
    if (makes && id->live_line != 0) {
        return script_fail(reader, err, FL_SCRIPT, "%s of %s, which is live since line %u",
                           form->verb, word, id->live_line);
    }
    if (!makes && id->live_line == 0 && id->freed_line != 0) {
        return script_fail(reader, err, FL_SCRIPT,
                           "%s of %s, which is not live: freed in line %u", form->verb, word,
                           id->freed_line);
    }
    if (!makes && id->live_line == 0) {
        return script_fail(reader, err, FL_SCRIPT, "%s of %s, which is not live", form->verb,
                           word);
    }
    if (makes) {
        id->live_line = reader->line;
    } else if (form->call == FL_SCRIPT_FREE) {
        id->live_line = 0;
        id->freed_line = reader->line;
    }
    return FL_OK;
}

static enum fl_status form_check(const struct script_reader *reader, const struct form *form,
                                 struct fl_error *err)
{
    if (form == NULL) {
        return script_fail(reader, err, FL_SCRIPT, "no call is written '%.*s'", SHOWN_BYTES,
                           reader->words[0]);
    }
    if (reader->word_count != form->words) {
        return script_fail(reader, err, FL_SCRIPT, "%s is written: %s", form->verb, form->form);
    }
    if (!is_id(reader->words[1])) {
        return script_fail(reader, err, FL_SCRIPT,
                           "'%.*s' is no ID: up to %u letters, digits and _", SHOWN_BYTES,
                           reader->words[1], ID_MAX);
    }
    if (reader->script->count == FL_SCRIPT_CALLS_MAX) {
        return script_fail(reader, err, FL_LIMIT, "more than %s calls; record longer ones",
                           fl_fmt_count(FL_SCRIPT_CALLS_MAX).text);
    }
    return FL_OK;
}

/* The words of a line become a step. */
static enum fl_status step_read(struct script_reader *reader, struct fl_error *err)
{
    struct fl_script *script = reader->script;
    const struct form *form = form_find(reader->words[0]);
    enum fl_status status = form_check(reader, form, err);
    if (status != FL_OK) {
        return status;
    }
    struct fl_script_step step = {.call = form->call, .line = reader->line};
    if (form->words == 4) {
        status = align_read(reader, reader->words[2], &step.align_bytes, err);
    }
    if (status == FL_OK && form->words > 2) {
        status = number_read(reader, reader->words[form->words - 1], &step.size_bytes, err);
    }
    if (status == FL_OK) {
        step.id = id_of(script, reader->words[1]);
        status = id_use(reader, form, &script->ids[step.id], err);
    }
    if (status == FL_OK) {
        script->steps[script->count++] = step;
    }
    return status;
}

static enum fl_status lines_read(struct script_reader *reader, struct fl_error *err)
{
    enum fl_status status = line_read(reader, err);
    for (; status == FL_OK; status = line_read(reader, err)) {
        line_split(reader);
        if (reader->word_count > 0) {
            status = step_read(reader, err);
            if (status != FL_OK) {
                return status;
            }
        }
    }
    if (status != FL_END) {
        return status;
    }
    if (ferror(reader->in)) {
        return fl_fail_os(err, FL_IO, errno, "cannot read %s", reader->script->name);
    }
    return FL_OK;
}

enum fl_status fl_script_read(const char *path, struct fl_script *out, struct fl_error *err)
{
    const bool is_standard_input = strcmp(path, "-") == 0;
    struct fl_script script = {
        .name = is_standard_input ? "standard input" : path,
        .steps = calloc(FL_SCRIPT_CALLS_MAX, sizeof *script.steps),
        .ids = calloc(FL_SCRIPT_CALLS_MAX, sizeof *script.ids),
    };
    struct script_reader reader = {
        .script = &script,
        .in = is_standard_input ? stdin : fopen(path, "re"),
    };
    enum fl_status status = FL_OK;
    if (script.steps == NULL || script.ids == NULL) {
        status = fl_fail(err, FL_NOMEM, "no memory for the calls of %s", script.name);
    } else if (reader.in == NULL) {
        status = fl_fail_os(err, FL_IO, errno, "cannot open %s", script.name);
    } else {
        status = lines_read(&reader, err);
    }
    if (reader.in != NULL && !is_standard_input) {
        fclose(reader.in);
    }
    if (status != FL_OK) {
        fl_script_free(&script);
        return status;
    }
    *out = script;
    return FL_OK;
}

void fl_script_free(struct fl_script *script)
{
    free(script->steps);
    free(script->ids);
    script->steps = NULL;
    script->ids = NULL;
}
