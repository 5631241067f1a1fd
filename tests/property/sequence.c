/*
 * The naive model: an array of slots with what each block must be. Every check is O(slots), which
 * is why there are few of them; what makes heaps fail is the mix of sizes, not their number.
 */
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Large blocks are filled and read at both ends only. */
#define EDGE ((size_t)4096)

/* No machine has this much: NULL is the right answer. */
#define HOPELESS ((size_t)1 << 46)

struct slot {
    uint8_t *at; /* NULL: empty */
    size_t bytes;
    uint8_t pattern; /* byte i of the block is pattern + i * 31 */
};

struct run {
    const struct fl_allocator_ops *ops;
    struct fl_allocator *heap;
    bool is_small; /* the reservation is limited: NULL is allowed for any size */
    struct slot slots[SEQUENCE_SLOTS];
    uint64_t live_blocks, live_payload, peak_payload, failed;
    uint64_t hash;
    char *message;
    size_t message_bytes;
};

uint64_t sequence_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

/* Mostly small, sometimes around a page, rarely around the limits of big blocks, and now and then
 * a size that nobody can serve. */
static size_t random_size(uint64_t *state)
{
    const uint64_t pick = sequence_random(state) % 100, value = sequence_random(state);
    if (pick < 50)
        return value % 100;
    if (pick < 75)
        return value % 2000;
    if (pick < 90)
        return value % 20000;
    if (pick < 95)
        return 65536 - 40 + value % 80;
    if (pick < 98)
        return ((size_t)1 << 20) - 40 + value % 80;
    return pick == 98 ? SIZE_MAX - value % 100 : value % ((size_t)4 << 20);
}

static size_t random_align(uint64_t *state)
{
    const uint64_t pick = sequence_random(state) % 100;
    return (size_t)1 << (pick < 80 ? pick % 9 : pick % 23);
}

void sequence_make(struct op *ops, size_t count, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < count; i++) {
        const uint64_t pick = sequence_random(&state) % 100;
        ops[i].kind = pick < 30   ? OP_ALLOC
                      : pick < 36 ? OP_ZEROED
                      : pick < 48 ? OP_ALIGNED
                      : pick < 68 ? OP_RESIZE
                                  : OP_FREE;
        ops[i].slot = (unsigned)(sequence_random(&state) % SEQUENCE_SLOTS);
        ops[i].bytes = random_size(&state);
        ops[i].align = ops[i].kind == OP_ALIGNED ? random_align(&state) : 0;
    }
}

static bool run_fail(struct run *run, const char *what)
{
    snprintf(run->message, run->message_bytes, "%s", what);
    return false;
}

/* ---- contents ---- */

static uint8_t pattern_byte(const struct slot *slot, size_t i)
{
    return (uint8_t)(slot->pattern + i * 31);
}

static void slot_fill(struct slot *slot, uint64_t step)
{
    slot->pattern = (uint8_t)(step * 7 + 1);
    const size_t tail = slot->bytes > 2 * EDGE ? slot->bytes - EDGE : 0;
    for (size_t i = 0; i < slot->bytes; i = i == EDGE && tail > 0 ? tail : i) {
        slot->at[i] = pattern_byte(slot, i);
        i++;
    }
}

/* Are those of the first `bytes` bytes that were written still there, now at `at`? */
static bool slot_is_intact(const struct slot *slot, const uint8_t *at, size_t bytes)
{
    const size_t tail = slot->bytes > 2 * EDGE ? slot->bytes - EDGE : 0;
    for (size_t i = 0; i < bytes; i = i == EDGE && tail > 0 ? tail : i) {
        if (at[i] != pattern_byte(slot, i))
            return false;
        i++;
    }
    return true;
}

static bool memory_is_zero(const uint8_t *at, size_t bytes)
{
    return bytes == 0 || (at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0);
}

/* ---- what an answer must be ---- */

static bool slots_overlap(const struct run *run, const struct slot *slot)
{
    for (size_t i = 0; i < SEQUENCE_SLOTS; i++) {
        const struct slot *other = &run->slots[i];
        if (other == slot || other->at == NULL)
            continue;
        /* A block of no bytes has a place of its own as well. */
        const size_t mine = slot->bytes + (slot->bytes == 0);
        const size_t theirs = other->bytes + (other->bytes == 0);
        if (slot->at < other->at + theirs && other->at < slot->at + mine)
            return true;
    }
    return false;
}

static bool check_null(struct run *run, size_t bytes)
{
    run->failed++;
    return run->is_small || bytes >= HOPELESS || run_fail(run, "no memory for a small request");
}

static bool check_answer(struct run *run, struct slot *slot, size_t align)
{
    const size_t wanted = align > 16 ? align : 16;
    if ((uintptr_t)slot->at % wanted != 0)
        return run_fail(run, "a block is not aligned");
    if (slots_overlap(run, slot))
        return run_fail(run, "two live blocks overlap");
    if (run->ops->usable_size(run->heap, slot->at) < slot->bytes)
        return run_fail(run, "a block is smaller than asked for");
    if (!run->ops->contains(run->heap, slot->at, slot->bytes))
        return run_fail(run, "a block is not inside the heap");
    run->hash = (run->hash ^ run->ops->offset(run->heap, slot->at)) * 0x100000001b3U;
    return true;
}

static void model_add(struct run *run, size_t bytes)
{
    run->live_blocks++;
    run->live_payload += bytes;
    if (run->live_payload > run->peak_payload)
        run->peak_payload = run->live_payload;
}

static void model_remove(struct run *run, size_t bytes)
{
    run->live_blocks--;
    run->live_payload -= bytes;
}

/* ---- operations ---- */

static bool op_alloc(struct run *run, struct slot *slot, const struct op *op, uint64_t step)
{
    if (slot->at != NULL)
        return true;
    uint8_t *at = op->kind == OP_ZEROED ? run->ops->alloc_zeroed(run->heap, op->bytes)
                                        : run->ops->alloc(run->heap, op->bytes, op->align);
    if (at == NULL)
        return check_null(run, op->bytes);
    *slot = (struct slot){.at = at, .bytes = op->bytes};
    model_add(run, op->bytes);
    if (op->kind == OP_ZEROED && !memory_is_zero(at, op->bytes))
        return run_fail(run, "a zeroed block is not zero");
    slot_fill(slot, step);
    return check_answer(run, slot, op->align);
}

static bool op_resize(struct run *run, struct slot *slot, const struct op *op, uint64_t step)
{
    if (slot->at == NULL)
        return true;
    uint8_t *at = run->ops->resize(run->heap, slot->at, op->bytes);
    if (at == NULL)
        return check_null(run, op->bytes) &&
               (slot_is_intact(slot, slot->at, slot->bytes) ||
                run_fail(run, "a failed resize has changed the block"));
    const size_t common = slot->bytes < op->bytes ? slot->bytes : op->bytes;
    if (!slot_is_intact(slot, at, common))
        return run_fail(run, "a resize has lost contents");
    model_remove(run, slot->bytes);
    model_add(run, op->bytes);
    *slot = (struct slot){.at = at, .bytes = op->bytes};
    slot_fill(slot, step);
    return check_answer(run, slot, 0);
}

static bool op_free(struct run *run, struct slot *slot)
{
    if (slot->at == NULL)
        return true;
    if (!slot_is_intact(slot, slot->at, slot->bytes))
        return run_fail(run, "somebody wrote into a live block");
    run->ops->free(run->heap, slot->at);
    model_remove(run, slot->bytes);
    slot->at = NULL;
    return true;
}

static bool run_op(struct run *run, const struct op *op, uint64_t step)
{
    struct slot *slot = &run->slots[op->slot];
    switch (op->kind) {
    case OP_ALLOC:
    case OP_ZEROED:
    case OP_ALIGNED:
        return op_alloc(run, slot, op, step);
    case OP_RESIZE:
        return op_resize(run, slot, op, step);
    case OP_FREE:
        return op_free(run, slot);
    }
    return false;
}

static bool run_check(struct run *run, enum fl_check_depth depth)
{
    struct fl_check_report report;
    struct fl_alloc_stats stats;
    run->ops->stats(run->heap, &stats);
    if (stats.live_blocks != run->live_blocks || stats.live_payload != run->live_payload ||
        stats.peak_payload != run->peak_payload || stats.failed != run->failed)
        return run_fail(run, "the counters are not what the model counts");
    if (run->ops->check(run->heap, depth, &report))
        return true;
    snprintf(run->message, run->message_bytes, "%s does not hold at %llu: %s", report.invariant,
             (unsigned long long)report.offset, report.message);
    return false;
}

/* Free everything; what is left is a heap without a used block. */
static bool run_empty(struct run *run)
{
    for (size_t i = 0; i < SEQUENCE_SLOTS; i++)
        if (!op_free(run, &run->slots[i]))
            return false;
    return run_check(run, FL_CHECK_FULL);
}

bool sequence_run(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
                  const struct op *sequence, size_t count, unsigned check_every,
                  struct run_result *result, char *message, size_t message_bytes)
{
    struct run run = {.ops = ops,
                      .is_small = config->reserve_bytes != 0,
                      .hash = 0xcbf29ce484222325U,
                      .message = message,
                      .message_bytes = message_bytes};
    if (ops->create(config, &run.heap) != 0)
        return run_fail(&run, "no instance could be made");
    bool is_fine = true;
    for (size_t i = 0; i < count && is_fine; i++) {
        const bool is_full = check_every > 0 && i % check_every == 0;
        is_fine = run_op(&run, &sequence[i], i) &&
                  run_check(&run, is_full ? FL_CHECK_FULL : FL_CHECK_FAST);
    }
    is_fine = is_fine && run_empty(&run);
    *result = (struct run_result){.offsets_hash = run.hash};
    ops->stats(run.heap, &result->stats);
    ops->destroy(run.heap);
    return is_fine;
}

bool sequence_run_apart(const struct fl_allocator_ops *ops,
                        const struct fl_allocator_config *config, const struct op *sequence,
                        size_t count, unsigned check_every, char *message, size_t message_bytes)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct run_result result;
        char text[256] = "";
        dup2(ends[1], STDERR_FILENO); /* the sentence of an assertion is the message then */
        const bool is_fine =
            sequence_run(ops, config, sequence, count, check_every, &result, text, sizeof text);
        const bool is_told = write(ends[1], text, strlen(text)) >= 0;
        _exit(is_fine && is_told ? 0 : 1);
    }
    close(ends[1]);
    int status = -1;
    const ssize_t got = read(ends[0], message, message_bytes - 1);
    message[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status) && message[0] == '\0')
        snprintf(message, message_bytes, "ended by signal %d", WTERMSIG(status));
    return status == 0;
}

/* Does the sequence without ops[from .. from + without) still fail? Then keep it so. */
static size_t shorten_by(const struct fl_allocator_ops *ops,
                         const struct fl_allocator_config *config, struct op *sequence,
                         size_t count, size_t from, size_t without)
{
    char message[256];
    const size_t left = count - without;
    struct op *shorter = malloc((left + 1) * sizeof *shorter);
    if (shorter == NULL)
        return count;
    memcpy(shorter, sequence, from * sizeof *shorter);
    memcpy(shorter + from, sequence + from + without, (left - from) * sizeof *shorter);
    const bool fails =
        !sequence_run_apart(ops, config, shorter, left, 1, message, sizeof message);
    if (fails)
        memcpy(sequence, shorter, left * sizeof *shorter);
    free(shorter);
    return fails ? left : count;
}

size_t sequence_shorten(const struct fl_allocator_ops *ops,
                        const struct fl_allocator_config *config, struct op *sequence,
                        size_t count)
{
    for (size_t step = count / 2; step > 0; step /= 2) {
        size_t from = 0;
        while (from + step <= count) {
            const size_t left = shorten_by(ops, config, sequence, count, from, step);
            if (left == count)
                from += step;
            count = left;
        }
    }
    return count;
}

void sequence_print(const struct op *sequence, size_t count)
{
    static const char *const names[] = {"alloc", "zeroed", "aligned", "resize", "free"};
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s slot=%u bytes=%zu align=%zu\n", names[sequence[i].kind],
                sequence[i].slot, sequence[i].bytes, sequence[i].align);
}
