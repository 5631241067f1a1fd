/*
 * Whole traces as the writer makes them, and what disks and interrupted copies make of them.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include <fl/stacks.h>
#include <fl/writer.h>

static void must(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "make_golden: %s failed\n", what);
        exit(1);
    }
}

/* ---- what the writer makes ---- */

struct making {
    int fd;
    struct fl_writer *writer;
};

static struct making making_begin(uint32_t chunk_records, bool has_stacks)
{
    const struct fl_writer_options options = {.chunk_records = chunk_records,
                                              .has_stacks = has_stacks};
    struct making making = {.fd = craft_file(NULL, 0)};
    struct fl_metadata *meta = fl_metadata_new();
    must(fl_metadata_set_text(meta, "recorder", "make_golden") &&
             fl_metadata_set_text(meta, "exe", "/usr/bin/example") &&
             fl_metadata_set(meta, "argv", "example\0-x", 10) &&
             fl_metadata_set_number(meta, "pid", 4711) &&
             fl_metadata_set_number(meta, "page_size", 4096) &&
             fl_metadata_set_text(meta, "time", "ns") &&
             (!has_stacks || fl_metadata_set_number(meta, "stack_depth", 64)),
         "metadata");
    must(fl_writer_open(making.fd, &options, meta, &making.writer, NULL) == FL_OK, "writer");
    fl_metadata_free(meta);
    return making;
}

static void making_end(struct making *making, struct craft *out)
{
    struct fl_metadata *end = fl_metadata_new();
    must(fl_metadata_set_number(end, "exit_status", 0), "metadata");
    must(fl_writer_finish(making->writer, end, NULL, NULL) == FL_OK, "writer");
    fl_metadata_free(end);
    size_t bytes;
    uint8_t *file = craft_load(making->fd, &bytes);
    craft_put(out, file, bytes);
    free(file);
    close(making->fd);
}

static void put(struct making *making, enum fl_kind kind, unsigned flags, uint64_t serial,
                uint64_t size_bytes)
{
    const struct fl_event event = {.serial = serial,
                                   .size_bytes = size_bytes,
                                   .kind = (uint8_t)kind,
                                   .flags = (uint8_t)flags};
    must(fl_writer_put(making->writer, &event, 0, NULL) == FL_OK, "put");
}

static void put_aligned(struct making *making, enum fl_kind kind, unsigned flags,
                        unsigned align_log2, uint64_t size_bytes)
{
    const struct fl_event event = {.serial = FL_SERIAL_NONE,
                                   .size_bytes = size_bytes,
                                   .kind = (uint8_t)kind,
                                   .align_log2 = (uint8_t)align_log2,
                                   .flags = (uint8_t)flags};
    must(fl_writer_put(making->writer, &event, 0, NULL) == FL_OK, "put");
}

static void make_whole_empty(struct craft *out)
{
    struct making making = making_begin(0, false);
    making_end(&making, out);
}

static void make_whole_calls(struct craft *out)
{
    struct making making = making_begin(0, false);
    struct making *m = &making;
    const uint64_t none = FL_SERIAL_NONE;
    put(m, FL_CALL_MALLOC, 0, none, 24);   /* #0 */
    put(m, FL_CALL_MALLOC, 0, none, 1025); /* #1 */
    put(m, FL_CALL_CALLOC, 0, none, 4096); /* #2 */
    put(m, FL_CALL_REALLOC, 0, 0, 48);     /* #3 */
    put(m, FL_CALL_REALLOC, FL_FLAG_NULL, none, 7) /* #4 */;
    put(m, FL_CALL_REALLOCARRAY, 0, 1, 2000);           /* #5 */
    put(m, FL_CALL_REALLOC, FL_FLAG_UNKNOWN, none, 64); /* #6 */
    put_aligned(m, FL_CALL_POSIX_MEMALIGN, 0, 6, 100);  /* #7 */
    put_aligned(m, FL_CALL_ALIGNED_ALLOC, 0, 12, 8192); /* #8 */
    put_aligned(m, FL_CALL_MEMALIGN, 0, 5, 0);          /* #9 */
    put_aligned(m, FL_CALL_VALLOC, 0, 12, 1);           /* #10 */
    put_aligned(m, FL_CALL_PVALLOC, 0, 12, 4096);       /* #11 */
    put(m, FL_CALL_USABLE_SIZE, 0, 3, 56);
    put(m, FL_CALL_USABLE_SIZE, FL_FLAG_NULL, none, 0);
    put(m, FL_CALL_MALLOC, FL_FLAG_FAILED, none, UINT64_MAX);
    put(m, FL_CALL_CALLOC, FL_FLAG_FAILED, none, UINT64_MAX);
    put(m, FL_CALL_REALLOC, FL_FLAG_FAILED, 3, UINT64_C(1) << 62);
    put_aligned(m, FL_CALL_POSIX_MEMALIGN, FL_FLAG_FAILED, FL_ALIGN_INVALID, 3);
    put(m, FL_CALL_REALLOC, FL_FLAG_FREED, 4, 0);
    put(m, FL_CALL_FREE, 0, 2, 0);
    put(m, FL_CALL_FREE, FL_FLAG_NULL, none, 0);
    put(m, FL_CALL_FREE, FL_FLAG_UNKNOWN, none, 0);
    put(m, FL_CALL_FREE_SIZED, 0, 3, 48);
    put_aligned(m, FL_CALL_MALLOC, 0, 0, 16); /* #12 */
    put(m, FL_CALL_FREE, FL_FLAG_IMPLIED, 12, 0);
    put(m, FL_CALL_FREE, 0, 11, 0);
    put(m, FL_CALL_FREE, 0, 5, 0);
    making_end(m, out);
}

static void make_whole_records(struct craft *out)
{
    struct making making = making_begin(4, false);
    struct making *m = &making;
    for (uint64_t thread = 0; thread < 3; thread++) {
        const struct fl_event start = {.serial = FL_SERIAL_NONE,
                                       .size_bytes = thread,
                                       .extra = (uint32_t)(4711 + thread),
                                       .kind = FL_RECORD_THREAD_START};
        must(fl_writer_put(m->writer, &start, 0, NULL) == FL_OK, "put");
        put(m, FL_RECORD_THREAD, 0, FL_SERIAL_NONE, thread);
        put(m, FL_CALL_MALLOC, 0, FL_SERIAL_NONE, 100 * thread);
        put(m, FL_RECORD_TICK, 0, FL_SERIAL_NONE, thread == 1 ? 300000 : 1234567);
    }
    must(fl_writer_mark(m->writer, "phase \"2\"\n\xFF", 11, NULL) == FL_OK, "mark");
    put(m, FL_RECORD_LOST, 0, FL_SERIAL_NONE, 5);
    put(m, FL_CALL_FREE, 0, 1, 0);
    put(m, FL_RECORD_THREAD_END, 0, FL_SERIAL_NONE, 2);
    making_end(m, out);
}

static void make_whole_stacks(struct craft *out)
{
    struct making making = making_begin(2, true);
    const struct fl_module module = {"/usr/bin/example", "ab01", 0x1000, 0x2000};
    uint32_t number;
    must(fl_writer_module(making.writer, &module, &number, NULL) == FL_OK, "module");
    for (uint64_t i = 0; i < 6; i++) {
        const struct fl_frame outer = {.address = 0x1100, .parent = 0, .module = number};
        const uint32_t parent = fl_writer_frame(making.writer, &outer);
        const struct fl_frame inner = {
            .address = 0x7000 + i / 2, .parent = parent, .module = FL_MODULE_NONE};
        const struct fl_event event = {.serial = FL_SERIAL_NONE,
                                       .size_bytes = 16 * i,
                                       .extra = i == 3 ? FL_STACK_NONE
                                                       : fl_writer_frame(making.writer, &inner),
                                       .kind = FL_CALL_MALLOC};
        must(fl_writer_put(making.writer, &event, 0, NULL) == FL_OK, "put");
    }
    making_end(&making, out);
}

/* ---- broken afterwards: four chunks, each with objects that a later one frees ---- */

#define CHUNKS 4u

static void make_base(struct craft *out)
{
    struct making making = making_begin(4, false);
    for (uint64_t i = 0; i < 2 * CHUNKS; i++) {
        put(&making, FL_CALL_MALLOC, 0, FL_SERIAL_NONE, 8 * i + 5);
        put(&making, FL_CALL_FREE, i < 2 ? FL_FLAG_NULL : 0, i < 2 ? FL_SERIAL_NONE : i - 2, 0);
    }
    making_end(&making, out);
}

/* Where chunk `i` begins; for i = CHUNKS, where the end record does; then index and seek
 * table. */
static size_t place(const struct craft *craft, unsigned i)
{
    size_t at = FL_SKIPPABLE_BYTES + fl_load32(craft->at + 4);
    for (; i > 0; i--) {
        struct fl_chunk_header header;
        at += fl_chunk_header_decode(craft->at + at, &header)
                  ? FL_CHUNK_FRAME_BYTES + header.compressed_bytes
                  : FL_SKIPPABLE_BYTES + fl_load32(craft->at + at + 4);
    }
    return at;
}

#define AT_END   CHUNKS
#define AT_INDEX (CHUNKS + 1)
#define AT_SEEK  (CHUNKS + 2)

static void put_parts(struct craft *out, const struct craft *base, unsigned from, unsigned to)
{
    craft_put(out, base->at + place(base, from), place(base, to) - place(base, from));
}

static void put_file_header(struct craft *out, const struct craft *base)
{
    craft_put(out, base->at, place(base, 0));
}

#define DAMAGED(function, statement)                                                           \
    static void function(struct craft *out)                                                    \
    {                                                                                          \
        make_base(out);                                                                        \
        statement;                                                                             \
    }

DAMAGED(make_whole_chunks, (void)0)
DAMAGED(make_bad_magic, memcpy(out->at, "GIF89a..trace", 12))
DAMAGED(make_cut_empty, out->bytes = 0)
DAMAGED(make_cut_magic, out->bytes = 7)
DAMAGED(make_cut_header, out->bytes = place(out, 0) - 20)
DAMAGED(make_cut_at_chunk, out->bytes = place(out, 0))
DAMAGED(make_cut_chunk_header, out->bytes = place(out, 2) + 50)
DAMAGED(make_cut_chunk, out->bytes = place(out, 3) - 3)
DAMAGED(make_missing_end, out->bytes = place(out, AT_END))
DAMAGED(make_cut_end, out->bytes = place(out, AT_INDEX) - 1)
DAMAGED(make_missing_index, out->bytes = place(out, AT_INDEX))
DAMAGED(make_missing_seek_table, out->bytes = place(out, AT_SEEK))
DAMAGED(make_cut_last_byte, out->bytes--)
DAMAGED(make_flipped_magic, out->at[0] ^= 1)
DAMAGED(make_flipped_header, out->at[60] ^= 1)
DAMAGED(make_flipped_header_check, out->at[place(out, 0) - 1] ^= 1)
DAMAGED(make_flipped_chunk_header, out->at[place(out, 1) + 30] ^= 1)
DAMAGED(make_flipped_chunk_magic, out->at[place(out, 1)] ^= 1)
DAMAGED(make_flipped_frame, out->at[place(out, 1) + FL_CHUNK_FRAME_BYTES + 12] ^= 1)
DAMAGED(make_flipped_frame_checksum, out->at[place(out, 2) - 1] ^= 1)
DAMAGED(make_flipped_end, out->at[place(out, AT_END) + 20] ^= 1)
DAMAGED(make_flipped_index, out->at[place(out, AT_INDEX) + 20] ^= 1)
DAMAGED(make_flipped_seek_table, out->at[place(out, AT_SEEK) + 20] ^= 1)
DAMAGED(make_noise_in_the_middle, memset(out->at + place(out, 1), 0xA5, 40))
DAMAGED(make_followed_by_a_byte, craft_put(out, "x", 1))
DAMAGED(make_followed_by_a_trace, make_base(out))

/* Put chunks and tail in this order; -1 ends it. */
static void reorder(struct craft *out, const int *order)
{
    struct craft base = {0};
    make_base(&base);
    put_file_header(out, &base);
    for (; *order >= 0; order++) {
        put_parts(out, &base, (unsigned)*order, (unsigned)*order + 1);
    }
    craft_put(out, base.at + place(&base, AT_END), base.bytes - place(&base, AT_END));
    craft_clear(&base);
}

static void make_lost_first(struct craft *out)
{
    reorder(out, (const int[]){1, 2, 3, -1});
}

static void make_lost_middle(struct craft *out)
{
    reorder(out, (const int[]){0, 1, 3, -1});
}

static void make_lost_last(struct craft *out)
{
    reorder(out, (const int[]){0, 1, 2, -1});
}

static void make_doubled_chunk(struct craft *out)
{
    reorder(out, (const int[]){0, 1, 1, 2, 3, -1});
}

static void make_exchanged_chunks(struct craft *out)
{
    reorder(out, (const int[]){0, 2, 1, 3, -1});
}

/* The header of another version, its check right. */
static void header_seal(struct craft *craft)
{
    const size_t bytes = fl_load32(craft->at + 4) - FL_CHECK_BYTES;
    uint8_t *content = craft->at + FL_SKIPPABLE_BYTES;
    fl_store64(content + bytes, XXH64(content, bytes, 0));
}

DAMAGED(make_newer_major, fl_store16(out->at + 12, 2); header_seal(out))
DAMAGED(make_newer_minor, fl_store16(out->at + 14, 7); header_seal(out))
DAMAGED(make_required_feature, fl_store64(out->at + 16, 32); header_seal(out))
DAMAGED(make_optional_feature, fl_store64(out->at + 24, 32); header_seal(out))

const struct golden golden_files[] = {
    {"1.0/whole-empty.zst", make_whole_empty},
    {"1.0/whole-calls.zst", make_whole_calls},
    {"1.0/whole-records.zst", make_whole_records},
    {"1.0/whole-stacks.zst", make_whole_stacks},
    {"1.0/whole-chunks.zst", make_whole_chunks},
    {"1.0/whole-newer-minor.zst", make_newer_minor},
    {"1.0/whole-optional-feature.zst", make_optional_feature},
    {"1.0/newer-major.zst", make_newer_major},
    {"1.0/required-feature.zst", make_required_feature},
    {"1.0/bad-magic.zst", make_bad_magic},
    {"1.0/cut-empty.zst", make_cut_empty},
    {"1.0/cut-magic.zst", make_cut_magic},
    {"1.0/cut-header.zst", make_cut_header},
    {"1.0/cut-at-chunk.zst", make_cut_at_chunk},
    {"1.0/cut-chunk-header.zst", make_cut_chunk_header},
    {"1.0/cut-chunk.zst", make_cut_chunk},
    {"1.0/cut-end.zst", make_cut_end},
    {"1.0/cut-last-byte.zst", make_cut_last_byte},
    {"1.0/missing-end.zst", make_missing_end},
    {"1.0/missing-index.zst", make_missing_index},
    {"1.0/missing-seek-table.zst", make_missing_seek_table},
    {"1.0/flipped-magic.zst", make_flipped_magic},
    {"1.0/flipped-header.zst", make_flipped_header},
    {"1.0/flipped-header-check.zst", make_flipped_header_check},
    {"1.0/flipped-chunk-header.zst", make_flipped_chunk_header},
    {"1.0/flipped-chunk-magic.zst", make_flipped_chunk_magic},
    {"1.0/flipped-frame.zst", make_flipped_frame},
    {"1.0/flipped-frame-checksum.zst", make_flipped_frame_checksum},
    {"1.0/flipped-end.zst", make_flipped_end},
    {"1.0/flipped-index.zst", make_flipped_index},
    {"1.0/flipped-seek-table.zst", make_flipped_seek_table},
    {"1.0/noise-in-the-middle.zst", make_noise_in_the_middle},
    {"1.0/followed-by-a-byte.zst", make_followed_by_a_byte},
    {"1.0/followed-by-a-trace.zst", make_followed_by_a_trace},
    {"1.0/lost-first.zst", make_lost_first},
    {"1.0/lost-middle.zst", make_lost_middle},
    {"1.0/lost-last.zst", make_lost_last},
    {"1.0/doubled-chunk.zst", make_doubled_chunk},
    {"1.0/exchanged-chunks.zst", make_exchanged_chunks},
    {NULL, NULL},
};
