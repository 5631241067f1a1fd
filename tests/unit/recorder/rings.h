/* Shared memory with small rings, and a producer that writes slots by hand. */
#ifndef RINGS_H
#define RINGS_H

#include <sys/mman.h>
#include <unistd.h>

#include <fl_test.h>

#include "ring.h"
#include "shared.h"

struct rings {
    struct fl_shared *shared;
    struct fl_shared_facts facts;
    int fd;
};

static inline void rings_make(struct rings *rings)
{
    uint64_t inode;
    const uint64_t bytes = FL_RING_SLOTS_MIN * sizeof(struct fl_slot);
    assert_int_equal(
        fl_shared_make(bytes, FL_STAMP_ASK_COUNTER, &rings->shared, &rings->fd, &inode, NULL),
        FL_OK);
    rings->facts = fl_shared_facts(rings->shared);
    atomic_store(&rings->shared->counter, 1u << 20);
}

static inline void rings_end(struct rings *rings)
{
    munmap(rings->shared, rings->facts.total_bytes);
    close(rings->fd);
}

static inline void rings_slot(struct rings *rings, uint32_t ring, uint64_t what, uint64_t rest)
{
    struct fl_ring *to = &rings->shared->rings[ring];
    const uint64_t head = atomic_load(&to->head);
    struct fl_slot *slots = fl_ring_slots(rings->shared, ring);
    slots[head & (rings->facts.ring_slots - 1)] = (struct fl_slot){what, rest};
    atomic_store(&to->head, head + 1);
    atomic_store(&to->state, FL_RING_CLAIMED);
    if (atomic_load(&rings->shared->ring_high) <= ring)
        atomic_store(&rings->shared->ring_high, ring + 1);
}

static inline void rings_put(struct rings *rings, uint32_t ring, unsigned op, uint64_t address,
                             uint64_t size_bytes, uint64_t stamp)
{
    rings_slot(rings, ring, fl_slot_what(address, op, 0), fl_slot_rest(size_bytes, stamp));
}

static inline void rings_put_wide(struct rings *rings, uint32_t ring, unsigned op,
                                  uint64_t address, uint64_t size_bytes, uint64_t stamp)
{
    rings_slot(rings, ring, fl_slot_what(size_bytes >> 32, FL_OP_WIDE, 0), stamp);
    rings_put(rings, ring, op, address, size_bytes, stamp);
}

#endif
