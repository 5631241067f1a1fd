/*
 * Reading a trace: one pass over its frames. A chunk's frame is decompressed and its checksum
 * verified before an operation of it is delivered; what is damaged is reported and passed over
 * by searching for the next chunk header that carries a valid check.
 *
 * The states: at a frame border, inside a chunk (batches are being delivered), behind the end
 * record, final (the last status is given again).
 */
#include "reader_internal.h"

#include <stdlib.h>

#include <xxhash.h>

#include "metadata.h"

static enum fl_status frames_next(struct fl_reader *reader, struct fl_batch *out,
                                  struct fl_error *err);

static const struct fl_reader_source frames = {.next = frames_next};

static enum fl_status fail_at(struct fl_error *err, enum fl_status status, uint64_t offset,
                              uint64_t chunk)
{
    if (err != NULL) {
        err->offset_in_file = offset;
        err->chunk = chunk;
    }
    return status;
}

/* Remember a final status, and give it. */
static enum fl_status finish(struct fl_reader *reader, const struct fl_error *why,
                             struct fl_error *err)
{
    reader->final = *why;
    if (err != NULL) {
        *err = *why;
    }
    return why->status;
}

enum fl_status fl_reader_finish(struct fl_reader *reader, enum fl_status status,
                                uint64_t offset, const char *detail, struct fl_error *err)
{
    struct fl_error why;
    fl_fail(&why, status, "%s: %s%s", reader->input.name, fl_status_text(status), detail);
    fail_at(&why, status, offset, reader->next_sequence);
    return finish(reader, &why, err);
}

enum fl_status fl_reader_damage(struct fl_reader *reader, uint64_t offset, const char *what,
                                struct fl_error *err)
{
    reader->has_damage = true;
    reader->is_gap_reported = true;
    reader->decoder.has_gaps = true;
    fl_fail(err, FL_CORRUPT, "%s: %s: %s", reader->input.name, fl_status_text(FL_CORRUPT),
            what);
    return fail_at(err, FL_CORRUPT, offset, reader->next_sequence);
}

/* ---- file header ---- */

static enum fl_status no_memory(struct fl_error *err)
{
    return fl_fail(err, FL_NOMEM, "no memory for a trace reader");
}

bool fl_reader_knows(const uint8_t *at, size_t have)
{
    return have >= 12 &&
           (fl_load32(at) == FL_SKIPPABLE_MAGIC || fl_load32(at + 8) == FL_TAG_HEADER);
}

static enum fl_status header_versions(const struct fl_reader *reader, const uint8_t *content,
                                      struct fl_error *err)
{
    const unsigned major = fl_load16(content + 4);
    if (major != FL_FORMAT_MAJOR) {
        fl_fail(err, FL_VERSION, "%s has format version %u.%u, this reader knows %u",
                reader->input.name, major, fl_load16(content + 6), FL_FORMAT_MAJOR);
        return fail_at(err, FL_VERSION, FL_SKIPPABLE_BYTES + 4, FL_NO_CHUNK);
    }
    const uint64_t required = fl_load64(content + 8);
    if (required != 0) {
        fl_fail(err, FL_FEATURE, "%s requires feature bit %d, which this reader does not know",
                reader->input.name, __builtin_ctzll(required));
        return fail_at(err, FL_FEATURE, FL_SKIPPABLE_BYTES + 8, FL_NO_CHUNK);
    }
    return FL_OK;
}

bool fl_check_is_valid(const uint8_t *content, size_t bytes)
{
    return bytes >= FL_CHECK_BYTES && fl_load64(content + bytes - FL_CHECK_BYTES) ==
                                          XXH64(content, bytes - FL_CHECK_BYTES, 0);
}

/* The metadata of a header whose check is right. Bytes behind it belong to a later version. */
static enum fl_status header_metadata_read(struct fl_reader *reader, const uint8_t *content,
                                           size_t bytes)
{
    const uint32_t meta_bytes = fl_load32(content + 24);
    if (meta_bytes > bytes - FL_HEADER_FIXED_BYTES - FL_CHECK_BYTES) {
        return FL_CORRUPT;
    }
    const struct fl_cursor from = {content + FL_HEADER_FIXED_BYTES,
                                   content + FL_HEADER_FIXED_BYTES + meta_bytes};
    return fl_metadata_decode(from, reader->meta);
}

/* The content of the header frame, `bytes` of which `have` are there. Damage costs the
 * metadata, not the chunks: the first fl_reader_next reports it and searches. */
static enum fl_status header_take(struct fl_reader *reader, const uint8_t *content,
                                  size_t bytes, size_t have, struct fl_error *err)
{
    reader->is_header_cut = have < bytes;
    reader->is_header_damaged = have < bytes || !fl_check_is_valid(content, bytes);
    if (reader->is_header_damaged) {
        return FL_OK;
    }
    enum fl_status status = header_versions(reader, content, err);
    if (status != FL_OK) {
        return status;
    }
    status = header_metadata_read(reader, content, bytes);
    if (status == FL_NOMEM) {
        return no_memory(err);
    }
    reader->is_header_damaged = status != FL_OK;
    if (!reader->is_header_damaged) {
        reader->walked.header_bytes = FL_SKIPPABLE_BYTES + bytes;
        fl_input_skip(&reader->input, FL_SKIPPABLE_BYTES + bytes);
    }
    return FL_OK;
}

/* Is this the beginning of a header frame, within its limits? */
static bool header_begins(const uint8_t *at, size_t bytes)
{
    return fl_load32(at) == FL_SKIPPABLE_MAGIC && fl_load32(at + 8) == FL_TAG_HEADER &&
           bytes <= FL_METADATA_BYTES_MAX && bytes >= FL_HEADER_FIXED_BYTES + FL_CHECK_BYTES;
}

static enum fl_status header_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    enum fl_status status = fl_input_peek(&reader->input, 12, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have == 0) {
        return fl_fail(err, FL_EMPTY, "%s is empty", reader->input.name);
    }
    if (!fl_reader_knows(at, have)) {
        fl_fail(err, FL_NOT_A_TRACE, "%s is not an flrec trace", reader->input.name);
        return fail_at(err, FL_NOT_A_TRACE, 0, FL_NO_CHUNK);
    }
    const size_t bytes = fl_load32(at + 4);
    if (!header_begins(at, bytes)) {
        reader->is_header_damaged = true;
        return FL_OK;
    }
    status = fl_input_peek(&reader->input, FL_SKIPPABLE_BYTES + bytes, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    return header_take(reader, at + FL_SKIPPABLE_BYTES, bytes, have - FL_SKIPPABLE_BYTES, err);
}

struct fl_reader *fl_reader_new(const struct fl_reader_source *source, struct fl_input *input)
{
    struct fl_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        fl_input_close(input);
        return NULL;
    }
    reader->source = source;
    reader->input = *input;
    reader->meta = fl_metadata_new();
    reader->end_meta = fl_metadata_new();
    reader->ops = malloc(FL_BATCH_OPS * sizeof *reader->ops);
    if (reader->meta == NULL || reader->end_meta == NULL || reader->ops == NULL) {
        fl_reader_close(reader);
        return NULL;
    }
    return reader;
}

/* What a reader of frames needs besides. */
static bool frames_begin(struct fl_reader *reader)
{
    reader->context = ZSTD_createDCtx();
    return reader->context != NULL && fl_slots_init(&reader->decoder.slots);
}

enum fl_status fl_reader_open_input(struct fl_input *input, struct fl_reader **out,
                                    struct fl_error *err)
{
    struct fl_reader *reader = fl_reader_new(&frames, input);
    if (reader == NULL) {
        return no_memory(err);
    }
    const enum fl_status status =
        frames_begin(reader) ? header_read(reader, err) : no_memory(err);
    if (status != FL_OK) {
        fl_reader_close(reader);
        return status;
    }
    *out = reader;
    return FL_OK;
}

enum fl_status fl_reader_open(const char *path, struct fl_reader **out, struct fl_error *err)
{
    struct fl_input input;
    const enum fl_status status = fl_input_open(&input, path, err);
    return status == FL_OK ? fl_reader_open_input(&input, out, err) : status;
}

enum fl_status fl_reader_open_fd(int fd, const char *name, struct fl_reader **out,
                                 struct fl_error *err)
{
    struct fl_input input;
    fl_input_open_fd(&input, fd, name);
    return fl_reader_open_input(&input, out, err);
}

void fl_reader_close(struct fl_reader *reader)
{
    if (reader != NULL) {
        if (reader->source->close != NULL) {
            reader->source->close(reader);
        }
        fl_input_close(&reader->input);
        fl_metadata_free(reader->meta);
        fl_metadata_free(reader->end_meta);
        ZSTD_freeDCtx(reader->context);
        fl_slots_clear(&reader->decoder.slots);
        fl_stacks_free(reader->stacks);
        free(reader->op_stacks);
        free(reader->payload);
        free(reader->ops);
        free(reader);
    }
}

/* ---- search ---- */

/* How far the search looks ahead. An end record that is longer than the margin is not found;
 * the bound keeps the work per byte bounded whatever a file pretends. */
#define RESYNC_WINDOW (256u * 1024)
#define RESYNC_MARGIN (64u * 1024)

/* Does an undamaged chunk header, or the end record, begin at `at`? */
static bool is_landmark(const uint8_t *at, size_t have)
{
    struct fl_chunk_header header;
    if (fl_load32(at) != FL_SKIPPABLE_MAGIC) {
        return false;
    }
    if (have >= FL_CHUNK_FRAME_BYTES && fl_chunk_header_decode(at, &header)) {
        return true;
    }
    if (have < 12 || fl_load32(at + 8) != FL_TAG_END) {
        return false;
    }
    const size_t bytes = fl_load32(at + 4);
    return bytes <= RESYNC_MARGIN - FL_SKIPPABLE_BYTES && bytes <= have - FL_SKIPPABLE_BYTES &&
           fl_check_is_valid(at + FL_SKIPPABLE_BYTES, bytes);
}

/* Place of the first landmark from `from` on, or as far as can be told from what is there. */
static size_t landmark_find(const uint8_t *at, size_t have, size_t from, bool is_at_end,
                            bool *is_found)
{
    const size_t keep = is_at_end ? 4 : RESYNC_MARGIN;
    size_t i = from;
    *is_found = false;
    while (have - i >= keep) {
        *is_found = is_landmark(at + i, have - i);
        if (*is_found) {
            return i;
        }
        i++;
    }
    return is_at_end ? have : i;
}

/* Search behind the damage for the next landmark, or the end of the file. */
static enum fl_status resync(struct fl_reader *reader, struct fl_error *err)
{
    bool is_found = false;
    size_t from = 1; /* what stands here is what was damaged */
    for (;;) {
        const uint8_t *at;
        size_t have;
        const enum fl_status status =
            fl_input_peek(&reader->input, RESYNC_WINDOW, &at, &have, err);
        if (status != FL_OK) {
            return status;
        }
        const bool is_at_end = have < RESYNC_WINDOW;
        fl_input_skip(&reader->input, landmark_find(at, have, from, is_at_end, &is_found));
        if (is_found || is_at_end) {
            reader->must_resync = false;
            return FL_OK;
        }
        from = 0;
    }
}

/* ---- frames ---- */

/* Nothing is left in the file. */
static enum fl_status file_end(struct fl_reader *reader, struct fl_error *err)
{
    const uint64_t offset = reader->input.offset;
    reader->totals.compressed_bytes = fl_input_file_offset(&reader->input);
    if (!reader->has_end) {
        return fl_reader_finish(reader, FL_TRUNCATED, offset, " before its end record", err);
    }
    if (!reader->has_seek_table) {
        return fl_reader_finish(reader, FL_TRUNCATED, offset,
                                " before its index and seek table", err);
    }
    return fl_reader_finish(reader, FL_END, offset, "", err);
}

/* Something follows the end: reported once, and what follows is not read. */
static enum fl_status overlong_damage(struct fl_reader *reader, const uint8_t *at, size_t have,
                                      struct fl_error *err)
{
    const bool is_trace = have >= 12 && fl_load32(at + 8) == FL_TAG_HEADER;
    (void)fl_reader_finish(reader, FL_END, reader->input.offset, "", NULL);
    return fl_reader_damage(
        reader, reader->input.offset,
        is_trace ? "another trace follows its end" : "something follows its end", err);
}

static enum fl_status frame_read(struct fl_reader *reader, struct fl_error *err)
{
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(&reader->input, 12, &at, &have, err);
    if (status != FL_OK) {
        return status;
    }
    if (have == 0) {
        return file_end(reader, err);
    }
    if (reader->has_seek_table) {
        return overlong_damage(reader, at, have, err);
    }
    if (have < 12) {
        return fl_reader_finish(reader, FL_TRUNCATED, reader->input.offset,
                                " inside a frame header", err);
    }
    const size_t bytes = fl_load32(at + 4);
    if (fl_tail_begins(at) && bytes <= FL_INDEX_BYTES_MAX && bytes >= FL_INDEX_FIXED_BYTES) {
        return fl_tail_read(reader, bytes, err);
    }
    if (reader->has_end) {
        return overlong_damage(reader, at, have, err);
    }
    if (fl_load32(at) == FL_SKIPPABLE_MAGIC) {
        return fl_chunk_read(reader, err);
    }
    reader->must_resync = true;
    reader->totals.damaged_chunks++;
    return fl_reader_damage(reader, reader->input.offset, "no chunk header where one should be",
                            err);
}

/* The header was damaged: go to the first landmark, and say so. A header that was cut, with
 * nothing behind it, is the end of a truncated trace. */
static enum fl_status header_damage(struct fl_reader *reader, struct fl_error *err)
{
    const enum fl_status status = resync(reader, err);
    if (status != FL_OK) {
        return status;
    }
    reader->is_header_damaged = false;
    if (reader->is_header_cut && reader->input.begin == reader->input.end) {
        return fl_reader_finish(reader, FL_TRUNCATED, 0, " inside its file header", err);
    }
    (void)fl_reader_damage(reader, 0, "the file header", err);
    (void)fail_at(err, FL_CORRUPT, 0, FL_NO_CHUNK);
    reader->decoder.has_gaps = reader->is_gap_reported = false; /* no chunk was lost */
    return FL_CORRUPT;
}

static enum fl_status frames_next(struct fl_reader *reader, struct fl_batch *out,
                                  struct fl_error *err)
{
    if (reader->is_header_damaged) {
        return header_damage(reader, err);
    }
    if (reader->must_resync) {
        return resync(reader, err);
    }
    return reader->is_in_chunk ? fl_chunk_deliver(reader, out, err) : frame_read(reader, err);
}

enum fl_status fl_reader_next(struct fl_reader *reader, struct fl_batch *out,
                              struct fl_error *err)
{
    if (reader->final.status != FL_OK) {
        return finish(reader, &reader->final, err);
    }
    struct fl_batch batch = {.count = 0};
    struct fl_error why;
    for (;;) {
        const enum fl_status status = reader->source->next(reader, &batch, &why);
        if (status != FL_OK) {
            if (status != FL_CORRUPT) {
                reader->final = why;
            }
            if (err != NULL) {
                *err = why;
            }
            return status;
        }
        if (batch.count > 0) {
            *out = batch;
            return FL_OK;
        }
    }
}

enum fl_status fl_reader_keep_stacks(struct fl_reader *reader, struct fl_error *err)
{
    reader->stacks = fl_stacks_new();
    reader->op_stacks = calloc(FL_BATCH_OPS, sizeof *reader->op_stacks);
    if (reader->stacks == NULL || reader->op_stacks == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for call stacks");
    }
    return FL_OK;
}

const struct fl_stacks *fl_reader_stacks(const struct fl_reader *reader)
{
    return reader->stacks;
}

uint32_t fl_reader_stack(const struct fl_reader *reader, size_t i)
{
    return reader->stacks != NULL && reader->ops[i].kind <= FL_CALL_PVALLOC
               ? reader->op_stacks[i]
               : FL_STACK_NONE;
}

const struct fl_metadata *fl_reader_metadata(const struct fl_reader *reader)
{
    return reader->meta;
}

const struct fl_metadata *fl_reader_end_metadata(const struct fl_reader *reader)
{
    return reader->has_end ? reader->end_meta : NULL;
}

const struct fl_reader_totals *fl_reader_totals(const struct fl_reader *reader)
{
    return &reader->totals;
}

const char *fl_reader_text(const struct fl_reader *reader, const struct fl_op *op,
                           size_t *bytes)
{
    *bytes = op->slot;
    return (const char *)reader->decoder.payload + op->size_bytes;
}

uint64_t fl_reader_file_bytes(const struct fl_reader *reader)
{
    return reader->input.file_bytes;
}
