/*
 * A baseline is a document of --json, nothing else, so what is compared is what anyone can
 * read. It is untrusted input: its size is bounded, jansson bounds its depth, and each value is
 * used only as the type it has.
 *
 * A trace is the same when its calls are (`trace_hash`), whatever its file is called and
 * however it is cut into chunks.
 */
#include "baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/part_file.h>

#include "out.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

enum fl_status fl_baseline_parse(const char *text, size_t bytes, json_t **out,
                                 struct fl_error *err)
{
    json_error_t error;
    errno = 0;
    json_t *document = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (document == NULL) {
        /* Without memory jansson speaks of an error of syntax, or of nothing. */
        if (errno == ENOMEM) {
            return fl_fail(err, FL_NOMEM, "no memory for a document");
        }
        return fl_fail(err, FL_USAGE, "%s, line %d, column %d", error.text, error.line,
                       error.column);
    }
    *out = document;
    return FL_OK;
}

/* All of a stream, NULL when it cannot be read (errno set; EFBIG when there is too much). */
static char *stream_read(FILE *in, size_t *bytes)
{
    char *text = NULL;
    size_t room = 0, used = 0;
    while (!feof(in) && !ferror(in)) {
        if (used == room) {
            char *grown = room >= FL_BASELINE_BYTES_MAX ? NULL : realloc(text, 2 * room + 4096);
            if (grown == NULL) {
                errno = room >= FL_BASELINE_BYTES_MAX ? EFBIG : ENOMEM;
                free(text);
                return NULL;
            }
            text = grown;
            room = 2 * room + 4096;
        }
        used += fread(text + used, 1, room - used, in);
    }
    if (ferror(in)) {
        free(text);
        return NULL;
    }
    *bytes = used;
    return text;
}

static enum fl_status schema_check(const json_t *document, const char *path,
                                   struct fl_error *err)
{
    const json_t *schema = json_object_get(document, "schema");
    if (!json_is_integer(schema) || !json_is_array(json_object_get(document, "traces"))) {
        return fl_fail(err, FL_USAGE, "%s: this is no document of flreplay --json", path);
    }
    if (json_integer_value(schema) != FL_RESULT_SCHEMA) {
        return fl_fail(err, FL_USAGE, "%s: results of schema %lld, this flreplay knows %d",
                       path, (long long)json_integer_value(schema), FL_RESULT_SCHEMA);
    }
    return FL_OK;
}

enum fl_status fl_baseline_read(const char *path, json_t **out, struct fl_error *err)
{
    FILE *in = fopen(path, "re");
    size_t bytes = 0;
    char *text = in == NULL ? NULL : stream_read(in, &bytes);
    const int saved_errno = errno;
    if (in != NULL) {
        fclose(in);
    }
    if (text == NULL) {
        return fl_fail_os(err, FL_IO, saved_errno, "cannot read the results %s", path);
    }
    json_t *document = NULL;
    struct fl_error cause;
    enum fl_status status = fl_baseline_parse(text, bytes, &document, &cause);
    free(text);
    if (status != FL_OK) {
        return fl_fail(err, status, "%s: no JSON: %s", path, cause.message);
    }
    status = schema_check(document, path, err);
    if (status != FL_OK) {
        json_decref(document);
        return status;
    }
    *out = document;
    return FL_OK;
}

enum fl_status fl_baseline_save(const char *path, const char *text, size_t bytes,
                                struct fl_error *err)
{
    struct fl_part_file file;
    const enum fl_status status = fl_part_open(&file, path, err);
    if (status != FL_OK) {
        return status;
    }
    (void)fwrite(text, 1, bytes, file.out); /* closing tells */
    return fl_part_close(&file, err);
}

const json_t *fl_baseline_trace(const json_t *document, const json_t *trace)
{
    const json_t *traces = json_object_get(document, "traces");
    for (size_t i = 0; i < json_array_size(traces); i++) {
        const json_t *other = json_array_get(traces, i);
        if (strcmp(text_of(other, "trace_hash"), text_of(trace, "trace_hash")) == 0) {
            return other;
        }
    }
    return NULL;
}

const json_t *fl_baseline_target(const json_t *trace, const json_t *target)
{
    const json_t *targets = json_object_get(trace, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *other = json_array_get(targets, i);
        if (strcmp(text_of(other, "allocator"), text_of(target, "allocator")) == 0) {
            return other;
        }
    }
    return NULL;
}

bool fl_baseline_is_same(const json_t *was, const json_t *is)
{
    const json_t *only = was == NULL ? is : was;
    const char *word = json_string_value(only);
    const bool is_usual =
        only == NULL || json_is_false(only) || (word != NULL && strcmp(word, "serial") == 0);
    return json_equal(was, is) || ((was == NULL || is == NULL) && is_usual);
}

/* The number of runs may differ: exact figures do not depend on it, timed ones carry theirs. */
static enum fl_status settings_match(const json_t *before, const json_t *now, const char *path,
                                     struct fl_error *err)
{
    static const char *const keys[] = {"check", "touch", "limit_events", "populate", "threads"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *was = json_object_get(json_object_get(before, "settings"), keys[i]);
        json_t *is = json_object_get(json_object_get(now, "settings"), keys[i]);
        if (fl_baseline_is_same(was, is)) {
            continue;
        }
        char *was_text = json_dumps(was, JSON_ENCODE_ANY);
        char *is_text = json_dumps(is, JSON_ENCODE_ANY);
        const enum fl_status status =
            fl_fail(err, FL_USAGE, "%s: the baseline was made with %s %s, this run with %s",
                    path, keys[i], was_text == NULL ? "unknown" : was_text,
                    is_text == NULL ? "unknown" : is_text);
        free(was_text);
        free(is_text);
        return status;
    }
    return FL_OK;
}

static enum fl_status trace_match(const json_t *before, const json_t *trace, const char *path,
                                  struct fl_error *err)
{
    const json_t *old = fl_baseline_trace(before, trace);
    if (old == NULL) {
        return fl_fail(err, FL_USAGE,
                       "%s: the baseline was made with another trace: none of it has the %lld "
                       "events of %s with hash %s",
                       path, (long long)json_integer_value(json_object_get(trace, "events")),
                       text_of(trace, "trace"), text_of(trace, "trace_hash"));
    }
    const json_t *targets = json_object_get(trace, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        if (fl_baseline_target(old, target) == NULL) {
            return fl_fail(err, FL_USAGE, "%s: the baseline has no results of %s with %s", path,
                           text_of(target, "allocator"), text_of(trace, "trace"));
        }
    }
    return FL_OK;
}

enum fl_status fl_baseline_match(const json_t *before, const json_t *now, const char *path,
                                 struct fl_error *err)
{
    if (strcmp(text_of(before, "version"), text_of(now, "version")) != 0) {
        return fl_fail(err, FL_USAGE, "%s: the baseline is of flreplay %s, this is %s", path,
                       text_of(before, "version"), text_of(now, "version"));
    }
    enum fl_status status = settings_match(before, now, path, err);
    const json_t *traces = json_object_get(now, "traces");
    for (size_t i = 0; status == FL_OK && i < json_array_size(traces); i++) {
        status = trace_match(before, json_array_get(traces, i), path, err);
    }
    return status;
}
