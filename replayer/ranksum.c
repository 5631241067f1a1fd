/*
 * Mann and Whitney, "On a test of whether one of two random variables is stochastically larger
 * than the other", 1947; the exact distribution is that of the sum of ranks over all ways to
 * choose which values are the first sample's, given the ties that are there, by counting them
 * value by value. Equal values share the mean of their ranks, which doubled is a whole number.
 */
#include "ranksum.h"

#include <math.h>
#include <stdlib.h>

#include <fl/assert.h>

/* All values in rising order. */
struct ranked {
    double value;
    bool is_first;       /* of the first sample */
    size_t doubled_rank; /* twice the rank, from 2 */
};

struct ranking {
    struct ranked at[FL_RANKSUM_MAX];
    size_t count, first_count;
    size_t doubled_sum; /* of the first sample's ranks */
    double ties;        /* sum of t^3 - t over groups of t equal values */
};

static int by_value(const void *left, const void *right)
{
    const struct ranked *one = left, *other = right;
    return one->value < other->value ? -1 : one->value > other->value;
}

static void ranks_give(struct ranking *ranking)
{
    for (size_t begin = 0; begin < ranking->count;) {
        size_t end = begin;
        while (end < ranking->count && ranking->at[end].value == ranking->at[begin].value) {
            end++;
        }
        const double equal = (double)(end - begin);
        ranking->ties += equal * equal * equal - equal;
        for (size_t i = begin; i < end; i++) {
            ranking->at[i].doubled_rank = begin + 1 + end;
            ranking->doubled_sum += ranking->at[i].is_first ? begin + 1 + end : 0;
        }
        begin = end;
    }
}

static void ranking_make(struct ranking *ranking, const double *one, size_t one_count,
                         const double *other, size_t other_count)
{
    *ranking = (struct ranking){.count = one_count + other_count, .first_count = one_count};
    for (size_t i = 0; i < ranking->count; i++) {
        const bool is_first = i < one_count;
        ranking->at[i] = (struct ranked){is_first ? one[i] : other[i - one_count], is_first, 0};
    }
    qsort(ranking->at, ranking->count, sizeof ranking->at[0], by_value);
    ranks_give(ranking);
}

/* Twice the sum that is as likely to be passed as not. */
static size_t doubled_mean(const struct ranking *ranking)
{
    return ranking->first_count * (ranking->count + 1);
}

static size_t distance(size_t one, size_t other)
{
    return one > other ? one - other : other - one;
}

/* Ways to choose `chosen` of the values so far with a sum: ways[chosen * width + sum]. */
static double p_exact(const struct ranking *ranking)
{
    const size_t width = ranking->count * (ranking->count + 1) + 1;
    double *ways = calloc((ranking->first_count + 1) * width, sizeof *ways);
    if (ways == NULL) {
        return -1;
    }
    ways[0] = 1;
    for (size_t i = 0; i < ranking->count; i++) {
        const size_t rank = ranking->at[i].doubled_rank;
        for (size_t chosen = ranking->first_count; chosen > 0; chosen--) {
            double *with = ways + chosen * width;
            const double *without = with - width;
            for (size_t sum = rank; sum < width; sum++) {
                with[sum] += without[sum - rank];
            }
        }
    }
    const double *all = ways + ranking->first_count * width;
    const size_t mean = doubled_mean(ranking), far = distance(ranking->doubled_sum, mean);
    double total = 0, beyond = 0;
    for (size_t sum = 0; sum < width; sum++) {
        total += all[sum];
        beyond += distance(sum, mean) >= far ? all[sum] : 0;
    }
    free(ways);
    return beyond / total;
}

static double p_normal(const struct ranking *ranking)
{
    const double count = (double)ranking->count, first = (double)ranking->first_count;
    const double variance =
        first * (count - first) / 12 * (count + 1 - ranking->ties / (count * (count - 1)));
    const double far = (double)distance(ranking->doubled_sum, doubled_mean(ranking)) / 2 - 0.5;
    return variance <= 0 || far <= 0 ? 1 : erfc(far / sqrt(2 * variance));
}

double fl_ranksum_p(const double *one, size_t one_count, const double *other,
                    size_t other_count)
{
    struct ranking ranking;
    FL_ASSERT(one_count > 0 && other_count > 0 && one_count + other_count <= FL_RANKSUM_MAX,
              "both samples have values, and room");
    ranking_make(&ranking, one, one_count, other, other_count);
    return ranking.count <= FL_RANKSUM_EXACT ? p_exact(&ranking) : p_normal(&ranking);
}

bool fl_ranksum_can_tell(size_t one_count, size_t other_count)
{
    double ways = 1; /* to choose which values are the first sample's */
    for (size_t i = 1; i <= one_count; i++) {
        ways *= (double)(other_count + i) / (double)i;
    }
    return one_count > 0 && other_count > 0 && 2 / ways < FL_RANKSUM_ALPHA;
}
