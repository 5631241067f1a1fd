/*
 * Call stacks are read as they were written: random walks in a tree of frames, chunks of
 * several sizes, among calls that have stacks and calls that have none; with a chunk lost,
 * those that are known are still right.
 */
#include <fl_test.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fl/reader.h>
#include <fl/writer.h>

#include "craft.h"
#include "layout.h"

#define CALLS   20000u
#define MODULES 40u
#define DEPTH   12u

/* The frames of a call's stack, innermost first; depth 0: none. */
struct expected {
    uint64_t addresses[DEPTH];
    uint32_t modules[DEPTH];
    uint32_t depth;
};

static uint32_t stack_make(struct fl_writer *writer, const uint32_t *modules,
                           struct expected *out)
{
    uint32_t parent = FL_STACK_NONE;
    out->depth = (uint32_t)(random() % DEPTH);
    for (uint32_t i = out->depth; i-- > 0;) {
        const uint32_t choice = (uint32_t)(random() % (MODULES + 1));
        const struct fl_frame frame = {
            .address = (uint64_t)(random() % 50) << (random() % 3 * 8),
            .parent = parent,
            .module = choice == MODULES ? FL_MODULE_NONE : modules[choice],
        };
        parent = fl_writer_frame(writer, &frame);
        assert_int_not_equal(parent, FL_STACK_NONE);
        assert_int_equal(fl_writer_frame(writer, &frame), parent);
        out->addresses[i] = frame.address;
        out->modules[i] = frame.module;
    }
    return parent;
}

static void put(struct fl_writer *writer, const struct fl_event *event)
{
    assert_int_equal(fl_writer_put(writer, event, 0, NULL), FL_OK);
}

/* Calls with stacks, and between them others and records; the serials are those of the
 * calls. */
static void trace_put(struct fl_writer *writer, struct expected *calls)
{
    uint32_t modules[MODULES];
    for (uint32_t i = 0; i < MODULES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/lib/%u.so", i);
        const struct fl_module module = {path, i % 2 ? "ab01" : "", i * 4096, 4096};
        assert_int_equal(fl_writer_module(writer, &module, &modules[i], NULL), FL_OK);
        assert_int_equal(modules[i], i);
    }
    for (uint64_t i = 0; i < CALLS; i++) {
        const struct fl_event call = {
            .serial = FL_SERIAL_NONE,
            .size_bytes = 24,
            .extra = stack_make(writer, modules, &calls[i]),
            .kind = i % 3 ? FL_CALL_MALLOC : FL_CALL_CALLOC,
            .flags = i % 6 == 3 ? FL_FLAG_FAILED : 0,
        };
        put(writer, &call);
        if (i % 7 == 0) {
            put(writer, &(struct fl_event){.serial = FL_SERIAL_NONE,
                                           .kind = FL_CALL_FREE,
                                           .flags = FL_FLAG_NULL});
        }
        if (i % 11 == 0) {
            put(writer, &(struct fl_event){.serial = FL_SERIAL_NONE,
                                           .size_bytes = 100,
                                           .kind = FL_RECORD_TICK});
        }
    }
}

static int trace_make(struct expected *calls, uint32_t chunk_records)
{
    const int fd = craft_file(NULL, 0);
    struct fl_writer *writer;
    const struct fl_writer_options options = {.chunk_records = chunk_records,
                                              .has_stacks = true};
    assert_int_equal(fl_writer_open(fd, &options, NULL, &writer, NULL), FL_OK);
    trace_put(writer, calls);
    assert_int_equal(fl_writer_finish(writer, NULL, NULL, NULL), FL_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* `may_miss`: a frame may be unknown, but none may be wrong. */
static bool stack_is(const struct fl_reader *reader, uint32_t stack,
                     const struct expected *expected, bool may_miss)
{
    const struct fl_stacks *stacks = fl_reader_stacks(reader);
    for (uint32_t i = 0; i < expected->depth; i++) {
        const struct fl_frame *frame = fl_stacks_frame(stacks, stack);
        if (may_miss && !frame) {
            return true;
        }
        if (!frame || frame->address != expected->addresses[i] ||
            frame->module != expected->modules[i]) {
            return false;
        }
        stack = frame->parent;
    }
    return stack == FL_STACK_NONE;
}

/* Read all; `calls` that were delivered, by their number. Returns how many. */
static uint64_t trace_check(int fd, const struct expected *calls, bool is_damaged)
{
    struct fl_reader *reader;
    struct fl_batch batch;
    uint64_t seen = 0;
    enum fl_status status;
    assert_int_equal(fl_reader_open_fd(fd, "test", &reader, NULL), FL_OK);
    assert_int_equal(fl_reader_keep_stacks(reader, NULL), FL_OK);
    while ((status = fl_reader_next(reader, &batch, NULL)) != FL_END) {
        if (status == FL_CORRUPT && is_damaged) {
            continue;
        }
        assert_int_equal(status, FL_OK);
        uint64_t event = batch.first_event;
        for (size_t i = 0; i < batch.count; i++) {
            const struct fl_op *op = &batch.ops[i];
            if (!fl_kind_is_call(op->kind)) {
                continue;
            }
            /* Behind every seventh call stands a free: eight events. */
            const uint64_t call = event / 8 * 7 + (event % 8 < 2 ? 0 : event % 8 - 1);
            if (op->kind <= FL_CALL_PVALLOC) {
                assert_true(
                    stack_is(reader, fl_reader_stack(reader, i), &calls[call], is_damaged));
                seen++;
            } else {
                assert_int_equal(fl_reader_stack(reader, i), FL_STACK_NONE);
            }
            event++;
        }
    }
    const struct fl_module *module = fl_stacks_module(fl_reader_stacks(reader), 3);
    if (!is_damaged) {
        assert_string_equal(module->path, "/lib/3.so");
        assert_string_equal(module->build_id, "ab01");
        assert_int_equal(module->base, 3 * 4096);
        assert_int_equal(module->bytes, 4096);
        assert_null(fl_stacks_module(fl_reader_stacks(reader), MODULES));
    }
    fl_reader_close(reader);
    return seen;
}

static void stacks_are_read_as_they_were_written(void **state)
{
    (void)state;
    static struct expected calls[CALLS];
    const uint32_t chunks[] = {0, 1000, 7};
    for (size_t i = 0; i < 3; i++) {
        const int fd = trace_make(calls, chunks[i]);
        assert_int_equal(trace_check(fd, calls, false), CALLS);
        close(fd);
    }
}

static void a_lost_chunk_leaves_the_other_stacks_right(void **state)
{
    (void)state;
    static struct expected calls[CALLS];
    const int fd = trace_make(calls, 1000);
    static uint8_t file[8u << 20];
    const ssize_t bytes = read(fd, file, sizeof file);
    assert_true(bytes > 0);
    file[bytes / 3] ^= 0x10;
    const int damaged = craft_file(file, (size_t)bytes);
    const uint64_t seen = trace_check(damaged, calls, true);
    assert_in_range(seen, CALLS - 1000, CALLS - 1);
    close(damaged);
    close(fd);
}

static void without_asking_stacks_are_passed_over(void **state)
{
    (void)state;
    static struct expected calls[CALLS];
    struct fl_reader *reader;
    struct fl_batch batch;
    const int fd = trace_make(calls, 1000);
    assert_int_equal(fl_reader_open_fd(fd, "test", &reader, NULL), FL_OK);
    assert_int_equal(fl_reader_next(reader, &batch, NULL), FL_OK);
    assert_null(fl_reader_stacks(reader));
    assert_int_equal(fl_reader_stack(reader, 0), FL_STACK_NONE);
    fl_reader_close(reader);
    close(fd);
}

/* One malloc, and beside it these sections. What is wrong with them, or "". */
static void check_sections(const void *frames, size_t frame_bytes, const void *modules,
                           size_t module_bytes, const void *ids, size_t id_bytes,
                           const char *wrong)
{
    struct craft craft = {0};
    uint8_t payload[8192];
    const uint8_t one_malloc[] = {FL_CODE_MALLOC_SMALL};
    size_t bytes = craft_section(payload, FL_SECTION_EVENTS, 1, one_malloc, 1);
    bytes += craft_section(payload + bytes, FL_SECTION_FRAMES, 0, frames, frame_bytes);
    bytes += craft_section(payload + bytes, FL_SECTION_MODULES, 0, modules, module_bytes);
    bytes += craft_section(payload + bytes, FL_SECTION_STACK_IDS, 0, ids, id_bytes);
    craft_header(&craft, FL_FORMAT_MAJOR, 0);
    const struct fl_chunk_header header = {.records = 1, .events = 1};
    craft_chunk(&craft, header, payload, bytes);
    const int fd = craft_file(craft.at, craft.bytes);
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err = {0};
    assert_int_equal(fl_reader_open_fd(fd, "test", &reader, NULL), FL_OK);
    assert_int_equal(fl_reader_keep_stacks(reader, NULL), FL_OK);
    enum fl_status status;
    while ((status = fl_reader_next(reader, &batch, &err)) == FL_OK) {
        continue;
    }
    assert_int_equal(status, wrong[0] ? FL_CORRUPT : FL_TRUNCATED);
    if (!strstr(err.message, wrong)) {
        fail_msg("%s, expected %s", err.message, wrong);
    }
    fl_reader_close(reader);
    close(fd);
    craft_clear(&craft);
}

static void malformed_sections_are_reported(void **state)
{
    (void)state;
    check_sections("\1\1\1\0\5", 5, "\0\1\1a\0\0\0", 7, "\2", 1, "");
    check_sections("\1\1\2\0\5", 5, "", 0, "\2", 1, "malformed frame");
    check_sections("\1\1\0\0\5", 5, "", 0, "\2", 1, "malformed frame");
    check_sections("\1\2\1\0\5", 5, "", 0, "\2", 1, "malformed frame");
    check_sections("\0\1\1\0\5", 5, "", 0, "\2", 1, "numbers of the frames");
    check_sections("\1\xff\xff\xff\xff\x7f", 6, "", 0, "\2", 1, "numbers of the frames");
    check_sections("", 0, "\0\1\5a\0\0\0", 7, "\2", 1, "malformed module");
    check_sections("", 0, "\0\xff\xff\x7f", 4, "\2", 1, "numbers of the modules");
    check_sections("", 0, "", 0, "\x80", 1, "fewer stacks");
    check_sections("\1\1\1\0\5", 5, "", 0, "\4", 1, "a stack that is not there");
}

/* So that nobody who prints all stacks of a chain prints half its square. */
static void a_stack_has_a_limit_of_frames(void **state)
{
    (void)state;
    uint8_t frames[3 + 3 * (FL_STACK_FRAMES_MAX + 1)];
    for (uint32_t count = FL_STACK_FRAMES_MAX; count <= FL_STACK_FRAMES_MAX + 1; count++) {
        uint8_t *end = fl_put_varint(fl_put_varint(frames, 1), count);
        for (uint32_t i = 0; i < count; i++) {
            memcpy(end, "\1\0\5", 3);
            end += 3;
        }
        check_sections(frames, (size_t)(end - frames), "", 0, "\2", 1,
                       count > FL_STACK_FRAMES_MAX ? "too many frames" : "");
    }
}

static void a_writer_cuts_a_stack_at_the_limit(void **state)
{
    (void)state;
    const struct fl_writer_options options = {.has_stacks = true};
    struct fl_writer *writer;
    struct fl_frame frame = {.module = FL_MODULE_NONE};
    const int fd = craft_file("", 0);
    assert_int_equal(fl_writer_open(fd, &options, NULL, &writer, NULL), FL_OK);
    for (uint32_t i = 0; i < FL_STACK_FRAMES_MAX; i++) {
        frame.parent = fl_writer_frame(writer, &frame);
        assert_int_equal(frame.parent, i + 1);
    }
    assert_int_equal(fl_writer_frame(writer, &frame), FL_STACK_NONE);
    fl_writer_abandon(writer);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_are_read_as_they_were_written),
        cmocka_unit_test(a_lost_chunk_leaves_the_other_stacks_right),
        cmocka_unit_test(without_asking_stacks_are_passed_over),
        cmocka_unit_test(malformed_sections_are_reported),
        cmocka_unit_test(a_stack_has_a_limit_of_frames),
        cmocka_unit_test(a_writer_cuts_a_stack_at_the_limit),
    };
    return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
