/*
 * Pairs: faults of software need one or two settings together far more often than three (D. R.
 * Kuhn et al., Software Fault Interactions and Implications for Software Testing, 2004), and
 * pairs of 11 knobs are some hundreds where all combinations would be half a million. The other
 * knobs are drawn anew for each pair and seed, so the rest is reached over time.
 */
#include "knobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sequence.h"

#define TRIES 6

static size_t word_count(const struct fl_knob *knob)
{
    if (knob->choices == NULL)
        return 0;
    size_t count = 1;
    for (const char *at = knob->choices; *at != '\0'; at++)
        count += *at == '|';
    return count;
}

/* How many values of a knob are always tried, and number `i` of them. */
static size_t value_count(const struct fl_knob *knob)
{
    return word_count(knob) + (knob->type == FL_KNOB_BYTES ? 3 : 0);
}

static uint64_t value_at(const struct fl_knob *knob, size_t i)
{
    if (knob->type == FL_KNOB_CHOICE)
        return i;
    const uint64_t values[] = {knob->minimum, knob->default_value, knob->maximum};
    return i < 3 ? values[i] : UINT64_MAX - (i - 3);
}

/* A size between the limits of any order of magnitude, or one of the values above. */
static uint64_t value_random(const struct fl_knob *knob, uint64_t *state)
{
    const uint64_t pick = sequence_random(state), value = sequence_random(state);
    if (knob->type == FL_KNOB_CHOICE || pick % 2 == 0)
        return value_at(knob, value % value_count(knob));
    const uint64_t below = (uint64_t)1 << (pick / 2 % 33);
    const uint64_t bytes = value % (below > knob->minimum ? below : knob->minimum + 1);
    return bytes < knob->minimum   ? knob->minimum
           : bytes > knob->maximum ? knob->maximum
                                   : bytes;
}

static void config_random(const struct fl_allocator_ops *ops,
                          struct fl_allocator_config *config, uint64_t *state)
{
    *config = (struct fl_allocator_config){0};
    for (size_t i = 0; i < ops->knob_count; i++)
        config->values[i] = value_random(&ops->knobs[i], state);
    const uint64_t pick = sequence_random(state);
    config->reserve_bytes = pick % 4 == 0 ? (size_t)65536 << pick / 4 % 5 : 0;
}

int knobs_try(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config)
{
    struct fl_allocator *heap = NULL;
    const int failed = ops->create(config, &heap);
    if (failed == 0)
        ops->destroy(heap);
    return failed;
}

static void plan_add(struct knob_plan *plan, const struct fl_allocator_config *config)
{
    if (plan->count == plan->room) {
        plan->room = plan->room == 0 ? 256 : 2 * plan->room;
        plan->configs = realloc(plan->configs, plan->room * sizeof *plan->configs);
        if (plan->configs == NULL)
            abort();
    }
    plan->configs[plan->count++] = *config;
}

/* Two knobs with a value each; they may be the same. */
struct pair {
    size_t knob[2];
    uint64_t value[2];
};

static void pair_set(const struct pair *pair, struct fl_allocator_config *config)
{
    config->values[pair->knob[0]] = pair->value[0];
    config->values[pair->knob[1]] = pair->value[1];
}

/* Whatever create answers but a refusal goes into the plan: what fails must be seen. */
static void plan_pair(struct knob_plan *plan, const struct fl_allocator_ops *ops,
                      const struct pair *pair, uint64_t *state)
{
    struct fl_allocator_config config;
    const bool is_one = pair->knob[0] == pair->knob[1];
    for (size_t i = 0; i < TRIES; i++) {
        if (is_one || i == TRIES - 1)
            fl_allocator_defaults(ops, &config);
        else
            config_random(ops, &config, state);
        pair_set(pair, &config);
        if (knobs_try(ops, &config) != -EINVAL) {
            plan_add(plan, &config);
            return;
        }
    }
    plan->refused++;
}

static void plan_knobs(struct knob_plan *plan, const struct fl_allocator_ops *ops,
                       struct pair *pair, uint64_t *state)
{
    const struct fl_knob *one = &ops->knobs[pair->knob[0]], *other = &ops->knobs[pair->knob[1]];
    for (size_t i = 0; i < value_count(one); i++)
        for (size_t k = 0; k < value_count(other); k++) {
            if (one == other && i != k)
                continue;
            pair->value[0] = value_at(one, i);
            pair->value[1] = value_at(other, k);
            plan_pair(plan, ops, pair, state);
        }
}

void knob_plan_make(struct knob_plan *plan, const struct fl_allocator_ops *ops, uint64_t seed)
{
    *plan = (struct knob_plan){0};
    struct fl_allocator_config defaults;
    uint64_t state = seed;
    fl_allocator_defaults(ops, &defaults);
    plan_add(plan, &defaults);
    for (size_t one = 0; one < ops->knob_count; one++)
        for (size_t other = one; other < ops->knob_count; other++)
            plan_knobs(plan, ops, &(struct pair){.knob = {one, other}}, &state);
}

void knob_plan_release(struct knob_plan *plan)
{
    free(plan->configs);
    *plan = (struct knob_plan){0};
}

/* ---- as text ---- */

static void word_print(FILE *file, const char *choices, uint64_t index)
{
    for (; index > 0; index--)
        choices = strchr(choices, '|') + 1;
    fprintf(file, "%.*s", (int)strcspn(choices, "|"), choices);
}

void knobs_print(FILE *file, const struct fl_allocator_ops *ops,
                 const struct fl_allocator_config *config)
{
    fprintf(file, "%s", ops->name);
    for (size_t i = 0; i < ops->knob_count; i++) {
        const struct fl_knob *knob = &ops->knobs[i];
        const uint64_t value = config->values[i];
        if (value == knob->default_value)
            continue;
        fprintf(file, ",%s=", knob->name);
        if (knob->type == FL_KNOB_CHOICE)
            word_print(file, knob->choices, value);
        else if (value > UINT64_MAX - word_count(knob))
            word_print(file, knob->choices, UINT64_MAX - value);
        else
            fprintf(file, "%llu", (unsigned long long)value);
    }
    if (config->reserve_bytes != 0)
        fprintf(file, ",reserve=%zu", config->reserve_bytes);
}

bool knobs_parse(const char *spec, const struct fl_allocator_ops **ops,
                 struct fl_allocator_config *config)
{
    size_t length = strcspn(spec, ",");
    *ops = fl_allocator_find(spec, length);
    if (*ops == NULL)
        return false;
    fl_allocator_defaults(*ops, config);
    for (spec += length; *spec == ','; spec += length) {
        length = strcspn(++spec, ",");
        if (strncmp(spec, "reserve=", 8) == 0)
            config->reserve_bytes = strtoull(spec + 8, NULL, 10);
        else if (fl_allocator_set(*ops, config, spec, length, NULL, 0) != 0)
            return false;
    }
    return true;
}
