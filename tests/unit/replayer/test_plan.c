#include <fl_test.h>

#include "plan.h"

/* Plan `ops` as one batch that begins at event 100 and serial 50. */
static struct fl_plan_totals plan_ops(const struct fl_op *ops, size_t count, uint64_t limit,
                                      struct fl_step_batch *out)
{
    struct fl_plan plan;
    fl_plan_init(&plan, limit, false);
    const struct fl_batch batch = {
        .ops = ops, .count = count, .first_event = 100, .first_serial = 50};
    assert_int_equal(fl_plan_batch(&plan, &batch, out, NULL), FL_OK);
    fl_plan_free(&plan);
    return plan.totals;
}

static struct fl_step_batch steps, brief_steps;

static bool is_sized_free(uint8_t kind)
{
    return kind == FL_CALL_FREE_SIZED || kind == FL_CALL_FREE_ALIGNED_SIZED;
}

/* Calls of every kind with every flag, in any order: what a plan does with them does not ask
 * for sense, but that a brief one takes the size of a sized free for right. */
static size_t ops_make(struct fl_op *ops, size_t count, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        const uint64_t bits = *random ^ (*random >> 31);
        const bool is_odd = bits % 4 == 0;
        const uint8_t kind = (uint8_t)((bits >> 24) % FL_KIND_COUNT);
        ops[i] = (struct fl_op){
            .size_bytes = is_odd ? bits >> 60 : bits >> 50,
            .slot = is_odd && (bits >> 8) % 4 == 0 ? FL_SLOT_NONE : (uint32_t)(bits >> 16) % 64,
            .kind = is_sized_free(kind) ? (uint8_t)FL_CALL_FREE : kind,
            .flags = is_odd ? (uint8_t)(bits >> 32) : 0,
            .align_log2 = (bits >> 40) % 4 == 0 ? (uint8_t)(bits >> 44) : FL_ALIGN_DEFAULT};
    }
    return count;
}

static void a_brief_plan_has_the_same_steps(void **state)
{
    (void)state;
    static struct fl_op ops[1000];
    uint64_t random = 7;
    for (uint64_t limit = 0; limit < 3000; limit += 37) {
        struct fl_plan plan, brief;
        fl_plan_init(&plan, limit, false);
        fl_plan_init(&brief, limit, true);
        for (uint64_t first = 0; first < 3; first++) {
            const struct fl_batch batch = {
                .ops = ops, .count = ops_make(ops, 1000, &random), .first_event = first * 1000};
            assert_int_equal(fl_plan_batch(&plan, &batch, &steps, NULL), FL_OK);
            assert_int_equal(fl_plan_batch(&brief, &batch, &brief_steps, NULL), FL_OK);
            assert_int_equal(brief_steps.count, steps.count);
            assert_int_equal(brief_steps.events, steps.events);
            assert_int_equal(brief_steps.resizes, steps.resizes);
            assert_int_equal(brief_steps.slot_limit, steps.slot_limit);
            assert_memory_equal(brief_steps.steps, steps.steps,
                                steps.count * sizeof steps.steps[0]);
        }
        assert_int_equal(brief.totals.events, plan.totals.events);
        assert_int_equal(brief.totals.steps, plan.totals.steps);
        fl_plan_free(&plan);
        fl_plan_free(&brief);
    }
}

static void each_call_becomes_its_action(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 10},
        {.kind = FL_CALL_CALLOC, .slot = 1, .size_bytes = 20},
        {.kind = FL_CALL_POSIX_MEMALIGN, .slot = 2, .size_bytes = 30, .align_log2 = 6},
        {.kind = FL_CALL_REALLOC, .slot = 0, .size_bytes = 40},
        {.kind = FL_CALL_USABLE_SIZE, .slot = 0, .size_bytes = 40},
        {.kind = FL_CALL_FREE_SIZED, .slot = 1, .size_bytes = 20},
    };
    static const uint8_t actions[] = {FL_DO_ALLOC,  FL_DO_ZEROED, FL_DO_ALIGNED,
                                      FL_DO_RESIZE, FL_DO_USABLE, FL_DO_FREE_SIZED};
    const struct fl_plan_totals totals = plan_ops(ops, 6, UINT64_MAX, &steps);
    assert_int_equal(steps.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(steps.steps[i].action, actions[i]);
        assert_int_equal(fl_step_call(&steps.steps[i]), ops[i].kind);
        assert_int_equal(fl_step_event_index(&steps.steps[i]), i);
    }
    assert_int_equal(totals.objects, 4);
    assert_int_equal(totals.live_objects, 2);
    assert_int_equal(totals.live_bytes, 70);
    assert_int_equal(totals.peak_bytes, 90);
    assert_int_equal(steps.slot_limit, 3);
    assert_int_equal(steps.resizes, 1);
    assert_int_equal(steps.old_bytes[0], 10);
}

static void oddities_are_replayed_where_they_can_be(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_REALLOC, .slot = 0, .size_bytes = 8, .flags = FL_FLAG_NULL},
        {.kind = FL_CALL_REALLOC, .slot = 1, .size_bytes = 9, .flags = FL_FLAG_UNKNOWN},
        {.kind = FL_CALL_REALLOC, .slot = 0, .flags = FL_FLAG_FREED},
        {.kind = FL_CALL_REALLOC, .slot = 1},
        {.kind = FL_CALL_MALLOC, .slot = 0},
        {.kind = FL_CALL_FREE, .slot = 0, .flags = FL_FLAG_IMPLIED},
    };
    static const uint8_t actions[] = {FL_DO_ALLOC,  FL_DO_ALLOC, FL_DO_FREE,
                                      FL_DO_RESIZE, FL_DO_ALLOC, FL_DO_FREE};
    const struct fl_plan_totals totals = plan_ops(ops, 6, UINT64_MAX, &steps);
    assert_int_equal(steps.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(steps.steps[i].action, actions[i]);
    }
    assert_int_equal(totals.resize_zero, 2);
    assert_int_equal(totals.size_zero, 1);
    assert_int_equal(totals.unknown_others, 1);
    assert_int_equal(totals.implied_frees, 1);
}

static void a_sized_free_has_the_size_and_alignment_it_was_given(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 10},
        {.kind = FL_CALL_REALLOC, .slot = 0, .size_bytes = 70},
        {.kind = FL_CALL_ALIGNED_ALLOC, .slot = 1, .size_bytes = 64, .align_log2 = 6},
        {.kind = FL_CALL_FREE_SIZED, .slot = 0, .size_bytes = 70},
        {.kind = FL_CALL_FREE_ALIGNED_SIZED, .slot = 1, .size_bytes = 64, .align_log2 = 6},
    };
    const struct fl_plan_totals totals = plan_ops(ops, 5, UINT64_MAX, &steps);
    assert_int_equal(steps.steps[3].action, FL_DO_FREE_SIZED);
    assert_int_equal(steps.steps[3].size_bytes, 70);
    assert_int_equal(steps.steps[3].align_log2, 0);
    assert_int_equal(steps.steps[4].action, FL_DO_FREE_SIZED);
    assert_int_equal(steps.steps[4].align_log2, 6);
    assert_int_equal(totals.wrong_sizes, 0);
    assert_int_equal(totals.frees, 2);
    assert_int_equal(totals.live_bytes, 0);
}

static void a_sized_free_of_another_size_is_a_plain_free(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 10},
        {.kind = FL_CALL_FREE_SIZED, .slot = 0, .size_bytes = 11},
    };
    const struct fl_plan_totals totals = plan_ops(ops, 2, UINT64_MAX, &steps);
    assert_int_equal(steps.steps[1].action, FL_DO_FREE);
    assert_int_equal(totals.wrong_sizes, 1);
    assert_int_equal(totals.live_bytes, 0);
}

static void what_cannot_be_replayed_is_counted_and_keeps_its_number(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_RECORD_THREAD_START},
        {.kind = FL_CALL_FREE, .slot = FL_SLOT_NONE, .flags = FL_FLAG_NULL},
        {.kind = FL_CALL_FREE, .slot = FL_SLOT_NONE, .flags = FL_FLAG_UNKNOWN},
        {.kind = FL_CALL_MALLOC, .slot = FL_SLOT_NONE, .flags = FL_FLAG_FAILED},
        {.kind = FL_RECORD_LOST, .size_bytes = 12},
        {.kind = FL_CALL_USABLE_SIZE, .slot = FL_SLOT_NONE, .flags = FL_FLAG_UNKNOWN},
        {.kind = FL_RECORD_MARK},
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 1},
    };
    const struct fl_plan_totals totals = plan_ops(ops, 8, UINT64_MAX, &steps);
    assert_int_equal(steps.count, 1);
    assert_int_equal(steps.events, 5);
    assert_int_equal(steps.first_event, 100);
    assert_int_equal(fl_step_event_index(&steps.steps[0]), 4);
    assert_int_equal(totals.null_pointers, 1);
    assert_int_equal(totals.unknown_frees, 1);
    assert_int_equal(totals.failed_calls, 1);
    assert_int_equal(totals.unknown_others, 1);
    assert_int_equal(totals.lost_events, 12);
    assert_int_equal(totals.threads, 1);
    assert_int_equal(totals.marks, 1);
}

static void a_realloc_that_failed_leaves_the_object_alone(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 5},
        {.kind = FL_CALL_REALLOC, .slot = 0, .size_bytes = 1u << 30, .flags = FL_FLAG_FAILED},
        {.kind = FL_CALL_FREE, .slot = 0},
    };
    const struct fl_plan_totals totals = plan_ops(ops, 3, UINT64_MAX, &steps);
    assert_int_equal(steps.count, 2);
    assert_int_equal(totals.peak_bytes, 5);
    assert_int_equal(totals.live_objects, 0);
}

static void the_limit_counts_events_not_records(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_RECORD_TICK},          {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 5},
        {.kind = FL_RECORD_TICK},          {.kind = FL_CALL_MALLOC, .slot = 1, .size_bytes = 5},
        {.kind = FL_CALL_FREE, .slot = 0},
    };
    const struct fl_plan_totals totals = plan_ops(ops, 5, 2, &steps);
    assert_int_equal(totals.events, 2);
    assert_int_equal(steps.count, 2);
    assert_int_equal(totals.live_objects, 2);
}

static void a_step_has_the_sum_of_the_ticks_before_it_where_times_are_wanted(void **state)
{
    (void)state;
    const struct fl_op ops[] = {
        {.kind = FL_CALL_MALLOC, .slot = 0, .size_bytes = 10},
        {.kind = FL_RECORD_TICK, .size_bytes = 700},
        {.kind = FL_CALL_FREE, .slot = FL_SLOT_NONE, .flags = FL_FLAG_NULL},
        {.kind = FL_CALL_MALLOC, .slot = 1, .size_bytes = 10},
        {.kind = FL_RECORD_TICK, .size_bytes = 5},
        {.kind = FL_CALL_FREE, .slot = 0},
    };
    const struct fl_batch batch = {.ops = ops, .count = 6};
    struct fl_plan plan;
    fl_plan_init(&plan, UINT64_MAX, false);
    plan.has_times = true;
    assert_int_equal(fl_plan_batch(&plan, &batch, &steps, NULL), FL_OK);
    fl_plan_free(&plan);
    assert_int_equal(steps.count, 3);
    assert_int_equal(steps.time_ns[0], 0);
    assert_int_equal(steps.time_ns[1], 700);
    assert_int_equal(steps.time_ns[2], 705);
    assert_int_equal(plan.totals.time_ns, 705);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_becomes_its_action),
        cmocka_unit_test(a_brief_plan_has_the_same_steps),
        cmocka_unit_test(oddities_are_replayed_where_they_can_be),
        cmocka_unit_test(a_sized_free_has_the_size_and_alignment_it_was_given),
        cmocka_unit_test(a_sized_free_of_another_size_is_a_plain_free),
        cmocka_unit_test(what_cannot_be_replayed_is_counted_and_keeps_its_number),
        cmocka_unit_test(a_realloc_that_failed_leaves_the_object_alone),
        cmocka_unit_test(the_limit_counts_events_not_records),
        cmocka_unit_test(a_step_has_the_sum_of_the_ticks_before_it_where_times_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
