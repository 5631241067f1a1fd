/**
 * --map: a picture of a heap at one moment of a trace.
 *
 * Thread safety: a call belongs to one thread; the allocator lives in this process while it
 * lasts.
 */
#ifndef FL_REPLAY_MAP_H
#define FL_REPLAY_MAP_H

#include <stdio.h>

#include "source.h"
#include "target.h"

#define FL_MAP_AT_PEAK UINT64_MAX

/** FL_USAGE for an allocator whose blocks cannot be walked. */
enum fl_status fl_map_check(const struct fl_target *target, struct fl_error *err)
    __attribute__((warn_unused_result));

/**
 * Replay into `target`, which fl_map_check lets pass, up to event `event` (FL_MAP_AT_PEAK: to
 * the peak of payload) and draw its heap: rows of characters, each for equally many bytes, and
 * what of it is used and free. Payload is not written to. There are `event_limit` events,
 * whatever the trace has.
 *
 * @return FL_OK; FL_USAGE for knobs that do not go together, or when the trace has no such event; FL_NOMEM, FL_IO; a
 *         status of the trace when it is damaged up to there, after drawing what could be read
 *
 * Cost: one or two readings of the trace and two walks of the heap.
 */
enum fl_status fl_map_draw(FILE *out, const struct fl_target *target,
                           const struct fl_source *source, uint64_t event, uint64_t event_limit,
                           struct fl_error *err) __attribute__((warn_unused_result));

#endif
