/**
 * The check pass: replay into an allocator and verify every answer.
 *
 * Thread safety: one checker belongs to one thread. No memory comes from malloc, so libc's can
 * be the allocator under test.
 */
#ifndef FL_REPLAY_CHECK_H
#define FL_REPLAY_CHECK_H

#include <stdatomic.h>

#include "finding.h"
#include "plan.h"
#include "target.h"

enum fl_check_mode {
    FL_CHECK_MODE_FAST, /* the heap's O(1) checks after every step, one walk at the end */
    FL_CHECK_MODE_FULL, /* walks while it goes too */
    FL_CHECK_MODE_OFF,
};

/* Of larger blocks only the first and last FL_CHECK_EDGE_BYTES are filled and verified. */
#define FL_CHECK_WHOLE_BYTES ((size_t)64 << 20)
#define FL_CHECK_EDGE_BYTES  ((size_t)1 << 20)

struct fl_checker_options {
    enum fl_check_mode mode;
    uint64_t walk_every;     /* FULL: steps between walks; 0: as many as there are live objects,
                               1,024 at least, so that walking costs O(1) per step */
    _Atomic uint64_t *event; /* receives the event at work, for crashes; may be NULL */
};

/** What a finished check pass tells. */
struct fl_check_result {
    uint64_t offsets_hash; /* of all returned offsets in order; 0 without ops->offset */
    uint64_t steps;
    uint64_t refused; /* allocations that returned NULL though the program got one */
    uint64_t walks;   /* whole-heap checks made */
    uint64_t first_refused_event;
};

struct fl_checker;

/** Make a checker over `allocator` (stays the caller's), or NULL when there is no memory. */
struct fl_checker *fl_checker_new(struct fl_allocator *allocator,
                                  const struct fl_checker_options *options);
void fl_checker_free(struct fl_checker *checker);

/** Run the steps of `batch`. FL_OK; FL_WRONG and a finding; FL_NOMEM for our own tables. */
enum fl_status fl_checker_run(struct fl_checker *checker, const struct fl_step_batch *batch,
                              struct fl_finding *finding) __attribute__((warn_unused_result));

/** After the last batch: verify what is still live and walk the heap. As fl_checker_run. */
enum fl_status fl_checker_end(struct fl_checker *checker, struct fl_finding *finding,
                              struct fl_check_result *result)
    __attribute__((warn_unused_result));

#endif
