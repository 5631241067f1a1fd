/*
 * Damaged traces: cut at every byte, every bit flipped, chunks missing, doubled and exchanged.
 * Whatever happens, it is reported, costs one chunk at most, and what is delivered is what was
 * written.
 */
#include <fl_test.h>

#include <unistd.h>

#include "trace.h"

#define RECORDS       60u
#define CHUNK_RECORDS 10u
#define CHUNKS        (RECORDS / CHUNK_RECORDS)

/* What a reading gave. */
struct outcome {
    enum fl_status opened, ended; /* ended: the status that was final */
    unsigned damages;             /* times FL_CORRUPT was given, which is never final */
    unsigned delivered[CHUNKS];   /* records of each chunk */
    struct fl_reader_totals totals;
    char first_message[FL_ERROR_MESSAGE_MAX], message[FL_ERROR_MESSAGE_MAX]; /* and the last */
};

static void batch_take(const struct trace *trace, const struct fl_reader *reader,
                       const struct fl_batch *batch, struct outcome *outcome)
{
    assert_true(batch->chunk < CHUNKS);
    for (size_t i = 0; i < batch->count; i++) {
        const size_t place =
            batch->chunk * trace->chunk_records + outcome->delivered[batch->chunk]++;
        assert_true(place < trace->count);
        const char *wrong =
            model_compare(&trace->records[place], reader, &batch->ops[i], outcome->damages > 0);
        if (wrong != NULL) {
            fail_msg("record %zu: %s", place, wrong);
        }
    }
}

static struct outcome file_read(const struct trace *trace, int fd)
{
    struct outcome outcome = {0};
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err = {0};
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    outcome.opened = fl_reader_open_fd(fd, "test", &reader, &err);
    if (outcome.opened == FL_OK) {
        do {
            outcome.ended = fl_reader_next(reader, &batch, &err);
            if (outcome.ended == FL_OK) {
                batch_take(trace, reader, &batch, &outcome);
            }
            if (outcome.ended == FL_CORRUPT && outcome.damages++ == 0) {
                memcpy(outcome.first_message, err.message, sizeof err.message);
            }
            assert_true(outcome.damages < 20);
        } while (outcome.ended == FL_OK || outcome.ended == FL_CORRUPT);
        outcome.totals = *fl_reader_totals(reader);
        fl_reader_close(reader);
    }
    memcpy(outcome.message, err.message, sizeof err.message);
    return outcome;
}

static struct outcome bytes_read(const struct trace *trace, const void *bytes, size_t count)
{
    const int fd = craft_file(bytes, count);
    const struct outcome outcome = file_read(trace, fd);
    close(fd);
    return outcome;
}

static unsigned whole_chunks(const struct outcome *outcome)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CHUNKS; i++) {
        assert_true(outcome->delivered[i] <= CHUNK_RECORDS);
        count += outcome->delivered[i] == CHUNK_RECORDS;
    }
    return count;
}

/* Where chunk `i` begins; for i = CHUNKS, where the last one ends. */
static size_t chunk_at(const struct trace *trace, unsigned i)
{
    size_t offset = FL_SKIPPABLE_BYTES + fl_load32(trace->file + 4);
    for (; i > 0; i--) {
        struct fl_chunk_header header;
        assert_true(fl_chunk_header_decode(trace->file + offset, &header));
        offset += FL_CHUNK_FRAME_BYTES + header.compressed_bytes;
    }
    return offset;
}

static int trace_open(void **state)
{
    struct trace *trace = malloc(sizeof *trace);
    trace_make(trace, 4, RECORDS, CHUNK_RECORDS);
    *state = trace;
    return 0;
}

static int trace_close(void **state)
{
    trace_clear(*state);
    free(*state);
    return 0;
}

static void a_whole_trace_is_read_whole(void **state)
{
    const struct trace *trace = *state;
    const struct outcome outcome = bytes_read(trace, trace->file, trace->file_bytes);
    assert_int_equal(outcome.ended, FL_END);
    assert_int_equal(outcome.damages, 0);
    assert_int_equal(whole_chunks(&outcome), CHUNKS);
}

static void a_cut_anywhere_is_truncation_and_costs_no_whole_chunk(void **state)
{
    const struct trace *trace = *state;
    for (size_t cut = 0; cut < trace->file_bytes; cut++) {
        const struct outcome outcome = bytes_read(trace, trace->file, cut);
        if (cut < 12) {
            assert_int_equal(outcome.opened, cut == 0 ? FL_EMPTY : FL_NOT_A_TRACE);
            continue;
        }
        unsigned expected = 0;
        while (expected < CHUNKS && chunk_at(trace, expected + 1) <= cut) {
            expected++;
        }
        if (outcome.ended != FL_TRUNCATED || outcome.damages > 0) {
            fail_msg("cut at %zu: %s", cut, outcome.message);
        }
        assert_int_equal(whole_chunks(&outcome), expected);
    }
}

/* zstd itself does not notice a flip of a bit it has no use for; then nothing may differ. */
static void flip_check(const struct trace *trace, int fd, size_t byte, unsigned bit)
{
    const uint8_t flipped = (uint8_t)(trace->file[byte] ^ 1u << bit);
    assert_int_equal(pwrite(fd, &flipped, 1, (off_t)byte), 1);
    const struct outcome outcome = file_read(trace, fd);
    assert_int_equal(pwrite(fd, &trace->file[byte], 1, (off_t)byte), 1);
    const unsigned whole = outcome.opened == FL_OK ? whole_chunks(&outcome) : CHUNKS;
    const bool is_reported = outcome.opened != FL_OK || outcome.damages > 0 ||
                             fl_status_exit(outcome.ended) == FL_EXIT_TRACE;
    const bool is_harmless =
        whole == CHUNKS && byte >= chunk_at(trace, 0) && byte < chunk_at(trace, CHUNKS);
    if (outcome.opened != FL_OK || (!is_reported && !is_harmless) || whole + 1 < CHUNKS) {
        fail_msg("byte %zu, bit %u: %u chunks read, %s", byte, bit, whole, outcome.message);
    }
}

static void a_flipped_bit_is_reported_and_costs_one_chunk(void **state)
{
    const struct trace *trace = *state;
    const int fd = craft_file(trace->file, trace->file_bytes);
    for (size_t byte = 0; byte < trace->file_bytes; byte++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            flip_check(trace, fd, byte, bit);
        }
    }
    close(fd);
}

/* Put chunks [from, to) of the trace. */
static void put_chunks(struct craft *craft, const struct trace *trace, unsigned from,
                       unsigned to)
{
    const size_t begin = chunk_at(trace, from);
    craft_put(craft, trace->file + begin, chunk_at(trace, to) - begin);
}

static void put_header(struct craft *craft, const struct trace *trace)
{
    craft_put(craft, trace->file, chunk_at(trace, 0));
}

static void put_tail(struct craft *craft, const struct trace *trace)
{
    const size_t begin = chunk_at(trace, CHUNKS);
    craft_put(craft, trace->file + begin, trace->file_bytes - begin);
}

static void a_missing_chunk_is_reported_once(void **state)
{
    const struct trace *trace = *state;
    for (unsigned missing = 0; missing < CHUNKS; missing++) {
        struct craft craft = {0};
        put_header(&craft, trace);
        put_chunks(&craft, trace, 0, missing);
        put_chunks(&craft, trace, missing + 1, CHUNKS);
        put_tail(&craft, trace);
        const struct outcome outcome = bytes_read(trace, craft.at, craft.bytes);
        assert_int_equal(outcome.damages, 1);
        assert_int_equal(outcome.ended, FL_END);
        assert_int_equal(whole_chunks(&outcome), CHUNKS - 1);
        assert_int_equal(outcome.delivered[missing], 0);
        assert_int_equal(outcome.totals.events + outcome.totals.missing_events,
                         trace->totals.events);
        craft_clear(&craft);
    }
}

static void a_doubled_chunk_is_refused_once_and_nothing_else_is_lost(void **state)
{
    const struct trace *trace = *state;
    struct craft craft = {0};
    put_header(&craft, trace);
    put_chunks(&craft, trace, 0, 3);
    put_chunks(&craft, trace, 2, CHUNKS);
    put_tail(&craft, trace);
    const struct outcome outcome = bytes_read(trace, craft.at, craft.bytes);
    assert_int_equal(outcome.damages, 1);
    assert_int_equal(outcome.ended, FL_END);
    assert_int_equal(whole_chunks(&outcome), CHUNKS);
    craft_clear(&craft);
}

static void exchanged_chunks_cost_the_late_one(void **state)
{
    const struct trace *trace = *state;
    struct craft craft = {0};
    put_header(&craft, trace);
    put_chunks(&craft, trace, 0, 1);
    put_chunks(&craft, trace, 2, 3);
    put_chunks(&craft, trace, 1, 2);
    put_chunks(&craft, trace, 3, CHUNKS);
    put_tail(&craft, trace);
    const struct outcome outcome = bytes_read(trace, craft.at, craft.bytes);
    assert_int_equal(outcome.damages, 2);
    assert_int_equal(outcome.ended, FL_END);
    assert_int_equal(whole_chunks(&outcome), CHUNKS - 1);
    craft_clear(&craft);
}

static void what_follows_the_end_is_reported_once(void **state)
{
    const struct trace *trace = *state;
    struct craft craft = {0};
    craft_put(&craft, trace->file, trace->file_bytes);
    craft_put(&craft, "x", 1);
    struct outcome outcome = bytes_read(trace, craft.at, craft.bytes);
    assert_int_equal(outcome.damages, 1);
    assert_int_equal(outcome.ended, FL_END);
    assert_non_null(strstr(outcome.first_message, "something follows its end"));
    assert_int_equal(whole_chunks(&outcome), CHUNKS);
    craft.bytes--;
    craft_put(&craft, trace->file, trace->file_bytes);
    outcome = bytes_read(trace, craft.at, craft.bytes);
    assert_int_equal(outcome.damages, 1);
    assert_int_equal(outcome.ended, FL_END);
    assert_non_null(strstr(outcome.first_message, "another trace follows its end"));
    assert_int_equal(whole_chunks(&outcome), CHUNKS);
    craft_clear(&craft);
}

static void a_lost_header_costs_the_metadata_only(void **state)
{
    const struct trace *trace = *state;
    struct craft craft = {0};
    put_header(&craft, trace);
    craft.at[craft.bytes - 1] ^= 1;
    put_chunks(&craft, trace, 0, CHUNKS);
    put_tail(&craft, trace);
    const struct outcome outcome = bytes_read(trace, craft.at, craft.bytes);
    assert_int_equal(outcome.damages, 1);
    assert_int_equal(outcome.ended, FL_END);
    assert_int_equal(whole_chunks(&outcome), CHUNKS);
    assert_int_equal(outcome.totals.damaged_chunks, 0);
    craft_clear(&craft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_trace_is_read_whole),
        cmocka_unit_test(a_cut_anywhere_is_truncation_and_costs_no_whole_chunk),
        cmocka_unit_test(a_flipped_bit_is_reported_and_costs_one_chunk),
        cmocka_unit_test(a_missing_chunk_is_reported_once),
        cmocka_unit_test(a_doubled_chunk_is_refused_once_and_nothing_else_is_lost),
        cmocka_unit_test(exchanged_chunks_cost_the_late_one),
        cmocka_unit_test(what_follows_the_end_is_reported_once),
        cmocka_unit_test(a_lost_header_costs_the_metadata_only),
    };
    return cmocka_run_group_tests_name("damage", tests, trace_open, trace_close);
}
