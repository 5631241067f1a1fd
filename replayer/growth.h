/**
 * Complexity by counting: visits per malloc and per free of a heap with n free blocks.
 *
 * Thread safety: one call at a time.
 */
#ifndef FL_REPLAY_GROWTH_H
#define FL_REPLAY_GROWTH_H

#include "target.h"

#define FL_GROWTH_SMALLEST   100u
#define FL_GROWTH_LARGEST    100000u  /* unless the command says otherwise */
#define FL_GROWTH_LIMIT      1000000u /* of what it may say */
#define FL_GROWTH_POINTS_MAX 5u       /* 100, 1,000, ... 1,000,000 */
#define FL_GROWTH_SIZES      16384u /* different sizes of free blocks; the rest share the least */
#define FL_GROWTH_PROBES     16u    /* random calls of each kind */

/** How visits grow with n. */
enum fl_growth_class {
    FL_GROWTH_CONSTANT,    /* ten times the blocks: at most 1 visit more */
    FL_GROWTH_LOGARITHMIC, /* at most FL_GROWTH_LOG_STEP more */
    FL_GROWTH_LINEAR,      /* at least FL_GROWTH_LINEAR_STEP times as many */
    FL_GROWTH_UNCLEAR,
};

#define FL_GROWTH_LOG_STEP    20u /* 6 per doubling: three ways down a red-black tree */
#define FL_GROWTH_LINEAR_STEP 5u

/** Visits of the worst probe at each n = 100, 1,000 ... */
struct fl_growth_curve {
    uint64_t visits[FL_GROWTH_POINTS_MAX];
};

struct fl_growth_result {
    struct fl_growth_curve malloc_curve, free_curve;
};

/** Number of points up to `largest`: 100, 1,000, ... */
size_t fl_growth_points(uint64_t largest);

/** The class that every step of `curve[0 .. points)` fits, the smallest one. */
enum fl_growth_class fl_growth_classify(const struct fl_growth_curve *curve, size_t points);

/** "O(n)", or "unclear". */
const char *fl_growth_class_text(enum fl_growth_class growth);

/**
 * Count the visits of `target` at `points` numbers of free blocks.
 *
 * @return FL_OK; FL_USAGE for a target without counters or with knobs that prevent n free blocks;
 *         FL_WRONG when the heap is broken at the end; FL_NOMEM
 *
 * Counts are equal in every run. Takes up to 300 MiB for a moment at 100,000 blocks.
 */
enum fl_status fl_growth_measure(const struct fl_target *target, size_t points,
                                 struct fl_growth_result *out, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
