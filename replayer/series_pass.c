/*
 * Live objects and payload are counted here, so they mean the same for every target; footprint
 * and free blocks are the counters of our own family, and of others the footprint is what the
 * watch on their system calls knows at that moment.
 *
 * RSS is anonymous memory only: resident less shared pages of /proc/self/statm. The ring and
 * the buckets are shared memory and the programs are files, so neither is in it; the table of
 * blocks is, to the last page, and is subtracted. It is sampled at the end of each bucket, and
 * at least once in FL_SERIES_RSS_EVERY operations: a system call of some microseconds.
 */
#include "series_pass.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "call.h"

struct live_block {
    void *at; /* NULL: none */
    uint64_t bytes;
};

/* ---- what is sampled ---- */

static uint64_t rss_sample(const struct fl_series_pass *pass)
{
    char text[128];
    const ssize_t bytes = pass->statm < 0 ? -1 : pread(pass->statm, text, sizeof text - 1, 0);
    if (bytes <= 0) {
        return 0;
    }
    text[bytes] = '\0';
    char *rest = NULL;
    (void)strtoull(text, &rest, 10); /* address space */
    const uint64_t resident = strtoull(rest, &rest, 10);
    const uint64_t shared = strtoull(rest, &rest, 10);
    const uint64_t ours = pass->blocks.capacity * pass->blocks.element_bytes;
    const uint64_t private_bytes =
        resident > shared ? (resident - shared) * pass->page_bytes : 0;
    return private_bytes > ours ? private_bytes - ours : 0;
}

static void state_note(struct fl_series_pass *pass, uint64_t event, uint64_t time_ns)
{
    struct fl_series_point *now = &pass->now;
    now->event = event;
    now->time_ns = time_ns;
    if (pass->allocator->ops->stats != NULL) {
        struct fl_alloc_stats stats;
        pass->allocator->ops->stats(pass->allocator, &stats);
        now->values[FL_SERIES_FOOTPRINT] = stats.footprint;
        now->values[FL_SERIES_FREE] = stats.free_blocks;
    } else if (pass->watch != NULL) {
        now->values[FL_SERIES_FOOTPRINT] = pass->watch->calls.footprint;
    }
    const uint64_t width = pass->series->width;
    const uint64_t every = width < FL_SERIES_RSS_EVERY ? width : FL_SERIES_RSS_EVERY;
    if ((pass->series->count + 1) % every == 0) {
        now->values[FL_SERIES_RSS] = rss_sample(pass);
    }
    fl_series_add(pass->series, now);
}

/* ---- the pass ---- */

void fl_series_pass_start(struct fl_series_pass *pass, struct fl_allocator *allocator,
                          enum fl_touch touch, struct fl_memory_watch *watch,
                          struct fl_series *series, struct fl_series_facts *facts)
{
    *pass = (struct fl_series_pass){
        .allocator = allocator,
        .touch = touch,
        .watch = watch,
        .series = series,
        .blocks = {.element_bytes = sizeof(struct live_block)},
        .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
        .statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
    };
    fl_series_start(series);
    const bool has_stats = allocator->ops->stats != NULL;
    const uint64_t rss_bytes = rss_sample(pass);
    *facts = (struct fl_series_facts){
        .has_column = {[FL_SERIES_LIVE] = true,
                       [FL_SERIES_PAYLOAD] = true,
                       [FL_SERIES_FOOTPRINT] = has_stats || watch != NULL,
                       [FL_SERIES_FREE] = has_stats,
                       [FL_SERIES_RSS] = rss_bytes > 0},
        .rss_before_bytes = rss_bytes,
    };
    pass->now.values[FL_SERIES_RSS] = rss_bytes;
}

void fl_series_pass_end(struct fl_series_pass *pass)
{
    fl_table_free(&pass->blocks);
    if (pass->statm >= 0) {
        close(pass->statm);
    }
}

/* `block` becomes what the call of `step` made of it. */
static void block_note(struct fl_series_pass *pass, const struct fl_step *step,
                       struct live_block *block, void *made)
{
    uint64_t *const live = &pass->now.values[FL_SERIES_LIVE];
    uint64_t *const payload = &pass->now.values[FL_SERIES_PAYLOAD];
    if (fl_step_frees(step)) {
        *live -= 1;
        *payload -= block->bytes;
        *block = (struct live_block){NULL, 0};
    } else if (fl_step_allocates(step) && made == NULL) {
        pass->refused++; /* a resize that is refused leaves the block as it was */
    } else if (fl_step_allocates(step)) {
        fl_touch_block(made, (size_t)block->bytes, (size_t)step->size_bytes, pass->touch);
        *live += block->at == NULL;
        *payload += step->size_bytes - block->bytes;
        *block = (struct live_block){made, step->size_bytes};
    }
}

static void steps_run(struct fl_series_pass *pass, const struct fl_step_batch *batch)
{
    struct live_block *const blocks = pass->blocks.base;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct fl_step *step = &batch->steps[i];
        struct live_block *block = &blocks[step->slot];
        if (block->at == NULL && !fl_step_allocates(step)) {
            continue; /* it was refused */
        }
        block_note(pass, step, block, fl_call_run(pass->allocator, step, block->at));
        state_note(pass, batch->first_event + fl_step_event_index(step), batch->time_ns[i]);
    }
}

bool fl_series_pass_run(struct fl_series_pass *pass, const struct fl_step_batch *batch)
{
    if (!fl_table_reserve(&pass->blocks, batch->slot_limit)) {
        return false;
    }
    if (pass->watch != NULL) {
        fl_memory_watch_count(pass->watch, true);
    }
    steps_run(pass, batch);
    if (pass->watch != NULL) {
        fl_memory_watch_count(pass->watch, false);
    }
    return true;
}
