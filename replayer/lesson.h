/**
 * What flreplay shows without measuring: a text trace explained, the table of costs, and
 * pictures of heaps.
 *
 * Thread safety: called once, from main.
 */
#ifndef FL_REPLAY_LESSON_H
#define FL_REPLAY_LESSON_H

#include <stdio.h>

#include "result.h"

/** What the command line said beside the run request. */
struct fl_lesson {
    bool wants_explain, wants_growth, wants_map;
    bool has_base;
    uint64_t base;           /* --base */
    uint64_t growth_largest; /* --growth=N */
    uint64_t map_event;      /* --map=N; FL_MAP_AT_PEAK */
};

static inline bool fl_lesson_is_wanted(const struct fl_lesson *lesson)
{
    return lesson->wants_explain || lesson->wants_growth || lesson->wants_map ||
           lesson->has_base;
}

/**
 * Give the lesson on `out`. Targets are those of `run`; without any, list-addr is explained and
 * the whole family measured.
 *
 * @return FL_OK, or the status of what went wrong first
 */
enum fl_status fl_lesson_give(FILE *out, const struct fl_lesson *lesson,
                              struct fl_run_request *run, char *const *paths, size_t path_count,
                              struct fl_error *err) __attribute__((warn_unused_result));

#endif
