/*
 * Unpacking on the way: a layer over an input (input.h). It undoes one compression, and knows
 * by the first bytes which; files that are compressed twice have two layers. Nothing is
 * unpacked but what is asked for, so a few bytes that stand for many cost time, not memory.
 *
 * The compressions' own libraries, and not libarchive, which verifies no checksum of gzip
 * (3.6.2), and undoes zstd in zstd in one go, so that a compressed trace of ours would be taken
 * apart too.
 */
#include "unpack.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_MAX 6u

static const struct fl_unpack_kind *const kinds[] = {&fl_unpack_gzip, &fl_unpack_zstd,
                                                     &fl_unpack_xz, &fl_unpack_zip};

struct unpack {
    struct fl_input_layer layer; /* first: what the input above knows */
    struct fl_input below;
    const struct fl_unpack_kind *kind;
    void *state;          /* of the stream; NULL: between two */
    bool is_at_end;       /* there are no more bytes */
    uint64_t given_bytes; /* unpacked so far */
};
_Static_assert(offsetof(struct unpack, layer) == 0, "a layer is its unpack");

/* Never FL_CORRUPT: nothing can be found behind the place. */
static enum fl_status unpack_fail(const struct unpack *unpack, const char *why,
                                  struct fl_error *err)
{
    const enum fl_status status =
        fl_fail(err, FL_TRUNCATED, "%s: %s: its %s does not unpack further: %s",
                unpack->below.name, fl_status_text(FL_TRUNCATED), unpack->kind->name, why);
    if (err != NULL) {
        err->offset_in_file = fl_input_file_offset(&unpack->below);
    }
    return status;
}

static void stream_end(struct unpack *unpack)
{
    if (unpack->state != NULL) {
        unpack->kind->end(unpack->state);
    }
    unpack->state = NULL;
}

/* Zeros that fill up a block of some device or archive stand between two streams, or behind the
 * last. */
static enum fl_status padding_skip(struct unpack *unpack, const uint8_t **at, size_t *have,
                                   struct fl_error *err)
{
    enum fl_status status;
    while ((status = fl_input_peek(&unpack->below, MAGIC_MAX, at, have, err)) == FL_OK &&
           *have > 0 && **at == 0) {
        fl_input_skip(&unpack->below, 1);
    }
    return status;
}

/* Between two streams: begin another one, or be at the end. */
static enum fl_status stream_next(struct unpack *unpack, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    if (unpack->kind->goes_on == NULL) {
        unpack->is_at_end = true;
        return FL_OK;
    }
    const enum fl_status status = padding_skip(unpack, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    unpack->is_at_end = have == 0;
    if (have > 0 && !unpack->kind->goes_on(at, have)) {
        return unpack_fail(unpack, "something else follows it", err);
    }
    return FL_OK;
}

static enum fl_status stream_begin(struct unpack *unpack, struct fl_error *err)
{
    unpack->state = unpack->kind->begin();
    return unpack->state != NULL
               ? FL_OK
               : fl_fail(err, FL_NOMEM, "no memory to unpack %s", unpack->below.name);
}

/* Some bytes, none at the end of a stream too. */
static enum fl_status stream_read(struct unpack *unpack, uint8_t *at, size_t room, size_t *got,
                                  struct fl_error *err)
{
    struct fl_unpack_span span = {.out = at, .out_bytes = room};
    size_t have;
    const char *why = NULL;
    const enum fl_status status = fl_input_peek(&unpack->below, 1, &span.in, &have, err);
    if (status != FL_OK) {
        return status;
    }
    span.in_bytes = have;
    const enum fl_unpack_outcome outcome = unpack->kind->step(unpack->state, &span, &why);
    fl_input_skip(&unpack->below, have - span.in_bytes);
    *got = room - span.out_bytes;
    if (outcome == FL_UNPACK_FAILED) {
        return unpack_fail(unpack, why, err);
    }
    if (outcome == FL_UNPACK_GOES_ON && span.in_bytes == have && *got == 0) {
        return unpack_fail(unpack, "it ends too early", err);
    }
    if (outcome == FL_UNPACK_STREAM_END) {
        stream_end(unpack);
        return stream_next(unpack, err);
    }
    return FL_OK;
}

/* A file that is compressed twice can stand for any number of bytes. */
static enum fl_status amount_check(const struct unpack *unpack, struct fl_error *err)
{
    if (unpack->given_bytes / FL_UNPACKED_PER_BYTE < fl_input_extent(&unpack->below)) {
        return FL_OK;
    }
    const enum fl_status status = fl_fail(
        err, FL_LIMIT,
        "%s: %s: its %s unpacks to %u times its bytes; it is compressed twice, undo one of "
        "them first",
        unpack->below.name, fl_status_text(FL_LIMIT), unpack->kind->name, FL_UNPACKED_PER_BYTE);
    if (err != NULL) {
        err->offset_in_file = fl_input_file_offset(&unpack->below);
    }
    return status;
}

static enum fl_status layer_read(struct fl_input_layer *layer, uint8_t *at, size_t room,
                                 size_t *got, struct fl_error *err)
{
    struct unpack *unpack = (struct unpack *)layer;
    enum fl_status status = FL_OK;
    *got = 0;
    while (status == FL_OK && *got == 0 && !unpack->is_at_end) {
        if (unpack->state == NULL) {
            status = stream_begin(unpack, err);
        }
        if (status == FL_OK) {
            status = stream_read(unpack, at, room, got, err);
        }
    }
    unpack->given_bytes += *got;
    return status == FL_OK ? amount_check(unpack, err) : status;
}

static uint64_t layer_file_offset(const struct fl_input_layer *layer)
{
    const struct unpack *unpack = (const struct unpack *)layer;
    return unpack->is_at_end && unpack->below.file_bytes > 0
               ? unpack->below.file_bytes /* the rest of a zip is not read */
               : fl_input_file_offset(&unpack->below);
}

static void layer_close(struct fl_input_layer *layer)
{
    struct unpack *unpack = (struct unpack *)layer;
    stream_end(unpack);
    fl_input_close(&unpack->below);
    free(unpack);
}

/* Put the layer over `input`, which moves below it. */
static enum fl_status layer_push(struct fl_input *input, const struct fl_unpack_kind *kind,
                                 struct fl_error *err)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    if (unpack == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory to unpack %s", input->name);
    }
    unpack->layer = (struct fl_input_layer){layer_read, layer_file_offset, layer_close};
    unpack->kind = kind;
    unpack->below = *input;
    *input = (struct fl_input){
        .fd = -1, .layer = &unpack->layer, .file_bytes = unpack->below.file_bytes};
    memcpy(input->name, unpack->below.name, sizeof input->name);
    return FL_OK;
}

enum fl_status fl_unpack(struct fl_input *input, bool *is_packed, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(input, MAGIC_MAX, &at, &have, err);
    *is_packed = false;
    for (size_t i = 0; status == FL_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (have >= kinds[i]->magic_bytes &&
            memcmp(at, kinds[i]->magic, kinds[i]->magic_bytes) == 0) {
            *is_packed = true;
            return layer_push(input, kinds[i], err);
        }
    }
    return status;
}
