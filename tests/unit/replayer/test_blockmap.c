#include <fl_test.h>

#include "blockmap.h"

#define WINDOW     ((uintptr_t)256 * 1024)
#define BASE       ((uintptr_t)0x7f0000000000)
#define LIVE_MAX   300
#define PLACES     4096u
#define STEP_COUNT 40000

struct interval {
    uintptr_t address;
    size_t bytes;
};

/* The naive model: every live block, compared with each. */
struct model {
    struct interval live[LIVE_MAX];
    size_t count;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545F4914F6CDD1Du >> 11) % limit;
}

static bool model_overlaps(const struct model *model, struct interval block)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct interval live = model->live[i];
        if (live.address < block.address + block.bytes &&
            block.address < live.address + live.bytes) {
            return true;
        }
    }
    return false;
}

static struct fl_blockmap *map_of(const struct model *model)
{
    struct fl_blockmap *map = fl_blockmap_new();
    assert_non_null(map);
    for (size_t i = 0; i < model->count; i++) {
        assert_int_equal(fl_blockmap_add(map, model->live[i].address, model->live[i].bytes),
                         FL_BLOCKMAP_OK);
    }
    return map;
}

static struct interval random_block(void)
{
    const uint64_t kind = random_below(100);
    const size_t limit = kind < 90 ? 400 : kind < 98 ? 100000 : 3 * WINDOW;
    return (struct interval){BASE + 8 * random_below(PLACES) * (kind < 50 ? 1 : 61),
                             random_below(limit) + 1};
}

static void agrees_with_a_naive_model(void **state)
{
    (void)state;
    const char *seed = getenv("FL_TEST_SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 10) | 1 : 20231;
    printf("FL_TEST_SEED=%llu\n", (unsigned long long)random_state);
    static struct model model;
    struct fl_blockmap *map = map_of(&model);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (model.count == LIVE_MAX || (model.count > 0 && random_below(2) == 0)) {
            const size_t place = random_below(model.count);
            fl_blockmap_remove(map, model.live[place].address, model.live[place].bytes);
            model.live[place] = model.live[--model.count];
            continue;
        }
        const struct interval block = random_block();
        const bool overlaps = model_overlaps(&model, block);
        const enum fl_blockmap_answer answer = fl_blockmap_add(map, block.address, block.bytes);
        assert_int_equal(answer, overlaps ? FL_BLOCKMAP_TAKEN : FL_BLOCKMAP_OK);
        if (overlaps) { /* the map is undefined after an overlap: begin a new one */
            fl_blockmap_free(map);
            map = map_of(&model);
        } else {
            model.live[model.count++] = block;
        }
    }
    fl_blockmap_free(map);
}

static void neighbours_do_not_overlap_but_one_byte_does(void **state)
{
    (void)state;
    struct fl_blockmap *map = fl_blockmap_new();
    assert_int_equal(fl_blockmap_add(map, BASE, 24), FL_BLOCKMAP_OK);
    assert_int_equal(fl_blockmap_add(map, BASE + 24, 1), FL_BLOCKMAP_OK);
    assert_int_equal(fl_blockmap_add(map, BASE + 32, 17), FL_BLOCKMAP_OK);
    assert_int_equal(fl_blockmap_add(map, BASE + 48, 8), FL_BLOCKMAP_TAKEN);
    fl_blockmap_free(map);
}

/* As in a heap of alignment 4: each block lies a header behind the end of the one before it. */
static void blocks_a_header_apart_need_no_granule_of_their_own(void **state)
{
    (void)state;
    struct fl_blockmap *map = fl_blockmap_new();
    uintptr_t at = BASE + 4;
    for (size_t bytes = 1; bytes < 200; bytes++) {
        assert_int_equal(fl_blockmap_add(map, at, bytes), FL_BLOCKMAP_OK);
        at += (bytes + 3) / 4 * 4 + FL_GRANULE_BYTES;
    }
    assert_int_equal(fl_blockmap_add(map, at - FL_GRANULE_BYTES - 4, 4), FL_BLOCKMAP_TAKEN);
    fl_blockmap_free(map);
}

static void huge_blocks_cost_no_leaf_per_window(void **state)
{
    (void)state;
    struct fl_blockmap *map = fl_blockmap_new();
    const size_t bytes = (size_t)8 << 30;
    assert_int_equal(fl_blockmap_add(map, BASE + 16, bytes), FL_BLOCKMAP_OK);
    assert_int_equal(fl_blockmap_bytes(map), 2 * 4096);
    assert_int_equal(fl_blockmap_add(map, BASE + bytes / 2, 1), FL_BLOCKMAP_TAKEN);
    fl_blockmap_free(map);
}

static void memory_goes_back_with_the_blocks(void **state)
{
    (void)state;
    struct fl_blockmap *map = fl_blockmap_new();
    for (uintptr_t i = 0; i < 100000; i++) {
        assert_int_equal(fl_blockmap_add(map, BASE + i * WINDOW, 100), FL_BLOCKMAP_OK);
        assert_int_equal(fl_blockmap_bytes(map), 4096);
        fl_blockmap_remove(map, BASE + i * WINDOW, 100);
        assert_int_equal(fl_blockmap_bytes(map), 0);
    }
    fl_blockmap_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_naive_model),
        cmocka_unit_test(neighbours_do_not_overlap_but_one_byte_does),
        cmocka_unit_test(blocks_a_header_apart_need_no_granule_of_their_own),
        cmocka_unit_test(huge_blocks_cost_no_leaf_per_window),
        cmocka_unit_test(memory_goes_back_with_the_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
