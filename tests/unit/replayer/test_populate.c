#include <fl_test.h>

#include "populate.h"

static struct fl_step_batch batch;
static size_t wanted_bytes;

static void prefault_note(struct fl_allocator *self, size_t bytes)
{
    (void)self;
    wanted_bytes = bytes;
}

static void batch_add(enum fl_action action, uint64_t size_bytes, uint8_t align_log2)
{
    batch.steps[batch.count++] = (struct fl_step){
        .action = (uint8_t)action, .size_bytes = size_bytes, .align_log2 = align_log2};
}

static size_t batch_wanted(void)
{
    static const struct fl_allocator_ops ops = {.name = "noting", .prefault = prefault_note};
    struct fl_allocator allocator = {.ops = &ops};
    wanted_bytes = 0;
    fl_populate_batch(&allocator, &batch);
    return wanted_bytes;
}

static void all_that_is_asked_for_is_wanted_and_what_is_freed_does_not_count(void **state)
{
    (void)state;
    batch.count = 0;
    batch_add(FL_DO_ALLOC, 1000, 0);
    batch_add(FL_DO_ALIGNED, 1000, 12);
    batch_add(FL_DO_RESIZE, 5000, 0);
    batch_add(FL_DO_FREE, 0, 0);
    batch_add(FL_DO_USABLE, 100000, 0);
    const size_t wanted = batch_wanted();
    assert_in_range(wanted, 7000 + 4096, 7000 + 4096 + 3 * 256);
}

static void huge_requests_are_left_out_and_a_batch_has_a_limit(void **state)
{
    (void)state;
    batch.count = 0;
    batch_add(FL_DO_ALLOC, FL_POPULATE_REQUEST_MAX + 1, 0);
    batch_add(FL_DO_ZEROED, UINT64_MAX, 0);
    assert_int_equal(batch_wanted(), 0);
    batch_add(FL_DO_ALIGNED, 100, 63);
    assert_in_range(batch_wanted(), 100, 1000);
    while (batch.count < FL_BATCH_OPS) {
        batch_add(FL_DO_ALLOC, FL_POPULATE_REQUEST_MAX, 0);
    }
    assert_int_equal(batch_wanted(), FL_POPULATE_BATCH_MAX);
}

static void an_allocator_that_cannot_is_left_alone(void **state)
{
    (void)state;
    static const struct fl_allocator_ops ops = {.name = "foreign"};
    struct fl_allocator allocator = {.ops = &ops};
    assert_false(fl_populate_applies(&ops));
    fl_populate_batch(&allocator, &batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_asked_for_is_wanted_and_what_is_freed_does_not_count),
        cmocka_unit_test(huge_requests_are_left_out_and_a_batch_has_a_limit),
        cmocka_unit_test(an_allocator_that_cannot_is_left_alone),
    };
    return cmocka_run_group_tests_name("replayer/populate", tests, NULL, NULL);
}
