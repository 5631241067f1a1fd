/*
 * fl_mark from inside the program. The text does not fit a slot of a ring: it goes into one of
 * a few places beside the rings, and a slot with the number of that place keeps its order among
 * the calls. flrec empties the place when it comes to the slot. Where all places are full,
 * because the program marks faster than flrec looks, a mark waits for a millisecond at a time,
 * and is dropped when flrec is gone or takes no more. Nothing allocates.
 */
#include <fl/mark.h>

#include <errno.h>
#include <string.h>

#include "futex.h"
#include "thread_buffer.h"

#define WAIT_NS    (1000 * 1000)
#define WAIT_TRIES 100

static struct fl_mark_place *place_take(struct fl_shared *shared)
{
    for (int tries = 0; tries < WAIT_TRIES; tries++) {
        for (uint32_t i = 0; i < FL_MARK_PLACES; i++) {
            uint32_t expected = 0;
            if (atomic_compare_exchange_strong(&shared->marks[i].is_taken, &expected, 1))
                return &shared->marks[i];
        }
        if (!*fl_process.is_recording || fl_life_is_over(&shared->life))
            return NULL;
        fl_futex_ring(&shared->doorbell);
        fl_futex_wait(&shared->marks[0].is_taken, 1, WAIT_NS);
    }
    return NULL;
}

static void mark_put(struct fl_thread *self, const char *text)
{
    struct fl_shared *shared = fl_process.shared;
    struct fl_mark_place *place = place_take(shared);
    if (!place)
        return;
    const size_t bytes = strnlen(text, FL_MARK_BYTES);
    memcpy(place->text, text, bytes);
    atomic_store_explicit(&place->bytes, (uint32_t)bytes, memory_order_relaxed);
    fl_thread_record(self, FL_OP_MARK, 0, NULL, (uint64_t)(place - shared->marks));
}

__attribute__((visibility("default"))) void fl_mark_text(const char *text)
{
    const int saved_errno = errno;
    struct fl_thread *self = &fl_thread;
    if (text && fl_enter(self)) {
        mark_put(self, text);
        fl_leave(self);
    }
    errno = saved_errno;
}
