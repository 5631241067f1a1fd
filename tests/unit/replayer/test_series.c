#include <fl_test.h>

#include "series.h"

/* The thinning against all states of random series, most of them longer than all buckets. */

#define STATES_MAX 300000u

static struct fl_series series;
static struct fl_series_result result;
static struct fl_series_point all[STATES_MAX];
static bool is_wanted[STATES_MAX];
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    uint64_t mixed = random_state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (mixed >> 32) % limit;
}

/* A walk whose steps are rarely large: many equal values, and extremes anywhere. */
static void state_step(struct fl_series_point *state)
{
    state->event += 1 + random_below(3);
    state->time_ns += random_below(1000);
    for (size_t i = 0; i < FL_SERIES_COLUMNS; i++) {
        const uint64_t most = random_below(50) == 0 ? 1000 : 3;
        const uint64_t step = random_below(most);
        const bool is_down = random_below(2) == 0 && state->values[i] >= step;
        state->values[i] = is_down ? state->values[i] - step : state->values[i] + step;
    }
}

static void series_make(uint64_t seed, size_t count)
{
    struct fl_series_point state = {.event = 0};
    random_state = seed;
    fl_series_start(&series);
    for (size_t i = 0; i < count; i++) {
        state_step(&state);
        fl_series_add(&series, &state);
        all[i] = state;
        all[i].number = i;
    }
    memset(&result, 0xA5, sizeof result);
    fl_series_finish(&series, &result);
}

/* The first of the least or largest values of a column in [from, to). */
static size_t extreme_of(size_t from, size_t to, size_t column, bool is_most)
{
    size_t found = from;
    for (size_t i = from; i < to; i++) {
        const uint64_t value = all[i].values[column], best = all[found].values[column];
        found = (is_most ? value > best : value < best) ? i : found;
    }
    return found;
}

/* Mark what a naive thinning of all states by `width` keeps; returns how many. */
static size_t naive_mark(size_t count, size_t width)
{
    memset(is_wanted, 0, sizeof is_wanted);
    is_wanted[0] = true;
    is_wanted[extreme_of(0, count, FL_SERIES_RSS, true)] = true;
    for (size_t from = 0; from < count; from += width) {
        const size_t to = from + width < count ? from + width : count;
        is_wanted[to - 1] = true;
        for (size_t column = 0; column < FL_SERIES_EXACT; column++) {
            is_wanted[extreme_of(from, to, column, false)] = true;
            is_wanted[extreme_of(from, to, column, true)] = true;
        }
    }
    size_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        marked += is_wanted[i];
    }
    return marked;
}

static void series_compare(size_t count)
{
    assert_int_equal(result.states, count);
    assert_int_equal(result.states_per_bucket & (result.states_per_bucket - 1), 0);
    assert_int_equal(naive_mark(count, (size_t)result.states_per_bucket), result.count);
    assert_true(result.count <= FL_SERIES_POINTS_MAX);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_wanted[i]) {
            assert_memory_equal(&result.points[at], &all[i], sizeof all[i]);
            at++;
        }
    }
    for (size_t column = 0; column < FL_SERIES_COLUMNS; column++) {
        const struct fl_series_point *peak =
            fl_series_peak(&result, (enum fl_series_column)column);
        assert_int_equal(peak->number, extreme_of(0, count, column, true));
    }
    if (result.states_per_bucket > 1) { /* no finer thinning would have done */
        assert_true(naive_mark(count, (size_t)result.states_per_bucket / 2) >
                    FL_SERIES_POINTS_MAX - 2);
    }
}

static void thinned_series_are_those_of_a_naive_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        random_state = seed * 77;
        const size_t count = 1 + (size_t)random_below(seed % 10 == 0 ? STATES_MAX : 20000);
        series_make(seed, count);
        series_compare(count);
    }
}

static void around_the_limits_nothing_is_lost(void **state)
{
    (void)state;
    static const size_t counts[] = {1,    2,    997,  998,  999,  1000, 1001,
                                    1023, 1024, 1025, 2047, 2048, 2049, 4097};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        series_make(5, counts[i]);
        series_compare(counts[i]);
        if (counts[i] <= FL_SERIES_POINTS_MAX - 2) {
            assert_int_equal(result.count, counts[i]);
        }
    }
}

static void a_series_of_nothing_has_no_points(void **state)
{
    (void)state;
    series_make(1, 0);
    assert_int_equal(result.count, 0);
    assert_int_equal(result.states, 0);
    assert_null(fl_series_peak(&result, FL_SERIES_PAYLOAD));
}

static void states_that_are_all_equal_keep_first_and_last(void **state)
{
    (void)state;
    const struct fl_series_point same = {.values = {7, 7, 7, 7, 7}};
    fl_series_start(&series);
    for (size_t i = 0; i < 100000; i++) {
        fl_series_add(&series, &same);
    }
    fl_series_finish(&series, &result);
    assert_int_equal(result.points[0].number, 0);
    assert_int_equal(result.points[result.count - 1].number, 99999);
    assert_int_equal(fl_series_peak(&result, FL_SERIES_LIVE)->number, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thinned_series_are_those_of_a_naive_one),
        cmocka_unit_test(around_the_limits_nothing_is_lost),
        cmocka_unit_test(a_series_of_nothing_has_no_points),
        cmocka_unit_test(states_that_are_all_equal_keep_first_and_last),
    };
    return cmocka_run_group_tests_name("replayer/series", tests, NULL, NULL);
}
