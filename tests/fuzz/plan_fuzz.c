/*
 * Any bytes as a plan: valid steps, run into every allocator of the registry under flreplay's
 * checker, which verifies each answer, all contents and, after every few steps, the whole heap.
 * Designs of one order, fit and tie rule must place every block at the same offset.
 *
 * The first bytes choose the reservation, how often the heap is walked, and a value for each
 * knob; what follows are the steps.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "check.h"
#include "shape.h"

#define STEPS_MAX     2000u /* into six heaps and four more, with walks */
#define SLOTS_MAX     64u
#define KNOB_BYTES    FL_KNOBS_MAX
#define RESERVE_LEAST ((size_t)64 << 10)
#define WALKS_MAX     32u /* steps between walks of the heap at most */
#define EVERYDAY      ((uint64_t)2048)
#define HOPELESS      ((uint64_t)1 << 46) /* more than any address space: refused, never written */
#define LARGE_BYTES   ((uint64_t)9 << 17)

/* What is live while steps are made: a step on a slot must fit what is there. */
struct maker {
    struct choices choices;
    bool is_live[SLOTS_MAX];
    uint64_t bytes_left; /* that steps of EVERYDAY bytes and more may still ask for */
    struct fl_step_batch *batch;
};

/* A size of any class: tiny, everyday, around powers of two, pages, around the largest `big`,
 * and more than there is. */
static uint64_t choose_any_size(struct choices *choices)
{
    const uint8_t what = choose_byte(choices);
    const uint8_t fine = choose_byte(choices);
    switch (what % 8) {
    case 0:
        return fine % 40;
    case 1:
    case 2:
    case 3:
        return 8 * (uint64_t)fine;
    case 4:
        return ((uint64_t)1 << fine % 17) + what / 8;
    case 5:
        return 4096 * (uint64_t)(fine % 20) + what / 8;
    case 6:
        return fine < 240 ? 16 * (uint64_t)fine + what / 8 : (1u << 20) + what / 8 - 16;
    default:
        return fine < 192 ? choose(choices, 2) : UINT64_MAX >> what / 8 % 17;
    }
}

/* What all steps may ask for together is limited, since each byte is written and read. */
static uint64_t choose_size(struct maker *maker)
{
    const uint64_t bytes = choose_any_size(&maker->choices);
    if (bytes > HOPELESS || bytes < EVERYDAY) {
        return bytes;
    }
    const bool is_affordable = bytes <= maker->bytes_left;
    maker->bytes_left -= is_affordable ? bytes : 0;
    return is_affordable ? bytes : bytes % EVERYDAY;
}

static void step_make(struct maker *maker)
{
    const uint8_t what = choose_byte(&maker->choices);
    const uint32_t slot = choose_byte(&maker->choices) % SLOTS_MAX;
    struct fl_step step = {.slot = slot, .action = FL_DO_FREE};
    if (!maker->is_live[slot]) {
        step.action = what % 4 == 0   ? FL_DO_ZEROED
                      : what % 4 == 1 ? FL_DO_ALIGNED
                                      : FL_DO_ALLOC;
        step.align_log2 = step.action == FL_DO_ALIGNED ? what / 4 % 24 : 0;
    } else if (what % 4 == 0) {
        step.action = FL_DO_USABLE;
    } else if (what % 4 == 1) {
        step.action = FL_DO_RESIZE;
    }
    if (fl_step_allocates(&step)) {
        step.size_bytes = choose_size(maker);
        maker->is_live[slot] = true;
    } else if (step.action == FL_DO_FREE) {
        maker->is_live[slot] = false;
    }
    maker->batch->steps[maker->batch->count++] = step;
}

static void plan_make(struct fl_step_batch *batch, struct choices choices)
{
    struct maker maker = {.choices = choices, .bytes_left = LARGE_BYTES, .batch = batch};
    batch->count = 0;
    batch->slot_limit = SLOTS_MAX;
    while (maker.choices.left > 0 && batch->count < STEPS_MAX) {
        step_make(&maker);
    }
}

/* ---- knobs ---- */

static size_t words_of(const struct fl_knob *knob)
{
    size_t count = knob->choices != NULL;
    for (const char *at = knob->choices; at != NULL && *at != '\0'; at++) {
        count += *at == '|';
    }
    return count;
}

static uint64_t knob_value(const struct fl_knob *knob, uint8_t choice)
{
    const size_t words = words_of(knob);
    if (choice % 4 == 0) {
        return knob->default_value;
    }
    if (knob->type == FL_KNOB_CHOICE) {
        return choice / 4 % words;
    }
    if (words > 0 && choice % 4 == 1) {
        return UINT64_MAX - choice / 4 % words;
    }
    const uint64_t bytes = ((uint64_t)1 << choice / 4 % 32) + (choice % 4 == 3 ? 24 : 0);
    return bytes < knob->minimum   ? knob->minimum
           : bytes > knob->maximum ? knob->maximum
                                   : bytes;
}

/* Knobs of one name get the same choice, so that designs can be compared. */
static void config_make(const struct fl_allocator_ops *ops, const uint8_t *knobs,
                        size_t reserve_bytes, struct fl_allocator_config *config)
{
    *config = (struct fl_allocator_config){.reserve_bytes = reserve_bytes};
    for (size_t i = 0; i < ops->knob_count; i++) {
        config->values[i] = knob_value(&ops->knobs[i], knobs[i]);
    }
}

/* ---- running ---- */

static void finding_fail(const char *name, const struct fl_finding *finding)
{
    char text[1024];
    fl_finding_text(finding, text, sizeof text);
    fprintf(stderr, "%s: %s\n", name, text);
    must(false, "every answer is right");
}

static void shape_check(const struct fl_allocator *heap)
{
    struct shape shape = {.blocks = NULL};
    const char *fault = shape_take(&shape, heap);
    must(fault == NULL, fault);
    shape_release(&shape);
}

/* Run the plan into `heap`; the hash of all offsets. */
static uint64_t plan_run(struct fl_allocator *heap, const struct fl_step_batch *batch,
                         uint64_t walk_every)
{
    const struct fl_checker_options options = {.mode = FL_CHECK_MODE_FULL,
                                               .walk_every = walk_every};
    struct fl_finding finding = {.kind = FL_FINDING_NONE};
    struct fl_check_result result;
    struct fl_checker *checker = fl_checker_new(heap, &options);
    must(checker != NULL, "room for a checker");
    enum fl_status status = fl_checker_run(checker, batch, &finding);
    if (status == FL_OK) {
        status = fl_checker_end(checker, &finding, &result);
    }
    if (status == FL_WRONG) {
        finding_fail(heap->ops->name, &finding);
    }
    must(status == FL_OK, "the checker ends");
    shape_check(heap);
    fl_checker_free(checker);
    return result.offsets_hash;
}

/* False: these knobs do not go together. */
static bool target_run(const struct fl_allocator_ops *ops,
                       const struct fl_allocator_config *config,
                       const struct fl_step_batch *batch, uint64_t walk_every, uint64_t *hash)
{
    struct fl_allocator *heap;
    const int failed = ops->create(config, &heap);
    must(failed == 0 || failed == -EINVAL, "knobs within their ranges make a heap");
    if (failed != 0) {
        return false;
    }
    *hash = plan_run(heap, batch, walk_every);
    ops->destroy(heap);
    return true;
}

/* ---- designs that place alike ---- */

/* Links of 12 to 20 bytes make smallest blocks of 32 at the default alignment, and in all
 * designs at 32 and 64. */
static const char *const alike[][2] = {
    {"list-addr,fit=first", "addr-tree,fit=first,augment=max"},
    {"list-addr,fit=next", "addr-tree,fit=next"},
    {"list-addr,fit=best", "addr-tree,fit=best,augment=max"},
    {"list-size", "size-tree"},
    {"list-size,align=32,tags=none", "combo-tree,align=32"},
    {"list-lifo,align=32", "list-lifo,align=32,links=single,tags=none"},
    {"list-addr,align=64,coalesce=off", "addr-tree,align=64,coalesce=off,tags=none"},
    {"size-tree,big=4k,trim=always", "combo-tree,big=4k,trim=always"},
};
#define ALIKE_COUNT (sizeof alike / sizeof alike[0])

static uint64_t spec_run(const char *spec, const struct fl_step_batch *batch,
                         size_t reserve_bytes, uint64_t walk_every)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    static struct fl_target_list list;
    uint64_t hash = 0;
    list.count = 0;
    must(fl_target_list_add(&catalog, spec, &list, NULL) == FL_OK, "the target exists");
    list.at[0].config.reserve_bytes = reserve_bytes;
    must(target_run(list.at[0].ops, &list.at[0].config, batch, walk_every, &hash),
         "the target can be made");
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct fl_step_batch batch;
    if (count < 2 + KNOB_BYTES) {
        return 0;
    }
    const size_t reserve_bytes = RESERVE_LEAST << bytes[0] % 9;
    const uint64_t walk_every = 1 + bytes[1] % WALKS_MAX;
    const uint8_t *knobs = bytes + 2;
    plan_make(&batch, (struct choices){knobs + KNOB_BYTES, count - 2 - KNOB_BYTES});
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        struct fl_allocator_config config;
        uint64_t hash;
        config_make(fl_allocator_at(i), knobs, reserve_bytes, &config);
        (void)target_run(fl_allocator_at(i), &config, &batch, walk_every, &hash);
    }
    const char *const *pair = alike[bytes[0] / 9 % ALIKE_COUNT];
    must(spec_run(pair[0], &batch, reserve_bytes, walk_every) ==
             spec_run(pair[1], &batch, reserve_bytes, walk_every),
         "designs of one order place every block alike");
    return 0;
}
