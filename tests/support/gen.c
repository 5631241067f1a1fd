/*
 * Random valid records. The generator keeps the live objects in a plain array, so that every
 * reference names one; sizes and ages favour what has a short form, and reach every long one.
 */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>

#include "layout.h"

#define LIVE_MAX 40000u /* beyond that allocations become frees */

void gen_from_seed(struct gen *gen, uint64_t seed)
{
    *gen = (struct gen){.state = seed};
}

void gen_from_bytes(struct gen *gen, const uint8_t *bytes, size_t count)
{
    *gen = (struct gen){.bytes = bytes, .bytes_left = count};
}

void gen_clear(struct gen *gen)
{
    free(gen->live);
    gen->live = NULL;
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t gen_random(struct gen *gen)
{
    if (gen->bytes != NULL) {
        uint64_t value = 0;
        for (unsigned i = 0; i < 4 && gen->bytes_left > 0; i++) {
            value = value << 8 | *gen->bytes++;
            gen->bytes_left--;
        }
        return value * 0x100000001u;
    }
    gen->state += 0x9E3779B97F4A7C15u;
    uint64_t value = gen->state;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static uint64_t random_size(struct gen *gen)
{
    const uint64_t number = gen_random(gen);
    switch (number % 8) {
    case 0:
        return number >> 8 & 1;
    case 1:
        return (number >> 8) % 5000;
    case 2:
        return gen_random(gen) >> (number >> 8) % 64;
    default:
        return 8 * (1 + (number >> 8) % 130);
    }
}

static void object_add(struct gen *gen, uint64_t size_bytes)
{
    if (gen->live_count == gen->live_capacity) {
        gen->live_capacity = 2 * gen->live_capacity + 64;
        gen->live = reallocarray(gen->live, gen->live_capacity, sizeof *gen->live);
        if (gen->live == NULL) {
            perror("gen");
            abort();
        }
    }
    gen->live[gen->live_count++] = (struct gen_object){gen->next_serial++, size_bytes};
}

/* Place of a live object, often a young one. There must be one. */
static size_t object_choose(struct gen *gen)
{
    const uint64_t number = gen_random(gen);
    const size_t count = gen->live_count;
    const size_t young = count < 8 ? count : 8;
    return number % 2 == 0 ? (number >> 1) % count : count - 1 - (number >> 1) % young;
}

static uint8_t random_alignment(struct gen *gen, unsigned kind, bool is_failed)
{
    const uint64_t number = gen_random(gen);
    if (is_failed && number % 4 == 0) {
        return FL_ALIGN_INVALID;
    }
    return kind >= FL_CALL_POSIX_MEMALIGN ? (uint8_t)((number >> 2) % 64) : FL_ALIGN_DEFAULT;
}

static void make_allocation(struct gen *gen, struct gen_record *record)
{
    static const uint8_t kinds[] = {
        FL_CALL_MALLOC,   FL_CALL_MALLOC,         FL_CALL_MALLOC,
        FL_CALL_CALLOC,   FL_CALL_POSIX_MEMALIGN, FL_CALL_ALIGNED_ALLOC,
        FL_CALL_MEMALIGN, FL_CALL_VALLOC,         FL_CALL_PVALLOC};
    struct fl_event *event = &record->event;
    event->kind = kinds[gen_random(gen) % sizeof kinds];
    event->flags = gen_random(gen) % 16 == 0 ? FL_FLAG_FAILED : 0;
    event->align_log2 = random_alignment(gen, event->kind, event->flags != 0);
    event->size_bytes = random_size(gen);
    if (event->flags == 0) {
        object_add(gen, event->size_bytes);
    }
}

static void make_free(struct gen *gen, struct gen_record *record)
{
    struct fl_event *event = &record->event;
    const uint64_t number = gen_random(gen);
    const size_t place = object_choose(gen);
    event->kind = FL_CALL_FREE;
    if (number % 16 == 0) {
        event->kind = number >> 4 & 1 ? FL_CALL_FREE_SIZED : FL_CALL_FREE_ALIGNED_SIZED;
        event->size_bytes = gen->live[place].size_bytes;
        event->align_log2 = event->kind == FL_CALL_FREE_SIZED ? 0 : (uint8_t)(number >> 5) % 64;
    } else if (number % 16 == 1) {
        event->flags = FL_FLAG_IMPLIED;
    }
    event->serial = gen->live[place].serial;
    record->released_bytes = gen->live[place].size_bytes;
    gen->live[place] = gen->live[--gen->live_count];
}

/* A call whose pointer is NULL or unknown. */
static void make_pointless(struct gen *gen, struct gen_record *record)
{
    static const uint8_t kinds[] = {FL_CALL_FREE, FL_CALL_FREE, FL_CALL_FREE_SIZED,
                                    FL_CALL_FREE_ALIGNED_SIZED, FL_CALL_USABLE_SIZE};
    struct fl_event *event = &record->event;
    event->kind = kinds[gen_random(gen) % sizeof kinds];
    event->flags = gen_random(gen) & 1 ? FL_FLAG_NULL : FL_FLAG_UNKNOWN;
    event->size_bytes = event->kind == FL_CALL_FREE ? 0 : random_size(gen);
}

static void make_realloc(struct gen *gen, struct gen_record *record)
{
    static const uint8_t flag_sets[] = {
        0,
        0,
        0,
        FL_FLAG_NULL,
        FL_FLAG_UNKNOWN,
        FL_FLAG_FREED,
        FL_FLAG_FAILED,
        FL_FLAG_FAILED | FL_FLAG_NULL,
        FL_FLAG_FAILED | FL_FLAG_UNKNOWN,
        FL_FLAG_FREED | FL_FLAG_UNKNOWN,
    };
    struct fl_event *event = &record->event;
    event->kind = gen_random(gen) % 4 == 0 ? FL_CALL_REALLOCARRAY : FL_CALL_REALLOC;
    event->flags = flag_sets[gen_random(gen) % sizeof flag_sets];
    event->size_bytes = event->flags & FL_FLAG_FREED ? gen_random(gen) % 2 : random_size(gen);
    if (fl_has_reference(event->kind, event->flags)) {
        const size_t place = object_choose(gen);
        event->serial = gen->live[place].serial;
        if (fl_ends_object(event->kind, event->flags)) {
            record->released_bytes = gen->live[place].size_bytes;
            gen->live[place] = gen->live[--gen->live_count];
        }
    }
    if (fl_begins_object(event->kind, event->flags)) {
        object_add(gen, event->size_bytes);
    }
}

static void make_record(struct gen *gen, struct gen_record *record)
{
    struct fl_event *event = &record->event;
    const uint64_t number = gen_random(gen);
    event->kind = (uint8_t)(FL_CALL_COUNT + number % (FL_KIND_COUNT - FL_CALL_COUNT));
    event->size_bytes = gen_random(gen) % 300;
    if (event->kind == FL_RECORD_THREAD_START) {
        event->extra = (uint32_t)gen_random(gen);
    } else if (event->kind == FL_RECORD_TICK) {
        event->size_bytes = number >> 8 & 1 ? event->size_bytes * FL_TICK_NS : number >> 20;
    } else if (event->kind == FL_RECORD_MARK && number % 128 == 4) {
        event->size_bytes = FL_MARK_BYTES_MAX;
    }
}

static void make_usable_size(struct gen *gen, struct gen_record *record)
{
    const struct gen_object *object = &gen->live[object_choose(gen)];
    record->event.kind = FL_CALL_USABLE_SIZE;
    record->event.serial = object->serial;
    record->event.size_bytes = object->size_bytes + 8;
}

struct gen_record gen_next(struct gen *gen)
{
    struct gen_record record = {.event = {.serial = FL_SERIAL_NONE}};
    const uint64_t choice = gen_random(gen) % 100;
    if (choice >= 92) {
        make_record(gen, &record);
    } else if (choice >= 88) {
        make_pointless(gen, &record);
    } else if (gen->live_count == 0 || (choice < 47 && gen->live_count < LIVE_MAX)) {
        make_allocation(gen, &record);
    } else if (choice < 77) {
        make_free(gen, &record);
    } else if (choice < 84) {
        make_realloc(gen, &record);
    } else {
        make_usable_size(gen, &record);
    }
    return record;
}

enum fl_status gen_write(struct fl_writer *writer, const struct gen_record *record,
                         struct fl_error *err)
{
    if (record->event.kind != FL_RECORD_MARK) {
        return fl_writer_put(writer, &record->event, record->released_bytes, err);
    }
    char text[FL_MARK_BYTES_MAX];
    const size_t bytes = record->event.size_bytes;
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (char)gen_text(bytes, i);
    }
    return fl_writer_mark(writer, text, bytes, err);
}
