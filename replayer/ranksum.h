/**
 * Are two samples of runs apart? The two-sided rank-sum test of Mann, Whitney and Wilcoxon: no
 * assumption of how times are distributed, and one disturbed run weighs no more than another.
 *
 * Thread safety: pure.
 */
#ifndef FL_REPLAY_RANKSUM_H
#define FL_REPLAY_RANKSUM_H

#include <stdbool.h>
#include <stddef.h>

#define FL_RANKSUM_ALPHA 0.05 /* a smaller p is a difference beyond the noise */
#define FL_RANKSUM_MAX   200u /* values of both together */

/**
 * Probability of ranks at least as far from even as those of the two samples, if both came from
 * one source.
 *
 * @param one, other  `one_count` and `other_count` values, each at least 1, FL_RANKSUM_MAX together at most
 * @return            exact, with ties, up to FL_RANKSUM_EXACT values together; then the normal approximation with
 *                    corrections for ties and continuity. Below 0 when out of memory
 *
 * Cost: O(values^4) steps at most where it is exact, some milliseconds.
 */
#define FL_RANKSUM_EXACT 60u
double fl_ranksum_p(const double *one, size_t one_count, const double *other,
                    size_t other_count);

/** Can samples of these sizes be told apart at all, at FL_RANKSUM_ALPHA? From 4 and 4 on, or 3
 * and 5. */
bool fl_ranksum_can_tell(size_t one_count, size_t other_count);

#endif
