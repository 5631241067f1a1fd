/**
 * A series of a heap's states, thinned while it is made: at most FL_SERIES_POINTS_MAX of them
 * stay, the least and the largest of each exact column among them, whatever the length.
 *
 * Thread safety: a series belongs to one thread. Plain data: it may lie in memory that two
 * processes share, one after the other.
 */
#ifndef FL_REPLAY_SERIES_H
#define FL_REPLAY_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FL_SERIES_POINTS_MAX 1000u
#define FL_SERIES_BUCKETS    1024u

/* X(name, name in CSV and JSON). The exact columns stand first, RSS is sampled. */
#define FL_SERIES_LIST(X)                                                                      \
    X(LIVE, "live_objects")                                                                    \
    X(PAYLOAD, "payload_bytes")                                                                \
    X(FOOTPRINT, "footprint_bytes")                                                            \
    X(FREE, "free_blocks")                                                                     \
    X(RSS, "rss_bytes")

enum fl_series_column {
#define FL_SERIES_ENUM(name, word) FL_SERIES_##name,
    FL_SERIES_LIST(FL_SERIES_ENUM)
#undef FL_SERIES_ENUM
        FL_SERIES_COLUMNS,
    FL_SERIES_EXACT = FL_SERIES_RSS, /* number of exact columns */
};

/** The state after one event. */
struct fl_series_point {
    uint64_t number; /* of states before it; given by fl_series_add */
    uint64_t event, time_ns;
    uint64_t values[FL_SERIES_COLUMNS]; /* RSS: as last sampled */
};

/** Of `width` states in a row: what stays of them. Of equals the first one. */
struct fl_series_bucket {
    struct fl_series_point least[FL_SERIES_EXACT], most[FL_SERIES_EXACT];
    struct fl_series_point last;
};

struct fl_series {
    uint64_t count; /* of states added */
    uint64_t width; /* of a bucket, in states; a power of two */
    struct fl_series_point first, rss_most;
    struct fl_series_bucket buckets[FL_SERIES_BUCKETS]; /* unused ones are not touched */
};

/** What is kept of a series when it is done. */
struct fl_series_result {
    bool has_column[FL_SERIES_COLUMNS]; /* could this target tell? */
    uint64_t rss_before_bytes;          /* sampled before the first event */
    uint64_t states;                    /* that were seen */
    uint64_t states_per_bucket;
    size_t count;
    struct fl_series_point points[FL_SERIES_POINTS_MAX]; /* in order; values of missing columns
                                                            mean nothing */
};

/** "live_objects", ... ; static storage. */
const char *fl_series_word(enum fl_series_column column);

void fl_series_start(struct fl_series *series);

/** Add the next state; `number` of it is not read. O(1), a doubling of all buckets spread. */
void fl_series_add(struct fl_series *series, const struct fl_series_point *state);

/**
 * The end: `out` receives states, states_per_bucket, count and points. Buckets are doubled
 * until the points fit. They are: the first state, the first of the largest samples of RSS, and
 * of each bucket the last state and the least and the largest of each exact column, each state
 * once.
 */
void fl_series_finish(struct fl_series *series, struct fl_series_result *out);

/** The largest value of `column` in the points, and so of all states; NULL without points. */
const struct fl_series_point *fl_series_peak(const struct fl_series_result *result,
                                             enum fl_series_column column);

#endif
