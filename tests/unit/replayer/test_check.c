#include <fl_test.h>

#include "check.h"

/* Run `steps` into a new instance of `name` and end the pass. */
static enum fl_status check_steps(const char *name, const struct fl_step *steps, uint32_t count,
                                  enum fl_check_mode mode, struct fl_finding *finding,
                                  struct fl_check_result *result)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    static struct fl_step_batch batch;
    struct fl_target_list list = {.count = 0};
    assert_int_equal(fl_target_list_add(&catalog, name, &list, NULL), FL_OK);
    const struct fl_target *target = &list.at[0];
    struct fl_allocator *allocator;
    assert_int_equal(target->ops->create(&target->config, &allocator), 0);
    const struct fl_checker_options options = {.mode = mode, .walk_every = 1};
    struct fl_checker *checker = fl_checker_new(allocator, &options);
    assert_non_null(checker);
    batch.count = count;
    batch.slot_limit = 8;
    memcpy(batch.steps, steps, count * sizeof *steps);
    enum fl_status status = fl_checker_run(checker, &batch, finding);
    if (status == FL_OK) {
        status = fl_checker_end(checker, finding, result);
    }
    fl_checker_free(checker);
    target->ops->destroy(allocator);
    return status;
}

/* Every action, sizes 0 and huge among them. */
static const struct fl_step every_action[] = {
    {.action = FL_DO_ALLOC, .slot = 0, .size_bytes = 0},
    {.action = FL_DO_ALLOC, .slot = 1, .size_bytes = 100},
    {.action = FL_DO_ZEROED, .slot = 2, .size_bytes = 5000},
    {.action = FL_DO_ALIGNED, .slot = 3, .size_bytes = 33, .align_log2 = 12},
    {.action = FL_DO_RESIZE, .slot = 1, .size_bytes = 3},
    {.action = FL_DO_RESIZE, .slot = 1, .size_bytes = 70000},
    {.action = FL_DO_RESIZE, .slot = 2, .size_bytes = 0},
    {.action = FL_DO_USABLE, .slot = 1},
    {.action = FL_DO_ALLOC, .slot = 4, .size_bytes = FL_CHECK_WHOLE_BYTES + 12345},
    {.action = FL_DO_RESIZE, .slot = 4, .size_bytes = FL_CHECK_WHOLE_BYTES * 2},
    {.action = FL_DO_RESIZE, .slot = 4, .size_bytes = 1000},
    {.action = FL_DO_RESIZE, .slot = 4, .size_bytes = FL_CHECK_WHOLE_BYTES + 1},
    {.action = FL_DO_FREE, .slot = 0},
    {.action = FL_DO_FREE, .slot = 4},
    {.action = FL_DO_FREE, .slot = 3},
    {.action = FL_DO_FREE, .slot = 2},
    {.action = FL_DO_FREE, .slot = 1},
};
#define EVERY_ACTION_COUNT (sizeof every_action / sizeof every_action[0])

static void right_allocators_pass_in_every_mode(void **state)
{
    (void)state;
    static const char *const names[] = {"system", "addr-tree", "addr-tree,augment=max",
                                        "list-addr"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fl_finding finding = {.kind = FL_FINDING_NONE};
        struct fl_check_result result;
        assert_int_equal(check_steps(names[i], every_action, EVERY_ACTION_COUNT,
                                     FL_CHECK_MODE_FAST, &finding, &result),
                         FL_OK);
        assert_int_equal(result.steps, EVERY_ACTION_COUNT);
        assert_int_equal(result.refused, 0);
        assert_int_equal(check_steps(names[i], every_action, EVERY_ACTION_COUNT,
                                     FL_CHECK_MODE_FULL, &finding, &result),
                         FL_OK);
    }
}

static void full_mode_walks_as_often_as_it_is_told(void **state)
{
    (void)state;
    struct fl_finding finding;
    struct fl_check_result fast, full;
    assert_int_equal(check_steps("addr-tree", every_action, EVERY_ACTION_COUNT,
                                 FL_CHECK_MODE_FAST, &finding, &fast),
                     FL_OK);
    assert_int_equal(check_steps("addr-tree", every_action, EVERY_ACTION_COUNT,
                                 FL_CHECK_MODE_FULL, &finding, &full),
                     FL_OK);
    assert_int_equal(fast.walks, 1);
    assert_int_equal(full.walks, EVERY_ACTION_COUNT + 1);
    assert_int_equal(fast.offsets_hash, full.offsets_hash);
    assert_int_not_equal(fast.offsets_hash, 0);
}

static void the_floor_is_no_allocator(void **state)
{
    (void)state;
    struct fl_step steps[70] = {{.slot = 0}};
    for (size_t i = 0; i < 70; i++) {
        steps[i] = (struct fl_step){
            .action = FL_DO_ALLOC, .slot = (uint32_t)(i % 8), .size_bytes = 100};
    }
    struct fl_finding finding;
    struct fl_check_result result;
    assert_int_equal(check_steps("none", steps, 70, FL_CHECK_MODE_FAST, &finding, &result),
                     FL_WRONG);
    assert_int_not_equal(finding.kind, FL_FINDING_NONE);
}

static void a_refused_request_is_counted_and_its_object_left_out(void **state)
{
    (void)state;
    const struct fl_step steps[] = {
        {.action = FL_DO_ALLOC, .slot = 0, .size_bytes = (uint64_t)1 << 62},
        {.action = FL_DO_FREE, .slot = 0},
        {.action = FL_DO_ALLOC, .slot = 1, .size_bytes = 10},
        {.action = FL_DO_RESIZE, .slot = 1, .size_bytes = (uint64_t)1 << 62},
        {.action = FL_DO_FREE, .slot = 1},
    };
    struct fl_finding finding;
    struct fl_check_result result;
    assert_int_equal(check_steps("addr-tree", steps, 5, FL_CHECK_MODE_FULL, &finding, &result),
                     FL_OK);
    assert_int_equal(result.refused, 2);
    assert_int_equal(result.first_refused_event, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_allocators_pass_in_every_mode),
        cmocka_unit_test(full_mode_walks_as_often_as_it_is_told),
        cmocka_unit_test(the_floor_is_no_allocator),
        cmocka_unit_test(a_refused_request_is_counted_and_its_object_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
