/*
 * Combinations of knobs of any allocator, from its own table of knobs: what is added to a
 * registry is tested without a line here.
 */
#ifndef FL_TEST_KNOBS_H
#define FL_TEST_KNOBS_H

#include <stdio.h>

#include <fl/allocator.h>

/** Combinations to be tested. */
struct knob_plan {
    struct fl_allocator_config *configs; /* owned */
    size_t count, room;
    size_t refused; /* pairs of values that `create` answers with -EINVAL, whatever the rest */
};

/**
 * For each two values of two knobs a combination that has them, the other knobs at random; and
 * each value alone, the others at their defaults. Of a byte knob the minimum, default, maximum
 * and words are tried. A quarter has a small reservation.
 */
void knob_plan_make(struct knob_plan *plan, const struct fl_allocator_ops *ops, uint64_t seed);
void knob_plan_release(struct knob_plan *plan);

/** 0, or what `create` answered; the instance is gone again. */
int knobs_try(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config);

/** "list-addr,fit=best,reserve=65536": what differs from the defaults. */
void knobs_print(FILE *file, const struct fl_allocator_ops *ops,
                 const struct fl_allocator_config *config);

/** The reverse. False: no such allocator, knob or value. */
bool knobs_parse(const char *spec, const struct fl_allocator_ops **ops,
                 struct fl_allocator_config *config);

#endif
