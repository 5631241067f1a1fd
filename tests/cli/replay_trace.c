/*
 * replay_trace SEED EVENTS: the trace of a made-up program on standard output, the same for the
 * same seed. It asks as programs do (most sizes small, few of megabytes, 5,000 live objects)
 * and shows every oddity of real ones, so that a replay of it is worth measuring.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fl/writer.h>

#define LIVE_MAX      5000u
#define CHUNK_RECORDS 8192u

struct live {
    uint64_t serial, size_bytes;
    uint8_t align_log2; /* that was asked for, or 0 */
};

struct maker {
    struct fl_writer *writer;
    uint64_t random;
    uint64_t align_log2_max; /* state of xorshift64* (S. Vigna), never 0 */
    struct live live[LIVE_MAX];
    size_t live_count;
};

static uint64_t random_below(struct maker *maker, uint64_t limit)
{
    maker->random ^= maker->random >> 12;
    maker->random ^= maker->random << 25;
    maker->random ^= maker->random >> 27;
    return (maker->random * 0x2545F4914F6CDD1Du >> 11) % limit;
}

static uint64_t random_size(struct maker *maker)
{
    const uint64_t kind = random_below(maker, 1000);
    return kind < 5     ? 0
           : kind < 900 ? random_below(maker, 256) + 1
           : kind < 998 ? random_below(maker, 8192) + 1
                        : random_below(maker, 3u << 20) + 1;
}

static void put(struct maker *maker, struct fl_event event, uint64_t released_bytes)
{
    struct fl_error err;
    if (fl_writer_put(maker->writer, &event, released_bytes, &err) != FL_OK) {
        fprintf(stderr, "replay_trace: %s\n", err.message);
        exit(1);
    }
}

static void put_alloc(struct maker *maker)
{
    static const uint8_t calls[] = {FL_CALL_MALLOC, FL_CALL_MALLOC,         FL_CALL_MALLOC,
                                    FL_CALL_CALLOC, FL_CALL_POSIX_MEMALIGN, FL_CALL_REALLOC};
    struct fl_event event = {
        .serial = FL_SERIAL_NONE,
        .size_bytes = random_size(maker),
        .kind = calls[random_below(maker, sizeof calls)],
    };
    if (event.kind == FL_CALL_POSIX_MEMALIGN) {
        const uint64_t align_log2 = 4 + random_below(maker, 9);
        event.align_log2 =
            (uint8_t)(align_log2 < maker->align_log2_max ? align_log2 : maker->align_log2_max);
    }
    if (event.kind == FL_CALL_REALLOC) {
        event.flags = FL_FLAG_NULL;
    }
    maker->live[maker->live_count++] =
        (struct live){fl_writer_next_serial(maker->writer), event.size_bytes, event.align_log2};
    put(maker, event, 0);
}

static void put_free(struct maker *maker, size_t place)
{
    const struct live object = maker->live[place];
    maker->live[place] = maker->live[--maker->live_count];
    struct fl_event event = {.serial = object.serial, .kind = FL_CALL_FREE};
    const uint64_t how = random_below(maker, 50);
    if (how == 0) {
        event.kind = FL_CALL_REALLOC;
        event.flags = FL_FLAG_FREED;
    } else if (how < 5) {
        event.kind = object.align_log2 == 0 ? FL_CALL_FREE_SIZED : FL_CALL_FREE_ALIGNED_SIZED;
        event.size_bytes = object.size_bytes;
        event.align_log2 = object.align_log2;
    }
    put(maker, event, object.size_bytes);
}

static void put_resize(struct maker *maker, size_t place)
{
    struct live *object = &maker->live[place];
    const struct live before = *object;
    *object = (struct live){fl_writer_next_serial(maker->writer), random_size(maker), 0};
    put(maker,
        (struct fl_event){
            .serial = before.serial, .size_bytes = object->size_bytes, .kind = FL_CALL_REALLOC},
        before.size_bytes);
}

static void put_oddity(struct maker *maker)
{
    static const struct fl_event oddities[] = {
        {.serial = FL_SERIAL_NONE, .kind = FL_CALL_FREE, .flags = FL_FLAG_NULL},
        {.serial = FL_SERIAL_NONE, .kind = FL_CALL_FREE, .flags = FL_FLAG_UNKNOWN},
        {.serial = FL_SERIAL_NONE,
         .size_bytes = (uint64_t)1 << 60,
         .kind = FL_CALL_MALLOC,
         .flags = FL_FLAG_FAILED},
        {.serial = FL_SERIAL_NONE, .kind = FL_CALL_USABLE_SIZE, .flags = FL_FLAG_NULL},
    };
    put(maker, oddities[random_below(maker, sizeof oddities / sizeof oddities[0])], 0);
}

static void put_any(struct maker *maker)
{
    const uint64_t what = random_below(maker, 1000);
    const bool is_full = maker->live_count == LIVE_MAX;
    if (what < 2) {
        put_oddity(maker);
    } else if (maker->live_count == 0 || (!is_full && what < 520)) {
        put_alloc(maker);
    } else if (what < 600) {
        put_resize(maker, random_below(maker, maker->live_count));
    } else {
        put_free(maker, random_below(maker, maker->live_count));
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: replay_trace SEED EVENTS [LOG2_OF_THE_LARGEST_ALIGNMENT]\n");
        return 2;
    }
    static struct maker maker;
    maker.random = strtoull(argv[1], NULL, 10) * 2 + 1;
    const uint64_t events = strtoull(argv[2], NULL, 10);
    maker.align_log2_max = argc == 4 ? strtoull(argv[3], NULL, 10) : UINT64_MAX;
    const struct fl_writer_options options = {.chunk_records = CHUNK_RECORDS};
    struct fl_error err;
    if (fl_writer_open(STDOUT_FILENO, &options, NULL, &maker.writer, &err) != FL_OK) {
        fprintf(stderr, "replay_trace: %s\n", err.message);
        return 1;
    }
    for (uint64_t i = 0; i < events; i++) {
        put_any(&maker);
    }
    if (fl_writer_finish(maker.writer, NULL, NULL, &err) != FL_OK) {
        fprintf(stderr, "replay_trace: %s\n", err.message);
        return 1;
    }
    return 0;
}
