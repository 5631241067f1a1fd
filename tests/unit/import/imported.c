/*
 * Imports in memory, and what they give as text. Every operation is held against the rules of
 * struct fl_op on the way: slots are dense, a new object's slot is free, an ended one's was in
 * use.
 */
#include "imported.h"

#include <inttypes.h>
#include <unistd.h>

#include <fl/import.h>

#include "craft.h"

#define SLOTS_MAX 65536u

/* Which slots are in use. */
struct in_use {
    bool slots[SLOTS_MAX];
    uint64_t slot_count; /* ever used */
    uint64_t live, events, serials;
};

static void flags_print(FILE *out, const struct fl_op *op)
{
    static const char *const names[] = {" failed", " null", " unknown", " freed", " implied"};
    for (unsigned bit = 0; bit < 5; bit++) {
        if (op->flags >> bit & 1) {
            fputs(names[bit], out);
        }
    }
}

static void op_print(FILE *out, const struct fl_op *op)
{
    fputs(fl_kind_name(op->kind), out);
    if (op->kind == FL_RECORD_THREAD_START) {
        fprintf(out, " %" PRIu64 " %" PRIu32, op->size_bytes, op->slot);
    } else if (!fl_kind_is_call(op->kind)) {
        fprintf(out, " %" PRIu64, op->size_bytes);
    } else if (op->slot == FL_SLOT_NONE) {
        fputs(" -", out);
    } else {
        fprintf(out, " @%" PRIu32, op->slot);
    }
    if (op->align_log2 != FL_ALIGN_DEFAULT) {
        fprintf(out, " align=%" PRIu64, UINT64_C(1) << op->align_log2);
    }
    if (fl_kind_is_call(op->kind) && op->kind != FL_CALL_FREE) {
        fprintf(out, " %" PRIu64, op->size_bytes);
    }
    flags_print(out, op);
    fputc('\n', out);
}

static void op_check(struct in_use *in_use, const struct fl_op *op)
{
    if (!fl_kind_is_call(op->kind)) {
        return;
    }
    in_use->events += !(op->flags & FL_FLAG_IMPLIED);
    in_use->serials += fl_op_allocates(op);
    if (op->slot == FL_SLOT_NONE) {
        assert_false(fl_op_allocates(op));
        return;
    }
    assert_true(op->slot <= in_use->slot_count && op->slot < SLOTS_MAX);
    in_use->slot_count += op->slot == in_use->slot_count;
    bool *slot = &in_use->slots[op->slot];
    const bool is_new = fl_op_allocates(op) &&
                        ((op->kind != FL_CALL_REALLOC && op->kind != FL_CALL_REALLOCARRAY) ||
                         (op->flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN)) != 0);
    assert_int_equal(*slot, !is_new);
    const bool ends = op->kind >= FL_CALL_FREE && op->kind != FL_CALL_USABLE_SIZE;
    *slot = !ends && !(op->flags & FL_FLAG_FREED);
    in_use->live += is_new;
    in_use->live -= !*slot;
}

static void batch_take(struct imported *imported, struct in_use *in_use,
                       const struct fl_batch *batch)
{
    assert_int_equal(batch->first_event, in_use->events);
    assert_int_equal(batch->first_serial, in_use->serials);
    assert_in_range(batch->count, 1, FL_BATCH_OPS);
    for (size_t i = 0; i < batch->count; i++) {
        op_check(in_use, &batch->ops[i]);
        op_print(imported->text.file, &batch->ops[i]);
    }
}

static void all_read(struct imported *imported, struct fl_reader *reader)
{
    struct in_use *in_use = calloc(1, sizeof *in_use);
    struct fl_batch batch;
    assert_non_null(in_use);
    do {
        imported->ended = fl_reader_next(reader, &batch, &imported->err);
        if (imported->ended == FL_OK) {
            batch_take(imported, in_use, &batch);
        } else if (imported->ended != FL_END) {
            fprintf(imported->text.file, "! %s\n", imported->err.message);
        }
    } while (imported->ended == FL_OK || imported->ended == FL_CORRUPT);
    assert_int_equal(fl_reader_next(reader, &batch, NULL), imported->ended);
    imported->totals = *fl_reader_totals(reader);
    assert_int_equal(imported->totals.events, in_use->events);
    assert_int_equal(imported->totals.live_objects, in_use->live);
    assert_int_equal(imported->totals.peak_live_objects, in_use->slot_count);
    free(in_use);
}

void imported_read(struct imported *imported, const void *bytes, size_t count, const char *from)
{
    struct fl_reader *reader;
    const int fd = craft_file(bytes, count);
    *imported =
        (struct imported){.meta = fl_metadata_new(), .end = fl_metadata_new(), .ended = FL_OK};
    fl_test_output_open(&imported->text);
    imported->opened = fl_import_open_fd(fd, "x", from, &reader, &imported->err);
    if (imported->opened == FL_OK) {
        all_read(imported, reader);
        assert_true(fl_metadata_copy(imported->meta, fl_reader_metadata(reader)));
        assert_true(fl_metadata_copy(imported->end, fl_reader_end_metadata(reader)));
        fl_reader_close(reader);
    }
    close(fd);
}

void imported_clear(struct imported *imported)
{
    fl_test_output_close(&imported->text);
    fl_metadata_free(imported->meta);
    fl_metadata_free(imported->end);
}

void check_import_end(const char *text, const char *from, const char *expected,
                      enum fl_status status)
{
    struct imported imported;
    imported_read(&imported, text, strlen(text), from);
    if (imported.opened != FL_OK) {
        fail_msg("%s", imported.err.message);
    }
    assert_string_equal(fl_test_output_text(&imported.text), expected);
    assert_int_equal(imported.ended, status);
    assert_int_equal(imported.totals.is_complete, status == FL_END);
    imported_clear(&imported);
}

void check_import(const char *text, const char *from, const char *expected)
{
    check_import_end(text, from, expected, FL_END);
}

void check_odd_lines(const char *before, const char *const *lines, size_t count,
                     const char *behind)
{
    for (size_t i = 0; i < count; i++) {
        struct imported imported;
        char text[256];
        const int bytes = snprintf(text, sizeof text, "%s\n%s\n%s\n", before, lines[i], behind);
        imported_read(&imported, text, (size_t)bytes, NULL);
        assert_int_equal(imported.ended, FL_END);
        if (imported_number(&imported, "malformed") != 1) {
            fail_msg("'%s' is taken", lines[i]);
        }
        assert_int_equal(imported.totals.events, 2);
        assert_int_equal(imported.totals.lost_events, 1);
        imported_clear(&imported);
    }
}

void check_refused(const void *bytes, size_t count, const char *from, enum fl_status status,
                   const char *message)
{
    struct imported imported;
    imported_read(&imported, bytes, count, from);
    assert_int_equal(imported.opened, status);
    if (message != NULL) {
        assert_string_equal(imported.err.message, message);
    }
    imported_clear(&imported);
}

uint64_t imported_number(const struct imported *imported, const char *name)
{
    const char *text = fl_metadata_get(imported->end, name, NULL);
    assert_non_null(text);
    return strtoull(text, NULL, 10);
}
