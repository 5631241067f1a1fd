/* Compressed files: each kind, one in the other, cut and damaged ones, and traces of ours. */
#include "imported.h"

#include <unistd.h>

#include <fl/import.h>
#include <fl/writer.h>

#include "craft.h"
#include "packed.h"

static const char sample[] = "Alloc(552),\nAlloc(120),\nFree(1),\n";
static const char sample_calls[] = "malloc @0 552\nmalloc @1 120\nfree @1\n";

typedef struct packed packer(const void *bytes, size_t count);

static packer *const packers[] = {packed_gzip, packed_zstd,       packed_xz,
                                  packed_zip,  packed_zip_stored, packed_zip_streamed};

#define LINES   6000 /* of the long sample */
#define PACKERS (sizeof packers / sizeof packers[0])
#define STREAMS 3 /* of them: those of which another may follow */

static void check_packed(struct packed packed, const char *expected)
{
    struct imported imported;
    imported_read(&imported, packed.bytes, packed.count, NULL);
    if (imported.opened != FL_OK) {
        fail_msg("%s", imported.err.message);
    }
    assert_string_equal(fl_test_output_text(&imported.text), expected);
    assert_int_equal(imported.ended, FL_END);
    assert_int_equal(imported.totals.compressed_bytes, packed.count);
    imported_clear(&imported);
    free(packed.bytes);
}

static char *long_sample(size_t *count)
{
    char *text = malloc(LINES * 16);
    *count = 0;
    for (unsigned i = 0; i < LINES; i++) {
        *count += (size_t)sprintf(text + *count, "Alloc(%u),\n", i * 7919 % 65521);
    }
    return text;
}

static void each_compression_is_undone(void **state)
{
    (void)state;
    size_t count;
    char *text = long_sample(&count);
    for (size_t i = 0; i < PACKERS; i++) {
        check_packed(packers[i](sample, strlen(sample)), sample_calls);
        struct imported imported;
        const struct packed packed = packers[i](text, count);
        imported_read(&imported, packed.bytes, packed.count, NULL);
        assert_int_equal(imported.ended, FL_END);
        assert_int_equal(imported.totals.events, LINES);
        imported_clear(&imported);
        free(packed.bytes);
    }
    free(text);
}

static void parts_that_follow_each_other_are_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS; i++) {
        struct packed packed = packers[i](sample, strlen(sample));
        packed_append(&packed, "\0\0\0\0", 4); /* as tar and tapes fill up blocks */
        const struct packed other = packers[i]("Alloc(7),\n", 10);
        packed_append(&packed, other.bytes, other.count);
        packed_append(&packed, "\0\0\0\0", 4);
        free(other.bytes);
        check_packed(packed, "malloc @0 552\nmalloc @1 120\nfree @1\nmalloc @1 7\n");
    }
}

static void what_follows_and_is_no_part_is_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS; i++) {
        struct imported imported;
        struct packed packed = packers[i](sample, strlen(sample));
        packed_append(&packed, "noise", 5);
        imported_read(&imported, packed.bytes, packed.count, "wee-alloc");
        const enum fl_status status =
            imported.opened != FL_OK ? imported.opened : imported.ended;
        assert_int_equal(status, FL_TRUNCATED);
        assert_non_null(strstr(imported.err.message, "something else follows it"));
        imported_clear(&imported);
        free(packed.bytes);
    }
}

static void compressions_may_be_nested_three_deep(void **state)
{
    (void)state;
    struct packed packed = packed_gzip(sample, strlen(sample));
    for (unsigned depth = 2; depth <= 4; depth++) {
        const struct packed inner = packed;
        packed = packers[depth - 1](inner.bytes, inner.count);
        free(inner.bytes);
        if (depth == 3) {
            struct packed copy = {0};
            packed_append(&copy, packed.bytes, packed.count);
            check_packed(copy, sample_calls);
        }
    }
    check_refused(packed.bytes, packed.count, NULL, FL_LIMIT,
                  "x is compressed more than 3 times");
    free(packed.bytes);
}

/* The cut is told; gives how many calls there were before it. */
static uint64_t check_cut(const uint8_t *bytes, size_t count)
{
    struct imported imported;
    imported_read(&imported, bytes, count, "wee-alloc");
    const enum fl_status status = imported.opened != FL_OK ? imported.opened : imported.ended;
    if (status != FL_TRUNCATED) {
        fail_msg("%zu bytes: status %d, %s", count, (int)status, imported.err.message);
    }
    assert_non_null(strstr(imported.err.message, "x: the trace is truncated: "));
    imported_clear(&imported);
    return imported.totals.events;
}

static void a_cut_file_is_truncated_wherever_it_was_cut(void **state)
{
    (void)state;
    size_t count;
    char *text = long_sample(&count);
    for (size_t i = 0; i < PACKERS; i++) {
        const struct packed packed = packers[i](text, count);
        for (size_t cut = 6; cut < packed.whole; cut += 1 + packed.whole / 50) {
            (void)check_cut(packed.bytes, cut);
        }
        assert_true(check_cut(packed.bytes, packed.whole - 1) > LINES * 9 / 10);
        free(packed.bytes);
    }
    free(text);
}

/* All of these have a check of the bytes at the end. */
static void a_changed_byte_never_gives_other_calls_in_silence(void **state)
{
    (void)state;
    size_t count;
    char *text = long_sample(&count);
    for (size_t i = 0; i < PACKERS; i++) {
        const struct packed packed = packers[i](text, count);
        for (size_t at = 200; at < packed.whole - 40; at += packed.whole / 40) {
            struct imported imported;
            packed.bytes[at] ^= 0x10;
            imported_read(&imported, packed.bytes, packed.count, "wee-alloc");
            assert_int_not_equal(imported.ended, FL_END);
            imported_clear(&imported);
            packed.bytes[at] ^= 0x10;
        }
        free(packed.bytes);
    }
    free(text);
}

static void nothing_inside_is_an_empty_trace(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKERS; i++) {
        const struct packed packed = packers[i]("", 0);
        check_refused(packed.bytes, packed.count, NULL, FL_EMPTY, "x is empty");
        free(packed.bytes);
    }
}

static void folders_before_the_first_file_of_a_zip_are_passed_over(void **state)
{
    (void)state;
    struct packed packed = packed_zip_folder("traces/");
    const struct packed file = packed_zip(sample, strlen(sample));
    packed_append(&packed, file.bytes, file.count);
    free(file.bytes);
    check_packed(packed, sample_calls);
    packed = packed_zip_folder("traces/");
    packed_append(&packed, "PK\1\2rest of the directory", 26);
    check_refused(packed.bytes, packed.count, NULL, FL_EMPTY, "x is empty");
    free(packed.bytes);
}

static void a_zip_that_cannot_be_read_as_a_stream_says_why(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } changes[] = {
        {6, 1, "its first file is encrypted"},
        {8, 99, "its first file is neither stored nor deflated"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char message[128];
        const struct packed packed = packed_zip(sample, strlen(sample));
        packed.bytes[changes[i].at] = changes[i].byte;
        snprintf(message, sizeof message,
                 "x: the trace is truncated: its zip does not unpack further: %s",
                 changes[i].why);
        check_refused(packed.bytes, packed.count, NULL, FL_TRUNCATED, message);
        free(packed.bytes);
    }
}

/* A trace of ours with one call. */
static struct packed trace_make(void)
{
    const struct fl_event event = {.serial = FL_SERIAL_NONE, .size_bytes = 77};
    const struct fl_writer_options options = {.level = 1};
    struct packed packed;
    struct fl_writer *writer;
    const int fd = craft_file("", 0);
    assert_int_equal(fl_writer_open(fd, &options, NULL, &writer, NULL), FL_OK);
    assert_int_equal(fl_writer_put(writer, &event, 0, NULL), FL_OK);
    assert_int_equal(fl_writer_finish(writer, NULL, NULL, NULL), FL_OK);
    packed.bytes = craft_load(fd, &packed.count);
    close(fd);
    return packed;
}

static void a_trace_of_ours_is_unpacked_too(void **state)
{
    (void)state;
    const struct packed trace = trace_make();
    for (size_t i = 0; i < PACKERS; i++) {
        check_packed(packers[i](trace.bytes, trace.count), "malloc @0 77\n");
    }
    check_packed(trace, "malloc @0 77\n");
}

static void a_cut_trace_of_ours_inside_is_truncated(void **state)
{
    (void)state;
    const struct packed trace = trace_make();
    const struct packed packed = packed_gzip(trace.bytes, trace.count - 10);
    struct imported imported;
    imported_read(&imported, packed.bytes, packed.count, NULL);
    assert_int_equal(imported.ended, FL_TRUNCATED);
    imported_clear(&imported);
    imported_read(&imported, packed.bytes, packed.count - 12, NULL);
    assert_int_equal(imported.opened == FL_OK ? imported.ended : imported.opened, FL_TRUNCATED);
    imported_clear(&imported);
    free(packed.bytes);
    free(trace.bytes);
}

/* ---- compressed twice ---- */

/* How a file of these bytes ends, and how many records it has until then. */
static enum fl_status file_read(const void *bytes, size_t count, uint64_t *records,
                                struct fl_error *err)
{
    struct fl_reader *reader;
    struct fl_batch batch;
    const int fd = craft_file(bytes, count);
    assert_int_equal(fl_import_open_fd(fd, "x", NULL, &reader, err), FL_OK);
    enum fl_status status;
    do {
        status = fl_reader_next(reader, &batch, err);
    } while (status == FL_OK);
    *records = fl_reader_totals(reader)->records;
    fl_reader_close(reader);
    close(fd);
    return status;
}

static void check_overpacked(const struct fl_error *err)
{
    assert_int_equal(err->status, FL_LIMIT);
    assert_non_null(strstr(err->message, "it is compressed twice"));
}

#define CHUNKS  5
#define RECORDS (4u << 20)

/* As many records as chunks can have, of free(NULL). */
static void a_trace_may_hold_16384_records_for_each_byte(void **state)
{
    (void)state;
    struct craft trace = {0};
    struct fl_error err;
    uint64_t records;
    uint8_t *events = malloc(RECORDS);
    assert_non_null(events);
    memset(events, FL_CODE_FREE_NULL, RECORDS);
    craft_header(&trace, FL_FORMAT_MAJOR, 0);
    for (int i = 0; i < CHUNKS; i++) {
        craft_events(&trace, events, RECORDS, RECORDS, RECORDS, 0);
    }
    free(events);
    assert_int_equal(file_read(trace.at, trace.bytes, &records, &err), FL_TRUNCATED);
    assert_int_equal(records, CHUNKS * RECORDS);
    struct packed packed = packed_zstd(trace.at, trace.bytes);
    assert_true(packed.count < 1024);
    assert_int_equal(file_read(packed.bytes, packed.count, &records, &err), FL_LIMIT);
    assert_int_equal(records, 1024 * 16384);
    check_overpacked(&err);
    free(packed.bytes);
    craft_clear(&trace);
}

static void a_file_may_unpack_to_32768_times_its_bytes(void **state)
{
    (void)state;
    const char first[] = "Alloc(8),\n", line[] = "Free(0),\n";
    const size_t lines = (1024u * 32768 + 1) / strlen(line) + 1;
    struct fl_error err;
    uint64_t records;
    const size_t bytes = strlen(first) + lines * strlen(line);
    char *text = malloc(bytes);
    assert_non_null(text);
    memcpy(text, first, strlen(first));
    for (size_t i = 0; i < lines; i++) {
        memcpy(text + strlen(first) + i * strlen(line), line, strlen(line));
    }
    struct packed once = packed_zstd(text, bytes);
    assert_true(once.count > 1024);
    assert_int_equal(file_read(once.bytes, once.count, &records, &err), FL_END);
    assert_int_equal(records, lines + 1);
    struct packed twice = packed_zstd(once.bytes, once.count);
    assert_true(twice.count < 1024);
    assert_int_equal(file_read(twice.bytes, twice.count, &records, &err), FL_LIMIT);
    assert_true(records < lines);
    check_overpacked(&err);
    free(twice.bytes);
    free(once.bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_compression_is_undone),
        cmocka_unit_test(parts_that_follow_each_other_are_one),
        cmocka_unit_test(what_follows_and_is_no_part_is_reported),
        cmocka_unit_test(compressions_may_be_nested_three_deep),
        cmocka_unit_test(a_cut_file_is_truncated_wherever_it_was_cut),
        cmocka_unit_test(a_changed_byte_never_gives_other_calls_in_silence),
        cmocka_unit_test(nothing_inside_is_an_empty_trace),
        cmocka_unit_test(folders_before_the_first_file_of_a_zip_are_passed_over),
        cmocka_unit_test(a_zip_that_cannot_be_read_as_a_stream_says_why),
        cmocka_unit_test(a_trace_of_ours_is_unpacked_too),
        cmocka_unit_test(a_cut_trace_of_ours_inside_is_truncated),
        cmocka_unit_test(a_trace_may_hold_16384_records_for_each_byte),
        cmocka_unit_test(a_file_may_unpack_to_32768_times_its_bytes),
    };
    return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
