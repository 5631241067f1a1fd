/*
 * Thinning by buckets, as charts of long series do (U. Jugel et al., "M4: a
 * visualization-oriented time series data aggregation", VLDB 2014): of each bucket stay the
 * extremes and the last state. A bucket begins as one state wide; when all are in use,
 * neighbours become one and the width doubles. So the memory is fixed, the place of each bucket
 * follows from the number of states alone, and a short series stays whole. Cost: a comparison
 * or two per column and state, and log2(states / 1,024) doublings.
 *
 * RSS chooses no state but the one of its peak: it differs from run to run, and which states
 * are shown must not.
 */
#include "series.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_POINTS (2u * FL_SERIES_EXACT + 1u)

const char *fl_series_word(enum fl_series_column column)
{
#define FL_SERIES_WORD(name, word) word,
    static const char *const words[] = {FL_SERIES_LIST(FL_SERIES_WORD)};
#undef FL_SERIES_WORD
    return words[column];
}

void fl_series_start(struct fl_series *series)
{
    series->count = 0;
    series->width = 1;
}

static size_t buckets_used(const struct fl_series *series)
{
    return (size_t)((series->count + series->width - 1) / series->width);
}

/* ---- buckets ---- */

static void bucket_begin(struct fl_series_bucket *bucket, const struct fl_series_point *state)
{
    for (size_t i = 0; i < FL_SERIES_EXACT; i++) {
        bucket->least[i] = *state;
        bucket->most[i] = *state;
    }
    bucket->last = *state;
}

static void bucket_add(struct fl_series_bucket *bucket, const struct fl_series_point *state)
{
    for (size_t i = 0; i < FL_SERIES_EXACT; i++) {
        if (state->values[i] < bucket->least[i].values[i]) {
            bucket->least[i] = *state;
        }
        if (state->values[i] > bucket->most[i].values[i]) {
            bucket->most[i] = *state;
        }
    }
    bucket->last = *state;
}

/* Make of `bucket` and the one behind it one. */
static void bucket_join(struct fl_series_bucket *bucket, const struct fl_series_bucket *behind)
{
    for (size_t i = 0; i < FL_SERIES_EXACT; i++) {
        if (behind->least[i].values[i] < bucket->least[i].values[i]) {
            bucket->least[i] = behind->least[i];
        }
        if (behind->most[i].values[i] > bucket->most[i].values[i]) {
            bucket->most[i] = behind->most[i];
        }
    }
    bucket->last = behind->last;
}

static void buckets_double(struct fl_series *series)
{
    const size_t used = buckets_used(series);
    for (size_t i = 0; i < used; i += 2) {
        struct fl_series_bucket *half = &series->buckets[i / 2];
        if (i > 0) {
            *half = series->buckets[i];
        }
        if (i + 1 < used) {
            bucket_join(half, &series->buckets[i + 1]);
        }
    }
    series->width *= 2;
}

void fl_series_add(struct fl_series *series, const struct fl_series_point *state)
{
    if (series->count == FL_SERIES_BUCKETS * series->width) {
        buckets_double(series);
    }
    struct fl_series_point added = *state;
    added.number = series->count++;
    struct fl_series_bucket *bucket = &series->buckets[added.number / series->width];
    if (added.number % series->width == 0) {
        bucket_begin(bucket, &added);
    } else {
        bucket_add(bucket, &added);
    }
    if (added.number == 0) {
        series->first = added;
    }
    if (added.number == 0 ||
        added.values[FL_SERIES_RSS] > series->rss_most.values[FL_SERIES_RSS]) {
        series->rss_most = added;
    }
}

/* ---- the points ---- */

static int point_compare(const void *one, const void *two)
{
    const uint64_t first = ((const struct fl_series_point *)one)->number;
    const uint64_t second = ((const struct fl_series_point *)two)->number;
    return first < second ? -1 : first > second;
}

/* Each state once, in order; returns how many there are. */
static size_t points_sort(struct fl_series_point *points, size_t count)
{
    qsort(points, count, sizeof points[0], point_compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || points[i].number != points[kept - 1].number) {
            points[kept++] = points[i];
        }
    }
    return kept;
}

static size_t bucket_points(const struct fl_series_bucket *bucket,
                            struct fl_series_point points[BUCKET_POINTS])
{
    memcpy(points, bucket->least, sizeof bucket->least);
    memcpy(points + FL_SERIES_EXACT, bucket->most, sizeof bucket->most);
    points[BUCKET_POINTS - 1] = bucket->last;
    return points_sort(points, BUCKET_POINTS);
}

/* The points of all buckets into `points`, or false when there are more than `limit`. */
static bool points_gather(const struct fl_series *series, struct fl_series_point *points,
                          size_t limit, size_t *count)
{
    *count = 0;
    const size_t used = buckets_used(series);
    for (size_t i = 0; i < used; i++) {
        struct fl_series_point of_bucket[BUCKET_POINTS];
        const size_t more = bucket_points(&series->buckets[i], of_bucket);
        if (more > limit - *count) {
            return false;
        }
        memcpy(points + *count, of_bucket, more * sizeof points[0]);
        *count += more;
    }
    return true;
}

void fl_series_finish(struct fl_series *series, struct fl_series_result *out)
{
    while (!points_gather(series, out->points, FL_SERIES_POINTS_MAX - 2, &out->count)) {
        buckets_double(series);
    }
    if (series->count > 0) {
        out->points[out->count++] = series->first;
        out->points[out->count++] = series->rss_most;
        out->count = points_sort(out->points, out->count);
    }
    out->states = series->count;
    out->states_per_bucket = series->width;
}

const struct fl_series_point *fl_series_peak(const struct fl_series_result *result,
                                             enum fl_series_column column)
{
    const struct fl_series_point *peak = NULL;
    for (size_t i = 0; i < result->count; i++) {
        const struct fl_series_point *point = &result->points[i];
        if (peak == NULL || point->values[column] > peak->values[column]) {
            peak = point;
        }
    }
    return peak;
}
