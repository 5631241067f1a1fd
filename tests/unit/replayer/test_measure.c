#include <fl_test.h>

#include <string.h>

#include "measure.h"

#define ARENA_BYTES   ((size_t)256 << 20)
#define ARENA_TOUCHED ((size_t)64 << 10) /* looked at and cleared between tests */

/* Hands out blocks one after the other and refuses what is odd. */
struct bump {
    struct fl_allocator base;
    size_t used_bytes;
};

static unsigned char arena[ARENA_BYTES]; /* faulted only where a test writes */

static void *bump_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    (void)align;
    struct bump *bump = (struct bump *)self;
    if (bytes % 2 == 1) {
        return NULL;
    }
    bump->used_bytes += bytes;
    return arena + bump->used_bytes - bytes;
}

/* In place: a test resizes the last block only. */
static void *bump_resize(struct fl_allocator *self, void *block, size_t bytes)
{
    (void)self;
    return bytes % 2 == 1 ? NULL : block;
}

static bool bump_free(struct fl_allocator *self, void *block)
{
    (void)self;
    (void)block;
    return true;
}

static const struct fl_allocator_ops bump_ops = {
    .name = "bump", .alloc = bump_alloc, .resize = bump_resize, .free = bump_free};

static struct fl_step_batch batch;

static void batch_start(void)
{
    memset(arena, 0, ARENA_TOUCHED);
    batch.count = 0;
    batch.resizes = 0;
    batch.slot_limit = 8;
}

static void batch_add(enum fl_action action, uint32_t slot, uint64_t size_bytes)
{
    batch.steps[batch.count++] =
        (struct fl_step){.action = (uint8_t)action, .slot = slot, .size_bytes = size_bytes};
}

static void batch_add_resize(uint32_t slot, uint64_t old_bytes, uint64_t size_bytes)
{
    batch_add(FL_DO_RESIZE, slot, size_bytes);
    batch.old_bytes[batch.resizes++] = old_bytes;
}

/* Run the batch; gives the number of refused requests. */
static uint64_t batch_run(enum fl_touch touch)
{
    struct bump bump = {.base = {.ops = &bump_ops, .alignment = 16}};
    struct fl_measure measure;
    fl_measure_init(&measure, &bump.base, touch);
    assert_true(fl_measure_reserve(&measure, &batch));
    fl_measure_run(&measure, &batch);
    assert_int_equal(measure.steps, batch.count);
    fl_measure_free(&measure);
    return measure.refused;
}

static size_t touched_in(size_t from, size_t to)
{
    size_t count = 0;
    for (size_t at = from; at < to; at++) {
        count += arena[at] == FL_TOUCH_BYTE;
    }
    return count;
}

static void each_way_writes_what_it_says(void **state)
{
    (void)state;
    static const size_t expected[] = {[FL_TOUCH_NONE] = 0,
                                      [FL_TOUCH_FIRST] = 3,
                                      [FL_TOUCH_PAGE] = 3 + 1 + 1,
                                      [FL_TOUCH_ALL] = 8192 + 100 + 4098};
    for (int touch = FL_TOUCH_NONE; touch <= FL_TOUCH_ALL; touch++) {
        batch_start();
        batch_add(FL_DO_ALLOC, 0, 8192);
        batch_add(FL_DO_ALIGNED, 1, 100);
        batch_add(FL_DO_ALLOC, 2, 4098);
        batch_add(FL_DO_ALLOC, 3, 0);
        assert_int_equal(batch_run((enum fl_touch)touch), 0);
        assert_int_equal(touched_in(0, ARENA_TOUCHED), expected[touch]);
    }
}

static void a_calloc_is_written_too(void **state)
{
    (void)state;
    batch_start();
    batch_add(FL_DO_ZEROED, 0, 300);
    batch_run(FL_TOUCH_ALL);
    assert_int_equal(touched_in(0, 300), 300);
}

static void a_resize_writes_only_what_grew(void **state)
{
    (void)state;
    batch_start();
    batch_add(FL_DO_ALLOC, 0, 0);
    batch_add_resize(0, 100, 300);
    batch_add_resize(0, 300, 200);
    batch_run(FL_TOUCH_ALL);
    assert_int_equal(touched_in(0, 100), 0);
    assert_int_equal(touched_in(100, 300), 200);
    assert_int_equal(touched_in(300, ARENA_TOUCHED), 0);
}

static void nothing_is_written_after_a_refusal(void **state)
{
    (void)state;
    batch_start();
    batch_add(FL_DO_ALLOC, 0, 64);
    batch_add_resize(0, 64, 129); /* refused: the old block stays */
    batch_add(FL_DO_ALLOC, 1, 65);
    batch_add_resize(1, 65, 128); /* of a block that was never there: an allocation */
    assert_int_equal(batch_run(FL_TOUCH_ALL), 2);
    assert_int_equal(touched_in(0, ARENA_TOUCHED), 64 + 128);
    assert_int_equal(touched_in(0, 64 + 128), 64 + 128);
}

static void of_a_huge_block_only_the_edges_are_written(void **state)
{
    (void)state;
    batch_start();
    batch_add(FL_DO_ALLOC, 0, ARENA_BYTES);
    batch_run(FL_TOUCH_ALL);
    assert_int_equal(touched_in(0, ARENA_BYTES), 2 * FL_TOUCH_EDGE_BYTES);
    assert_int_equal(arena[0], FL_TOUCH_BYTE);
    assert_int_equal(arena[ARENA_BYTES - 1], FL_TOUCH_BYTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_writes_what_it_says),
        cmocka_unit_test(a_calloc_is_written_too),
        cmocka_unit_test(a_resize_writes_only_what_grew),
        cmocka_unit_test(nothing_is_written_after_a_refusal),
        cmocka_unit_test(of_a_huge_block_only_the_edges_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
