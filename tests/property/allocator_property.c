/*
 * Properties that every allocator of the registry has, under every two of its knobs' values, on
 * random sequences of calls:
 *
 *   model        answers, contents, refusals, counters, walk, index and the heap checker agree with
 *                a naive model
 *   repeatable   two instances place every block at the same offset and count the same
 *   oracle       designs of one order, fit and tie rule place every block at the same offset
 *
 * The seed is printed; FL_TEST_SEED=<seed> repeats a run. A failing sequence is shortened, its
 * knobs are set back to their defaults where it still fails, and both are printed with the
 * command that repeats it alone: FL_TEST_ALLOC=<name and knobs>.
 */
#include <fl_test.h>

#include <time.h>

#include "apart.h"
#include "knobs.h"
#include "naive.h"

#define SHORT_OPS 500
#define LONG_OPS  20000

/* Each pair of designs and knobs has a sequence of its own, so they need not be long. */
#define ORACLE_OPS 4000

/* Longer than any run takes under a sanitizer on a busy machine. */
#define RUN_SECONDS 60

static uint64_t test_seed;

/* ---- model ---- */

/* One run, or all of a plan, in a child. */
struct batch {
    const struct fl_allocator_ops *ops;
    const struct knob_plan *plan;
    struct progress {
        size_t run; /* of the plan: where the child is */
    } * progress;   /* shared with the child */
};

static uint64_t run_seed(size_t run)
{
    return test_seed + run * 0x9e3779b97f4a7c15U;
}

static bool batch_work(void *user, char *message, size_t message_bytes)
{
    const struct batch *batch = user;
    struct op sequence[SHORT_OPS];
    struct run_result result;
    for (size_t run = 0; run < batch->plan->count; run++) {
        batch->progress->run = run;
        apart_alive(RUN_SECONDS);
        sequence_make(sequence, SHORT_OPS, run_seed(run));
        if (!naive_run(batch->ops, &batch->plan->configs[run], sequence, SHORT_OPS, 1, &result,
                       message, message_bytes))
            return false;
    }
    return true;
}

/* One sequence with one combination. */
struct single {
    const struct fl_allocator_ops *ops;
    const struct fl_allocator_config *config;
    const struct op *sequence;
    size_t count;
};

static bool single_work(void *user, char *message, size_t message_bytes)
{
    const struct single *single = user;
    struct run_result result;
    return naive_run(single->ops, single->config, single->sequence, single->count, 1, &result,
                     message, message_bytes);
}

static bool single_fails(const struct op *sequence, size_t count, void *user)
{
    struct single *single = user;
    char message[512];
    struct single shorter = {single->ops, single->config, sequence, count};
    return !run_apart(single_work, &shorter, RUN_SECONDS, message, sizeof message);
}

/* Set knobs back to their defaults as long as the sequence still fails. */
static void shorten_knobs(struct single *single, struct fl_allocator_config *config)
{
    struct fl_allocator_config defaults;
    fl_allocator_defaults(single->ops, &defaults);
    for (size_t i = 0; i <= single->ops->knob_count; i++) {
        struct fl_allocator_config before = *config;
        if (i < single->ops->knob_count)
            config->values[i] = defaults.values[i];
        else
            config->reserve_bytes = 0;
        const bool is_allowed = knobs_try(single->ops, config) == 0;
        if (!is_allowed || !single_fails(single->sequence, single->count, single))
            *config = before;
    }
}

static void report_failure(const struct fl_allocator_ops *ops,
                           struct fl_allocator_config config, uint64_t seed,
                           const char *message)
{
    struct op sequence[SHORT_OPS];
    char again[512];
    sequence_make(sequence, SHORT_OPS, seed);
    fprintf(stderr, "%s\n  again: FL_TEST_SEED=%llu FL_TEST_ALLOC=", message,
            (unsigned long long)seed);
    knobs_print(stderr, ops, &config);
    fprintf(stderr, "\n");
    struct single single = {ops, &config, sequence, SHORT_OPS};
    if (run_apart(single_work, &single, RUN_SECONDS, again, sizeof again)) {
        fprintf(stderr, "  it does not fail alone\n");
        return;
    }
    single.count = sequence_shorten(sequence, single.count, single_fails, &single);
    shorten_knobs(&single, &config);
    single.count = sequence_shorten(sequence, single.count, single_fails, &single);
    run_apart(single_work, &single, RUN_SECONDS, again, sizeof again);
    fprintf(stderr, "  shortened: ");
    knobs_print(stderr, ops, &config);
    fprintf(stderr, ": %s\n", again);
    sequence_print(sequence, single.count);
}

static void run_plan(const struct fl_allocator_ops *ops, const struct knob_plan *plan)
{
    char message[512];
    struct batch batch = {ops, plan, apart_shared(sizeof *batch.progress)};
    const bool is_fine = run_apart(batch_work, &batch, RUN_SECONDS, message, sizeof message);
    const size_t run = batch.progress->run;
    apart_unshare(batch.progress, sizeof *batch.progress);
    if (is_fine)
        return;
    report_failure(ops, plan->configs[run], run_seed(run), message);
    fail_msg("%s: %s", ops->name, message);
}

static void every_allocator_agrees_with_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        const struct fl_allocator_ops *ops = fl_allocator_at(i);
        struct knob_plan plan;
        knob_plan_make(&plan, ops, test_seed + i);
        printf("%s: %zu combinations of knobs, %zu pairs refused\n", ops->name, plan.count,
               plan.refused);
        run_plan(ops, &plan);
        knob_plan_release(&plan);
    }
}

/* FL_TEST_ALLOC: this combination alone, with the seed as that of the sequence. */
static void chosen_allocator_agrees_with_the_model(void **state)
{
    (void)state;
    const struct fl_allocator_ops *ops;
    struct fl_allocator_config config;
    assert_true(knobs_parse(getenv("FL_TEST_ALLOC"), &ops, &config));
    assert_int_equal(knobs_try(ops, &config), 0);
    run_plan(ops, &(struct knob_plan){.configs = &config, .count = 1});
}

/* ---- long sequences ---- */

static struct run_result run_here(const struct fl_allocator_ops *ops,
                                  const struct fl_allocator_config *config, size_t count,
                                  uint64_t seed)
{
    struct run_result result;
    char message[256] = "";
    struct op *sequence = malloc(count * sizeof *sequence);
    assert_non_null(sequence);
    sequence_make(sequence, count, seed);
    const bool is_fine =
        naive_run(ops, config, sequence, count, 1000, &result, message, sizeof message);
    free(sequence);
    if (!is_fine) {
        knobs_print(stderr, ops, config);
        fail_msg(": %s (FL_TEST_SEED=%llu)", message, (unsigned long long)test_seed);
    }
    return result;
}

static void two_instances_place_and_count_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        const struct fl_allocator_ops *ops = fl_allocator_at(i);
        struct fl_allocator_config config;
        struct fl_allocator *between = NULL;
        fl_allocator_defaults(ops, &config);
        const struct run_result one = run_here(ops, &config, LONG_OPS, test_seed + i);
        /* Something else in the address space between the two, so that they differ there. */
        assert_int_equal(ops->create(&config, &between), 0);
        const struct run_result other = run_here(ops, &config, LONG_OPS, test_seed + i);
        ops->destroy(between);
        assert_true(one.offsets_hash == other.offsets_hash);
        assert_memory_equal(&one.stats, &other.stats, sizeof one.stats);
    }
}

/* ---- oracle ---- */

#define MEMBERS_MAX  10
#define VARIANTS_MAX 10

/*
 * Designs that place alike, each with its own knobs, and what they have in common. Where a
 * block is put follows from the order, the fit and the smallest block; so designs whose links
 * differ in size are compared at alignments that make their smallest blocks equal.
 */
struct equal_group {
    const char *members[MEMBERS_MAX];
    const char *variants[VARIANTS_MAX];
};

#define EVERY_DAY                                                                              \
    ",big=never", ",big=4k,chunk=4k", ",coalesce=off", ",trim=always", ",split-min=200"
#define TREES_OF_ADDRESSES(fit)                                                                \
    "addr-tree,fit=" fit, "addr-tree,augment=max,fit=" fit, "addr-tree,tags=none,fit=" fit,    \
        "addr-tree,augment=max,tags=none,fit=" fit
#define LISTS_OF_ADDRESSES(fit)                                                                \
    "list-addr,fit=" fit, "list-addr,links=single,fit=" fit, "list-addr,tags=none,fit=" fit,   \
        "list-addr,links=single,tags=none,fit=" fit
#define LISTS_OF_ARRIVALS(fit)                                                                 \
    "list-lifo,fit=" fit, "list-lifo,links=single,fit=" fit, "list-lifo,tags=none,fit=" fit,   \
        "list-lifo,links=single,tags=none,fit=" fit

static const struct equal_group equal_groups[] = {
    /* At the default alignment, where links of 12 to 20 bytes make blocks of 32. */
    {.members = {"list-addr,fit=first", "addr-tree,fit=first",
                 "addr-tree,fit=first,augment=max"},
     .variants = {"", EVERY_DAY}},
    {.members = {"list-addr,fit=next", "addr-tree,fit=next", "addr-tree,fit=next,augment=max"},
     .variants = {"", EVERY_DAY}},
    {.members = {"list-addr,fit=best", "addr-tree,fit=best", "addr-tree,fit=best,augment=max"},
     .variants = {"", EVERY_DAY}},
    {.members = {"list-size", "size-tree", "combo-tree", "combo-tree,tags=none"},
     .variants = {"", EVERY_DAY}},
    /* All knobs that must not matter; 32 and 64 bytes hold the smallest of each. */
    {.members = {LISTS_OF_ADDRESSES("first"), TREES_OF_ADDRESSES("first")},
     .variants = {",align=32", ",align=64", ",align=32,coalesce=off", ",align=32,trim=always"}},
    {.members = {LISTS_OF_ADDRESSES("next"), TREES_OF_ADDRESSES("next")},
     .variants = {",align=32", ",align=64", ",align=32,coalesce=off", ",align=32,trim=always"}},
    {.members = {LISTS_OF_ADDRESSES("best"), TREES_OF_ADDRESSES("best")},
     .variants = {",align=32", ",align=64", ",align=32,coalesce=off", ",align=32,trim=always"}},
    {.members = {LISTS_OF_ARRIVALS("first")}, .variants = {",align=32", ",align=32,big=4k"}},
    {.members = {LISTS_OF_ARRIVALS("next")}, .variants = {",align=32", ",align=32,big=4k"}},
    {.members = {LISTS_OF_ARRIVALS("best")}, .variants = {",align=32", ",align=32,big=4k"}},
    {.members = {"list-size", "list-size,links=single", "list-size,tags=none",
                 "list-size,links=single,tags=none", "size-tree", "size-tree,tags=none",
                 "combo-tree", "combo-tree,tags=none"},
     .variants = {",align=32", ",align=64,big=never", ",align=32,coalesce=off",
                  ",align=64,trim=always", ",align=32,split-min=500", ",align=32,chunk=4k"}},
};

static uint64_t offsets_of(const char *spec, uint64_t seed)
{
    const struct fl_allocator_ops *ops;
    struct fl_allocator_config config;
    if (!knobs_parse(spec, &ops, &config))
        fail_msg("%s: no such allocator or knob", spec);
    return run_here(ops, &config, ORACLE_OPS, seed).offsets_hash;
}

static void group_places_alike(const struct equal_group *group, const char *variant,
                               uint64_t seed)
{
    uint64_t expected = 0;
    for (size_t i = 0; i < MEMBERS_MAX && group->members[i] != NULL; i++) {
        char spec[200];
        snprintf(spec, sizeof spec, "%s%s", group->members[i], variant);
        const uint64_t hash = offsets_of(spec, seed);
        if (i > 0 && hash != expected)
            fail_msg("%s places otherwise than %s (FL_TEST_SEED=%llu)", spec, group->members[0],
                     (unsigned long long)test_seed);
        expected = hash;
    }
}

static void designs_of_one_order_place_alike(void **state)
{
    (void)state;
    uint64_t seed = test_seed;
    for (size_t i = 0; i < sizeof equal_groups / sizeof equal_groups[0]; i++)
        for (size_t k = 0; k < VARIANTS_MAX && equal_groups[i].variants[k] != NULL; k++)
            group_places_alike(&equal_groups[i], equal_groups[i].variants[k], seed++);
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
        cmocka_unit_test(two_instances_place_and_count_alike),
        cmocka_unit_test(designs_of_one_order_place_alike),
    };
    const struct CMUnitTest chosen[] = {
        cmocka_unit_test(chosen_allocator_agrees_with_the_model),
    };
    test_seed = choose_seed();
    printf("FL_TEST_SEED=%llu\n", (unsigned long long)test_seed);
    fflush(stdout);
    return getenv("FL_TEST_ALLOC") != NULL ? cmocka_run_group_tests(chosen, NULL, NULL)
                                           : cmocka_run_group_tests(tests, NULL, NULL);
}
