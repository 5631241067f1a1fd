/*
 * Opening a file of any format: undo its compression, look at its beginning, and give it to the
 * reader of traces or to the format that knows it.
 */
#include <fl/import.h>

#include <stdio.h>
#include <string.h>

#include "import_internal.h"
#include "unpack.h"

#define LAYERS_MAX  3u /* compressions of one file; more are not made by people */
#define NAMES_BYTES 128u
#define TRACE_LOOK  12u /* bytes by which a trace is known */

void fl_import_list(FILE *out)
{
    for (size_t i = 0; i < fl_import_format_count; i++) {
        const struct fl_import_format *format = fl_import_formats[i];
        fprintf(out, "%-12s  %s\n%-12s  does not say: %s\n", format->name, format->summary, "",
                format->gaps);
    }
    fputs("\nEach may be compressed by gzip, xz or zstd, or be the first file in a zip.\n",
          out);
}

static const struct fl_import_format *format_find(const char *name)
{
    for (size_t i = 0; i < fl_import_format_count; i++) {
        if (strcmp(fl_import_formats[i]->name, name) == 0) {
            return fl_import_formats[i];
        }
    }
    return NULL;
}

static const struct fl_import_format *format_detect(const uint8_t *at, size_t have)
{
    for (size_t i = 0; i < fl_import_format_count; i++) {
        if (fl_import_formats[i]->detect(at, have)) {
            return fl_import_formats[i];
        }
    }
    return NULL;
}

/* "android, mtrace, rep" */
static const char *names_list(char *names)
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < fl_import_format_count && used < NAMES_BYTES; i++) {
        used += (size_t)snprintf(names + used, NAMES_BYTES - used, "%s%s", i == 0 ? "" : ", ",
                                 fl_import_formats[i]->name);
    }
    return names;
}

enum fl_status fl_import_check(const char *from, struct fl_error *err)
{
    char names[NAMES_BYTES];
    if (from == NULL || format_find(from) != NULL) {
        return FL_OK;
    }
    return fl_fail(err, FL_USAGE, "--from=%s: there is no such format, there are %s", from,
                   names_list(names));
}

static enum fl_status layers_undo(struct fl_input *input, struct fl_error *err)
{
    bool is_packed = true;
    enum fl_status status = FL_OK;
    for (unsigned i = 0; status == FL_OK && is_packed; i++) {
        if (i > LAYERS_MAX) {
            return fl_fail(err, FL_LIMIT, "%s is compressed more than %u times", input->name,
                           LAYERS_MAX);
        }
        status = fl_unpack(input, &is_packed, err);
    }
    return status;
}

/* The format of what `input` gives; NULL: it is a trace, or has no bytes, which its reader
 * says. */
static enum fl_status format_choose(struct fl_input *input, const char *from,
                                    const struct fl_import_format **format,
                                    struct fl_error *err)
{
    char names[NAMES_BYTES];
    const uint8_t *at;
    size_t have;
    enum fl_status status = fl_input_peek(input, TRACE_LOOK, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    const bool is_trace = fl_reader_knows(at, have);
    *format = NULL;
    if (is_trace && from != NULL) {
        return fl_fail(err, FL_NOT_A_TRACE, "%s is an flrec trace: --from=%s does not fit",
                       input->name, from);
    }
    if (is_trace || have == 0) {
        return FL_OK;
    }
    status = fl_input_peek(input, FL_IMPORT_DETECT_BYTES, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    *format = from != NULL ? format_find(from) : format_detect(at, have);
    if (*format != NULL) {
        return FL_OK;
    }
    status = fl_fail(err, FL_NOT_A_TRACE, "%s is not an flrec trace, nor any of %s",
                     input->name, names_list(names));
    if (err != NULL) {
        err->offset_in_file = 0;
    }
    return status;
}

/* A reader that imports; takes over `input`. */
static enum fl_status reader_begin(struct fl_input *input,
                                   const struct fl_import_format *format,
                                   struct fl_reader **out, struct fl_error *err)
{
    struct fl_reader *reader = fl_reader_new(&fl_import_source, input);
    struct fl_import *import = reader == NULL ? NULL : fl_import_new(format, reader);
    const enum fl_status status = import == NULL
                                      ? fl_fail(err, FL_NOMEM, "no memory to import a trace")
                                      : fl_import_begin(import, err);
    if (status != FL_OK) {
        fl_reader_close(reader);
        return status;
    }
    *out = reader;
    return FL_OK;
}

/* Takes over `input`. */
static enum fl_status input_open(struct fl_input *input, const char *from,
                                 struct fl_reader **out, struct fl_error *err)
{
    const struct fl_import_format *format = NULL;
    enum fl_status status = layers_undo(input, err);
    if (status == FL_OK) {
        status = format_choose(input, from, &format, err);
    }
    if (status != FL_OK) {
        fl_input_close(input);
        return status;
    }
    return format == NULL ? fl_reader_open_input(input, out, err)
                          : reader_begin(input, format, out, err);
}

enum fl_status fl_import_open(const char *path, const char *from, struct fl_reader **out,
                              struct fl_error *err)
{
    struct fl_input input;
    enum fl_status status = fl_import_check(from, err);
    if (status == FL_OK) {
        status = fl_input_open(&input, path, err);
    }
    return status == FL_OK ? input_open(&input, from, out, err) : status;
}

enum fl_status fl_import_open_fd(int fd, const char *name, const char *from,
                                 struct fl_reader **out, struct fl_error *err)
{
    struct fl_input input;
    const enum fl_status status = fl_import_check(from, err);
    if (status != FL_OK) {
        return status;
    }
    fl_input_open_fd(&input, fd, name);
    return input_open(&input, from, out, err);
}

/* ---- what is known before the first call ---- */

void fl_import_set_times(struct fl_import *import)
{
    import->has_times = true;
}

struct fl_metadata *fl_import_metadata(struct fl_import *import)
{
    return import->reader->meta;
}

struct fl_input *fl_import_input(struct fl_import *import)
{
    return &import->reader->input;
}

static bool metadata_begin(const struct fl_import *import)
{
    struct fl_metadata *meta = import->reader->meta;
    char gaps[256];
    snprintf(gaps, sizeof gaps, "%s%s", import->format->gaps,
             import->has_times ? "" : ", times");
    return fl_metadata_set_text(meta, "imported_from", import->format->name) &&
           fl_metadata_set_text(meta, "import_gaps", gaps) &&
           fl_metadata_set_text(meta, "time", import->has_times ? "ns" : "none");
}

enum fl_status fl_import_begin(struct fl_import *import, struct fl_error *err)
{
    const enum fl_status status =
        import->format->open == NULL ? FL_OK : import->format->open(import, import->state, err);
    if (status == FL_OK && !metadata_begin(import)) {
        return fl_fail(err, FL_NOMEM, "no memory for what is known of %s",
                       import->reader->input.name);
    }
    return status;
}
