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

/* What a format reported: a call that waits for its name, or a record between calls. */
struct fl_import_call {
    uint64_t address;     /* what the call returned, or was given to free; 0: NULL */
    uint64_t old_address; /* what realloc was given */
    uint64_t size_bytes;  /* or the record's number */
    uint32_t tid;         /* THREAD_START: the system's number of the thread */
    uint8_t kind;         /* enum fl_kind */
    uint8_t align_log2;
    bool is_null_when_dead; /* an old address that names nothing live is NULL, not unknown */
};

#define FL_IMPORT_BATCH                                                                        \
    (FL_BATCH_OPS / 2)           /* calls and records: a call is two operations at most */
#define FL_IMPORT_REPORTS_MAX 5u /* malformed parts that are reported one by one */

struct fl_import {
    const struct fl_import_format *format;
    void *state; /* of the format, owned */
    struct fl_reader *reader;
    struct fl_text_place text;
    struct fl_namer *objects; /* address to slot */
    struct fl_namer *threads; /* system's thread id to number */
    struct fl_slots slots;    /* which ones are free; serials are not used */
    struct fl_import_call calls[FL_IMPORT_BATCH]; /* not named yet */
    size_t call_count;
    size_t op_count;          /* operations of the batch so far, in reader->ops */
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

/* Name the calls that wait: their operations go to reader->ops. */
void fl_import_name(struct fl_import *import);

/* FL_NOT_A_TRACE: nothing in the file was understood. */
enum fl_status fl_import_hopeless(const struct fl_import *import, struct fl_error *err);

/* The source of an importing reader: reader->imported is a struct fl_import. */
extern const struct fl_reader_source fl_import_source;

/* Begin to import `format`: what reader->imported becomes. NULL: no memory. */
struct fl_import *fl_import_new(const struct fl_import_format *format,
                                struct fl_reader *reader);

/* Metadata that every imported trace has, and what the format adds. */
enum fl_status fl_import_begin(struct fl_import *import, struct fl_error *err);

#endif
