/*
 * The naive model: an array of slots with what each block must be. Every check is O(slots) or
 * O(blocks), which is why there are few of them; what makes heaps fail is the mix of sizes, not
 * their number.
 */
#include "naive.h"

#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "shape.h"

/* Large blocks are filled and read at both ends only. */
#define EDGE ((size_t)4096)

/* No machine has this much: NULL is the right answer. */
#define HOPELESS ((size_t)1 << 46)

struct slot {
    uint8_t *at;  /* NULL: empty */
    uint8_t *was; /* where the last block was that it gave back, or NULL */
    size_t bytes;
    uint8_t pattern; /* see pattern_byte */
};

struct run {
    const struct fl_allocator_ops *ops;
    struct fl_allocator *heap;
    bool is_small; /* the reservation is limited: NULL is allowed for any size */
    struct slot slots[SEQUENCE_SLOTS];
    struct counters counters;
    struct shape shape;
    uint64_t hash;
    char *message;
    size_t message_bytes;
};

static bool run_fail(struct run *run, const char *what)
{
    snprintf(run->message, run->message_bytes, "%s", what);
    return false;
}

/* ---- contents ---- */

/* The high bit keeps any four bytes from looking like a size that a heap could hold. */
static uint8_t pattern_byte(const struct slot *slot, size_t i)
{
    return (uint8_t)(0x80 | (slot->pattern + i * 31));
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
    run->counters.failed++;
    return run->is_small || bytes >= HOPELESS || run_fail(run, "no memory for a small request");
}

static bool check_answer(struct run *run, struct slot *slot, size_t align)
{
    const size_t own = run->heap->alignment;
    if ((uintptr_t)slot->at % (align > own ? align : own) != 0)
        return run_fail(run, "a block is not aligned");
    if (slots_overlap(run, slot))
        return run_fail(run, "two live blocks overlap");
    if (run->ops->usable_size(run->heap, slot->at) < slot->bytes)
        return run_fail(run, "a block is smaller than asked for");
    if (!run->ops->contains(run->heap, slot->at, slot->bytes))
        return run_fail(run, "a block is not inside the heap");
    if (run->ops->judge(run->heap, slot->at) != FL_MISUSE_NONE)
        return run_fail(run, "a live block is judged a misuse");
    run->hash = (run->hash ^ run->ops->offset(run->heap, slot->at)) * 0x100000001b3U;
    return true;
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
    slot->at = at;
    slot->bytes = op->bytes;
    counters_add(&run->counters, op->bytes);
    run->counters.mallocs++;
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
    run->counters.failed_resizes += at == NULL;
    if (at == NULL)
        return check_null(run, op->bytes) &&
               (slot_is_intact(slot, slot->at, slot->bytes) ||
                run_fail(run, "a failed resize has changed the block"));
    const size_t common = slot->bytes < op->bytes ? slot->bytes : op->bytes;
    if (!slot_is_intact(slot, at, common))
        return run_fail(run, "a resize has lost contents");
    counters_remove(&run->counters, slot->bytes);
    counters_add(&run->counters, op->bytes);
    run->counters.reallocs++;
    slot->was = at != slot->at ? slot->at : slot->was;
    slot->at = at;
    slot->bytes = op->bytes;
    slot_fill(slot, step);
    return check_answer(run, slot, 0);
}

static bool op_free(struct run *run, struct slot *slot)
{
    if (slot->at == NULL)
        return true;
    if (!slot_is_intact(slot, slot->at, slot->bytes))
        return run_fail(run, "somebody wrote into a live block");
    if (!run->ops->free(run->heap, slot->at))
        return run_fail(run, "a live block was not freed");
    counters_remove(&run->counters, slot->bytes);
    run->counters.frees++;
    slot->was = slot->at;
    slot->at = NULL;
    return true;
}

/* ---- misuse ---- */

/* Every operation refuses the pointer, judge says why, and nothing has changed. */
static bool check_refused(struct run *run, void *bad, enum fl_misuse expected)
{
    struct fl_alloc_stats before, after;
    const char *fault = shape_take(&run->shape, run->heap);
    const uint64_t hash = run->shape.hash;
    run->ops->stats(run->heap, &before);
    if (run->ops->judge(run->heap, bad) != expected) {
        snprintf(run->message, run->message_bytes, "judge says %d, expected %d",
                 (int)run->ops->judge(run->heap, bad), (int)expected);
        return false;
    }
    if (run->ops->free(run->heap, bad))
        return run_fail(run, "a bad pointer was freed");
    if (run->ops->resize(run->heap, bad, 100) != NULL)
        return run_fail(run, "a bad pointer was resized");
    if (run->ops->usable_size(run->heap, bad) != 0)
        return run_fail(run, "a bad pointer has a usable size");
    run->ops->stats(run->heap, &after);
    if (memcmp(&before, &after, sizeof before) != 0)
        return run_fail(run, "a refused pointer has changed the counters");
    if (fault == NULL)
        fault = shape_take(&run->shape, run->heap);
    return (fault == NULL && run->shape.hash == hash) ||
           run_fail(run, fault != NULL ? fault : "a refused pointer has changed the heap");
}

static bool offset_is_big(uint64_t offset)
{
    return offset >> 63;
}

/* Where the heap starts; NULL while no live block tells. */
static uint8_t *heap_base(const struct run *run)
{
    for (size_t i = 0; i < SEQUENCE_SLOTS; i++) {
        const uint8_t *at = run->slots[i].at;
        const uint64_t offset = at != NULL ? run->ops->offset(run->heap, at) : UINT64_MAX;
        if (!offset_is_big(offset))
            return run->slots[i].at - offset;
    }
    return NULL;
}

/* A pointer that was given back is free memory, part of a newer block, or no longer ours. What
 * lies in front of it is a block's contents in the second case, which may look like a header:
 * the check at free is O(1). Then nothing is asked. Right after its free there is no such
 * excuse. */
static bool op_free_twice(struct run *run, struct slot *slot)
{
    const bool is_fresh = slot->at != NULL;
    if (!op_free(run, slot))
        return false;
    uint8_t *bad = slot->was, *base = heap_base(run);
    if (bad == NULL || base == NULL)
        return true;
    if (run->ops->judge(run->heap, bad) == FL_MISUSE_NONE)
        return !is_fresh || run_fail(run, "a block just freed passes for a live one");
    const char *fault = shape_take(&run->shape, run->heap);
    if (fault != NULL)
        return run_fail(run, fault);
    const bool is_ours = run->ops->contains(run->heap, bad, 1);
    const struct fl_block_view *block =
        is_ours ? shape_at(&run->shape, (uint64_t)(bad - base)) : NULL;
    if (!is_ours)
        return check_refused(run, bad, FL_MISUSE_FOREIGN);
    return check_refused(run, bad,
                         block == NULL || block->is_used ? FL_MISUSE_INSIDE : FL_MISUSE_FREED);
}

/* Where it can be told that no header is: the 8 bytes before are the program's, and filled. */
static bool op_free_inside(struct run *run, struct slot *slot, const struct op *op)
{
    const size_t step = run->heap->alignment, first = (8 + step - 1) / step * step;
    const size_t bytes = slot->bytes < EDGE ? slot->bytes : EDGE;
    if (slot->at == NULL || bytes <= first)
        return true;
    const size_t places = (bytes - first - 1) / step + 1;
    return check_refused(run, slot->at + first + op->bytes % places * step, FL_MISUSE_INSIDE);
}

static bool op_free_misaligned(struct run *run, struct slot *slot, const struct op *op)
{
    const size_t distance = 1 + op->bytes % (run->heap->alignment - 1);
    if (slot->at == NULL || slot->bytes <= distance)
        return true;
    const bool is_big = offset_is_big(run->ops->offset(run->heap, slot->at));
    return check_refused(run, slot->at + distance,
                         is_big ? FL_MISUSE_INSIDE : FL_MISUSE_MISALIGNED);
}

static bool op_free_foreign(struct run *run, const struct op *op)
{
    static _Alignas(64) uint8_t elsewhere[256];
    const uintptr_t base = (uintptr_t)heap_base(run);
    const uintptr_t places[] = {
        (uintptr_t)&elsewhere[64], 64, UINTPTR_MAX - 63, base - 64, /* before the region */
        base + ((size_t)10 << 30),                                  /* behind what is memory */
    };
    void *bad = (void *)places[op->bytes % (sizeof places / sizeof places[0])];
    if (base == 0 || run->ops->contains(run->heap, bad, 1))
        return true;
    return check_refused(run, bad, FL_MISUSE_FOREIGN);
}

/* A size with which the block would end where a free block does; 0: none lies behind it. */
static uint32_t size_up_to_a_free_block(struct run *run, const struct slot *slot)
{
    const uint64_t start = run->ops->offset(run->heap, slot->at) - 8;
    shape_take(&run->shape, run->heap);
    for (size_t i = 0; i < run->shape.in_region; i++) {
        const struct fl_block_view *block = &run->shape.blocks[i];
        if (!block->is_used && block->offset > start)
            return (uint32_t)((block->offset + block->block_bytes - start) /
                              run->heap->alignment);
    }
    return 0;
}

/* Nothing, all ones, or a size that only the successor can tell to be wrong. */
static bool op_free_smashed(struct run *run, struct slot *slot, const struct op *op)
{
    uint8_t saved[8];
    if (slot->at == NULL || offset_is_big(run->ops->offset(run->heap, slot->at)))
        return true;
    const uint32_t size = op->bytes % 3 == 0 ? size_up_to_a_free_block(run, slot) : 0;
    memcpy(saved, slot->at - 8, 8);
    if (size != 0)
        memcpy(slot->at - 8, &size, sizeof size);
    else
        memset(slot->at - 8, op->bytes % 3 == 1 ? 0xff : 0, 8);
    const bool is_told = run->ops->judge(run->heap, slot->at) == FL_MISUSE_CORRUPT;
    const bool is_refused = !run->ops->free(run->heap, slot->at) &&
                            run->ops->resize(run->heap, slot->at, 8) == NULL;
    memcpy(slot->at - 8, saved, 8);
    if (!is_told)
        return run_fail(run, "a smashed header is not judged corrupt");
    return is_refused || run_fail(run, "a block with a smashed header was accepted");
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
    case OP_FREE_TWICE:
        return op_free_twice(run, slot);
    case OP_FREE_INSIDE:
        return op_free_inside(run, slot, op);
    case OP_FREE_MISALIGNED:
        return op_free_misaligned(run, slot, op);
    case OP_FREE_FOREIGN:
        return op_free_foreign(run, op);
    case OP_FREE_SMASHED:
        return op_free_smashed(run, slot, op);
    case OP_KINDS:
        break;
    }
    return false;
}

/* ---- the whole heap ---- */

/* Every live block of the model is a used block of the walk, with its payload. */
static bool check_walk(struct run *run)
{
    const char *fault = shape_take(&run->shape, run->heap);
    uint64_t used = 0, payload = 0;
    if (fault != NULL)
        return run_fail(run, fault);
    for (size_t i = 0; i < run->shape.count; i++) {
        used += run->shape.blocks[i].is_used;
        payload += run->shape.blocks[i].payload_bytes;
    }
    if (used != run->counters.live_blocks || payload != run->counters.live_payload)
        return run_fail(run, "the walk does not show what is live");
    for (size_t i = 0; i < SEQUENCE_SLOTS; i++) {
        const struct slot *slot = &run->slots[i];
        const uint64_t offset =
            slot->at != NULL ? run->ops->offset(run->heap, slot->at) : UINT64_MAX;
        if (offset_is_big(offset))
            continue;
        const struct fl_block_view *block = shape_at(&run->shape, offset);
        if (block == NULL || !block->is_used || block->payload_bytes != slot->bytes)
            return run_fail(run, "the walk does not show a live block");
    }
    return true;
}

static bool run_check(struct run *run, enum fl_check_depth depth)
{
    struct fl_check_report report;
    struct fl_alloc_stats stats;
    run->ops->stats(run->heap, &stats);
    const char *fault = counters_fault(&run->counters, &stats);
    if (fault != NULL)
        return run_fail(run, fault);
    if (!run->ops->check(run->heap, depth, &report)) {
        snprintf(run->message, run->message_bytes, "%s does not hold at %llu: %s",
                 report.invariant, (unsigned long long)report.offset, report.message);
        return false;
    }
    return depth == FL_CHECK_FAST || check_walk(run);
}

/* Free everything; what is left is a heap without a used block. */
static bool run_empty(struct run *run)
{
    for (size_t i = 0; i < SEQUENCE_SLOTS; i++)
        if (!op_free(run, &run->slots[i]) || !run_check(run, FL_CHECK_FAST))
            return false;
    return run_check(run, FL_CHECK_FULL);
}

bool naive_run(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
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
    shape_release(&run.shape);
    return is_fine;
}
