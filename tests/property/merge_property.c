/*
 * Properties of fltrace merge, on random traces of random processes in every order: the merged
 * trace is, record by record, what a naive model makes of the records that went in. The model
 * looks at all lanes for each record and renumbers by plain arrays; it knows no files, readers
 * or heaps.
 *
 * The seed is printed; FL_TEST_SEED=<seed> repeats a run.
 */
#include <fl_test.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <fl/reader.h>

#include "gen.h"
#include "layout.h"
#include "model.h"
#include "order.h"
#include "verb.h"

#define LANES_MAX    6u
#define RECORDS_MAX  400u
#define ROUNDS       60u
#define THREADS_MAX  300u /* as gen.c numbers them */
#define EXPECTED_MAX ((size_t)LANES_MAX * (4 * RECORDS_MAX + 8))

struct input {
    char path[64];
    uint64_t start_ns, pid, ppid, image, parent_event;
    struct gen_record records[RECORDS_MAX]; /* without ticks */
    uint64_t times[RECORDS_MAX];            /* ns since its start */
    size_t count;
    uint64_t end_ns; /* since its start */
    /* While it is merged. */
    size_t next;
    uint64_t events, allocations, thread;
    uint64_t serials[RECORDS_MAX]; /* in the merged trace, by own serial */
    uint64_t sizes[RECORDS_MAX];
    uint64_t serial_count;
    uint64_t
        threads[THREADS_MAX];  /* in the merged trace, by own number; UINT64_MAX: none yet */
    bool is_live[RECORDS_MAX]; /* by own serial */
    bool is_forked, is_over;
};

/* What the merged trace must hold. */
struct expected {
    struct gen_record records[EXPECTED_MAX];
    size_t count;
    uint64_t now_ns, thread, thread_count, serial_count;
};

static uint64_t test_seed;
static char folder[] = "/tmp/fl-merge-XXXXXX";
static struct input inputs[LANES_MAX];
static struct expected expected;

/* ---- traces ---- */

static struct fl_metadata *meta_make(const struct input *input)
{
    struct fl_metadata *meta = fl_metadata_new();
    assert_non_null(meta);
    assert_true(fl_metadata_set_number(meta, "start_time_ns", input->start_ns));
    assert_true(fl_metadata_set_number(meta, "pid", input->pid));
    assert_true(fl_metadata_set_number(meta, "ppid", input->ppid));
    assert_true(fl_metadata_set_number(meta, "image", input->image));
    if (input->is_forked) {
        assert_true(fl_metadata_set_number(meta, "parent_event", input->parent_event));
    }
    return meta;
}

static void input_write(struct input *input, struct gen *gen, size_t count)
{
    const struct fl_writer_options options = {.chunk_records = (uint32_t)(1 + count / 3)};
    struct fl_metadata *meta = meta_make(input);
    struct fl_writer *writer;
    const int fd = open(input->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fl_writer_open(fd, &options, meta, &writer, NULL), FL_OK);
    for (size_t i = 0; i < count; i++) {
        const struct gen_record record = gen_next(gen);
        assert_int_equal(gen_write(writer, &record, NULL), FL_OK);
        if (record.event.kind == FL_RECORD_TICK) {
            input->end_ns += record.event.size_bytes;
        } else {
            input->records[input->count] = record;
            input->times[input->count++] = input->end_ns;
        }
    }
    assert_int_equal(fl_writer_finish(writer, NULL, NULL, NULL), FL_OK);
    fl_metadata_free(meta);
    close(fd);
}

static void input_make(struct input *input, size_t i, uint64_t seed)
{
    struct gen gen;
    gen_from_seed(&gen, seed);
    *input = (struct input){.start_ns = 1000000000 + gen_random(&gen) % 4 * 1000000000,
                            .pid = gen_random(&gen) % 4,
                            .ppid = gen_random(&gen) % 4,
                            .image = gen_random(&gen) % 3 / 2,
                            .parent_event = gen_random(&gen) % 100,
                            .is_forked = gen_random(&gen) % 2};
    memset(input->threads, 0xFF, sizeof input->threads);
    snprintf(input->path, sizeof input->path, "%s/%zu.zst", folder, i);
    const uint64_t count = gen_random(&gen) % RECORDS_MAX;
    input_write(input, &gen, gen_random(&gen) % 8 == 0 ? 0 : count);
    gen_clear(&gen);
}

/* ---- the model: records ---- */

static void expect(const struct fl_event event, uint64_t released_bytes)
{
    assert_true(expected.count < EXPECTED_MAX);
    expected.records[expected.count++] = (struct gen_record){event, released_bytes};
}

static void expect_number(enum fl_kind kind, uint64_t number)
{
    expect((struct fl_event){.serial = FL_SERIAL_NONE,
                             .kind = (uint8_t)kind,
                             .size_bytes = number},
           0);
}

static uint64_t thread_of(struct input *input, uint64_t number)
{
    if (input->threads[number] == UINT64_MAX) {
        input->threads[number] = expected.thread_count++;
    }
    return input->threads[number];
}

static void expect_thread(struct input *input)
{
    const uint64_t number = thread_of(input, input->thread);
    if (number != expected.thread) {
        expect_number(FL_RECORD_THREAD, number);
    }
    expected.thread = number;
}

static void expect_time(uint64_t time_ns)
{
    if (time_ns > expected.now_ns) {
        expect_number(FL_RECORD_TICK, time_ns - expected.now_ns);
        expected.now_ns = time_ns;
    }
}

static void expect_call(struct input *input, struct gen_record record)
{
    const struct fl_event *event = &record.event;
    const uint64_t own = event->serial;
    expect_thread(input);
    if (own != FL_SERIAL_NONE) {
        record.event.serial = input->serials[own];
        input->is_live[own] &= !fl_ends_object(event->kind, event->flags);
    }
    if (fl_begins_object(event->kind, event->flags)) {
        input->serials[input->serial_count] = expected.serial_count++;
        input->sizes[input->serial_count] = event->size_bytes;
        input->is_live[input->serial_count++] = true;
        input->allocations++;
    }
    input->events += !(event->flags & FL_FLAG_IMPLIED);
    expect(record.event, record.released_bytes);
}

static void expect_record(struct input *input, struct gen_record record)
{
    switch (record.event.kind) {
    case FL_RECORD_THREAD:
        input->thread = record.event.size_bytes;
        return;
    case FL_RECORD_THREAD_START:
    case FL_RECORD_THREAD_END:
        record.event.size_bytes = thread_of(input, record.event.size_bytes);
        break;
    case FL_RECORD_MARK:
        expect_thread(input);
        break;
    default:
        break;
    }
    expect(record.event, 0);
}

static void expect_frees(struct input *input)
{
    for (uint64_t i = 0; i < input->serial_count; i++) {
        if (input->is_live[i]) {
            expect_thread(input);
            expect((struct fl_event){.serial = input->serials[i],
                                     .kind = FL_CALL_FREE,
                                     .flags = FL_FLAG_IMPLIED},
                   input->sizes[i]);
        }
    }
}

static void expect_next(struct input *input)
{
    const struct gen_record *record = &input->records[input->next++];
    if (fl_kind_is_call(record->event.kind)) {
        expect_call(input, *record);
    } else {
        expect_record(input, *record);
    }
}

static void expect_end(struct input *input, bool frees)
{
    input->is_over = true;
    if (frees) {
        expect_frees(input);
    }
}

/* ---- the model: orders ---- */

static bool starts_before(size_t one, size_t other)
{
    return inputs[one].start_ns != inputs[other].start_ns
               ? inputs[one].start_ns < inputs[other].start_ns
               : one < other;
}

/* The last image of process `pid` that started before input `i`, or LANES_MAX. */
static size_t image_before(size_t i, uint64_t pid, size_t count)
{
    size_t latest = LANES_MAX;
    for (size_t j = 0; j < count && pid != 0; j++) {
        if (j != i && inputs[j].pid == pid && starts_before(j, i) &&
            (latest == LANES_MAX || starts_before(latest, j))) {
            latest = j;
        }
    }
    return latest;
}

static bool may_go(size_t i, size_t count)
{
    const struct input *input = &inputs[i];
    const size_t before = image_before(i, input->pid, count);
    const size_t parent = image_before(i, input->ppid, count);
    if (input->pid == 0) {
        return true;
    }
    if (input->image > 0 && before < LANES_MAX) {
        return inputs[before].is_over;
    }
    return !input->is_forked || parent == LANES_MAX || inputs[parent].is_over ||
           (inputs[parent].events >= input->parent_event && may_go(parent, count));
}

static uint64_t next_time(size_t i)
{
    const struct input *input = &inputs[i];
    return input->start_ns +
           (input->next < input->count ? input->times[input->next] : input->end_ns);
}

/* The lane whose next record, or end, is the earliest; LANES_MAX: all are over. */
static size_t earliest(size_t count)
{
    size_t best = LANES_MAX;
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].is_over || !may_go(i, count)) {
            continue;
        }
        if (best == LANES_MAX || next_time(i) < next_time(best) ||
            (next_time(i) == next_time(best) && starts_before(i, best))) {
            best = i;
        }
    }
    return best;
}

static void expect_by_time(size_t count, bool frees)
{
    size_t i;
    expected.now_ns = UINT64_MAX;
    for (i = 0; i < count; i++) {
        expected.now_ns =
            inputs[i].start_ns < expected.now_ns ? inputs[i].start_ns : expected.now_ns;
    }
    while ((i = earliest(count)) < LANES_MAX) {
        expect_time(next_time(i));
        if (inputs[i].next < inputs[i].count) {
            expect_next(&inputs[i]);
        } else {
            expect_end(&inputs[i], frees);
        }
    }
}

static void expect_in_sequence(size_t count, bool frees)
{
    for (size_t i = 0; i < count; i++) {
        struct input *input = &inputs[i];
        const uint64_t start_ns = expected.now_ns;
        while (input->next < input->count) {
            expect_time(start_ns + input->times[input->next]);
            expect_next(input);
        }
        expect_time(start_ns + input->end_ns);
        expect_end(input, frees);
    }
}

/* In its turn a lane gives all up to its next event, or ends. */
static void expect_turn(struct input *input, bool frees)
{
    const uint64_t events = input->events;
    while (!input->is_over && input->events == events) {
        if (input->next < input->count) {
            expect_next(input);
        } else {
            expect_end(input, frees);
        }
    }
}

static void expect_in_turn(size_t count, bool frees)
{
    for (bool is_any = true; is_any;) {
        is_any = false;
        for (size_t i = 0; i < count; i++) {
            is_any |= !inputs[i].is_over;
            expect_turn(&inputs[i], frees);
        }
    }
}

/* ---- the merge ---- */

static void merge(char *out, enum fl_order_kind kind, bool frees, size_t count)
{
    static char verb[] = "merge", to[] = "-o", by_time[] = "--order=time",
                in_sequence[] = "--order=sequence", in_turn[] = "--order=round-robin",
                keep[] = "--at-end=keep", release[] = "--at-end=free";
    char *const orders[] = {by_time, in_sequence, in_turn};
    char *argv[LANES_MAX + 6] = {verb, to, out, orders[kind], frees ? release : keep};
    int argc = 5;
    for (size_t i = 0; i < count; i++) {
        argv[argc++] = inputs[i].path;
    }
    const int saved = dup(STDERR_FILENO), silent = open("/dev/null", O_WRONLY);
    dup2(silent, STDERR_FILENO);
    const int code = verb_merge(argc, argv);
    dup2(saved, STDERR_FILENO);
    close(silent);
    close(saved);
    assert_int_equal(code, 0);
}

static void numbers_are(const struct fl_metadata *meta, const char *name,
                        const uint64_t *wanted, size_t count)
{
    size_t bytes;
    const char *at = fl_metadata_get(meta, name, &bytes);
    assert_non_null(at);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strtoull(at, NULL, 10), wanted[i]);
        at += strlen(at) + 1;
    }
}

static void contributions_are_told(const struct fl_reader *reader, size_t count)
{
    uint64_t events[LANES_MAX], allocations[LANES_MAX];
    for (size_t i = 0; i < count; i++) {
        events[i] = inputs[i].events;
        allocations[i] = inputs[i].allocations;
    }
    numbers_are(fl_reader_end_metadata(reader), "merged_events", events, count);
    numbers_are(fl_reader_end_metadata(reader), "merged_allocations", allocations, count);
}

static void merged_is_expected(const char *path, size_t count)
{
    struct fl_reader *reader;
    struct fl_batch batch;
    struct model model;
    size_t at = 0;
    enum fl_status status;
    model_init(&model);
    assert_int_equal(fl_reader_open(path, &reader, NULL), FL_OK);
    while ((status = fl_reader_next(reader, &batch, NULL)) == FL_OK) {
        for (size_t i = 0; i < batch.count; i++, at++) {
            if (at == expected.count) {
                fail_msg("there is more than %zu records", expected.count);
            }
            const char *wrong =
                model_take(&model, &expected.records[at], reader, &batch.ops[i]);
            if (wrong != NULL) {
                fail_msg("record %zu: %s", at, wrong);
            }
        }
    }
    assert_int_equal(status, FL_END);
    assert_int_equal(at, expected.count);
    contributions_are_told(reader, count);
    fl_reader_close(reader);
    model_clear(&model);
}

static void round_run(uint64_t seed, enum fl_order_kind kind)
{
    char out[64];
    const size_t count = 1 + seed % LANES_MAX;
    const bool frees = seed / LANES_MAX % 2;
    memset(&expected, 0, sizeof expected);
    snprintf(out, sizeof out, "%s/out.zst", folder);
    for (size_t i = 0; i < count; i++) {
        input_make(&inputs[i], i, seed + i * UINT64_C(0x9E3779B97F4A7C15));
    }
    if (kind == FL_ORDER_TIME) {
        expect_by_time(count, frees);
    } else if (kind == FL_ORDER_SEQUENCE) {
        expect_in_sequence(count, frees);
    } else {
        expect_in_turn(count, frees);
    }
    merge(out, kind, frees, count);
    merged_is_expected(out, count);
    unlink(out);
    for (size_t i = 0; i < count; i++) {
        unlink(inputs[i].path);
    }
}

static void rounds_run(enum fl_order_kind kind)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        round_run(test_seed + i, kind);
    }
}

static void by_time_it_is_the_model_s(void **state)
{
    (void)state;
    rounds_run(FL_ORDER_TIME);
}

static void in_sequence_it_is_the_model_s(void **state)
{
    (void)state;
    rounds_run(FL_ORDER_SEQUENCE);
}

static void in_turn_it_is_the_model_s(void **state)
{
    (void)state;
    rounds_run(FL_ORDER_ROUND_ROBIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_time_it_is_the_model_s),
        cmocka_unit_test(in_sequence_it_is_the_model_s),
        cmocka_unit_test(in_turn_it_is_the_model_s),
    };
    const char *given = getenv("FL_TEST_SEED");
    test_seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
    printf("FL_TEST_SEED=%llu\n", (unsigned long long)test_seed);
    fflush(stdout);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
