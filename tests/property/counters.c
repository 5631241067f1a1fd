/*
 * Sums and peaks as the model counts them, and what holds between the counters of a heap
 * whatever it did: a histogram's total is its number of calls, its buckets bound the sum of
 * visits.
 */
#include "counters.h"

#include <stdbool.h>
#include <stddef.h>

void counters_add(struct counters *counters, uint64_t payload_bytes)
{
    counters->live_blocks++;
    counters->live_payload += payload_bytes;
    if (counters->live_payload > counters->peak_payload)
        counters->peak_payload = counters->live_payload;
    if (counters->live_blocks > counters->peak_live_blocks)
        counters->peak_live_blocks = counters->live_blocks;
}

void counters_remove(struct counters *counters, uint64_t payload_bytes)
{
    counters->live_blocks--;
    counters->live_payload -= payload_bytes;
}

/* ---- visits ---- */

struct visits {
    uint64_t sum, max;
    const uint64_t *by_power;
};

static uint64_t histogram_total(const uint64_t *by_power)
{
    uint64_t total = 0;
    for (unsigned b = 0; b < FL_VISIT_BUCKETS; b++)
        total += by_power[b];
    return total;
}

/* Bucket b > 0 holds calls of 2^(b-1) to 2^b - 1 visits. */
static bool histogram_bounds_sum(const struct visits *visits)
{
    uint64_t low = 0, high = 0;
    unsigned last = 0;
    for (unsigned b = 1; b < FL_VISIT_BUCKETS; b++) {
        low += visits->by_power[b] << (b - 1);
        high += (visits->by_power[b] << b) - visits->by_power[b];
        last = visits->by_power[b] != 0 ? b : last;
    }
    return low <= visits->sum && visits->sum <= high && last == fl_visit_bucket(visits->max);
}

/* A resize may count as either, as both, or, of big blocks, as none. */
static const char *visits_fault(const struct counters *counters,
                                const struct fl_alloc_stats *stats)
{
    const struct visits malloc_visits = {stats->visits_malloc, stats->visits_malloc_max,
                                         stats->visits_malloc_by_power};
    const struct visits free_visits = {stats->visits_free, stats->visits_free_max,
                                       stats->visits_free_by_power};
    const uint64_t resizes = counters->reallocs + counters->failed_resizes;
    const uint64_t allocs = counters->mallocs + counters->failed - counters->failed_resizes;
    const uint64_t malloc_calls = histogram_total(malloc_visits.by_power);
    const uint64_t free_calls = histogram_total(free_visits.by_power);
    if (malloc_calls < allocs || malloc_calls > allocs + resizes)
        return "the histogram of malloc does not have as many calls as there were";
    if (free_calls < counters->frees || free_calls > counters->frees + resizes)
        return "the histogram of free does not have as many calls as there were";
    if (!histogram_bounds_sum(&malloc_visits) || !histogram_bounds_sum(&free_visits))
        return "sum or maximum of visits are not those of the histogram";
    return NULL;
}

/* ---- what is taken over at the end of each call ---- */

/* While a block moves, its old place is still there: the footprint of that moment may be larger
 * than at the end of the call. */
static const char *peaks_fault(struct counters *counters, const struct fl_alloc_stats *stats)
{
    if (counters->peak_payload > counters->seen_peak) {
        counters->seen_peak = counters->peak_payload;
        counters->at_peak_block_bytes = stats->live_block_bytes;
        counters->at_peak_footprint = stats->footprint;
    }
    if (stats->at_peak_block_bytes != counters->at_peak_block_bytes)
        return "the blocks at the peak of payload are not those of that call";
    if (stats->at_peak_footprint < counters->at_peak_footprint ||
        stats->at_peak_footprint > stats->peak_footprint)
        return "the footprint at the peak of payload is not that of that call";
    return NULL;
}

static const char *calls_fault(struct counters *counters, const struct fl_alloc_stats *stats)
{
    const uint64_t calls =
        counters->mallocs + counters->frees + counters->reallocs + counters->failed;
    if (calls > counters->calls) {
        counters->calls = calls;
        counters->free_blocks_sum += stats->free_blocks;
    }
    if (stats->calls != calls)
        return "calls are not counted once each";
    if (stats->free_blocks_sum != counters->free_blocks_sum)
        return "the lengths of the free list do not sum up";
    return NULL;
}

const char *counters_fault(struct counters *counters, const struct fl_alloc_stats *stats)
{
    if (stats->mallocs != counters->mallocs || stats->frees != counters->frees ||
        stats->reallocs != counters->reallocs || stats->failed != counters->failed)
        return "the calls are not as many as the model counts";
    if (stats->live_blocks != counters->live_blocks ||
        stats->live_payload != counters->live_payload)
        return "what is live is not what the model counts";
    if (stats->peak_payload != counters->peak_payload ||
        stats->peak_live_blocks != counters->peak_live_blocks)
        return "a peak is not what the model counts";
    const char *fault = visits_fault(counters, stats);
    if (fault == NULL)
        fault = calls_fault(counters, stats);
    return fault != NULL ? fault : peaks_fault(counters, stats);
}
