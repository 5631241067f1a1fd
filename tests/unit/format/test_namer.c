#include <fl_test.h>

#include <fl/namer.h>

#include "trace.h"

#define PLACES 30000u

/* The naive model: what is at each of PLACES addresses. */
struct naive {
    struct fl_named at[PLACES];
    bool is_live[PLACES];
    size_t count;
};

/* Granules of 16 bytes in clusters far apart, as programs have them. */
static uint64_t address_of(size_t place)
{
    return 0x7F0000001000u + (uint64_t)(place / 300 << 24) + place % 300 * 16;
}

static void check_add(struct fl_namer *namer, struct naive *naive, size_t place,
                      struct fl_named object)
{
    struct fl_named before;
    const int result = fl_namer_add(namer, address_of(place), object, &before);
    assert_int_equal(result, naive->is_live[place]);
    if (result == 1) {
        assert_int_equal(before.serial, naive->at[place].serial);
        assert_int_equal(before.size_bytes, naive->at[place].size_bytes);
    }
    naive->count += !naive->is_live[place];
    naive->is_live[place] = true;
    naive->at[place] = object;
}

static void check_remove(struct fl_namer *namer, struct naive *naive, size_t place)
{
    struct fl_named object;
    assert_int_equal(fl_namer_remove(namer, address_of(place), &object), naive->is_live[place]);
    if (naive->is_live[place]) {
        assert_int_equal(object.serial, naive->at[place].serial);
        naive->count--;
    }
    naive->is_live[place] = false;
}

static void check_all(const struct fl_namer *namer, const struct naive *naive)
{
    assert_int_equal(fl_namer_count(namer), naive->count);
    for (size_t place = 0; place < PLACES; place++) {
        struct fl_named object;
        const bool is_found = fl_namer_find(namer, address_of(place), &object);
        assert_int_equal(is_found, naive->is_live[place]);
        if (is_found) {
            assert_int_equal(object.serial, naive->at[place].serial);
        }
    }
}

static void add_find_and_remove_agree_with_a_plain_table(void **state)
{
    (void)state;
    const uint64_t seed = trace_seed();
    print_message("FL_TEST_SEED=%llu\n", (unsigned long long)seed);
    struct naive *naive = calloc(1, sizeof *naive);
    struct fl_namer *namer = fl_namer_new();
    struct gen gen;
    gen_from_seed(&gen, seed);
    for (unsigned phase = 0; phase < 6; phase++) { /* the table grows, shrinks, grows ... */
        const unsigned adds = phase % 2 == 0 ? 80 : 10;
        for (unsigned i = 0; i < 60000; i++) {
            const uint64_t number = gen_random(&gen);
            const size_t place = (number >> 32) % PLACES;
            fl_namer_prefetch(namer, address_of(place));
            if (number % 100 < adds) {
                check_add(namer, naive, place, (struct fl_named){i, number});
            } else {
                check_remove(namer, naive, place);
            }
        }
        check_all(namer, naive);
    }
    for (size_t place = 0; place < PLACES; place++) {
        check_remove(namer, naive, place);
    }
    check_all(namer, naive);
    fl_namer_free(namer);
    free(naive);
}

static void clustered_addresses_stay_cheap_to_find(void **state)
{
    (void)state;
    struct fl_namer *namer = fl_namer_new();
    struct fl_named object = {0, 0};
    const uint64_t strides[] = {16, 48, 256, 4096, 1 << 20};
    for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++) {
        for (uint64_t n = 1; n <= 200000; n++) { /* long probes would take minutes */
            assert_int_not_equal(
                fl_namer_add(namer, (i << 40) + n * strides[i], object, &object), -1);
        }
    }
    assert_int_equal(fl_namer_count(namer), 1000000);
    fl_namer_free(namer);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct fl_namer *namer = fl_namer_new();
    struct fl_named object = {1, 2};
    assert_false(fl_namer_find(namer, 0x1000, &object));
    assert_false(fl_namer_remove(namer, 0x1000, &object));
    assert_false(fl_namer_find(namer, 0, &object));
    assert_false(fl_namer_remove(namer, 0, &object));
    assert_int_equal(object.serial, 1);
    assert_int_equal(fl_namer_count(namer), 0);
    fl_namer_free(namer);
    fl_namer_free(NULL);
}

/* Chosen by who knows the multiplier: its inverse modulo 2^64, times 0, 1, 2 ..., are windows
 * that are all multiplied to small numbers, so that they have one home. 5 * 10^9 steps, were
 * the table not laid out anew. */
static void addresses_that_were_chosen_to_meet_are_found_again(void **state)
{
    (void)state;
    const uint64_t multiplier = UINT64_C(0x9E3779B97F4A7C15);
    const size_t wanted = 100000;
    struct fl_namer *namer = fl_namer_new();
    struct fl_named object, before;
    uint64_t inverse = multiplier; /* Newton's iteration doubles the bits that are right */
    for (unsigned i = 0; i < 5; i++) {
        inverse *= 2 - multiplier * inverse;
    }
    assert_true(multiplier * inverse == 1);
    uint64_t window = inverse;
    for (size_t found = 0; found < wanted; window += inverse) {
        if (window < UINT64_C(1) << 56) {
            object = (struct fl_named){.serial = found++};
            assert_int_equal(fl_namer_add(namer, window << 8, object, &before), 0);
        }
    }
    assert_int_equal(fl_namer_count(namer), wanted);
    window = inverse;
    for (size_t found = 0; found < wanted; window += inverse) {
        if (window < UINT64_C(1) << 56) {
            assert_true(fl_namer_remove(namer, window << 8, &object));
            assert_int_equal(object.serial, found++);
        }
    }
    assert_int_equal(fl_namer_count(namer), 0);
    fl_namer_free(namer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_find_and_remove_agree_with_a_plain_table),
        cmocka_unit_test(clustered_addresses_stay_cheap_to_find),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(addresses_that_were_chosen_to_meet_are_found_again),
    };
    return cmocka_run_group_tests_name("namer", tests, NULL, NULL);
}
