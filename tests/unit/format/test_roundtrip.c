/*
 * What is written is read again: random records of every kind, chunks of 1, 7 and 1000 records,
 * through files and pipes, and the file is what zstd says a file is.
 */
#include <fl_test.h>

#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"

static void check_round_trip(uint64_t seed, size_t count, uint32_t chunk_records)
{
    struct trace trace;
    trace_make(&trace, seed, count, chunk_records);
    const int fd = craft_file(trace.file, trace.file_bytes);
    trace_check(&trace, fd);
    close(fd);
    trace_clear(&trace);
}

static void every_record_is_read_as_it_was_written(void **state)
{
    (void)state;
    const uint64_t seed = trace_seed();
    print_message("FL_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < 20; i++) {
        check_round_trip(seed + i, 300, 1);
        check_round_trip(seed + i, 3000, 7);
        check_round_trip(seed + i, 20000, 1000);
    }
    check_round_trip(seed, 200000, 0);
}

static void no_records_make_a_valid_trace(void **state)
{
    (void)state;
    check_round_trip(1, 0, 0);
}

/* A child that writes the trace into a pipe; gives the end to read from. */
static pid_t pipe_writer(struct trace *trace, int *from)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        trace_write(trace, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *from = ends[0];
    return child;
}

static void a_trace_goes_through_a_pipe(void **state)
{
    (void)state;
    struct trace trace;
    trace_make(&trace, 5, 5000, 100);
    int from, status;
    const pid_t child = pipe_writer(&trace, &from);
    trace_check(&trace, from);
    close(from);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    trace_clear(&trace);
}

static void a_writer_may_stop_without_an_end(void **state)
{
    (void)state;
    const struct fl_writer_options options = {.chunk_records = 2};
    const struct fl_event event = {.serial = FL_SERIAL_NONE, .size_bytes = 24};
    struct fl_writer *writer;
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err;
    const int fd = craft_file("", 0);
    assert_int_equal(fl_writer_open(fd, &options, NULL, &writer, &err), FL_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(fl_writer_put(writer, &event, 0, &err), FL_OK);
    }
    fl_writer_abandon(writer);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(fl_reader_open_fd(fd, "test", &reader, &err), FL_OK);
    assert_int_equal(fl_reader_next(reader, &batch, &err), FL_OK);
    assert_int_equal(fl_reader_next(reader, &batch, &err), FL_OK);
    assert_int_equal(fl_reader_next(reader, &batch, &err), FL_TRUNCATED);
    assert_int_equal(fl_reader_totals(reader)->events, 4);
    assert_false(fl_reader_totals(reader)->is_complete);
    fl_reader_close(reader);
    close(fd);
}

static void an_inconsistent_event_is_refused_by_the_writer(void **state)
{
    (void)state;
    static const struct fl_event wrong[] = {
        {.kind = FL_CALL_FREE, .serial = 0},
        {.kind = FL_CALL_FREE, .serial = 0, .flags = FL_FLAG_NULL},
        {.kind = FL_CALL_MALLOC, .serial = FL_SERIAL_NONE, .flags = FL_FLAG_FREED},
        {.kind = FL_CALL_FREE,
         .serial = FL_SERIAL_NONE,
         .flags = FL_FLAG_NULL | FL_FLAG_UNKNOWN},
        {.kind = FL_CALL_MEMALIGN, .serial = FL_SERIAL_NONE, .align_log2 = 64},
        {.kind = FL_CALL_MEMALIGN, .serial = FL_SERIAL_NONE, .align_log2 = FL_ALIGN_INVALID},
        {.kind = FL_RECORD_MARK},
        {.kind = FL_KIND_COUNT},
    };
    const struct fl_writer_options options = {0};
    struct fl_writer *writer;
    const int fd = craft_file("", 0);
    assert_int_equal(fl_writer_open(fd, &options, NULL, &writer, NULL), FL_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(fl_writer_put(writer, &wrong[i], 0, NULL), FL_BUG);
    }
    fl_writer_abandon(writer);
    close(fd);
}

static void a_full_device_is_an_error_that_stays(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        skip();
    }
    const struct fl_writer_options options = {.chunk_records = 1};
    const struct fl_event event = {.serial = FL_SERIAL_NONE, .size_bytes = 24};
    struct fl_writer *writer;
    struct fl_error err;
    assert_int_equal(fl_writer_open(fileno(full), &options, NULL, &writer, &err), FL_OK);
    assert_int_equal(fl_writer_put(writer, &event, 0, &err), FL_OK);
    assert_int_equal(fl_writer_put(writer, &event, 0, &err), FL_IO);
    assert_int_equal(fl_writer_put(writer, &event, 0, &err), FL_IO);
    assert_int_equal(fl_writer_finish(writer, NULL, NULL, &err), FL_IO);
    fclose(full);
}

static void more_metadata_than_the_limit_is_refused(void **state)
{
    (void)state;
    char *value = calloc(1, FL_METADATA_BYTES_MAX);
    struct fl_metadata *meta = fl_metadata_new();
    const struct fl_writer_options options = {0};
    struct fl_writer *writer;
    assert_true(fl_metadata_set(meta, "argv", value, FL_METADATA_BYTES_MAX));
    assert_int_equal(fl_writer_open(1, &options, meta, &writer, NULL), FL_LIMIT);
    free(value);
    fl_metadata_free(meta);
}

/* ---- the file as zstd sees it ---- */

static uint32_t u32_at(const struct trace *trace, size_t offset)
{
    assert_true(offset + 4 <= trace->file_bytes);
    return fl_load32(trace->file + offset);
}

static void the_seek_table_lists_every_frame(void **state)
{
    (void)state;
    struct trace trace;
    trace_make(&trace, 9, 500, 50);
    const size_t footer = trace.file_bytes - 9;
    const uint32_t entries = u32_at(&trace, footer);
    const size_t table = footer - 8 * (size_t)entries;
    assert_int_equal(u32_at(&trace, footer + 5), FL_SEEKABLE_MAGIC);
    assert_int_equal(trace.file[footer + 4], 0);
    assert_int_equal(u32_at(&trace, table - 8), FL_SEEK_TABLE_MAGIC);
    assert_int_equal(u32_at(&trace, table - 4), 8 * entries + 9);
    size_t offset = 0;
    for (uint32_t i = 0; i < entries; i++) {
        const bool is_chunk = u32_at(&trace, table + 8 * i + 4) != 0;
        assert_int_equal(u32_at(&trace, offset), is_chunk ? 0xFD2FB528u : FL_SKIPPABLE_MAGIC);
        offset += u32_at(&trace, table + 8 * i);
    }
    assert_int_equal(offset, table - 8);
    trace_clear(&trace);
}

static void the_index_points_at_chunk_headers(void **state)
{
    (void)state;
    struct trace trace;
    trace_make(&trace, 10, 500, 50);
    const size_t footer = trace.file_bytes - 9;
    const size_t table = footer - 8 * (size_t)u32_at(&trace, footer);
    const size_t index_bytes = u32_at(&trace, footer - 8);
    const uint8_t *index = trace.file + table - 8 - index_bytes + FL_SKIPPABLE_BYTES;
    assert_int_equal(fl_load32(index), FL_TAG_INDEX);
    assert_int_equal(fl_load32(index + 4), trace.totals.chunks);
    for (uint64_t i = 0; i < trace.totals.chunks; i++) {
        const uint8_t *entry = index + FL_INDEX_FIXED_BYTES + i * FL_INDEX_ENTRY_BYTES;
        struct fl_chunk_header header;
        assert_true(fl_chunk_header_decode(trace.file + fl_load64(entry), &header));
        assert_int_equal(header.sequence, i);
        assert_int_equal(header.first_event, fl_load64(entry + 8));
    }
    trace_clear(&trace);
}

static void zstd_accepts_the_file_and_gives_the_payloads(void **state)
{
    (void)state;
    if (system("zstd --version >/dev/null 2>&1") != 0) {
        skip();
    }
    struct trace trace;
    trace_make(&trace, 11, 5000, 500);
    char path[] = "/tmp/fl_roundtrip_XXXXXX", command[128];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, trace.file, trace.file_bytes), trace.file_bytes);
    snprintf(command, sizeof command, "zstd -q -t <%s", path);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "zstd -q -dc <%s | wc -c", path);
    FILE *out = popen(command, "r");
    unsigned long long counted = 0, expected = 0;
    assert_int_equal(fscanf(out, "%llu", &counted), 1);
    assert_int_equal(pclose(out), 0);
    const size_t footer = trace.file_bytes - 9;
    const uint32_t entries = u32_at(&trace, footer);
    for (uint32_t i = 0; i < entries; i++) {
        expected += u32_at(&trace, footer - 8 * (size_t)(entries - i) + 4);
    }
    assert_int_equal(counted, expected);
    close(fd);
    unlink(path);
    trace_clear(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_read_as_it_was_written),
        cmocka_unit_test(no_records_make_a_valid_trace),
        cmocka_unit_test(a_trace_goes_through_a_pipe),
        cmocka_unit_test(a_writer_may_stop_without_an_end),
        cmocka_unit_test(an_inconsistent_event_is_refused_by_the_writer),
        cmocka_unit_test(a_full_device_is_an_error_that_stays),
        cmocka_unit_test(more_metadata_than_the_limit_is_refused),
        cmocka_unit_test(the_seek_table_lists_every_frame),
        cmocka_unit_test(the_index_points_at_chunk_headers),
        cmocka_unit_test(zstd_accepts_the_file_and_gives_the_payloads),
    };
    return cmocka_run_group_tests_name("roundtrip", tests, NULL, NULL);
}
