#include <fl_test.h>

#include "slots.h"
#include "trace.h"

#define SERIALS 200000u

/* The naive model: the slot of each serial in a plain array. */
struct naive {
    uint32_t slot[SERIALS];
    uint64_t live[SERIALS]; /* serials */
    size_t live_count;
};

static int naive_open(void **state)
{
    struct naive *naive = malloc(sizeof *naive);
    *state = naive;
    return naive == NULL;
}

static int naive_close(void **state)
{
    free(*state);
    return 0;
}

static void object_add(struct fl_slots *slots, struct naive *naive)
{
    const uint64_t serial = slots->next_serial;
    const uint32_t slot = fl_slots_new(slots);
    assert_int_not_equal(slot, FL_SLOT_NONE);
    assert_true(fl_slots_bind(slots, slot));
    naive->slot[serial] = slot;
    naive->live[naive->live_count++] = serial;
}

static void object_remove(struct fl_slots *slots, struct naive *naive, size_t place)
{
    const uint64_t serial = naive->live[place];
    naive->live[place] = naive->live[--naive->live_count];
    assert_int_equal(fl_slots_find(slots, serial), naive->slot[serial]);
    const uint32_t slot = fl_slots_take(slots, serial);
    assert_int_equal(slot, naive->slot[serial]);
    assert_int_equal(fl_slots_take(slots, serial), FL_SLOT_NONE);
    assert_true(fl_slots_release(slots, slot));
    naive->slot[serial] = FL_SLOT_NONE;
}

static void check_all(const struct fl_slots *slots, const struct naive *naive)
{
    assert_int_equal(fl_slots_live(slots), naive->live_count);
    for (uint64_t serial = 0; serial < slots->next_serial; serial++) {
        assert_int_equal(fl_slots_find(slots, serial), naive->slot[serial]);
    }
}

/* Jumps of any length, short ones often: serials on both sides keep what they have. */
static void jump(struct gen *gen, struct fl_slots *slots)
{
    const uint64_t number = gen_random(gen);
    const uint64_t distance = number % 4 == 0 ? number % 20000 : number % 20;
    if (slots->next_serial + distance < SERIALS) {
        assert_true(fl_slots_jump(slots, slots->next_serial + distance));
    }
}

static void run(struct naive *naive, uint64_t seed, unsigned jumps_per_10000)
{
    struct fl_slots slots;
    struct gen gen;
    gen_from_seed(&gen, seed);
    memset(naive->slot, 0xFF, sizeof naive->slot);
    naive->live_count = 0;
    assert_true(fl_slots_init(&slots));
    while (slots.next_serial < SERIALS) {
        const uint64_t number = gen_random(&gen);
        const unsigned frees = slots.next_serial / 30000 % 2 ? 60 : 45;
        if (number % 10000 < jumps_per_10000) {
            jump(&gen, &slots);
        } else if ((number >> 16) % 100 < frees && naive->live_count > 0) {
            object_remove(&slots, naive, gen_random(&gen) % naive->live_count);
        } else {
            object_add(&slots, naive);
        }
    }
    check_all(&slots, naive);
    while (naive->live_count > 0) {
        object_remove(&slots, naive, naive->live_count - 1);
    }
    check_all(&slots, naive);
    fl_slots_clear(&slots);
}

static void every_serial_has_the_slot_it_was_given(void **state)
{
    const uint64_t seed = trace_seed();
    print_message("FL_TEST_SEED=%llu\n", (unsigned long long)seed);
    run(*state, seed, 0);
    run(*state, seed + 1, 0);
}

static void objects_outlive_every_jump(void **state)
{
    const uint64_t seed = trace_seed();
    run(*state, seed, 10);
    run(*state, seed + 1, 1000);
}

static void a_short_jump_forgets_nobody(void **state)
{
    struct naive *naive = *state;
    for (unsigned before = 1; before < 20; before++) {
        for (unsigned distance = 1; distance < 20; distance++) {
            struct fl_slots slots;
            memset(naive->slot, 0xFF, sizeof naive->slot);
            naive->live_count = 0;
            assert_true(fl_slots_init(&slots));
            for (unsigned i = 0; i < before; i++) {
                object_add(&slots, naive);
            }
            assert_true(fl_slots_jump(&slots, before + distance));
            object_add(&slots, naive);
            check_all(&slots, naive);
            fl_slots_clear(&slots);
        }
    }
}

static void the_slot_freed_last_is_used_first(void **state)
{
    (void)state;
    struct fl_slots slots;
    assert_true(fl_slots_init(&slots));
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(fl_slots_new(&slots), i);
    }
    assert_true(fl_slots_release(&slots, 0));
    assert_true(fl_slots_release(&slots, 2));
    assert_int_equal(fl_slots_new(&slots), 2);
    assert_int_equal(fl_slots_new(&slots), 0);
    assert_int_equal(fl_slots_new(&slots), 3);
    fl_slots_clear(&slots);
}

static size_t old_bytes(const struct fl_slots *slots)
{
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof slots->old / sizeof slots->old[0]; i++) {
        bytes += slots->old[i].capacity * sizeof(struct fl_slots_block);
    }
    return bytes;
}

static void memory_follows_the_live_objects(void **state)
{
    (void)state;
    struct fl_slots slots;
    assert_true(fl_slots_init(&slots));
    for (uint64_t live = 1; live <= 1000000; live++) {
        assert_true(fl_slots_bind(&slots, fl_slots_new(&slots)));
        if (live > 100000 && live % 10000 == 0) {
            assert_true(old_bytes(&slots) <= 12 * live);
        }
    }
    for (uint64_t serial = 0; serial < 1000000; serial++) {
        assert_true(fl_slots_release(&slots, fl_slots_take(&slots, serial)));
    }
    assert_true(old_bytes(&slots) < 100000);
    fl_slots_clear(&slots);
}

static void serials_may_be_as_large_as_a_header_allows(void **state)
{
    (void)state;
    struct fl_slots slots;
    assert_true(fl_slots_init(&slots));
    assert_true(fl_slots_bind(&slots, fl_slots_new(&slots)));
    assert_true(fl_slots_jump(&slots, FL_NUMBER_MAX));
    for (uint32_t i = 1; i < 3 * FL_SLOTS_WINDOW; i++) {
        assert_true(fl_slots_bind(&slots, fl_slots_new(&slots)));
    }
    assert_int_equal(fl_slots_find(&slots, 0), 0);
    assert_int_equal(fl_slots_find(&slots, 1), FL_SLOT_NONE);
    assert_int_equal(fl_slots_find(&slots, FL_NUMBER_MAX), 1);
    assert_int_equal(fl_slots_find(&slots, FL_NUMBER_MAX + 2 * FL_SLOTS_WINDOW),
                     2 * FL_SLOTS_WINDOW + 1);
    fl_slots_clear(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_serial_has_the_slot_it_was_given),
        cmocka_unit_test(objects_outlive_every_jump),
        cmocka_unit_test(a_short_jump_forgets_nobody),
        cmocka_unit_test(the_slot_freed_last_is_used_first),
        cmocka_unit_test(memory_follows_the_live_objects),
        cmocka_unit_test(serials_may_be_as_large_as_a_header_allows),
    };
    return cmocka_run_group_tests_name("slots", tests, naive_open, naive_close);
}
