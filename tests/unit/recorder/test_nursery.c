#include <fl_test.h>

#include "nursery.h"

#define PARENT 7

static struct fl_namer *namer_with(size_t count)
{
    struct fl_namer *namer = fl_namer_new();
    struct fl_named before;
    assert_non_null(namer);
    for (size_t i = 0; i < count; i++) {
        const struct fl_named object = {count - i, i};
        assert_int_equal(fl_namer_add(namer, 16 * (i + 1), object, &before), 0);
    }
    return namer;
}

static void a_child_gets_the_live_set_of_its_fork(void **state)
{
    (void)state;
    struct fl_nursery *nursery = fl_nursery_new();
    struct fl_namer *few = namer_with(3), *many = namer_with(5000);
    struct fl_inheritance got;
    fl_nursery_put(nursery, PARENT, 1, 10, few);
    fl_nursery_put(nursery, PARENT, 2, 20, many);
    fl_nursery_put(nursery, PARENT + 1, 1, 30, few);
    assert_true(fl_nursery_take(nursery, PARENT, 2, &got));
    assert_int_equal(got.count, 5000);
    assert_int_equal(got.parent_event, 20);
    for (size_t i = 0; i < got.count; i++)
        assert_int_equal(got.objects[i].object.serial, i + 1);
    fl_inheritance_end(&got);
    assert_true(fl_nursery_take(nursery, PARENT, 1, &got));
    assert_int_equal(got.count, 3);
    assert_int_equal(got.objects[0].address, 48);
    assert_int_equal(got.objects[0].object.size_bytes, 2);
    fl_inheritance_end(&got);
    fl_namer_free(few);
    fl_namer_free(many);
    fl_nursery_free(nursery); /* with one unclaimed */
}

static void a_fork_that_failed_leaves_nothing(void **state)
{
    (void)state;
    struct fl_nursery *nursery = fl_nursery_new();
    struct fl_namer *namer = namer_with(10);
    struct fl_inheritance got;
    fl_nursery_put(nursery, PARENT, 1, 1, namer);
    fl_nursery_put(nursery, PARENT, 2, 2, namer);
    fl_nursery_drop(nursery, PARENT, 1);
    fl_nursery_drop(nursery, PARENT, 3); /* which there is not */
    fl_nursery_refuse(nursery, PARENT, 1);
    assert_false(fl_nursery_take(nursery, PARENT, 1, &got));
    assert_true(fl_nursery_take(nursery, PARENT, 2, &got));
    fl_inheritance_end(&got);
    fl_namer_free(namer);
    fl_nursery_free(nursery);
}

/* More forks than have been claimed, as a shell that starts many in the background makes
 * them. */
static void many_wait_at_a_time(void **state)
{
    (void)state;
    struct fl_nursery *nursery = fl_nursery_new();
    struct fl_namer *namer = namer_with(10);
    struct fl_inheritance got;
    for (uint64_t fork = 1; fork <= 500; fork++)
        fl_nursery_put(nursery, PARENT, fork, fork, namer);
    for (uint64_t fork = 500; fork >= 1; fork--) {
        assert_true(fl_nursery_take(nursery, PARENT, fork, &got));
        assert_int_equal(got.parent_event, fork);
        fl_inheritance_end(&got);
    }
    fl_namer_free(namer);
    fl_nursery_free(nursery);
}

/* The slot of a fork costs a program that went wild 16 bytes; what flrec keeps for it must have
 * an end. */
static void the_oldest_make_room_for_too_many(void **state)
{
    (void)state;
    struct fl_nursery *nursery = fl_nursery_new();
    struct fl_namer *namer = namer_with(0);
    struct fl_inheritance got;
    for (uint64_t fork = 1; fork <= 5000; fork++)
        fl_nursery_put(nursery, PARENT, fork, fork, namer);
    assert_true(fl_nursery_take(nursery, PARENT, 5000, &got));
    fl_inheritance_end(&got);
    assert_true(fl_nursery_take(nursery, PARENT, 905, &got)); /* the oldest of 4,096 */
    fl_inheritance_end(&got);
    assert_false(fl_nursery_take(nursery, PARENT, 904, &got));
    fl_namer_free(namer);
    fl_nursery_free(nursery);
}

static void a_refused_child_inherits_nothing(void **state)
{
    (void)state;
    struct fl_nursery *nursery = fl_nursery_new();
    struct fl_inheritance got;
    fl_nursery_refuse(nursery, PARENT, 1);
    assert_false(fl_nursery_take(nursery, PARENT, 1, &got));
    fl_nursery_free(nursery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_the_live_set_of_its_fork),
        cmocka_unit_test(a_fork_that_failed_leaves_nothing),
        cmocka_unit_test(many_wait_at_a_time),
        cmocka_unit_test(the_oldest_make_room_for_too_many),
        cmocka_unit_test(a_refused_child_inherits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
