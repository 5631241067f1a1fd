/* The state of an import, and what calls.c, text.c, formats.c and import.c give each other. */
#ifndef FL_IMPORT_INTERNAL_H
#define FL_IMPORT_INTERNAL_H

#include "importer.h"

#include <fl/namer.h>

#include "reader_internal.h"

/* The text formats' place in the bytes. */
struct fl_text_place {
    struct fl_cursor window;  /* what was read and not taken as a line yet */
    const uint8_t *peeked_at; /* where the bytes of the input that are not used up begin */
    uint64_t line;            /* number of the last one taken, from 1 */
    bool is_last;             /* nothing follows the window */
};

struct fl_import {
    const struct fl_import_format *format;
    void *state; /* of the format, owned */
    struct fl_reader *reader;
    struct fl_text_place text;
    struct fl_namer *objects; /* address to slot */
    struct fl_namer *threads; /* system's thread id to number */
    struct fl_slots slots;    /* which ones are free; serials are not used */
    size_t count;             /* operations of the batch so far, in reader->ops */
    uint64_t events, serials; /* reported so far */
    uint64_t batch_first_event, batch_first_serial;
    struct fl_error pending; /* to be given after the batch; FL_OK: nothing */
    bool is_out_of_memory;
    bool has_times, has_begun; /* the latter: a time was said */
    uint64_t now_ns;
    bool has_thread;
    uint32_t tid; /* of the thread at work */
    uint64_t thread_count;
    uint64_t unknown_frees, implied_frees;
    uint64_t malformed, understood; /* lines or records */
    bool is_rest_told;              /* the number of malformed ones that were not reported */
};

extern const struct fl_import_format *const fl_import_formats[];
extern const size_t fl_import_format_count;

/* The source of an importing reader: reader->imported is a struct fl_import. */
extern const struct fl_reader_source fl_import_source;

/* Begin to import `format`: what reader->imported becomes. NULL: no memory. */
struct fl_import *fl_import_new(const struct fl_import_format *format,
                                struct fl_reader *reader);

/* Metadata that every imported trace has, and what the format adds. */
enum fl_status fl_import_begin(struct fl_import *import, struct fl_error *err);

#endif
