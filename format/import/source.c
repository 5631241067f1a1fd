/*
 * The source of a reader that imports: batches of named calls, what is to be reported between
 * them, and the end.
 */
#include "import_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include <fl/import.h>

static bool end_metadata_set(const struct fl_import *import)
{
    struct fl_metadata *end = import->reader->end_meta;
    return fl_metadata_set_number(end, "threads", import->thread_count) &&
           fl_metadata_set_number(end, "unknown_frees", import->unknown_frees) &&
           fl_metadata_set_number(end, "implied_frees", import->implied_frees) &&
           fl_metadata_set_number(end, "malformed", import->malformed);
}

/* Malformed parts that were only counted, told once; the next call gives the end. */
static enum fl_status rest_report(struct fl_import *import, struct fl_error *err)
{
    const uint64_t rest = import->malformed - FL_IMPORT_REPORTS_MAX;
    import->is_rest_told = true;
    return fl_import_fail(import, FL_CORRUPT, err, "%" PRIu64 " more are malformed", rest);
}

/* The file is at its end: FL_END, or what is wrong with the whole of it. */
static enum fl_status end_check(struct fl_import *import, struct fl_error *err)
{
    if (import->malformed > FL_IMPORT_REPORTS_MAX && !import->is_rest_told) {
        return rest_report(import, err);
    }
    if (import->malformed > 0 && import->understood == 0) {
        return fl_import_hopeless(import, err);
    }
    const enum fl_status status =
        import->format->end == NULL ? FL_OK : import->format->end(import, import->state, err);
    return status == FL_OK ? FL_END : status;
}

static enum fl_status end_reach(struct fl_import *import, struct fl_error *err)
{
    struct fl_reader *reader = import->reader;
    if (!end_metadata_set(import)) {
        return fl_fail(err, FL_NOMEM, "no memory for what is known of %s", reader->input.name);
    }
    reader->has_end = true;
    reader->totals.is_complete = true;
    return fl_fail(err, FL_END, "%s: %s", reader->input.name, fl_status_text(FL_END));
}

static enum fl_status import_step(struct fl_import *import, struct fl_error *err)
{
    enum fl_status status = import->format->next(import, import->state, err);
    if (status == FL_END) {
        status = end_check(import, err);
    }
    fl_import_name(import);
    if (import->is_out_of_memory) {
        return fl_fail(err, FL_NOMEM, "no memory for the live objects of %s",
                       import->reader->input.name);
    }
    return status == FL_END ? end_reach(import, err) : status;
}

static void batch_fill(struct fl_import *import, struct fl_batch *out)
{
    struct fl_reader_totals *totals = &import->reader->totals;
    *out = (struct fl_batch){.ops = import->reader->ops,
                             .count = import->op_count,
                             .first_event = import->batch_first_event,
                             .first_serial = import->batch_first_serial};
    totals->records += import->op_count;
    totals->events = import->events;
    totals->live_objects = fl_slots_live(&import->slots);
    totals->peak_live_objects = import->slots.slot_count;
    totals->compressed_bytes = fl_input_file_offset(&import->reader->input);
    totals->decoded_bytes = import->reader->input.offset;
}

static enum fl_status import_next(struct fl_reader *reader, struct fl_batch *out,
                                  struct fl_error *err)
{
    struct fl_import *import = reader->imported;
    if (import->pending.status != FL_OK) { /* it came behind the last batch */
        *err = import->pending;
        import->pending.status = FL_OK;
        return err->status;
    }
    import->op_count = 0;
    import->batch_first_event = import->events;
    import->batch_first_serial = import->serials;
    const enum fl_status status = import_step(import, err);
    batch_fill(import, out);
    if (import->op_count > 0 && status != FL_OK) {
        import->pending = *err;
        return FL_OK;
    }
    return status;
}

bool fl_import_is_foreign(const struct fl_reader *reader)
{
    return reader->source == &fl_import_source;
}

static void import_close(struct fl_reader *reader)
{
    struct fl_import *import = reader->imported;
    if (import == NULL) {
        return;
    }
    if (import->format->close != NULL && import->state != NULL) {
        import->format->close(import->state);
    }
    fl_namer_free(import->objects);
    fl_namer_free(import->threads);
    fl_slots_clear(&import->slots);
    free(import->state);
    free(import);
}

const struct fl_reader_source fl_import_source = {.next = import_next, .close = import_close};

struct fl_import *fl_import_new(const struct fl_import_format *format, struct fl_reader *reader)
{
    struct fl_import *import = calloc(1, sizeof *import);
    if (import == NULL) {
        return NULL;
    }
    import->format = format;
    import->reader = reader;
    reader->imported = import; /* the reader ends it, whatever is missing */
    import->state = calloc(1, format->state_bytes + 1);
    import->objects = fl_namer_new();
    import->threads = fl_namer_new();
    const bool has_slots = fl_slots_init(&import->slots);
    return import->state != NULL && import->objects != NULL && import->threads != NULL &&
                   has_slots
               ? import
               : NULL;
}
