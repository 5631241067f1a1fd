/*
 * After each call: what it returned, what it cost, what is free now.
 *
 *   b = malloc(200)
 *     returns 10116, in block 10108 of 208 bytes
 *     1 visit, 1 split
 *     free list: (10316: 3780)
 *
 * Costs are differences of the exact counters; blocks come from the walk, free ones from the
 * index (explain_index.c). Addresses are offsets in the heap plus a base of the reader's
 * choice, so that they are the same in every run. Nothing is written into blocks. Each answer
 * is held against what the heap says about itself, and the whole heap is checked, so that
 * nothing wrong is taught. Cost: O(blocks) per call.
 */
#include "explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include <fl/fmt.h>

#define BIG_BIT    ((uint64_t)1 << 63)
#define PLACE_MAX  40u
#define CALL_BYTES 96u

struct explanation {
    FILE *out;
    const struct fl_script *script;
    const struct fl_target *target;
    const struct fl_explain_options *options;
    struct fl_allocator *allocator;
    const struct fl_allocator_ops *ops;
    unsigned char **blocks; /* by ID, NULL: none */
    struct fl_alloc_stats before;
    const struct fl_script_step *step; /* at work */
    char call[CALL_BYTES];             /* the same as text */
    struct fl_error *err;
};

/* An address as it is shown. */
struct place {
    char text[PLACE_MAX];
};

static struct place place_of(const struct explanation *explanation, uint64_t offset)
{
    struct place place;
    if (offset & BIG_BIT) {
        snprintf(place.text, sizeof place.text, "big+%" PRIu64, offset & ~BIG_BIT);
    } else {
        snprintf(place.text, sizeof place.text, "%" PRIu64,
                 explanation->options->base + offset);
    }
    return place;
}

/* Foreign allocators cannot tell an offset: theirs are the addresses of this run. */
static struct place place_of_block(const struct explanation *explanation, const void *block)
{
    if (explanation->ops->offset != NULL) {
        return place_of(explanation, explanation->ops->offset(explanation->allocator, block));
    }
    struct place place;
    snprintf(place.text, sizeof place.text, "%p", block);
    return place;
}

/* "list-addr: notes.txt:3: free(b): ..." */
__attribute__((format(printf, 2, 3))) static enum fl_status
wrong(const struct explanation *explanation, const char *format, ...)
{
    char what[FL_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fl_fail(explanation->err, FL_WRONG, "%s: %s:%u: %s: %s", explanation->target->label,
                   explanation->script->name, explanation->step->line, explanation->call, what);
}

/* ---- the block an address lies in ---- */

struct block_search {
    uint64_t offset;
    bool is_found;
    struct fl_block_view view; /* offset with BIG_BIT for a big one */
};

static bool block_visit(const struct fl_block_view *view, void *user)
{
    struct block_search *search = user;
    const uint64_t start = view->offset | (view->is_big ? BIG_BIT : 0);
    if (search->offset < start || search->offset - start >= view->block_bytes) {
        return true;
    }
    search->view = *view;
    search->view.offset = start;
    search->is_found = true;
    return false;
}

static bool can_find_blocks(const struct explanation *explanation)
{
    return explanation->ops->walk != NULL && explanation->ops->offset != NULL;
}

static struct block_search block_find(const struct explanation *explanation, const void *block)
{
    struct block_search search = {.offset =
                                      explanation->ops->offset(explanation->allocator, block)};
    explanation->ops->walk(explanation->allocator, block_visit, &search);
    return search;
}

/* ", in block 10000 of 108 bytes" behind an address. */
static void block_print(const struct explanation *explanation, const void *block)
{
    FILE *out = explanation->out;
    if (!can_find_blocks(explanation)) {
        fprintf(
            out, ", usable: %s bytes\n",
            fl_fmt_count(explanation->ops->usable_size(explanation->allocator, block)).text);
        return;
    }
    const struct block_search search = block_find(explanation, block);
    const char *bytes = fl_fmt_count(search.view.block_bytes).text;
    if (search.view.is_big) {
        fprintf(out, ", a mapping of its own of %s bytes\n", bytes);
    } else {
        fprintf(out, ", in block %s of %s bytes\n",
                place_of(explanation, search.view.offset).text, bytes);
    }
}

/* ---- verifying ---- */

static enum fl_status block_verify(const struct explanation *explanation, const void *block)
{
    const struct fl_script_step *step = explanation->step;
    const struct fl_allocator_ops *ops = explanation->ops;
    const size_t align = step->call == FL_SCRIPT_ALIGNED ? (size_t)step->align_bytes
                                                         : explanation->allocator->alignment;
    if ((uintptr_t)block % align != 0) {
        return wrong(explanation, "%s is not aligned to %zu",
                     place_of_block(explanation, block).text, align);
    }
    if (ops->contains != NULL &&
        !ops->contains(explanation->allocator, block, (size_t)step->size_bytes)) {
        return wrong(explanation, "%s is not wholly memory of the heap",
                     place_of_block(explanation, block).text);
    }
    if (!can_find_blocks(explanation)) {
        return FL_OK;
    }
    const struct block_search search = block_find(explanation, block);
    if (!search.is_found || !search.view.is_used ||
        search.view.payload_bytes != step->size_bytes) {
        return wrong(explanation, "%s is in no used block of the size asked for",
                     place_of_block(explanation, block).text);
    }
    return FL_OK;
}

static enum fl_status heap_verify(const struct explanation *explanation)
{
    struct fl_check_report report;
    if (!explanation->options->wants_check || explanation->ops->check == NULL ||
        explanation->ops->check(explanation->allocator, FL_CHECK_FULL, &report)) {
        return FL_OK;
    }
    return wrong(explanation, "left a broken heap: %s at %s: %s", report.invariant,
                 place_of(explanation, report.offset).text, report.message);
}

/* ---- the calls ---- */

static void call_name(struct explanation *explanation)
{
    const struct fl_script_step *step = explanation->step;
    const char *id = explanation->script->ids[step->id].name;
    char *text = explanation->call;
    switch (step->call) {
    case FL_SCRIPT_MALLOC:
        snprintf(text, CALL_BYTES, "%s = malloc(%" PRIu64 ")", id, step->size_bytes);
        break;
    case FL_SCRIPT_CALLOC:
        snprintf(text, CALL_BYTES, "%s = calloc(1, %" PRIu64 ")", id, step->size_bytes);
        break;
    case FL_SCRIPT_ALIGNED:
        snprintf(text, CALL_BYTES, "%s = aligned_alloc(%" PRIu64 ", %" PRIu64 ")", id,
                 step->align_bytes, step->size_bytes);
        break;
    case FL_SCRIPT_REALLOC:
        snprintf(text, CALL_BYTES, "%s = realloc(%s, %" PRIu64 ")", id, id, step->size_bytes);
        break;
    case FL_SCRIPT_FREE:
        snprintf(text, CALL_BYTES, "free(%s)", id);
        break;
    case FL_SCRIPT_USABLE:
        snprintf(text, CALL_BYTES, "malloc_usable_size(%s)", id);
        break;
    }
}

static enum fl_status step_alloc(struct explanation *explanation)
{
    const struct fl_script_step *step = explanation->step;
    const struct fl_allocator_ops *ops = explanation->ops;
    struct fl_allocator *self = explanation->allocator;
    unsigned char **kept = &explanation->blocks[step->id];
    const size_t bytes = (size_t)step->size_bytes;
    unsigned char *block = NULL;
    if (step->call == FL_SCRIPT_REALLOC && *kept != NULL) {
        block = ops->resize(self, *kept, bytes);
    } else if (step->call == FL_SCRIPT_CALLOC && ops->alloc_zeroed != NULL) {
        block = ops->alloc_zeroed(self, bytes);
    } else {
        block = ops->alloc(self, bytes, (size_t)step->align_bytes);
    }
    if (block == NULL) {
        fprintf(explanation->out, "  returns NULL: no memory%s\n",
                *kept == NULL ? "" : ", the old block stays");
        return FL_OK;
    }
    const enum fl_status status = block_verify(explanation, block);
    if (status == FL_OK) {
        fprintf(explanation->out, "  returns %s", place_of_block(explanation, block).text);
        block_print(explanation, block);
    }
    *kept = block;
    return status;
}

static enum fl_status step_free(struct explanation *explanation)
{
    unsigned char **kept = &explanation->blocks[explanation->step->id];
    if (*kept == NULL) {
        fprintf(explanation->out, "  of NULL: does nothing\n");
        return FL_OK;
    }
    fprintf(explanation->out, "  gives back %s", place_of_block(explanation, *kept).text);
    block_print(explanation, *kept);
    if (!explanation->ops->free(explanation->allocator, *kept)) {
        return wrong(explanation, "refused, though the block is live");
    }
    *kept = NULL;
    return FL_OK;
}

static enum fl_status step_usable(struct explanation *explanation)
{
    const unsigned char *block = explanation->blocks[explanation->step->id];
    const size_t bytes =
        block == NULL ? 0 : explanation->ops->usable_size(explanation->allocator, block);
    fprintf(explanation->out, "  returns %s\n", fl_fmt_count(bytes).text);
    return FL_OK;
}

static enum fl_status step_run(struct explanation *explanation)
{
    switch (explanation->step->call) {
    case FL_SCRIPT_MALLOC:
    case FL_SCRIPT_CALLOC:
    case FL_SCRIPT_ALIGNED:
    case FL_SCRIPT_REALLOC:
        return step_alloc(explanation);
    case FL_SCRIPT_FREE:
        return step_free(explanation);
    case FL_SCRIPT_USABLE:
        return step_usable(explanation);
    }
    return fl_fail(explanation->err, FL_BUG, "a text trace has a call without a meaning");
}

/* ---- what it cost ---- */

static void print_count(FILE *out, uint64_t count, const char *what)
{
    if (count > 0) {
        fprintf(out, ", %s %s%s", fl_fmt_count(count).text, what, count == 1 ? "" : "s");
    }
}

/* ", mmap of 4,096 bytes"; how many calls only when there were several. */
static void print_kernel(FILE *out, const char *call, uint64_t calls, uint64_t bytes)
{
    if (calls == 1) {
        fprintf(out, ", %s of %s bytes", call, fl_fmt_count(bytes).text);
    } else if (calls > 1) {
        fprintf(out, ", %s %ss of %s bytes in all", fl_fmt_count(calls).text, call,
                fl_fmt_count(bytes).text);
    }
}

static void cost_print(struct explanation *explanation)
{
    FILE *out = explanation->out;
    const struct fl_alloc_stats *before = &explanation->before;
    struct fl_alloc_stats now;
    if (explanation->ops->stats == NULL) {
        return;
    }
    explanation->ops->stats(explanation->allocator, &now);
    const uint64_t visits =
        now.visits_malloc - before->visits_malloc + now.visits_free - before->visits_free;
    fprintf(out, "  %s visit%s", fl_fmt_count(visits).text, visits == 1 ? "" : "s");
    print_kernel(out, "mmap", now.mmap_calls - before->mmap_calls,
                 now.mmap_bytes - before->mmap_bytes);
    print_count(out, now.splits - before->splits, "split");
    print_count(out, now.merges - before->merges, "merge");
    print_kernel(out, "munmap", now.munmap_calls - before->munmap_calls,
                 now.munmap_bytes - before->munmap_bytes);
    print_kernel(out, "madvise", now.madvise_calls - before->madvise_calls,
                 now.madvise_bytes - before->madvise_bytes);
    fputc('\n', out);
    explanation->before = now;
}

/* ---- all of it ---- */

static void summary_print(const struct explanation *explanation, uint64_t calls)
{
    FILE *out = explanation->out;
    fprintf(out, "\n%s call%s", fl_fmt_count(calls).text, calls == 1 ? "" : "s");
    if (explanation->ops->stats != NULL) {
        const struct fl_alloc_stats *now = &explanation->before;
        fprintf(out, "; live: %s block%s", fl_fmt_count(now->live_blocks).text,
                now->live_blocks == 1 ? "" : "s");
        fprintf(out, ", %s byte%s asked for; ", fl_fmt_count(now->live_payload).text,
                now->live_payload == 1 ? "" : "s");
        fprintf(out, "from the kernel: %s bytes", fl_fmt_count(now->footprint).text);
    }
    const bool is_checked =
        explanation->options->wants_check && explanation->ops->check != NULL;
    fprintf(out, "%s\n", is_checked ? "; heap sound after each" : "");
}

static enum fl_status steps_run(struct explanation *explanation)
{
    const struct fl_script *script = explanation->script;
    uint64_t calls = 0;
    for (; calls < script->count && calls < explanation->options->call_limit; calls++) {
        explanation->step = &script->steps[calls];
        call_name(explanation);
        fprintf(explanation->out, "\n%s\n", explanation->call);
        enum fl_status status = step_run(explanation);
        if (status == FL_OK) {
            status = heap_verify(explanation);
        }
        if (status != FL_OK) {
            return status;
        }
        cost_print(explanation);
        fl_explain_index(explanation->out, explanation->allocator, explanation->options->base);
    }
    summary_print(explanation, calls);
    return FL_OK;
}

/* What the text left live; an instance of libc's heap outlives us otherwise. */
static void blocks_release(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->script->id_count; i++) {
        if (explanation->blocks[i] != NULL) {
            (void)explanation->ops->free(explanation->allocator, explanation->blocks[i]);
        }
    }
}

enum fl_status fl_explain(FILE *out, const struct fl_script *script,
                          const struct fl_target *target,
                          const struct fl_explain_options *options, struct fl_error *err)
{
    if (fl_target_is_preloaded(target)) {
        return fl_fail(err, FL_USAGE, "%s: --explain starts no process to preload it into",
                       target->label);
    }
    struct fl_allocator_config config = target->config;
    config.reserve_bytes = FL_EXPLAIN_RESERVE;
    struct explanation explanation = {.out = out,
                                      .script = script,
                                      .target = target,
                                      .options = options,
                                      .ops = target->ops,
                                      .err = err};
    const int failed = target->ops->create(&config, &explanation.allocator);
    if (failed == -EINVAL) {
        return fl_fail(err, FL_USAGE, "%s: these knobs do not go together", target->label);
    }
    if (failed != 0) {
        return fl_fail_os(err, FL_NOMEM, -failed, "cannot make an instance of %s",
                          target->label);
    }
    enum fl_status status = FL_OK;
    explanation.blocks = calloc(script->id_count + 1, sizeof *explanation.blocks);
    if (explanation.blocks == NULL) {
        status = fl_fail(err, FL_NOMEM, "no memory for %zu blocks", script->id_count);
    } else {
        fprintf(out, "%s: %s\n", script->name, target->label);
        status = steps_run(&explanation);
        if (status == FL_OK) {
            blocks_release(&explanation);
        }
    }
    free(explanation.blocks);
    target->ops->destroy(explanation.allocator);
    return status;
}
