/*
 * Small statistics over at most FL_RUNS_MAX runs, and the exit code. The median is what is
 * reported: on a shared machine one run in five is disturbed, and a mean would follow it.
 */
#include "result.h"

#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double fl_median(const double *values, size_t count)
{
    if (count == 0 || count > FL_RUNS_MAX) {
        return 0;
    }
    double sorted[FL_RUNS_MAX];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double fl_range(const double *values, size_t count)
{
    double least = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = i == 0 || values[i] < least ? values[i] : least;
        most = i == 0 || values[i] > most ? values[i] : most;
    }
    return most - least;
}

/* (whole - part) / whole */
static double rest_share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : ((double)whole - (double)part) / (double)whole;
}

double fl_fragmentation_internal(const struct fl_alloc_stats *stats)
{
    return rest_share(stats->peak_payload, stats->at_peak_block_bytes);
}

double fl_fragmentation_external(const struct fl_alloc_stats *stats)
{
    return rest_share(stats->at_peak_block_bytes, stats->at_peak_footprint);
}

uint64_t fl_peak_footprint(const struct fl_target_result *target)
{
    return target->has_stats ? target->stats.peak_footprint : target->memory.peak_footprint;
}

uint64_t fl_system_calls(const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    const struct fl_memory_calls *memory = &target->memory;
    return target->has_stats
               ? stats->mmap_calls + stats->munmap_calls + stats->madvise_calls
               : memory->mmap_calls + memory->reserve_calls + memory->munmap_calls +
                     memory->mremap_calls + memory->madvise_calls + memory->brk_calls +
                     memory->mprotect_calls;
}

int fl_result_exit(const struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].verdict == FL_VERDICT_WRONG) {
            return FL_EXIT_WRONG;
        }
    }
    return fl_status_exit(result->trace_error.status);
}

bool fl_result_init(struct fl_trace_result *result, const struct fl_run_request *request,
                    const char *path)
{
    const size_t count = request->targets.count;
    *result = (struct fl_trace_result){
        .name = path,
        .path = path,
        .touch = request->touch,
        .is_populated = request->is_populated,
        .is_real = request->is_real,
        .targets = calloc(count, sizeof *result->targets),
    };
    if (result->targets == NULL) {
        return false;
    }
    result->target_count = count;
    for (size_t i = 0; i < count; i++) {
        result->targets[i].target = &request->targets.at[i];
    }
    return true;
}

void fl_result_free(struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        free(result->targets[i].series);
    }
    free(result->targets);
    result->targets = NULL;
    result->target_count = 0;
}
