/*
 * Visits per call as bars. A bucket is a power of two (fl_visit_bucket): a design that is O(log
 * n) shows one hill at a few visits, a list a long tail. Malloc and realloc stand at the left,
 * free at the right, each as a share of its own calls.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>

#include <fl/fmt.h>

#define BAR_WIDTH    24u
#define BUCKET_BYTES 48u

static const char bar[] = "########################";
_Static_assert(sizeof bar == BAR_WIDTH + 1, "a whole bar is all calls");

static uint64_t sum_of(const uint64_t *calls)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < FL_VISIT_BUCKETS; i++) {
        sum += calls[i];
    }
    return sum;
}

/* "4-7" */
static void bucket_text(size_t bucket, char *text, size_t text_bytes)
{
    const uint64_t first = bucket == 0 ? 0 : (uint64_t)1 << (bucket - 1);
    if (bucket + 1 == FL_VISIT_BUCKETS) {
        snprintf(text, text_bytes, "%" PRIu64 "+", first);
    } else if (bucket < 2) {
        snprintf(text, text_bytes, "%" PRIu64, first);
    } else {
        snprintf(text, text_bytes, "%" PRIu64 "-%" PRIu64, first, 2 * first - 1);
    }
}

static void print_share(FILE *out, uint64_t calls, uint64_t sum, bool is_last)
{
    const double share = sum == 0 ? 0 : (double)calls / (double)sum;
    const unsigned length = (unsigned)(share * BAR_WIDTH + 0.5);
    fprintf(out, "  %11s %5.1f%%", fl_fmt_count(calls).text, 100 * share);
    if (!is_last) {
        fprintf(out, " %-*.*s", (int)BAR_WIDTH, (int)length, bar);
    } else if (length > 0) {
        fprintf(out, " %.*s", (int)length, bar);
    }
}

/* Number of the last bucket that is not empty. */
static size_t last_bucket(const struct fl_alloc_stats *stats)
{
    size_t last = FL_VISIT_BUCKETS - 1;
    while (last > 0 && stats->visits_malloc_by_power[last] == 0 &&
           stats->visits_free_by_power[last] == 0) {
        last--;
    }
    return last;
}

static void print_histogram(FILE *out, const struct fl_target_result *target)
{
    const uint64_t *mallocs = target->stats.visits_malloc_by_power;
    const uint64_t *frees = target->stats.visits_free_by_power;
    const uint64_t malloc_sum = sum_of(mallocs), free_sum = sum_of(frees);
    const size_t last = last_bucket(&target->stats);
    char text[BUCKET_BYTES];
    bucket_text(last, text, sizeof text);
    const int width =
        strlen(text) > strlen("visits") ? (int)strlen(text) : (int)strlen("visits");
    fprintf(out, "\n  calls by their visits, %s\n\n  %*s  %11s %6s %*s  %11s\n",
            target->target->label, width, "visits", "malloc", "", (int)BAR_WIDTH, "", "free");
    for (size_t i = 0; i <= last; i++) {
        bucket_text(i, text, sizeof text);
        fprintf(out, "  %*s", width, text);
        print_share(out, mallocs[i], malloc_sum, false);
        print_share(out, frees[i], free_sum, true);
        fputc('\n', out);
    }
}

void fl_out_histograms(FILE *out, const struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].has_stats) {
            print_histogram(out, &result->targets[i]);
        }
    }
}
