/**
 * The series pass: what the heap holds after each event, from the worker's side.
 *
 * Thread safety: one pass in a process. No memory comes from malloc.
 */
#ifndef FL_REPLAY_SERIES_PASS_H
#define FL_REPLAY_SERIES_PASS_H

#include "memory_watch.h"
#include "plan.h"
#include "series.h"
#include "table.h"
#include "target.h"
#include "touch.h"

#define FL_SERIES_RSS_EVERY 4096u /* operations between two samples at most */

struct fl_series_pass {
    struct fl_allocator *allocator;
    enum fl_touch touch;
    struct fl_memory_watch *watch; /* tells the footprint of a foreign allocator; or NULL */
    struct fl_series *series;      /* the caller's */
    struct fl_table blocks;        /* of struct live_block by slot */
    struct fl_series_point now;
    uint64_t refused; /* allocations that returned NULL though the program got one */
    uint64_t page_bytes;
    int statm; /* /proc/self/statm, or -1 */
};

/** What the worker tells about a pass besides the series. */
struct fl_series_facts {
    bool has_column[FL_SERIES_COLUMNS];
    uint64_t rss_before_bytes;
};

/**
 * Begin a pass over `allocator` into `series`, both the caller's.
 *
 * @param watch  begun and not counting yet, for allocators without counters; or NULL
 */
void fl_series_pass_start(struct fl_series_pass *pass, struct fl_allocator *allocator,
                          enum fl_touch touch, struct fl_memory_watch *watch,
                          struct fl_series *series, struct fl_series_facts *facts);

/** Run `batch`, whose times are filled in. False when there is no memory for the table of
 * blocks. */
bool fl_series_pass_run(struct fl_series_pass *pass, const struct fl_step_batch *batch)
    __attribute__((warn_unused_result));

void fl_series_pass_end(struct fl_series_pass *pass);

#endif
