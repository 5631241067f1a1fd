#include "rings.h"

#include "merge.h"

#define SEEN_MAX 4096

/* What the merge handed over, in order. */
struct seen {
    size_t count;
    uint64_t keys[SEEN_MAX], addresses[SEEN_MAX];
};

static void seen_take(void *user, struct fl_lane *lane, uint64_t bound, uint64_t stop)
{
    struct seen *seen = user;
    while (lane->at < stop) {
        const struct fl_slot *slot = &lane->slots[lane->at & lane->mask];
        uint64_t base = lane->stamp_base, next = lane->at + 1;
        if (fl_slot_goes_before(lane, slot, lane->at)) {
            base = slot->rest;
            slot = &lane->slots[next++ & lane->mask];
        }
        if (fl_slot_key(slot, base) > bound)
            break;
        assert_true(seen->count < SEEN_MAX);
        seen->keys[seen->count] = fl_slot_key(slot, base);
        seen->addresses[seen->count++] = fl_slot_address(slot);
        lane->stamp_base = base;
        lane->at = next;
    }
}

struct fixture {
    struct rings rings;
    struct fl_merge merge;
    struct seen seen;
};

static int fixture_begin(void **state)
{
    struct fixture *fix = calloc(1, sizeof *fix);
    assert_non_null(fix);
    rings_make(&fix->rings);
    assert_true(fl_merge_init(&fix->merge, fix->rings.shared, &fix->rings.facts, seen_take,
                              &fix->seen));
    *state = fix;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *fix = *state;
    fl_merge_end(&fix->merge);
    rings_end(&fix->rings);
    free(fix);
    return 0;
}

static void expect_addresses(const struct fixture *fix, const uint64_t *wanted, size_t count)
{
    assert_int_equal(fix->seen.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fix->seen.addresses[i], wanted[i]);
}

static void no_ring_gives_nothing(void **state)
{
    struct fixture *fix = *state;
    assert_int_equal(fl_merge_round(&fix->merge, false).taken_slots, 0);
    assert_int_equal(fix->seen.count, 0);
}

static void one_ring_is_taken_whole_whatever_the_bound(void **state)
{
    struct fixture *fix = *state;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 16, 1, 0);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 32, 1, UINT32_MAX);
    const struct fl_round found = fl_merge_round(&fix->merge, false);
    assert_int_equal(found.taken_slots, 2);
    assert_int_equal(found.backlog_slots, 2);
    expect_addresses(fix, (const uint64_t[]){16, 32}, 2);
    assert_int_equal(atomic_load(&fix->rings.shared->rings[0].tail), 2);
}

static void two_rings_are_merged_by_stamp(void **state)
{
    struct fixture *fix = *state;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, 10);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 4, 1, 40);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 2, 1, 20);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 3, 1, 30);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 5, 1, 50);
    fl_merge_round(&fix->merge, false);
    expect_addresses(fix, (const uint64_t[]){1, 2, 3, 4, 5}, 5);
}

static void a_free_goes_before_an_allocation_of_the_same_stamp(void **state)
{
    struct fixture *fix = *state;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 2, 1, 10);
    rings_put(&fix->rings, 1, FL_CALL_FREE | FL_OP_EARLY, 1, 0, 10);
    fl_merge_round(&fix->merge, false);
    expect_addresses(fix, (const uint64_t[]){1, 2}, 2);
}

static void what_is_stamped_after_the_cut_waits_for_the_next_round(void **state)
{
    struct fixture *fix = *state;
    atomic_store(&fix->rings.shared->counter, 20);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, 19);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 2, 1, 20);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 3, 1, 21);
    fl_merge_round(&fix->merge, false);
    expect_addresses(fix, (const uint64_t[]){1}, 1);
    assert_int_equal(atomic_load(&fix->rings.shared->rings[0].tail), 1);
    atomic_store(&fix->rings.shared->counter, 22);
    fl_merge_round(&fix->merge, false);
    expect_addresses(fix, (const uint64_t[]){1, 2, 3}, 3);
}

static void the_final_round_takes_all(void **state)
{
    struct fixture *fix = *state;
    atomic_store(&fix->rings.shared->counter, 1);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 2, 1, 1000);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 1, 1, 999);
    fl_merge_round(&fix->merge, true);
    expect_addresses(fix, (const uint64_t[]){1, 2}, 2);
}

static void a_wide_slot_holds_the_stamp_of_what_follows(void **state)
{
    struct fixture *fix = *state;
    const uint64_t late = UINT64_C(5) << 32;
    rings_put_wide(&fix->rings, 0, FL_CALL_MALLOC, 3, 1, late + 1);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 5, 1, late + 3);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 1, 1, 100);
    rings_put_wide(&fix->rings, 1, FL_CALL_MALLOC, 4, 1, late + 2);
    rings_put(&fix->rings, 2, FL_CALL_MALLOC, 2, 1, 200);
    fl_merge_round(&fix->merge, true);
    expect_addresses(fix, (const uint64_t[]){1, 2, 3, 4, 5}, 5);
}

static void a_ring_whose_head_is_impossible_is_left_alone(void **state)
{
    struct fixture *fix = *state;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, 1);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 2, 1, 2);
    atomic_store(&fix->rings.shared->rings[0].head, UINT64_MAX / 2);
    fl_merge_round(&fix->merge, true);
    expect_addresses(fix, (const uint64_t[]){2}, 1);
}

static void what_flrec_wrote_is_not_read_again(void **state)
{
    struct fixture *fix = *state;
    struct fl_shared *shared = fix->rings.shared;
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 2, 1, 20);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, 10);
    atomic_store(&shared->ring_high, UINT32_MAX);
    shared->ring_count = UINT32_MAX;
    shared->ring_slots = 0;
    shared->stamp_source = FL_STAMP_CYCLES;
    fl_merge_round(&fix->merge, false);
    expect_addresses(fix, (const uint64_t[]){1, 2}, 2);
    assert_int_equal(fix->merge.lane_count, fix->rings.facts.ring_count);
}

static void nothing_take(void *user, struct fl_lane *lane, uint64_t bound, uint64_t stop)
{
    (void)lane;
    (void)bound;
    (void)stop;
    ++*(unsigned *)user;
}

/* As when the program changes a stamp between the look at it and the take. */
static void a_slot_that_is_not_taken_is_passed_over(void **state)
{
    struct fixture *fix = *state;
    unsigned offered = 0;
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, 10);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 2, 1, 20);
    rings_put(&fix->rings, 1, FL_CALL_MALLOC, 3, 1, 30);
    fix->merge.take = nothing_take;
    fix->merge.user = &offered;
    assert_int_equal(fl_merge_round(&fix->merge, true).taken_slots, 3);
    assert_int_equal(offered, 3);
}

static void a_recycled_ring_starts_anew(void **state)
{
    struct fixture *fix = *state;
    rings_put_wide(&fix->rings, 0, FL_CALL_MALLOC, 1, 1, UINT64_C(7) << 32);
    fl_merge_round(&fix->merge, true);
    fl_lane_recycle(&fix->merge.lanes[0]);
    assert_int_equal(atomic_load(&fix->rings.shared->rings[0].state), FL_RING_FREE);
    rings_put(&fix->rings, 0, FL_CALL_MALLOC, 2, 1, 3);
    fl_merge_round(&fix->merge, true);
    expect_addresses(fix, (const uint64_t[]){1, 2}, 2);
    assert_int_equal(fix->seen.keys[1], 3 << 1 | 1);
}

/* Each stamp goes to a ring by chance; rounds cut where they like; the order is the stamps'. */
static void any_split_over_rings_comes_back_in_order(void **state)
{
    struct fixture *fix = *state;
    const char *given = getenv("FL_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 42;
    print_message("FL_TEST_SEED=%u\n", seed);
    const unsigned events = 3000;
    for (unsigned stamp = 1; stamp <= events; stamp++) {
        rings_put(&fix->rings, (uint32_t)rand_r(&seed) % 7, FL_CALL_MALLOC, stamp, 1, stamp);
        atomic_store(&fix->rings.shared->counter, stamp - (unsigned)rand_r(&seed) % 2);
        if (rand_r(&seed) % 50 == 0)
            fl_merge_round(&fix->merge, false);
    }
    fl_merge_round(&fix->merge, true);
    assert_int_equal(fix->seen.count, events);
    for (unsigned i = 0; i < events; i++)
        assert_int_equal(fix->seen.addresses[i], i + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(no_ring_gives_nothing),
        TEST(one_ring_is_taken_whole_whatever_the_bound),
        TEST(two_rings_are_merged_by_stamp),
        TEST(a_free_goes_before_an_allocation_of_the_same_stamp),
        TEST(what_is_stamped_after_the_cut_waits_for_the_next_round),
        TEST(the_final_round_takes_all),
        TEST(a_wide_slot_holds_the_stamp_of_what_follows),
        TEST(a_ring_whose_head_is_impossible_is_left_alone),
        TEST(what_flrec_wrote_is_not_read_again),
        TEST(a_slot_that_is_not_taken_is_passed_over),
        TEST(a_recycled_ring_starts_anew),
        TEST(any_split_over_rings_comes_back_in_order),
    };
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
