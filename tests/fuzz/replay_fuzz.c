/*
 * Any trace that can be read, as far as it can be read, planned and replayed into an allocator
 * of the registry under the full checker: the way of flreplay's check pass, in one process. The
 * brief plan, which measuring goes by, must make the same steps. The first byte chooses the
 * allocator.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "trace_input.h"

#define RESERVE_BYTES ((size_t)4 << 20)
#define STEPS_MAX     20000u
#define WALK_EVERY    16u

/* Blocks of their own would be as large as the trace says: what is larger than the heap is
 * refused. */
static const char *const targets[] = {
    "list-lifo,big=never",
    "list-addr,big=never,fit=next",
    "list-size,big=never,tags=none",
    "size-tree,big=never",
    "addr-tree,big=never,augment=max",
    "combo-tree,big=never,trim=always",
};
#define TARGET_COUNT (sizeof targets / sizeof targets[0])

struct replay {
    struct fl_reader *reader;
    struct fl_plan full, brief;
    struct fl_step_batch *steps, *brief_steps;
    struct fl_allocator *heap;
    struct fl_checker *checker;
    uint64_t live; /* objects, as steps make them */
};

static struct fl_allocator *heap_make(const char *name)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    static struct fl_target_list list;
    struct fl_allocator *heap = NULL;
    list.count = 0;
    must(fl_target_list_add(&catalog, name, &list, NULL) == FL_OK, "the target exists");
    list.at[0].config.reserve_bytes = RESERVE_BYTES;
    must(list.at[0].ops->create(&list.at[0].config, &heap) == 0, "the heap can be made");
    return heap;
}

static void replay_make(struct replay *replay, struct fl_reader *reader, const char *name)
{
    const struct fl_checker_options options = {.mode = FL_CHECK_MODE_FULL,
                                               .walk_every = WALK_EVERY};
    replay->reader = reader;
    replay->heap = heap_make(name);
    replay->checker = fl_checker_new(replay->heap, &options);
    replay->steps = malloc(sizeof *replay->steps);
    replay->brief_steps = malloc(sizeof *replay->brief_steps);
    must(replay->checker != NULL && replay->steps != NULL && replay->brief_steps != NULL,
         "room for a replay");
    fl_plan_init(&replay->full, UINT64_MAX, false);
    fl_plan_init(&replay->brief, UINT64_MAX, true);
    replay->full.has_threads = replay->brief.has_threads = true;
    replay->full.has_times = true;
}

static void replay_clear(struct replay *replay)
{
    fl_plan_free(&replay->full);
    fl_plan_free(&replay->brief);
    fl_checker_free(replay->checker);
    replay->heap->ops->destroy(replay->heap);
    free(replay->steps);
    free(replay->brief_steps);
}

/* A step is of the plan's range; both plans agree on it, but for sized frees of a wrong
 * size. */
static void step_verify(struct replay *replay, uint32_t i)
{
    const struct fl_step *step = &replay->steps->steps[i];
    const struct fl_step *brief = &replay->brief_steps->steps[i];
    must(step->slot < replay->steps->slot_limit, "a slot is below the limit");
    must(step->align_log2 < 64, "an alignment can be asked for");
    must(replay->steps->threads[i] < FL_PLAN_THREADS_MAX, "threads have small numbers");
    must(fl_step_frees(step) == fl_step_frees(brief) &&
             (fl_step_frees(step) || step->action == brief->action) &&
             step->slot == brief->slot && step->origin == brief->origin &&
             replay->steps->threads[i] == replay->brief_steps->threads[i],
         "the brief plan makes the same steps");
    must(!fl_step_frees(step) || replay->live > 0, "what ends was there");
    replay->live -= fl_step_frees(step);
    replay->live += fl_step_allocates(step) && step->action != FL_DO_RESIZE;
}

static void batch_replay(struct replay *replay, const struct fl_batch *batch)
{
    struct fl_finding finding = {.kind = FL_FINDING_NONE};
    must(fl_plan_batch(&replay->full, batch, replay->steps, NULL) == FL_OK, "room for a plan");
    must(fl_plan_batch(&replay->brief, batch, replay->brief_steps, NULL) == FL_OK,
         "a brief plan takes no room");
    must(replay->steps->count == replay->brief_steps->count &&
             replay->steps->events == replay->brief_steps->events,
         "both plans are as long");
    for (uint32_t i = 0; i < replay->steps->count; i++) {
        step_verify(replay, i);
    }
    must(replay->live == replay->full.totals.live_objects, "what is live is counted");
    const enum fl_status status = fl_checker_run(replay->checker, replay->steps, &finding);
    if (status != FL_OK) {
        char text[1024];
        fl_finding_text(&finding, text, sizeof text);
        must(false, text);
    }
}

static void replay_run(struct replay *replay)
{
    struct fl_batch batch;
    struct fl_finding finding;
    struct fl_check_result result;
    enum fl_status status;
    do {
        status = fl_reader_next(replay->reader, &batch, NULL);
        if (status == FL_OK) {
            batch_replay(replay, &batch);
        }
    } while ((status == FL_OK || status == FL_CORRUPT) &&
             replay->full.totals.steps < STEPS_MAX);
    must(fl_checker_end(replay->checker, &finding, &result) == FL_OK,
         "all is right at the end");
    must(result.steps == replay->full.totals.steps, "all steps were run");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct fl_reader *reader;
    if (count < 2) {
        return 0;
    }
    const int fd = trace_input_file(bytes, count);
    if (fl_reader_open_fd(fd, "fuzz", &reader, NULL) == FL_OK) {
        struct replay replay = {.live = 0};
        replay_make(&replay, reader, targets[trace_input_choice(bytes) % TARGET_COUNT]);
        replay_run(&replay);
        replay_clear(&replay);
        fl_reader_close(reader);
    }
    close(fd);
    return 0;
}
