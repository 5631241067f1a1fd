/*
 * The rank-sum test: against all ways to choose, one by one, for small samples with and without
 * ties, and against the formula of the normal approximation for large ones.
 */
#include <fl_test.h>

#include <math.h>

#include "ranksum.h"

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Twice the rank of a value among all, ties sharing their mean. */
static size_t doubled_rank(const double *all, size_t count, size_t i)
{
    size_t below = 0, equal = 0;
    for (size_t j = 0; j < count; j++) {
        below += all[j] < all[i];
        equal += all[j] == all[i];
    }
    return 2 * below + equal + 1;
}

static double distance_of(const size_t *ranks, size_t count, size_t first_count,
                          unsigned chosen)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (chosen >> i & 1) != 0 ? (double)ranks[i] / 2 : 0;
    }
    return fabs(sum - (double)(first_count * (count + 1)) / 2);
}

/* Every way to choose the first sample. */
static double p_naive(const double *all, size_t first_count, size_t count)
{
    size_t ranks[16];
    double ways = 0, beyond = 0;
    for (size_t i = 0; i < count; i++) {
        ranks[i] = doubled_rank(all, count, i);
    }
    const double far = distance_of(ranks, count, first_count, (1u << first_count) - 1);
    for (unsigned chosen = 0; chosen < 1u << count; chosen++) {
        if ((size_t)__builtin_popcount(chosen) == first_count) {
            ways++;
            beyond += distance_of(ranks, count, first_count, chosen) >= far - 1e-9;
        }
    }
    return beyond / ways;
}

static void small_samples_are_counted_out(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 300; round++) {
        double all[12];
        const size_t first = 1 + random_next(&seed) % 6, second = 1 + random_next(&seed) % 6;
        const uint64_t kinds = 2 + random_next(&seed) % 30; /* few: ties */
        for (size_t i = 0; i < first + second; i++) {
            all[i] = (double)(random_next(&seed) % kinds) - 3;
        }
        const double p = fl_ranksum_p(all, first, all + first, second);
        assert_true(fabs(p - p_naive(all, first, first + second)) < 1e-12);
        assert_true(fabs(p - fl_ranksum_p(all + first, second, all, first)) < 1e-12);
    }
}

static void samples_apart_are_as_unlikely_as_they_can_be(void **state)
{
    const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10};
    (void)state;
    assert_true(fabs(fl_ranksum_p(low, 5, high, 5) - 2.0 / 252) < 1e-12);
    assert_true(fabs(fl_ranksum_p(low, 4, high, 4) - 2.0 / 70) < 1e-12);
    assert_true(fabs(fl_ranksum_p(low, 3, high, 3) - 2.0 / 20) < 1e-12);
    assert_true(fabs(fl_ranksum_p(low, 5, low, 5) - 1) < 1e-12);
    assert_true(fabs(fl_ranksum_p(high, 1, high, 1) - 1) < 1e-12);
}

static void it_is_known_from_which_sizes_on_it_can_tell(void **state)
{
    (void)state;
    assert_true(fl_ranksum_can_tell(4, 4));
    assert_true(fl_ranksum_can_tell(3, 5));
    assert_true(fl_ranksum_can_tell(5, 3));
    assert_false(fl_ranksum_can_tell(3, 4));
    assert_false(fl_ranksum_can_tell(3, 3));
    assert_true(fl_ranksum_can_tell(2, 8));
    assert_false(fl_ranksum_can_tell(2, 7));
    assert_true(fl_ranksum_can_tell(1, 40));
    assert_false(fl_ranksum_can_tell(1, 38));
    assert_false(fl_ranksum_can_tell(0, 100));
    assert_false(fl_ranksum_can_tell(100, 0));
    assert_true(fl_ranksum_can_tell(100, 100));
}

/* Samples of one size, one moved by `shift` against the other: values that all differ. */
static double p_moved(size_t count, double shift)
{
    double one[100], other[100];
    for (size_t i = 0; i < count; i++) {
        one[i] = (double)i;
        other[i] = (double)i + shift + 0.5;
    }
    return fl_ranksum_p(one, count, other, count);
}

static double p_approximate(size_t count, double shift)
{
    double above = 0; /* pairs in which the other one is larger */
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            above += (double)j + shift + 0.5 > (double)i;
        }
    }
    const double n = (double)count;
    const double far = fabs(above - n * n / 2) - 0.5;
    return erfc(far / sqrt(2 * n * n * (2 * n + 1) / 12));
}

static void exact_and_approximate_meet(void **state)
{
    (void)state;
    for (int shift = 0; shift < 20; shift++) {
        assert_true(fabs(p_moved(30, shift) - p_approximate(30, shift)) < 0.003);
        assert_true(fabs(p_moved(31, shift) - p_approximate(31, shift)) < 1e-9);
        assert_true(fabs(p_moved(100, shift) - p_approximate(100, shift)) < 1e-9);
    }
}

static void many_ties_do_not_make_it_sure(void **state)
{
    double one[100], other[100];
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        one[i] = 7;
        other[i] = 7;
    }
    assert_true(fl_ranksum_p(one, 100, other, 100) == 1);
    other[0] = 8;
    assert_true(fl_ranksum_p(one, 100, other, 100) > 0.3);
    for (size_t i = 0; i < 20; i++) {
        other[i] = 8;
    }
    assert_true(fl_ranksum_p(one, 100, other, 100) < 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_samples_are_counted_out),
        cmocka_unit_test(samples_apart_are_as_unlikely_as_they_can_be),
        cmocka_unit_test(it_is_known_from_which_sizes_on_it_can_tell),
        cmocka_unit_test(exact_and_approximate_meet),
        cmocka_unit_test(many_ties_do_not_make_it_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
