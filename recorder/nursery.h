/**
 * What forked children have inherited: live sets on their way from the parent's trace, where
 * the fork stands among the calls, to the child's, which begins with them.
 *
 * Thread safety: everything here; the drain threads of all processes share one nursery. Without
 * one (NULL) nothing is left: children are not recorded.
 */
#ifndef FL_NURSERY_H
#define FL_NURSERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <fl/namer.h>

/** An object that was live at a fork. */
struct fl_heirloom {
    uint64_t address;
    struct fl_named object; /* as the parent's trace names it */
};

struct fl_inheritance {
    pid_t parent;
    uint64_t fork;         /* number of the fork in the parent */
    uint64_t parent_event; /* calls in the parent's trace before the fork */
    size_t count;
    struct fl_heirloom *objects; /* by serial, the oldest first */
};

struct fl_nursery;

struct fl_nursery *fl_nursery_new(void);
void fl_nursery_free(struct fl_nursery *nursery);

/** Leave the live set of `namer` for a child of fork number `fork`. O(live). When more than
 * eight million objects or 4,096 sets wait, the oldest are dropped: their children inherit
 * nothing. */
void fl_nursery_put(struct fl_nursery *nursery, pid_t parent, uint64_t fork,
                    uint64_t parent_event, const struct fl_namer *namer);

/** Tell a child of that fork, which may wait already, that it inherits nothing that is
 * known. */
void fl_nursery_refuse(struct fl_nursery *nursery, pid_t parent, uint64_t fork);

/**
 * Take what was left for a child; waits for it, at most two seconds.
 *
 * @return  false when there is nothing; true with `out` filled, which fl_inheritance_end frees
 */
bool fl_nursery_take(struct fl_nursery *nursery, pid_t parent, uint64_t fork,
                     struct fl_inheritance *out);

/** The fork failed: drop what was left for its child. */
void fl_nursery_drop(struct fl_nursery *nursery, pid_t parent, uint64_t fork);

void fl_inheritance_end(struct fl_inheritance *inheritance);

#endif
