/*
 * Sums and peaks as the model counts them, and what holds between the counters of a heap whatever
 * it did: a histogram's total is its number of calls, its buckets bound the sum of visits.
 */
#include "counters.h"

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
    return NULL;
}
