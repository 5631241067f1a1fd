/*
 * Every answer of an allocator is verified when it is given:
 *
 *   alloc    aligned, inside the heap, no byte shared with a live block (blockmap.c), zeroed when
 *            it should be, usable size not below the size; then filled with its pattern
 *   resize   the old contents verified before, the common prefix after; then as alloc
 *   free     contents verified over the whole block, then given back; no refusal of a live one
 *   heap     its own invariants: O(1) ones after each step, whole walks now and then
 *
 * The pattern's seed is the serial of the object, and stays through a realloc, so that only
 * what is new is written. The first finding ends the pass: after a wrong answer nothing is
 * sure. Cost: a few cache misses per step and about 0.1 ns per byte of block.
 */
#include "check.h"

#include <string.h>
#include <sys/mman.h>

#include "blockmap.h"
#include "call.h"
#include "pattern.h"
#include "table.h"

#define WALK_LEAST_STEPS 1024u

/* A live object. */
struct object {
    unsigned char *block; /* NULL: none, or the allocator refused it */
    uint64_t size_bytes;
    uint64_t serial;
    uint64_t seed; /* of the pattern: serial of the first object of a chain of reallocs */
};

struct fl_checker {
    struct fl_allocator *allocator;
    const struct fl_allocator_ops *ops;
    struct fl_checker_options options;
    struct fl_check_result result;
    struct fl_table objects; /* struct object by slot */
    struct fl_blockmap *map; /* bytes of all live blocks */
    uint64_t live_count;
    uint64_t steps_since_walk;
    uint64_t event, serial, call; /* of the step at work */
};

struct fl_checker *fl_checker_new(struct fl_allocator *allocator,
                                  const struct fl_checker_options *options)
{
    struct fl_checker *checker =
        mmap(NULL, sizeof *checker, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (checker == MAP_FAILED) {
        return NULL;
    }
    *checker = (struct fl_checker){
        .allocator = allocator,
        .ops = allocator->ops,
        .options = *options,
        .objects = {.element_bytes = sizeof(struct object)},
        .map = fl_blockmap_new(),
    };
    if (checker->map == NULL) {
        munmap(checker, sizeof *checker);
        return NULL;
    }
    return checker;
}

void fl_checker_free(struct fl_checker *checker)
{
    fl_table_free(&checker->objects);
    fl_blockmap_free(checker->map);
    munmap(checker, sizeof *checker);
}

static struct object *object_at(const struct fl_checker *checker, uint32_t slot)
{
    return (struct object *)checker->objects.base + slot;
}

/* The finding of `kind` about `object`; the caller adds what is particular. */
static struct fl_finding finding_about(const struct fl_checker *checker,
                                       enum fl_finding_kind kind, const struct object *object)
{
    return (struct fl_finding){
        .kind = kind,
        .call = (uint32_t)checker->call,
        .event = checker->event,
        .last_event = checker->event,
        .serial = object->serial,
        .address = (uintptr_t)object->block,
        .size_bytes = object->size_bytes,
    };
}

/* Bytes a block takes up in the map: a block of size 0 is still one of its own. */
static size_t extent_of(const struct object *object)
{
    return object->size_bytes > 0 ? (size_t)object->size_bytes : 1;
}

static bool is_whole(uint64_t size_bytes)
{
    return size_bytes <= FL_CHECK_WHOLE_BYTES;
}

/* The parts of a block that are filled: all of it, or both edges of a very large one. */
static size_t head_end(uint64_t size_bytes)
{
    return is_whole(size_bytes) ? (size_t)size_bytes : FL_CHECK_EDGE_BYTES;
}

static size_t tail_start(uint64_t size_bytes)
{
    return (size_t)size_bytes - (is_whole(size_bytes) ? 0 : FL_CHECK_EDGE_BYTES);
}

static void object_fill(const struct object *object)
{
    fl_pattern_fill(object->block, 0, head_end(object->size_bytes), object->seed);
    fl_pattern_fill(object->block, tail_start(object->size_bytes), (size_t)object->size_bytes,
                    object->seed);
}

static bool object_verify_zero(const struct fl_checker *checker, const struct object *object,
                               struct fl_finding *finding)
{
    const size_t end = (size_t)object->size_bytes;
    size_t at = fl_pattern_verify_zero(object->block, 0, head_end(end));
    if (at == FL_PATTERN_INTACT) {
        at = fl_pattern_verify_zero(object->block, tail_start(end), end);
    }
    if (at == FL_PATTERN_INTACT) {
        return true;
    }
    *finding = finding_about(checker, FL_FINDING_NOT_ZEROED, object);
    finding->at_byte = at;
    finding->found = object->block[at];
    return false;
}

/* Are the first `limit` bytes what was filled when the object had `filled_bytes`? */
static bool object_verify(const struct fl_checker *checker, const struct object *object,
                          uint64_t filled_bytes, size_t limit, enum fl_finding_kind kind,
                          struct fl_finding *finding)
{
    const size_t head = head_end(filled_bytes) < limit ? head_end(filled_bytes) : limit;
    size_t at = fl_pattern_verify(object->block, 0, head, object->seed);
    if (at == FL_PATTERN_INTACT && tail_start(filled_bytes) < limit) {
        at = fl_pattern_verify(object->block, tail_start(filled_bytes), limit, object->seed);
    }
    if (at == FL_PATTERN_INTACT) {
        return true;
    }
    *finding = finding_about(checker, kind, object);
    finding->at_byte = at;
    finding->expected = fl_pattern_byte(object->seed, at);
    finding->found = object->block[at];
    return false;
}

static bool contents_intact(const struct fl_checker *checker, const struct object *object,
                            struct fl_finding *finding)
{
    return object_verify(checker, object, object->size_bytes, (size_t)object->size_bytes,
                         FL_FINDING_CONTENTS, finding);
}

/* What was asked for, never less than the map's granule (or the allocator's own alignment where
 * that is smaller still). Blocks below 16 bytes hold nothing that C would align to 16. */
static size_t alignment_expected(const struct fl_checker *checker, const struct fl_step *step)
{
    const size_t own = checker->allocator->alignment;
    const size_t least = own < FL_GRANULE_BYTES ? own : FL_GRANULE_BYTES;
    if (step->action == FL_DO_ALIGNED) {
        const size_t asked = (size_t)1 << step->align_log2;
        return asked > least ? asked : least;
    }
    return own == 16 && step->size_bytes < 16 ? least : own;
}

/* Name the live object that `object` shares bytes with: a scan, made once in a pass. */
static void finding_name_other(const struct fl_checker *checker, const struct object *object,
                               struct fl_finding *finding)
{
    const struct object *all = checker->objects.base;
    for (size_t i = 0; i < checker->objects.capacity; i++) {
        const struct object *other = &all[i];
        if (other != object && other->block != NULL &&
            other->block < object->block + extent_of(object) &&
            object->block < other->block + extent_of(other)) {
            finding->other_serial = other->serial;
            finding->other_address = (uintptr_t)other->block;
            finding->other_bytes = other->size_bytes;
            return;
        }
    }
}

/* Place and size of a new block: aligned, in the heap, apart from all others, usable. */
static enum fl_status block_verify(struct fl_checker *checker, const struct fl_step *step,
                                   const struct object *object, struct fl_finding *finding)
{
    const size_t align = alignment_expected(checker, step);
    if ((uintptr_t)object->block % align != 0) {
        *finding = finding_about(checker, FL_FINDING_MISALIGNED, object);
        finding->expected = align;
        return FL_WRONG;
    }
    if (checker->ops->contains != NULL &&
        !checker->ops->contains(checker->allocator, object->block,
                                (size_t)object->size_bytes)) {
        *finding = finding_about(checker, FL_FINDING_OUTSIDE, object);
        return FL_WRONG;
    }
    const enum fl_blockmap_answer answer =
        fl_blockmap_add(checker->map, (uintptr_t)object->block, extent_of(object));
    if (answer == FL_BLOCKMAP_NO_MEMORY) {
        return FL_NOMEM;
    }
    if (answer == FL_BLOCKMAP_TAKEN) {
        *finding = finding_about(checker, FL_FINDING_OVERLAP, object);
        finding_name_other(checker, object, finding);
        return FL_WRONG;
    }
    return FL_OK;
}

static bool usable_verify(const struct fl_checker *checker, const struct object *object,
                          struct fl_finding *finding)
{
    const size_t usable = checker->ops->usable_size(checker->allocator, object->block);
    if (usable >= object->size_bytes) {
        return true;
    }
    *finding = finding_about(checker, FL_FINDING_USABLE_SMALL, object);
    finding->expected = object->size_bytes;
    finding->found = usable;
    return false;
}

static void refused(struct fl_checker *checker)
{
    if (checker->result.refused++ == 0) {
        checker->result.first_refused_event = checker->event;
    }
}

/* splitmix64's step over what was there and the new offset: order matters. */
static void hash_offset(struct fl_checker *checker, const void *block)
{
    if (checker->ops->offset != NULL) {
        uint64_t hash =
            checker->result.offsets_hash ^ checker->ops->offset(checker->allocator, block);
        hash = (hash + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
        checker->result.offsets_hash = hash ^ (hash >> 29);
    }
}

static void *target_alloc(const struct fl_checker *checker, const struct fl_step *step)
{
    const size_t bytes = (size_t)step->size_bytes;
    if (step->action != FL_DO_ZEROED || checker->ops->alloc_zeroed == NULL) {
        const size_t align = step->action == FL_DO_ALIGNED ? (size_t)1 << step->align_log2 : 0;
        return checker->ops->alloc(checker->allocator, bytes, align);
    }
    return checker->ops->alloc_zeroed(checker->allocator, bytes);
}

static enum fl_status step_alloc(struct fl_checker *checker, const struct fl_step *step,
                                 struct fl_finding *finding)
{
    struct object *object = object_at(checker, step->slot);
    *object = (struct object){
        .block = target_alloc(checker, step),
        .size_bytes = step->size_bytes,
        .serial = checker->serial,
        .seed = checker->serial,
    };
    if (object->block == NULL) {
        refused(checker);
        return FL_OK;
    }
    hash_offset(checker, object->block);
    const enum fl_status status = block_verify(checker, step, object, finding);
    if (status != FL_OK) {
        return status;
    }
    const bool must_be_zero =
        step->action == FL_DO_ZEROED && checker->ops->alloc_zeroed != NULL;
    if ((must_be_zero && !object_verify_zero(checker, object, finding)) ||
        !usable_verify(checker, object, finding)) {
        return FL_WRONG;
    }
    object_fill(object);
    checker->live_count++;
    return FL_OK;
}

/* After a resize from `old_bytes`: write what the block did not hold before. */
static void object_fill_rest(const struct object *object, uint64_t old_bytes)
{
    if (!is_whole(old_bytes) || !is_whole(object->size_bytes)) {
        object_fill(object);
    } else if (object->size_bytes > old_bytes) {
        fl_pattern_fill(object->block, (size_t)old_bytes, (size_t)object->size_bytes,
                        object->seed);
    }
}

static enum fl_status step_resize(struct fl_checker *checker, const struct fl_step *step,
                                  struct fl_finding *finding)
{
    struct object *object = object_at(checker, step->slot);
    if (object->block == NULL) {
        return step_alloc(checker, step, finding);
    }
    if (!contents_intact(checker, object, finding)) {
        return FL_WRONG;
    }
    unsigned char *block =
        checker->ops->resize(checker->allocator, object->block, (size_t)step->size_bytes);
    if (block == NULL) {
        refused(checker);
        return FL_OK;
    }
    fl_blockmap_remove(checker->map, (uintptr_t)object->block, extent_of(object));
    const uint64_t old_bytes = object->size_bytes;
    object->block = block;
    object->size_bytes = step->size_bytes;
    object->serial = checker->serial;
    hash_offset(checker, block);
    const enum fl_status status = block_verify(checker, step, object, finding);
    if (status != FL_OK) {
        return status;
    }
    const uint64_t kept = old_bytes < step->size_bytes ? old_bytes : step->size_bytes;
    if (!object_verify(checker, object, old_bytes, (size_t)kept, FL_FINDING_PREFIX_LOST,
                       finding) ||
        !usable_verify(checker, object, finding)) {
        return FL_WRONG;
    }
    object_fill_rest(object, old_bytes);
    return FL_OK;
}

static enum fl_status step_free(struct fl_checker *checker, const struct fl_step *step,
                                struct fl_finding *finding)
{
    struct object *object = object_at(checker, step->slot);
    if (object->block == NULL) {
        return FL_OK;
    }
    if (!contents_intact(checker, object, finding)) {
        return FL_WRONG;
    }
    if (!fl_call_free(checker->allocator, (enum fl_action)step->action, object->block,
                      step->size_bytes, step->align_log2)) {
        *finding = finding_about(checker, FL_FINDING_FREE_REFUSED, object);
        return FL_WRONG;
    }
    fl_blockmap_remove(checker->map, (uintptr_t)object->block, extent_of(object));
    object->block = NULL;
    checker->live_count--;
    return FL_OK;
}

static enum fl_status step_usable(const struct fl_checker *checker, const struct fl_step *step,
                                  struct fl_finding *finding)
{
    const struct object *object = object_at(checker, step->slot);
    return object->block == NULL || usable_verify(checker, object, finding) ? FL_OK : FL_WRONG;
}

static enum fl_status step_run(struct fl_checker *checker, const struct fl_step *step,
                               struct fl_finding *finding)
{
    switch ((enum fl_action)step->action) {
    case FL_DO_ALLOC:
    case FL_DO_ZEROED:
    case FL_DO_ALIGNED:
        return step_alloc(checker, step, finding);
    case FL_DO_RESIZE:
        return step_resize(checker, step, finding);
    case FL_DO_FREE:
    case FL_DO_FREE_SIZED:
        return step_free(checker, step, finding);
    case FL_DO_USABLE:
        return step_usable(checker, step, finding);
    }
    return FL_BUG;
}

static enum fl_status heap_verify(struct fl_checker *checker, enum fl_check_depth depth,
                                  const struct object *object, struct fl_finding *finding)
{
    struct fl_check_report report;
    if (checker->ops->check == NULL) {
        return FL_OK;
    }
    checker->result.walks += depth == FL_CHECK_FULL;
    report.invariant[0] = '\0';
    if (checker->ops->check(checker->allocator, depth, &report)) {
        return FL_OK;
    }
    *finding = finding_about(checker, FL_FINDING_INVARIANT, object);
    finding->found = report.offset;
    _Static_assert(sizeof finding->detail >= sizeof report.message + sizeof report.invariant,
                   "a detail holds an invariant's name and message");
    char *end = stpcpy(finding->detail, report.invariant);
    *end++ = ' ';
    memcpy(end, report.message, sizeof report.message);
    finding->detail[sizeof finding->detail - 1] = '\0';
    return FL_WRONG;
}

/* Is it time for a walk? */
static bool walk_is_due(struct fl_checker *checker)
{
    if (checker->options.mode != FL_CHECK_MODE_FULL) {
        return false;
    }
    uint64_t every = checker->options.walk_every;
    if (every == 0) {
        every = checker->live_count > WALK_LEAST_STEPS ? checker->live_count : WALK_LEAST_STEPS;
    }
    return ++checker->steps_since_walk >= every;
}

static enum fl_status step_verify_heap(struct fl_checker *checker, const struct fl_step *step,
                                       struct fl_finding *finding)
{
    const bool walks = walk_is_due(checker);
    if (walks) {
        checker->steps_since_walk = 0;
    }
    return heap_verify(checker, walks ? FL_CHECK_FULL : FL_CHECK_FAST,
                       object_at(checker, step->slot), finding);
}

enum fl_status fl_checker_run(struct fl_checker *checker, const struct fl_step_batch *batch,
                              struct fl_finding *finding)
{
    if (!fl_table_reserve(&checker->objects, batch->slot_limit)) {
        return FL_NOMEM;
    }
    checker->serial = batch->first_serial;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct fl_step *step = &batch->steps[i];
        checker->event = batch->first_event + fl_step_event_index(step);
        checker->call = fl_step_call(step);
        if (checker->options.event != NULL) {
            atomic_store_explicit(checker->options.event, checker->event, memory_order_relaxed);
        }
        enum fl_status status = step_run(checker, step, finding);
        if (status == FL_OK) {
            status = step_verify_heap(checker, step, finding);
        }
        if (status != FL_OK) {
            return status;
        }
        checker->serial += fl_step_allocates(step);
        checker->result.steps++;
    }
    return FL_OK;
}

enum fl_status fl_checker_end(struct fl_checker *checker, struct fl_finding *finding,
                              struct fl_check_result *result)
{
    const struct object nobody = {.serial = FL_SERIAL_NONE};
    const struct object *all = checker->objects.base;
    for (size_t i = 0; i < checker->objects.capacity; i++) {
        if (all[i].block != NULL && !contents_intact(checker, &all[i], finding)) {
            return FL_WRONG;
        }
    }
    const enum fl_status status = heap_verify(checker, FL_CHECK_FULL, &nobody, finding);
    if (status == FL_OK) {
        *result = checker->result;
    }
    return status;
}
