/* One step of a member of a crew: the call, with its touches or its checks. See crew.c. */
#ifndef FL_REPLAY_CREW_STEP_H
#define FL_REPLAY_CREW_STEP_H

#include <stdatomic.h>

#include "finding.h"
#include "target.h"
#include "touch.h"

/* An object's place while it lives; not used again for as long as a window. */
struct fl_crew_cell {
    void *block;
    uint64_t size_bytes, seed; /* of the pattern it holds, when checking */
    _Atomic uint32_t turn;     /* how often it was handed from thread to thread; a futex word */
    _Atomic uint32_t sleepers; /* on `turn` */
};

struct fl_crew_entry {
    uint64_t size_bytes, serial;
    uint32_t cell;
    uint32_t turn;   /* to wait for, when `waits` */
    uint32_t event;  /* number, from the window's first on */
    uint32_t member; /* index */
    uint8_t action, align_log2, call;
    bool waits;      /* another thread had the cell before */
    bool hands_over; /* another thread has it next */
};

/* False: the allocator was wrong, and `finding` has everything but the event. */
bool fl_crew_step_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                        struct fl_crew_cell *cell, uint64_t *refused,
                        struct fl_finding *finding);

/* Does the live block hold what was written into it? */
bool fl_crew_cell_check(const struct fl_crew_cell *cell, struct fl_finding *finding);

/* The call alone, and its touches. */
void fl_crew_step_run(struct fl_allocator *self, const struct fl_crew_entry *entry,
                      struct fl_crew_cell *cell, uint64_t *refused, enum fl_touch touch);

#endif
