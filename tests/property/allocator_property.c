/*
 * Properties that every allocator of the registry has, under each of its knobs' values, on random
 * sequences of calls:
 *
 *   model        answers, contents, counters and the heap checker agree with a naive model
 *   repeatable   two instances place every block at the same offset and count the same
 *   oracle       list and tree of one order and fit place every block at the same offset
 *
 * The seed is printed; FL_TEST_SEED=<seed> repeats a run. A failing sequence is shortened and
 * printed.
 */
#include <fl_test.h>

#include <time.h>

#include "sequence.h"

#define OPS_PER_RUN 3000

static uint64_t test_seed;

struct op_buffer {
    struct op ops[20000];
};

/* ---- every combination of knobs ---- */

/* How many values of a knob are tried, and number `i` of them. */
static size_t knob_value_count(const struct fl_knob *knob)
{
    if (knob->type == FL_KNOB_BYTES)
        return knob->choices != NULL ? 3 : 2;
    size_t count = 1;
    for (const char *at = knob->choices; *at != '\0'; at++)
        count += *at == '|';
    return count;
}

static uint64_t knob_value_at(const struct fl_knob *knob, size_t i)
{
    if (knob->type == FL_KNOB_CHOICE)
        return i;
    const uint64_t values[] = {knob->default_value, knob->minimum, UINT64_MAX};
    return values[i];
}

/* Combination number `number` of all knobs; false when there is none. */
static bool combination_at(const struct fl_allocator_ops *ops, size_t number,
                           struct fl_allocator_config *config)
{
    fl_allocator_defaults(ops, config);
    for (size_t i = 0; i < ops->knob_count; i++) {
        const size_t count = knob_value_count(&ops->knobs[i]);
        config->values[i] = knob_value_at(&ops->knobs[i], number % count);
        number /= count;
    }
    return number == 0;
}

static void print_configuration(const struct fl_allocator_ops *ops,
                                const struct fl_allocator_config *config)
{
    fprintf(stderr, "%s reserve=%zu", ops->name, config->reserve_bytes);
    for (size_t i = 0; i < ops->knob_count; i++)
        fprintf(stderr, " %s=%llu", ops->knobs[i].name, (unsigned long long)config->values[i]);
    fprintf(stderr, "\n");
}

/* ---- model ---- */

static void run_or_report(const struct fl_allocator_ops *ops,
                          const struct fl_allocator_config *config, struct op *sequence,
                          size_t count, uint64_t seed)
{
    char message[256];
    if (sequence_run_apart(ops, config, sequence, count, 1, message, sizeof message))
        return;
    print_configuration(ops, config);
    fprintf(stderr, "seed %llu: %s; shortened to\n", (unsigned long long)seed, message);
    const size_t left = sequence_shorten(ops, config, sequence, count);
    sequence_print(sequence, left);
    fail_msg("%s: %s (FL_TEST_SEED=%llu)", ops->name, message, (unsigned long long)test_seed);
}

static void run_combinations(const struct fl_allocator_ops *ops, size_t reserve_bytes)
{
    struct fl_allocator_config config;
    struct op sequence[OPS_PER_RUN];
    for (size_t number = 0; combination_at(ops, number, &config); number++) {
        const uint64_t seed = test_seed + number;
        config.reserve_bytes = reserve_bytes;
        sequence_make(sequence, OPS_PER_RUN, seed);
        run_or_report(ops, &config, sequence, OPS_PER_RUN, seed);
    }
}

static void every_allocator_agrees_with_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++)
        run_combinations(fl_allocator_at(i), 0);
}

static void every_allocator_survives_an_exhausted_reservation(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++)
        run_combinations(fl_allocator_at(i), 128 << 10);
}

/* ---- repeatable ---- */

static struct run_result run_here(const struct fl_allocator_ops *ops,
                                  const struct fl_allocator_config *config,
                                  const struct op_buffer *buffer)
{
    struct run_result result;
    char message[256] = "";
    const size_t count = sizeof buffer->ops / sizeof buffer->ops[0];
    if (!sequence_run(ops, config, buffer->ops, count, 1000, &result, message, sizeof message))
        fail_msg("%s: %s (FL_TEST_SEED=%llu)", ops->name, message,
                 (unsigned long long)test_seed);
    return result;
}

static int buffer_open(void **state)
{
    struct op_buffer *buffer = malloc(sizeof *buffer);
    *state = buffer;
    if (buffer != NULL)
        sequence_make(buffer->ops, sizeof buffer->ops / sizeof buffer->ops[0], test_seed);
    return buffer == NULL;
}

static int buffer_close(void **state)
{
    free(*state);
    return 0;
}

static void two_instances_place_and_count_alike(void **state)
{
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        const struct fl_allocator_ops *ops = fl_allocator_at(i);
        struct fl_allocator_config config;
        struct fl_allocator *between = NULL;
        fl_allocator_defaults(ops, &config);
        const struct run_result one = run_here(ops, &config, *state);
        /* Something else in the address space between the two, so that they differ there. */
        assert_int_equal(ops->create(&config, &between), 0);
        const struct run_result other = run_here(ops, &config, *state);
        ops->destroy(between);
        assert_true(one.offsets_hash == other.offsets_hash);
        assert_memory_equal(&one.stats, &other.stats, sizeof one.stats);
    }
}

/* ---- oracle ---- */

static uint64_t offsets_of(const char *name, const char *knobs, const struct op_buffer *buffer)
{
    const struct fl_allocator_ops *ops = fl_allocator_find(name, strlen(name));
    struct fl_allocator_config config;
    assert_non_null(ops);
    fl_allocator_defaults(ops, &config);
    for (const char *at = knobs; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        assert_int_equal(fl_allocator_set(ops, &config, at, length, NULL, 0), 0);
        at += length + (at[length] == ',');
    }
    return run_here(ops, &config, buffer).offsets_hash;
}

static void list_and_tree_of_addresses_place_alike(void **state)
{
    static const char *const fits[] = {"fit=first", "fit=best", "fit=first,big=never",
                                       "fit=best,big=never,chunk=4k"};
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        char augmented[64];
        snprintf(augmented, sizeof augmented, "%s,augment=max", fits[i]);
        const uint64_t list = offsets_of("list-addr", fits[i], *state);
        assert_true(list == offsets_of("addr-tree", fits[i], *state));
        assert_true(list == offsets_of("addr-tree", augmented, *state));
    }
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("FL_TEST_SEED");
    return given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocator_agrees_with_the_model),
        cmocka_unit_test(every_allocator_survives_an_exhausted_reservation),
        cmocka_unit_test_setup_teardown(two_instances_place_and_count_alike, buffer_open,
                                        buffer_close),
        cmocka_unit_test_setup_teardown(list_and_tree_of_addresses_place_alike, buffer_open,
                                        buffer_close),
    };
    test_seed = choose_seed();
    printf("FL_TEST_SEED=%llu\n", (unsigned long long)test_seed);
    fflush(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
