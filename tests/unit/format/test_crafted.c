/*
 * Files no writer would write, with every check right: later versions, features and sections,
 * sizes over the limits, chunks that do not hold what they promise.
 */
#include <fl_test.h>

#include <sys/resource.h>
#include <unistd.h>

#include "trace.h"

struct result {
    enum fl_status opened, first_bad, ended;
    unsigned damages;
    uint64_t records;
    char message[FL_ERROR_MESSAGE_MAX]; /* the first one */
    struct fl_reader_totals totals;
};

static void result_note(struct result *result, const struct fl_error *err)
{
    result->damages += result->ended == FL_CORRUPT;
    if (result->first_bad == FL_OK) {
        result->first_bad = result->ended;
        memcpy(result->message, err->message, sizeof err->message);
    }
}

/* Reads what was crafted and clears it. */
static struct result craft_read(struct craft *craft)
{
    struct result result = {0};
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err = {0};
    const int fd = craft_file(craft->at, craft->bytes);
    result.opened = fl_reader_open_fd(fd, "test", &reader, &err);
    if (result.opened == FL_OK) {
        do {
            result.ended = fl_reader_next(reader, &batch, &err);
            if (result.ended == FL_OK) {
                result.records += batch.count;
            } else {
                result_note(&result, &err);
            }
            assert_true(result.damages < 20);
        } while (result.ended == FL_OK || result.ended == FL_CORRUPT);
        result.totals = *fl_reader_totals(reader);
        fl_reader_close(reader);
    } else {
        memcpy(result.message, err.message, sizeof err.message);
    }
    close(fd);
    craft_clear(craft);
    return result;
}

static void says(const struct result *result, const char *part)
{
    if (strstr(result->message, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", result->message, part);
    }
}

static const uint8_t one_malloc[] = {FL_CODE_MALLOC_SMALL};

static void begin(struct craft *craft)
{
    *craft = (struct craft){0};
    craft_header(craft, FL_FORMAT_MAJOR, 0);
}

static void put_good_chunk(struct craft *craft)
{
    craft_events(craft, one_malloc, 1, 1, 1, 1);
    craft->next.live_objects++;
}

static void a_newer_major_version_is_refused_by_its_number(void **state)
{
    (void)state;
    struct craft craft = {0};
    craft_header(&craft, 7, 0);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.opened, FL_VERSION);
    says(&result, "format version 7.0");
}

static void an_unknown_required_feature_is_refused_by_its_number(void **state)
{
    (void)state;
    struct craft craft = {0};
    craft_header(&craft, FL_FORMAT_MAJOR, UINT64_C(1) << 41);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.opened, FL_FEATURE);
    says(&result, "feature bit 41");
}

static void noise_and_nothing_are_told_apart(void **state)
{
    (void)state;
    struct craft craft = {0};
    craft_put(&craft, "\xff\x01\x02\x03\x04\x05\x06\x07", 8);
    assert_int_equal(craft_read(&craft).opened, FL_NOT_A_TRACE);
    assert_int_equal(craft_read(&craft).opened, FL_EMPTY);
}

static struct result read_with_section(unsigned kind, unsigned flags)
{
    uint8_t payload[64];
    struct craft craft;
    begin(&craft);
    size_t bytes = craft_section(payload, kind, flags, "abc", 3);
    bytes += craft_section(payload + bytes, FL_SECTION_EVENTS, 1, one_malloc, 1);
    struct fl_chunk_header header = craft.next;
    header.records = header.events = 1;
    craft_chunk(&craft, header, payload, bytes);
    return craft_read(&craft);
}

static void an_unknown_section_is_passed_over_when_optional(void **state)
{
    (void)state;
    const struct result result = read_with_section(77, 0);
    assert_int_equal(result.records, 1);
    assert_int_equal(result.first_bad, FL_TRUNCATED);
}

static void an_unknown_section_is_refused_when_required(void **state)
{
    (void)state;
    const struct result result = read_with_section(77, FL_SECTION_REQUIRED);
    assert_int_equal(result.records, 0);
    assert_int_equal(result.ended, FL_FEATURE);
    says(&result, "section 77");
}

static void events_stand_in_one_section_only(void **state)
{
    (void)state;
    const struct result result = read_with_section(FL_SECTION_EVENTS, FL_SECTION_REQUIRED);
    assert_int_equal(result.first_bad, FL_CORRUPT);
    says(&result, "two event sections");
}

static size_t resident_peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss;
}

static void sizes_over_a_limit_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    const struct fl_chunk_header headers[] = {
        {.decoded_bytes = FL_CHUNK_BYTES_MAX + 1},
        {.compressed_bytes = UINT32_MAX},
        {.records = FL_CHUNK_RECORDS_MAX + 1},
        {.records = 1, .events = 2},
        {.first_serial = FL_NUMBER_MAX},
        {.first_event = UINT64_MAX},
        {.sequence = UINT64_MAX},
    };
    const size_t before = resident_peak_kib();
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct craft craft;
        begin(&craft);
        craft_chunk(&craft, headers[i], one_malloc, 1);
        assert_int_equal(craft_read(&craft).ended, FL_LIMIT);
    }
    assert_true(resident_peak_kib() - before < 16 * 1024);
}

static void declared_sizes_take_no_memory_until_they_arrive(void **state)
{
    (void)state;
    const size_t before = resident_peak_kib();
    struct craft craft;
    begin(&craft);
    const struct fl_chunk_header header = {.compressed_bytes = FL_CHUNK_BYTES_MAX,
                                           .decoded_bytes = FL_CHUNK_BYTES_MAX};
    craft_chunk(&craft, header, one_malloc, 1);
    assert_int_equal(craft_read(&craft).ended, FL_TRUNCATED);
    begin(&craft);
    uint8_t tail[12];
    fl_store32(tail, FL_SKIPPABLE_MAGIC);
    fl_store32(tail + 4, FL_INDEX_BYTES_MAX);
    fl_store32(tail + 8, FL_TAG_INDEX);
    craft_put(&craft, tail, sizeof tail);
    assert_int_equal(craft_read(&craft).ended, FL_TRUNCATED);
    assert_true(resident_peak_kib() - before < 16 * 1024);
}

static void a_small_file_cannot_hold_more_records_than_it_says(void **state)
{
    (void)state;
    const size_t bytes = FL_CHUNK_BYTES_MAX - FL_SECTION_HEADER_BYTES;
    uint8_t *mallocs = malloc(bytes);
    memset(mallocs, FL_CODE_MALLOC_SMALL, bytes);
    struct craft craft;
    begin(&craft);
    craft_events(&craft, mallocs, bytes, 1000, 1000, 1000);
    free(mallocs);
    assert_true(craft.bytes < 16 * 1024);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.records, 1000);
    assert_int_equal(result.first_bad, FL_CORRUPT);
    says(&result, "the counts are not those of the chunk header");
}

/* A bad chunk between two good ones costs itself only. */
static void check_bad_chunk(const uint8_t *events, size_t bytes, const char *part)
{
    struct craft craft;
    begin(&craft);
    put_good_chunk(&craft);
    craft_events(&craft, events, bytes, 2, 2, 1);
    put_good_chunk(&craft);
    craft_end(&craft);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.first_bad, FL_CORRUPT);
    if (result.damages != 1) {
        fail_msg("%s, then another", result.message);
    }
    assert_int_equal(result.ended, FL_TRUNCATED); /* no index */
    assert_int_equal(result.totals.chunks, 3);
    assert_int_equal(result.totals.damaged_chunks, 1);
    assert_true(result.records >= 2);
    says(&result, part);
}

#define CHECK_BAD(part, ...)                                                                   \
    check_bad_chunk((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),    \
                    part)

static void a_chunk_that_cannot_be_is_reported_and_costs_itself(void **state)
{
    (void)state;
    CHECK_BAD("an unknown opcode", 0x80, 0x1E);
    CHECK_BAD("an unknown opcode", 0x80, 0x00);
    CHECK_BAD("a reference to no live object", FL_CODE_FREE_YOUNG, FL_CODE_FREE_YOUNG);
    CHECK_BAD("a reference to no live object", FL_CODE_FREE_YOUNG + 60, 0x80);
    CHECK_BAD("a reference to no live object", FL_CODE_FREE_NEAR, 0x80);
    CHECK_BAD("a reference to no live object", FL_CODE_REALLOC, 0x08, 0x01, 0x80);
    CHECK_BAD("a number is cut or too long", 0x80, FL_CODE_MALLOC, 0x80);
    CHECK_BAD("a number is cut or too long", 0x80, FL_CODE_MALLOC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
              0xFF, 0xFF, 0xFF, 0xFF, 0x02);
    CHECK_BAD("the counts are not those", 0x80);
    CHECK_BAD("the counts are not those", 0x80, FL_CODE_THREAD, 1);
    CHECK_BAD("the counts are not those", 0x80, FL_CODE_FREE_NULL, FL_CODE_FREE_NULL);
    CHECK_BAD("a malformed aligned", FL_CODE_ALIGNED, FL_CALL_MALLOC, 4, 8);
    CHECK_BAD("a malformed aligned", FL_CODE_ALIGNED, FL_CALL_MEMALIGN, 64, 8);
    CHECK_BAD("a malformed call", FL_CODE_CALL, FL_CALL_COUNT, 0, 0, 8);
    CHECK_BAD("a malformed call", FL_CODE_CALL, FL_CALL_MALLOC, FL_FLAG_NULL, 0, 8);
    CHECK_BAD("a malformed call", FL_CODE_CALL, FL_CALL_REALLOC, 6, 0, 8);
    CHECK_BAD("a malformed call", FL_CODE_CALL, FL_CALL_MALLOC, 0, FL_ALIGN_INVALID, 8);
    CHECK_BAD("a mark longer", FL_CODE_MARK, 5, 'a');
    CHECK_BAD("an extension longer", FL_CODE_EXTENSION, 1, 5, 'a');
    CHECK_BAD("a tick of more", FL_CODE_TICK, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
              1);
}

static void extensions_are_no_records(void **state)
{
    (void)state;
    static const uint8_t events[] = {FL_CODE_EXTENSION, 9, 2, 'a', 'b', 0x80,
                                     FL_CODE_EXTENSION, 9, 0};
    struct craft craft;
    begin(&craft);
    craft_events(&craft, events, sizeof events, 1, 1, 1);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.records, 1);
    assert_int_equal(result.first_bad, FL_TRUNCATED);
}

static void an_object_that_lives_across_a_gap_is_known_behind_it(void **state)
{
    (void)state;
    static const uint8_t frees[] = {FL_CODE_USABLE, 2 * 10, 8, FL_CODE_FREE_YOUNG + 10};
    struct craft craft;
    begin(&craft);
    put_good_chunk(&craft);
    craft.next.sequence++; /* a chunk with ten allocations is missing */
    craft.next.first_event += 10;
    craft.next.first_serial += 10;
    craft_events(&craft, frees, sizeof frees, 2, 2, 0);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.damages, 1);
    assert_int_equal(result.records, 3);
    assert_int_equal(result.totals.live_objects, 0);
    assert_int_equal(result.totals.missing_events, 10);
}

static void a_wrong_count_of_live_objects_is_reported(void **state)
{
    (void)state;
    struct craft craft;
    begin(&craft);
    craft.next.live_objects = 3;
    put_good_chunk(&craft);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.first_bad, FL_CORRUPT);
    assert_int_equal(result.records, 1);
}

static void a_chunk_that_counts_back_is_refused(void **state)
{
    (void)state;
    struct craft craft;
    begin(&craft);
    put_good_chunk(&craft);
    put_good_chunk(&craft);
    craft.next.first_serial = 0;
    put_good_chunk(&craft);
    const struct result result = craft_read(&craft);
    assert_int_equal(result.first_bad, FL_CORRUPT);
    says(&result, "a chunk is out of order");
    assert_int_equal(result.records, 2);
}

static void an_end_record_that_disagrees_is_reported(void **state)
{
    (void)state;
    struct craft craft;
    begin(&craft);
    put_good_chunk(&craft);
    craft.next.first_event++;
    craft_end(&craft);
    struct result result = craft_read(&craft);
    says(&result, "chunks are missing before the end record");
    assert_int_equal(result.first_bad, FL_CORRUPT);
    begin(&craft);
    put_good_chunk(&craft);
    craft.next.first_serial++;
    craft_end(&craft);
    result = craft_read(&craft);
    says(&result, "the end record does not agree");
    assert_int_equal(result.first_bad, FL_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_major_version_is_refused_by_its_number),
        cmocka_unit_test(an_unknown_required_feature_is_refused_by_its_number),
        cmocka_unit_test(noise_and_nothing_are_told_apart),
        cmocka_unit_test(an_unknown_section_is_passed_over_when_optional),
        cmocka_unit_test(an_unknown_section_is_refused_when_required),
        cmocka_unit_test(events_stand_in_one_section_only),
        cmocka_unit_test(sizes_over_a_limit_are_refused_before_memory_is_taken),
        cmocka_unit_test(declared_sizes_take_no_memory_until_they_arrive),
        cmocka_unit_test(a_small_file_cannot_hold_more_records_than_it_says),
        cmocka_unit_test(a_chunk_that_cannot_be_is_reported_and_costs_itself),
        cmocka_unit_test(extensions_are_no_records),
        cmocka_unit_test(an_object_that_lives_across_a_gap_is_known_behind_it),
        cmocka_unit_test(a_wrong_count_of_live_objects_is_reported),
        cmocka_unit_test(a_chunk_that_counts_back_is_refused),
        cmocka_unit_test(an_end_record_that_disagrees_is_reported),
    };
    return cmocka_run_group_tests_name("crafted", tests, NULL, NULL);
}
