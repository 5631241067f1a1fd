/*
 * A trace of random records in memory. The seed is in every message, and FL_TEST_SEED repeats
 * it.
 */
#include <fl_test.h>

#include "trace.h"

#include <time.h>
#include <unistd.h>

uint64_t trace_seed(void)
{
    const char *given = getenv("FL_TEST_SEED");
    return given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
}

static void check_ok(enum fl_status status, const struct fl_error *err)
{
    if (status != FL_OK) {
        fail_msg("%s", err->message);
    }
}

void trace_write(struct trace *trace, int fd)
{
    const struct fl_writer_options options = {.level = 1,
                                              .chunk_records = trace->chunk_records};
    struct fl_metadata *meta = fl_metadata_new();
    struct fl_writer *writer;
    struct fl_error err;
    assert_true(fl_metadata_set_text(meta, "exe", "/bin/true"));
    check_ok(fl_writer_open(fd, &options, meta, &writer, &err), &err);
    for (size_t i = 0; i < trace->count; i++) {
        check_ok(gen_write(writer, &trace->records[i], &err), &err);
    }
    check_ok(fl_writer_finish(writer, meta, &trace->totals, &err), &err);
    fl_metadata_free(meta);
}

void trace_make(struct trace *trace, uint64_t seed, size_t count, uint32_t chunk_records)
{
    struct gen gen;
    gen_from_seed(&gen, seed);
    *trace = (struct trace){.count = count, .chunk_records = chunk_records};
    trace->records = calloc(count + 1, sizeof *trace->records);
    assert_non_null(trace->records);
    for (size_t i = 0; i < count; i++) {
        trace->records[i] = gen_next(&gen);
    }
    gen_clear(&gen);
    const int fd = craft_file("", 0);
    trace_write(trace, fd);
    trace->file = craft_load(fd, &trace->file_bytes);
    close(fd);
}

void trace_clear(struct trace *trace)
{
    free(trace->records);
    free(trace->file);
}

static void batch_check(const struct trace *trace, const struct fl_reader *reader,
                        const struct fl_batch *batch, struct model *model, size_t *at)
{
    assert_in_range(batch->count, 1, FL_BATCH_OPS);
    assert_int_equal(batch->first_event, model->next_event);
    assert_int_equal(batch->first_serial, model->next_serial);
    for (size_t i = 0; i < batch->count; i++, ++*at) {
        assert_true(*at < trace->count);
        const char *wrong = model_take(model, &trace->records[*at], reader, &batch->ops[i]);
        if (wrong != NULL) {
            fail_msg("record %zu: %s", *at, wrong);
        }
    }
}

static void totals_check(const struct trace *trace, const struct fl_reader_totals *read,
                         const struct model *model)
{
    const struct fl_writer_totals *written = &trace->totals;
    assert_int_equal(read->events, written->events);
    assert_int_equal(read->events, model->next_event);
    assert_int_equal(read->records, trace->count);
    assert_int_equal(written->records, trace->count);
    assert_int_equal(read->chunks, written->chunks);
    assert_int_equal(read->compressed_bytes, written->bytes_written);
    assert_int_equal(read->lost_events, written->lost_events);
    assert_int_equal(read->live_objects, model->live);
    assert_int_equal(read->live_objects, written->live_objects);
    assert_int_equal(read->peak_live_objects, model->peak_live);
    assert_int_equal(read->peak_live_objects, written->peak_live_objects);
    assert_int_equal(read->missing_events, 0);
    assert_int_equal(read->damaged_chunks, 0);
    assert_true(read->is_complete);
}

void trace_check(const struct trace *trace, int fd)
{
    struct model model;
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err;
    size_t at = 0;
    model_init(&model);
    check_ok(fl_reader_open_fd(fd, "test", &reader, &err), &err);
    assert_string_equal(fl_metadata_get(fl_reader_metadata(reader), "exe", NULL), "/bin/true");
    enum fl_status status;
    while ((status = fl_reader_next(reader, &batch, &err)) == FL_OK) {
        batch_check(trace, reader, &batch, &model, &at);
    }
    if (status != FL_END) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(fl_reader_next(reader, &batch, NULL), FL_END);
    assert_non_null(fl_reader_end_metadata(reader));
    totals_check(trace, fl_reader_totals(reader), &model);
    fl_reader_close(reader);
    model_clear(&model);
}
