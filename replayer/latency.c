/*
 * One reading of the clock before each call and one after. Durations go into a histogram per
 * kind of call whose buckets are linear within each power of two (as in G. Tene's
 * HdrHistogram): 32 in each, so that a bucket is 1/32 of its value wide, whatever the value;
 * below 64 ns each nanosecond has its own. Cost: two readings per call, 15 KiB per kind.
 */
#include "latency.h"

#include <sys/mman.h>
#include <time.h>

#include "call.h"
#include "populate.h"

#define PART_BITS   5u /* buckets in a power of two: 1 << PART_BITS */
#define PARTS       (1u << PART_BITS)
#define BUCKETS     ((64 - PART_BITS + 1) * PARTS)
#define CLOCK_TRIES 10000u

struct histogram {
    uint64_t calls, max_ns;
    uint64_t counts[BUCKETS];
};

struct fl_latency {
    struct fl_allocator *allocator;
    enum fl_touch touch;
    bool is_populated;
    struct fl_table blocks; /* void * by slot */
    uint64_t refused;
    struct histogram of[FL_LATENCY_KINDS];
    struct histogram clock;
};

const char *fl_latency_word(enum fl_latency_kind kind)
{
#define FL_LATENCY_WORD(name, word, action) word,
    static const char *const words[] = {FL_LATENCY_LIST(FL_LATENCY_WORD)};
#undef FL_LATENCY_WORD
    return words[kind];
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the histogram ---- */

/* Values below 2 * PARTS have buckets of their own; above, the PART_BITS bits after the leading
 * one choose a bucket in their power of two. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < 2 * PARTS) {
        return (size_t)ns;
    }
    const unsigned power = 63u - (unsigned)__builtin_clzll(ns);
    const unsigned shift = power - PART_BITS;
    return (size_t)shift * PARTS + (size_t)(ns >> shift);
}

/* The largest value of a bucket. */
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < 2 * PARTS) {
        return bucket;
    }
    const unsigned shift = (unsigned)(bucket / PARTS) - 1;
    return ((((uint64_t)bucket - (uint64_t)shift * PARTS) + 1) << shift) - 1;
}

static void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->counts[bucket_of(ns)]++;
    histogram->calls++;
    if (ns > histogram->max_ns) {
        histogram->max_ns = ns;
    }
}

/* The smallest bucket's end that `per_mille` of all calls do not exceed. */
static uint64_t histogram_percentile(const struct histogram *histogram, uint64_t per_mille)
{
    const uint64_t wanted = (histogram->calls * per_mille + 999) / 1000;
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen >= wanted && seen > 0) {
            const uint64_t end = bucket_end(i);
            return end < histogram->max_ns ? end : histogram->max_ns;
        }
    }
    return 0;
}

/* ---- the pass ---- */

struct fl_latency *fl_latency_new(struct fl_allocator *allocator, enum fl_touch touch,
                                  bool is_populated)
{
    struct fl_latency *latency = mmap(NULL, sizeof *latency, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (latency == MAP_FAILED) {
        return NULL;
    }
    latency->allocator = allocator;
    latency->touch = touch;
    latency->is_populated = is_populated;
    latency->blocks.element_bytes = sizeof(void *);
    for (unsigned i = 0; i < CLOCK_TRIES; i++) {
        const uint64_t start_ns = now_ns();
        histogram_add(&latency->clock, now_ns() - start_ns);
    }
    return latency;
}

void fl_latency_free(struct fl_latency *latency)
{
    fl_table_free(&latency->blocks);
    munmap(latency, sizeof *latency);
}

static void step_note(struct fl_latency *latency, const struct fl_step *step, uint64_t ns)
{
#define FL_LATENCY_OF(name, word, action) [action] = FL_LATENCY_##name,
    static const uint8_t kind_of[] = {FL_LATENCY_LIST(FL_LATENCY_OF)[FL_DO_FREE_SIZED] =
                                          FL_LATENCY_FREE};
#undef FL_LATENCY_OF
    if (step->action != FL_DO_USABLE) {
        histogram_add(&latency->of[kind_of[step->action]], ns);
    }
}

bool fl_latency_run(struct fl_latency *latency, const struct fl_step_batch *batch)
{
    if (!fl_table_reserve(&latency->blocks, batch->slot_limit)) {
        return false;
    }
    if (latency->is_populated) {
        fl_populate_batch(latency->allocator, batch);
    }
    void **const blocks = latency->blocks.base;
    const uint64_t *old_bytes = batch->old_bytes;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct fl_step *step = &batch->steps[i];
        void **block = &blocks[step->slot];
        const uint64_t had_bytes = step->action == FL_DO_RESIZE ? *old_bytes++ : 0;
        if (*block == NULL && (fl_step_frees(step) || step->action == FL_DO_USABLE)) {
            continue; /* it was refused */
        }
        const uint64_t start_ns = now_ns();
        void *made = fl_call_run(latency->allocator, step, *block);
        step_note(latency, step, now_ns() - start_ns);
        const bool is_refused = made == NULL && fl_step_allocates(step);
        latency->refused += is_refused;
        if (fl_step_allocates(step) && !is_refused) {
            fl_touch_block(made, *block == NULL ? 0 : (size_t)had_bytes,
                           (size_t)step->size_bytes, latency->touch);
        }
        if (!is_refused || step->action != FL_DO_RESIZE) {
            *block = made;
        }
    }
    return true;
}

static void figures_make(const struct histogram *histogram, struct fl_latency_figures *out)
{
    *out = (struct fl_latency_figures){
        .calls = histogram->calls,
        .p50_ns = histogram_percentile(histogram, 500),
        .p90_ns = histogram_percentile(histogram, 900),
        .p99_ns = histogram_percentile(histogram, 990),
        .p999_ns = histogram_percentile(histogram, 999),
        .max_ns = histogram->max_ns,
    };
}

void fl_latency_figures(const struct fl_latency *latency, struct fl_latencies *out,
                        uint64_t *refused)
{
    out->clock_ns = histogram_percentile(&latency->clock, 500);
    for (size_t i = 0; i < FL_LATENCY_KINDS; i++) {
        figures_make(&latency->of[i], &out->of[i]);
    }
    *refused = latency->refused;
}
