/*
 * trace_damage TRACE FLIPS STEP: a recorded trace, cut at each STEP-th of its bytes, and FLIPS
 * times read with one bit of it flipped, at places that are the same in every run for the same
 * trace. Holds each reading against that of the whole file:
 *
 *   - it is reported: by the status it ends with, or as damage on the way;
 *   - a cut costs what is not whole before it, and nothing else;
 *   - a flip costs the chunk it is in, at most; one in header, end record, index or seek table none;
 *   - what is delivered is what was recorded. Behind a lost chunk its objects are unknown, the calls are the same.
 *
 * A flip that is not reported must be proved to mean nothing: zstd unpacks the frame to the
 * same bytes, its checksum verified. Such are counted by kind. One line on standard output;
 * exit 1 and a line for each finding otherwise.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>
#include <zstd.h>

#include <fl/reader.h>

#include "craft.h"

#define CHUNKS_MAX   64u
#define DAMAGES_MAX  16u
#define FINDINGS_MAX 20u

/* The frame's descriptor byte has a bit that RFC 8878 calls unused and a decoder ignores. */
#define DESCRIPTOR_BYTE   4u
#define DESCRIPTOR_UNUSED 4u

/* What a reading delivered of one chunk. */
struct delivery {
    uint64_t records, events;
    uint64_t calls_hash; /* of what does not depend on other chunks */
    uint64_t whole_hash; /* of slots, unknown pointers and stacks, too */
};

struct outcome {
    enum fl_status opened, ended;
    unsigned damages; /* times FL_CORRUPT was given, which is never final */
    uint64_t events;
    struct delivery chunks[CHUNKS_MAX];
    char message[FL_ERROR_MESSAGE_MAX]; /* the first one */
};

struct subject {
    uint8_t *file;
    size_t bytes;
    int fd; /* a copy in memory, to be damaged */
    unsigned chunk_count;
    size_t chunk_at[CHUNKS_MAX + 1]; /* offsets of the chunks' headers, and of their end */
    struct outcome whole;
};

struct tally {
    uint64_t cuts, flips, reported;
    uint64_t unused_bits, same_payloads; /* flips without meaning, by kind */
    unsigned chunks_lost_max;
    uint64_t *events_lost; /* of each flip that cost a chunk */
    size_t losses;
    unsigned findings;
};

static void finding(struct tally *tally, const char *what, size_t byte, unsigned bit,
                    const struct outcome *outcome)
{
    if (tally->findings++ < FINDINGS_MAX) {
        printf("damage: byte %zu, bit %u: %s (%s)\n", byte, bit, what,
               outcome->message[0] == '\0' ? "nothing was said" : outcome->message);
    }
}

/* ---- reading ---- */

static void op_take(struct delivery *delivery, const struct fl_reader *reader,
                    const struct fl_op *op, size_t i)
{
    struct fl_op call = *op;
    size_t bytes = 0;
    const char *text =
        op->kind == FL_RECORD_MARK ? fl_reader_text(reader, op, &bytes) : (const char *)&bytes;
    delivery->records++;
    delivery->events += fl_kind_is_call(op->kind);
    const uint32_t stack = fl_reader_stack(reader, i);
    delivery->whole_hash = XXH64(op, sizeof *op, delivery->whole_hash);
    delivery->whole_hash = XXH64(&stack, sizeof stack, delivery->whole_hash);
    call.slot = 0;
    call.flags &= (uint8_t)~FL_FLAG_UNKNOWN;
    delivery->calls_hash = XXH64(&call, sizeof call, delivery->calls_hash);
    delivery->calls_hash = XXH64(text, bytes, delivery->calls_hash);
}

static void trace_read(struct fl_reader *reader, struct outcome *outcome)
{
    struct fl_batch batch;
    struct fl_error err;
    outcome->ended = fl_reader_keep_stacks(reader, &err);
    while (outcome->ended == FL_OK || outcome->ended == FL_CORRUPT) {
        outcome->ended = fl_reader_next(reader, &batch, &err);
        outcome->damages += outcome->ended == FL_CORRUPT;
        if (outcome->ended != FL_OK && outcome->message[0] == '\0') {
            memcpy(outcome->message, err.message, sizeof outcome->message);
        }
        if (outcome->damages > DAMAGES_MAX) {
            return;
        }
        for (size_t i = 0; outcome->ended == FL_OK && i < batch.count; i++) {
            op_take(&outcome->chunks[batch.chunk % CHUNKS_MAX], reader, &batch.ops[i], i);
        }
    }
    outcome->events = fl_reader_totals(reader)->events;
}

static struct outcome file_read(int fd)
{
    struct outcome outcome = {.ended = FL_OK};
    struct fl_reader *reader;
    struct fl_error err;
    lseek(fd, 0, SEEK_SET);
    outcome.opened = fl_reader_open_fd(fd, "trace", &reader, &err);
    if (outcome.opened == FL_OK) {
        trace_read(reader, &outcome);
        fl_reader_close(reader);
    } else {
        memcpy(outcome.message, err.message, sizeof outcome.message);
    }
    return outcome;
}

static bool is_reported(const struct outcome *outcome)
{
    return outcome->opened != FL_OK || outcome->damages > 0 ||
           fl_status_exit(outcome->ended) == FL_EXIT_TRACE;
}

/* ---- cuts ---- */

/* Does the reading hold chunks 0 .. count - 1 exactly, and nothing else? */
static bool holds_first(const struct subject *subject, const struct outcome *outcome,
                        unsigned count)
{
    static const struct delivery nothing;
    for (unsigned i = 0; i < CHUNKS_MAX; i++) {
        const struct delivery *wanted = i < count ? &subject->whole.chunks[i] : &nothing;
        if (memcmp(&outcome->chunks[i], wanted, sizeof *wanted) != 0) {
            return false;
        }
    }
    return true;
}

static void cut_check(const struct subject *subject, size_t cut, struct tally *tally)
{
    const struct outcome outcome = file_read(subject->fd);
    unsigned whole = 0;
    while (whole < subject->chunk_count && subject->chunk_at[whole + 1] <= cut) {
        whole++;
    }
    const enum fl_status opened = cut == 0 ? FL_EMPTY : cut < 12 ? FL_NOT_A_TRACE : FL_OK;
    tally->cuts++;
    if (outcome.opened != opened || outcome.damages > 0 ||
        (opened == FL_OK && outcome.ended != FL_TRUNCATED)) {
        finding(tally, "a cut here is not reported as one", cut, 0, &outcome);
    } else if (!holds_first(subject, &outcome, whole)) {
        finding(tally, "a cut here costs a chunk that is whole", cut, 0, &outcome);
    }
}

/* From the end to the beginning: the file in memory is cut shorter each time. */
static void cuts_try(const struct subject *subject, size_t step, struct tally *tally)
{
    for (size_t cut = subject->bytes; cut-- > 0;) {
        if (cut % step != 0) {
            continue;
        }
        if (ftruncate(subject->fd, (off_t)cut) != 0) {
            perror("ftruncate");
            exit(4);
        }
        cut_check(subject, cut, tally);
    }
    if (pwrite(subject->fd, subject->file, subject->bytes, 0) != (ssize_t)subject->bytes) {
        perror("pwrite");
        exit(4);
    }
}

/* ---- flips ---- */

/* The chunk that a byte belongs to; chunk_count when to none. */
static unsigned chunk_of(const struct subject *subject, size_t byte)
{
    unsigned i = 0;
    while (i < subject->chunk_count &&
           (byte < subject->chunk_at[i] || byte >= subject->chunk_at[i + 1])) {
        i++;
    }
    return i;
}

/* Does zstd unpack the frame of chunk `i` to the same bytes with the bit flipped? */
static bool payload_is_same(const struct subject *subject, unsigned i, size_t byte,
                            unsigned bit)
{
    const size_t at = subject->chunk_at[i] + FL_CHUNK_FRAME_BYTES;
    const size_t bytes = subject->chunk_at[i + 1] - at;
    const uint64_t room = ZSTD_getFrameContentSize(subject->file + at, bytes);
    uint8_t *frame = malloc(bytes), *before = malloc(room), *after = malloc(room);
    bool is_same = byte >= at && frame != NULL && before != NULL && after != NULL;
    if (is_same) {
        memcpy(frame, subject->file + at, bytes);
        is_same = ZSTD_decompress(before, room, frame, bytes) == room;
        frame[byte - at] ^= (uint8_t)(1u << bit);
        is_same = is_same && ZSTD_decompress(after, room, frame, bytes) == room &&
                  memcmp(before, after, room) == 0;
    }
    free(frame);
    free(before);
    free(after);
    return is_same;
}

static void silence_check(const struct subject *subject, const struct outcome *outcome,
                          size_t byte, unsigned bit, struct tally *tally)
{
    const unsigned chunk = chunk_of(subject, byte);
    if (chunk == subject->chunk_count || !payload_is_same(subject, chunk, byte, bit) ||
        !holds_first(subject, outcome, subject->chunk_count)) {
        finding(tally, "not reported, and not without meaning", byte, bit, outcome);
        return;
    }
    const size_t in_frame = byte - subject->chunk_at[chunk] - FL_CHUNK_FRAME_BYTES;
    if (in_frame == DESCRIPTOR_BYTE && bit == DESCRIPTOR_UNUSED) {
        tally->unused_bits++;
    } else {
        tally->same_payloads++;
    }
}

/* How many chunks are not what they were; more than one, or another than `hit`, is a
 * finding. */
static unsigned lost_count(const struct subject *subject, const struct outcome *outcome,
                           unsigned hit, bool *is_other)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < CHUNKS_MAX; i++) {
        const struct delivery *wanted = &subject->whole.chunks[i], *found = &outcome->chunks[i];
        const bool is_whole =
            found->records == wanted->records && found->calls_hash == wanted->calls_hash;
        lost += !is_whole;
        *is_other = *is_other || (!is_whole && (i != hit || found->records != 0));
    }
    return lost;
}

static void flip_check(const struct subject *subject, size_t byte, unsigned bit,
                       struct tally *tally)
{
    const uint8_t flipped = (uint8_t)(subject->file[byte] ^ 1u << bit);
    if (pwrite(subject->fd, &flipped, 1, (off_t)byte) != 1) {
        perror("pwrite");
        exit(4);
    }
    const struct outcome outcome = file_read(subject->fd);
    if (pwrite(subject->fd, &subject->file[byte], 1, (off_t)byte) != 1) {
        perror("pwrite");
        exit(4);
    }
    bool is_other = outcome.opened != FL_OK || outcome.damages > DAMAGES_MAX;
    const unsigned lost = lost_count(subject, &outcome, chunk_of(subject, byte), &is_other);
    tally->flips++;
    tally->reported += is_reported(&outcome);
    if (is_other || lost > 1) {
        finding(tally, "costs more than its chunk", byte, bit, &outcome);
    } else if (!is_reported(&outcome)) {
        silence_check(subject, &outcome, byte, bit, tally);
    }
    tally->chunks_lost_max = lost > tally->chunks_lost_max ? lost : tally->chunks_lost_max;
    if (lost > 0) {
        tally->events_lost[tally->losses++] = subject->whole.events - outcome.events;
    }
}

/* A step of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

/* No place twice; all of them when `flips` is that many. */
static void flips_try(const struct subject *subject, uint64_t flips, struct tally *tally)
{
    const uint64_t places = 8 * (uint64_t)subject->bytes;
    bool *is_taken = calloc(places, sizeof *is_taken);
    uint64_t state = 1;
    if (is_taken == NULL) {
        perror("calloc");
        exit(4);
    }
    for (uint64_t i = 0; i < flips && i < places; i++) {
        uint64_t place = random_next(&state) % places;
        while (is_taken[place]) {
            place = (place + 1) % places;
        }
        is_taken[place] = true;
        flip_check(subject, place / 8, (unsigned)(place % 8), tally);
    }
    free(is_taken);
}

/* ---- the whole ---- */

static uint8_t *file_load(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "re");
    size_t room = 0;
    uint8_t *at = NULL;
    *bytes = 0;
    do {
        room = 2 * room + 65536;
        at = realloc(at, room);
        if (file == NULL || at == NULL) {
            perror(path);
            exit(4);
        }
        *bytes += fread(at + *bytes, 1, room - *bytes, file);
    } while (*bytes == room);
    fclose(file);
    return at;
}

/* Read it whole, and note where its chunks are. False when it is not a whole trace of some
 * chunks. */
static bool subject_open(struct subject *subject, const char *path)
{
    subject->file = file_load(path, &subject->bytes);
    subject->fd = craft_file(subject->file, subject->bytes);
    subject->whole = file_read(subject->fd);
    size_t at = FL_SKIPPABLE_BYTES + fl_load32(subject->file + 4);
    struct fl_chunk_header header;
    while (at + FL_CHUNK_FRAME_BYTES <= subject->bytes && subject->chunk_count < CHUNKS_MAX &&
           fl_chunk_header_decode(subject->file + at, &header)) {
        subject->chunk_at[subject->chunk_count++] = at;
        at += FL_CHUNK_FRAME_BYTES + header.compressed_bytes;
    }
    subject->chunk_at[subject->chunk_count] = at;
    return subject->whole.ended == FL_END && !is_reported(&subject->whole) &&
           subject->chunk_count >= 3 && subject->chunk_count < CHUNKS_MAX;
}

static int by_value(const void *left, const void *right)
{
    const uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return one < other ? -1 : one > other;
}

static void summary_print(const struct subject *subject, const struct tally *tally)
{
    qsort(tally->events_lost, tally->losses, sizeof *tally->events_lost, by_value);
    const uint64_t *lost = tally->events_lost;
    const size_t n = tally->losses;
    printf(
        "damage: %zu bytes, %u chunks, %llu events; cuts %llu, all reported; flips %llu, "
        "reported %llu, without meaning %llu (unused bit of a zstd frame %llu, same payload "
        "from other bits of a zstd block %llu); chunks lost at most %u, in %zu flips; events "
        "lost min %llu, median %llu, max %llu\n",
        subject->bytes, subject->chunk_count, (unsigned long long)subject->whole.events,
        (unsigned long long)tally->cuts, (unsigned long long)tally->flips,
        (unsigned long long)tally->reported,
        (unsigned long long)(tally->unused_bits + tally->same_payloads),
        (unsigned long long)tally->unused_bits, (unsigned long long)tally->same_payloads,
        tally->chunks_lost_max, n, (unsigned long long)(n > 0 ? lost[0] : 0),
        (unsigned long long)(n > 0 ? lost[n / 2] : 0),
        (unsigned long long)(n > 0 ? lost[n - 1] : 0));
}

int main(int argc, char **argv)
{
    static struct subject subject;
    struct tally tally = {0};
    const uint64_t flips = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    const size_t step = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
    if (flips == 0 || step == 0) {
        fprintf(stderr, "usage: trace_damage TRACE FLIPS STEP\n");
        return 2;
    }
    tally.events_lost = calloc(flips, sizeof *tally.events_lost);
    if (tally.events_lost == NULL || !subject_open(&subject, argv[1])) {
        fprintf(stderr, "trace_damage: %s is not a whole trace of 3 to 63 chunks\n", argv[1]);
        return 2;
    }
    cuts_try(&subject, step, &tally);
    flips_try(&subject, flips, &tally);
    if (tally.findings == 0) {
        summary_print(&subject, &tally);
    }
    close(subject.fd);
    free(subject.file);
    free(tally.events_lost);
    return tally.findings == 0 ? 0 : 1;
}
