/**
 * One true order out of many rings: a consistent cut, then a merge by stamp.
 *
 * Thread safety: one merge belongs to the drain thread; rings are shared as ring.h says.
 */
#ifndef FL_MERGE_H
#define FL_MERGE_H

#include <fl/namer.h>

#include "shared.h"

/** The reading end of one ring. */
struct fl_lane {
    struct fl_ring *ring;
    const struct fl_slot *slots;
    uint64_t mask;       /* slots in the ring - 1 */
    uint64_t at;         /* next slot to take */
    uint64_t end;        /* slots of this round end here */
    uint64_t released;   /* tail as the producer sees it */
    uint64_t stamp_base; /* of the last WIDE slot */
    uint64_t key;        /* of the event at `at`, while at < end */

    /* The taker's own, kept here because it goes with the producer. */
    uint64_t thread;          /* number in the trace */
    uint64_t pending_address; /* of the realloc that has begun */
    struct fl_named pending;  /* its old object, when known */
    uint32_t stack;           /* number in the trace, of the next allocation's callers */
    bool has_thread;
    bool has_pending; /* a realloc has begun and not ended */
    bool pending_is_known;
};

/**
 * Take events from `lane` while lane->at < stop and their key is at most `bound`; may go one
 * slot past `stop`, never past lane->end. One at least, unless its slot has changed meanwhile.
 */
typedef void fl_take(void *user, struct fl_lane *lane, uint64_t bound, uint64_t stop);

struct fl_merge {
    struct fl_shared *shared;
    struct fl_shared_facts facts;
    struct fl_lane *lanes; /* one for each ring */
    struct fl_lane **heap; /* lanes with something to take, smallest key first */
    uint32_t lane_count;   /* rings that were ever claimed, as last seen */
    uint32_t heap_count;
    fl_take *take;
    void *user;
};

/** What one round found. */
struct fl_round {
    uint64_t taken_slots;
    uint64_t backlog_slots; /* in the fullest ring, before the round */
};

bool fl_merge_init(struct fl_merge *merge, struct fl_shared *shared,
                   const struct fl_shared_facts *facts, fl_take *take, void *user);
void fl_merge_end(struct fl_merge *merge);

/** Take what lies before the cut, in order. With `is_final` no producer is left: take all. */
struct fl_round fl_merge_round(struct fl_merge *merge, bool is_final);

/** Make a ring whose producer is gone, and which is empty, claimable again. */
void fl_lane_recycle(struct fl_lane *lane);

/** Stamp of the event in `slot`, where `stamp_base` is the last wide one. */
static inline uint64_t fl_slot_stamp(const struct fl_slot *slot, uint64_t stamp_base)
{
    return (stamp_base & ~(uint64_t)UINT32_MAX) | slot->rest >> 32;
}

/** Key of the event in `slot`: its stamp, and at equal stamps ends before beginnings. */
static inline uint64_t fl_slot_key(const struct fl_slot *slot, uint64_t stamp_base)
{
    return fl_slot_stamp(slot, stamp_base) << 1 | !(fl_slot_op(slot) & FL_OP_EARLY);
}

/** Does this slot, number `at` of the lane, hold the wide half of the event in the slot after
 * it? Both are published at once: one without the other is no event, and none of this program's
 * making. */
static inline bool fl_slot_goes_before(const struct fl_lane *lane, const struct fl_slot *slot,
                                       uint64_t at)
{
    return fl_slot_op(slot) == FL_OP_WIDE && at + 1 < lane->end;
}

#endif
