/**
 * The plan: from operations of a trace to steps a target can run.
 *
 * What cannot be run is counted and left out here, outside every timed section: records that
 * are no calls, failed calls, NULL and unknown pointers. What is left is one of seven actions
 * on a slot, so the driver's loop stays small.
 *
 * Thread safety: one plan belongs to one thread.
 */
#ifndef FL_REPLAY_PLAN_H
#define FL_REPLAY_PLAN_H

#include <fl/reader.h>
#include <fl/status.h>
#include <fl/trace.h>

enum fl_action {
    FL_DO_ALLOC,      /* slot = alloc(size, 0) */
    FL_DO_ZEROED,     /* slot = alloc_zeroed(size) */
    FL_DO_ALIGNED,    /* slot = alloc(size, 1 << align_log2) */
    FL_DO_RESIZE,     /* slot = resize(slot, size) */
    FL_DO_FREE,       /* free(slot) */
    FL_DO_FREE_SIZED, /* free_sized(slot, size, 1 << align_log2, or 0) */
    FL_DO_USABLE,     /* usable_size(slot) */
};

#define FL_PLAN_THREADS_MAX 65536u /* threads with higher numbers are taken for one of these */

/** One step; 16 bytes, as an operation. `origin` packs the call and the event's place. */
struct fl_step {
    uint64_t size_bytes;
    uint32_t slot;
    uint8_t action; /* enum fl_action */
    uint8_t
        align_log2;  /* of FL_DO_ALIGNED and FL_DO_FREE_SIZED; of others what the trace has */
    uint16_t origin; /* call << 12 | event number - first_event of the batch */
};
_Static_assert(sizeof(struct fl_step) == 16, "a batch of steps stays in the L2 cache");
_Static_assert(FL_CALL_COUNT <= 16 && FL_BATCH_OPS <= 4096, "origin has 4 + 12 bits");

static inline uint64_t fl_step_event_index(const struct fl_step *step)
{
    return step->origin & 0xFFFu;
}

static inline unsigned fl_step_call(const struct fl_step *step)
{
    return (unsigned)step->origin >> 12;
}

/** Does this step end its object? */
static inline bool fl_step_frees(const struct fl_step *step)
{
    return step->action == FL_DO_FREE || step->action == FL_DO_FREE_SIZED;
}

/** Does this step use up the next serial? */
static inline bool fl_step_allocates(const struct fl_step *step)
{
    return step->action <= FL_DO_RESIZE;
}

/** The steps of one batch, as they lie in the ring. */
struct fl_step_batch {
    uint64_t first_event;  /* number of the first event in or after steps[0] */
    uint64_t first_serial; /* serial of the first object allocated in or after steps[0] */
    uint64_t chunk;        /* of the trace, for messages */
    uint32_t count;        /* steps, 0 .. FL_BATCH_OPS */
    uint32_t events;       /* calls of the trace in this batch, left-out ones among them */
    uint32_t slot_limit;   /* all slots so far are below this */
    uint32_t is_end;       /* no steps: the plan ends here */
    uint32_t resizes;      /* entries of `old_bytes` */
    struct fl_step steps[FL_BATCH_OPS];
    uint64_t old_bytes[FL_BATCH_OPS]; /* of each resize in order: payload it had before */
    uint64_t time_ns[FL_BATCH_OPS];   /* of each step, where the plan was asked for times */
    uint32_t ended_count;
    uint32_t threads[FL_BATCH_OPS]; /* of each step, where the plan was asked for threads */
    uint32_t ended[FL_BATCH_OPS];   /* `ended_count` threads that end in this batch, the same */
};

/** Counts of what was met, all exact. */
struct fl_plan_totals {
    uint64_t events, steps;
    uint64_t allocs, resizes, frees;        /* steps by kind */
    uint64_t objects;                       /* serials used up */
    uint64_t live_objects, live_bytes;      /* now; at the end: what was never freed */
    uint64_t peak_live_objects, peak_bytes; /* payload */
    uint64_t peak_event;                    /* after which payload was largest, the first one */
    uint64_t size_zero;                     /* allocating calls of size 0, replayed */
    uint64_t resize_zero;                   /* realloc(p, 0), replayed as free or as resize */
    uint64_t null_pointers;                 /* free(NULL), malloc_usable_size(NULL), left out */
    uint64_t unknown_frees;                 /* of no live object, double frees too, left out */
    uint64_t unknown_others;                /* realloc (replayed as malloc), usable_size */
    uint64_t failed_calls;                  /* returned NULL when recorded, left out */
    uint64_t wrong_sizes;                   /* sized frees of another size, replayed as free */
    uint64_t implied_frees;                 /* nobody saw them, replayed */
    uint64_t lost_events, threads, marks;
    uint64_t time_ns; /* sum of the ticks; 0: the trace has no times */
    uint64_t hash;    /* over all calls in order: what makes two traces the same */
};

struct fl_plan {
    struct fl_plan_totals totals; /* of a brief plan: events and steps alone */
    uint64_t event_limit;         /* events after this many are not planned */
    bool is_brief;
    bool has_threads;  /* set by the owner: steps get their threads */
    uint32_t thread;   /* at work */
    bool has_times;    /* set by the owner: steps get their times; not those of a brief plan */
    uint64_t *size_of; /* by slot, payload bytes; `slot_capacity` entries, owned */
    size_t slot_capacity;
    uint32_t slot_limit;
};

/**
 * Begin a plan that stops after `event_limit` events (UINT64_MAX: never).
 *
 * A brief one makes the same steps, at half the cost, and counts nothing of the trace: for a
 * pass after another has told what is in it, and that no sized free is wrong. Its `old_bytes`
 * are 0, so it is for workers that touch no memory.
 */
void fl_plan_init(struct fl_plan *plan, uint64_t event_limit, bool is_brief);
void fl_plan_free(struct fl_plan *plan);

/** Turn `batch` into `out`. FL_OK, or FL_NOMEM for the table of sizes. */
enum fl_status fl_plan_batch(struct fl_plan *plan, const struct fl_batch *batch,
                             struct fl_step_batch *out, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Copy what the plan has put into `from`, and no more of its arrays. */
void fl_plan_copy(const struct fl_plan *plan, const struct fl_step_batch *from,
                  struct fl_step_batch *to);

/** Has the limit been reached? */
static inline bool fl_plan_is_done(const struct fl_plan *plan)
{
    return plan->totals.events >= plan->event_limit;
}

#endif
