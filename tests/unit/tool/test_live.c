/*
 * The table of live objects: what stays while it grows, who is live in which order, and memory
 * that runs out.
 */
#include <fl_test.h>

#include <sys/resource.h>

#include "live.h"

#define COUNT 100000u

/* The compiler does not know that an assertion does not return. */
static struct fl_object *place_of(struct fl_live *live, uint32_t slot)
{
    struct fl_object *place = fl_live_place(live, slot);
    if (place == NULL) {
        fail_msg("no place for slot %u", slot);
        abort();
    }
    return place;
}

static void places_keep_what_they_have_while_it_grows(void **state)
{
    struct fl_live live = {0};
    (void)state;
    for (uint32_t slot = 0; slot < COUNT; slot++) {
        struct fl_object *place = place_of(&live, slot);
        assert_true(place->number == FL_SERIAL_NONE);
        *place = (struct fl_object){.number = 3 * (uint64_t)slot, .size_bytes = slot};
    }
    assert_int_equal(live.count, COUNT);
    assert_true(live.capacity <= COUNT + COUNT / 4 + 1024);
    for (uint32_t slot = 0; slot < COUNT; slot++) {
        assert_int_equal(place_of(&live, slot)->number, 3 * (uint64_t)slot);
        assert_int_equal(live.at[slot].size_bytes, slot);
    }
    fl_live_clear(&live);
    assert_int_equal(live.count, 0);
}

static void slots_that_were_passed_over_are_free(void **state)
{
    struct fl_live live = {0};
    size_t count = 99;
    (void)state;
    uint32_t *none = fl_live_sorted(&live, &count);
    assert_non_null(none);
    assert_int_equal(count, 0);
    free(none);
    place_of(&live, 5000)->number = 1;
    for (uint32_t slot = 0; slot < 5000; slot++) {
        assert_true(live.at[slot].number == FL_SERIAL_NONE);
    }
    fl_live_clear(&live);
}

static void the_live_are_sorted_by_number(void **state)
{
    struct fl_live live = {0};
    size_t count;
    (void)state;
    for (uint32_t slot = 0; slot < COUNT; slot++) {
        const uint64_t number = (uint64_t)slot * 7919 % COUNT << 40;
        place_of(&live, slot)->number = slot % 3 == 0 ? FL_SERIAL_NONE : number;
    }
    uint32_t *slots = fl_live_sorted(&live, &count);
    assert_non_null(slots);
    assert_int_equal(count, COUNT - (COUNT + 2) / 3);
    for (size_t i = 1; i < count; i++) {
        assert_true(live.at[slots[i - 1]].number < live.at[slots[i]].number);
    }
    free(slots);
    fl_live_clear(&live);
}

static void without_memory_it_is_as_it_was(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its runtime ends the program when there is no memory */
#endif
    if (!fl_test_has_kernel_alone()) {
        skip();
    }
    struct fl_live live = {0};
    struct rlimit before;
    size_t count = 99;
    for (uint32_t slot = 0; slot < 2000000; slot++) {
        place_of(&live, slot)->number = slot;
    }
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, before.rlim_max}), 0);
    const bool has_grown = fl_live_grow(&live, 4000000);
    uint32_t *slots = fl_live_sorted(&live, &count);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_false(has_grown);
    assert_null(slots);
    assert_int_equal(count, 99);
    assert_int_equal(live.count, 2000000);
    assert_int_equal(live.at[1999999].number, 1999999);
    assert_true(place_of(&live, 4000000)->number == FL_SERIAL_NONE);
    assert_int_equal(live.at[1999999].number, 1999999);
    fl_live_clear(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_keep_what_they_have_while_it_grows),
        cmocka_unit_test(slots_that_were_passed_over_are_free),
        cmocka_unit_test(the_live_are_sorted_by_number),
        cmocka_unit_test(without_memory_it_is_as_it_was),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
