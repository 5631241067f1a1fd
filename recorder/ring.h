/**
 * What flrec and the program share: one memfd, laid out here and nowhere else.
 *
 *     +-------------------+------------------+------------------+-----
 *     | struct fl_shared  | slots of ring 0  | slots of ring 1  | ...
 *     | ring headers      | power of two     |                  |
 *     +-------------------+------------------+------------------+-----
 *
 * A ring has one producer (the thread that claimed it) and one consumer (flrec's drain thread).
 * `head` and `tail` count slots since the ring was claimed and never wrap; the slot of count c
 * is slots[c & (ring_slots - 1)]. An event is one slot, or a WIDE slot and the event's own; all
 * of them are published by one release store of `head`.
 *
 * Slot:  what  = address (48 bits) | op (8) | log2 of the alignment (8)
 *        rest  = low 32 bits of the size | low 32 bits of the stamp << 32
 * WIDE:  what  = high 32 bits of the next event's size, rest = the full stamp, whose high half
 *        holds for that event and all after it in the ring.
 */
#ifndef FL_RING_H
#define FL_RING_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fl/trace.h>

#define FL_SHARED_MAGIC    UINT64_C(0x646572616873466C)
#define FL_SHARED_VERSION  2u
#define FL_CACHE_LINE      64
#define FL_RINGS_MAX       2048u
#define FL_RINGS_FEW       4u  /* not fewer, if there is any room */
#define FL_LIMIT_SHARE     32u /* of a limited address space, one part in this many is ours */
#define FL_RING_SLOTS_MIN  256u
#define FL_RING_SLOTS_MAX  (64u * 1024 * 1024)
#define FL_ADDRESS_BITS    48
#define FL_ADDRESS_MASK    ((UINT64_C(1) << FL_ADDRESS_BITS) - 1)
#define FL_STACK_DEPTH_MAX 256u
#define FL_ENVIRONMENT     "FLREC"
#define FL_LIBC_TEXT_MAX   64
#define FL_OBJECT_PATH_MAX 1024

/* The op byte: a call of enum fl_kind, or one of these; FL_OP_EARLY marks what is stamped
 * before the real call, so that it goes first among equal stamps. */
enum fl_ring_op {
    FL_OP_FORK_FAILED = 0x17,   /* size = its number in this process */
    FL_OP_MODULES = 0x18,       /* the memory map has changed, and the thread waits */
    FL_OP_STACK = 0x19,         /* size = number, in its ring, of the next allocation's stack */
    FL_OP_FRAME = 0x1A,         /* of the new stack number size: address, the innermost first */
    FL_OP_MARK = 0x1B,          /* size = number of the place of its text */
    FL_OP_FORK = 0x1C,          /* size = its number in this process */
    FL_OP_REALLOC_BEGIN = 0x1D, /* address = the old one */
    FL_OP_THREAD_START = 0x1E,  /* size = the system's thread id */
    FL_OP_WIDE = 0x1F,
    FL_OP_KIND = 0x1F,
    FL_OP_EARLY = 0x80,
};
_Static_assert((int)FL_CALL_COUNT <= (int)FL_OP_FORK_FAILED,
               "calls and ring operations share a byte");

struct fl_slot {
    uint64_t what, rest;
};
_Static_assert(sizeof(struct fl_slot) == 16, "four slots fill a cache line");

enum fl_ring_state {
    FL_RING_FREE, /* flrec made it so; any thread may claim it */
    FL_RING_CLAIMED,
};

struct fl_ring {
    alignas(FL_CACHE_LINE) _Atomic uint64_t head; /* slots written; the producer's */
    union {
        alignas(FL_CACHE_LINE) _Atomic uint64_t tail; /* slots taken; flrec's */
        _Atomic uint32_t tail_futex; /* its low half, which producers wait on */
    };
    _Atomic uint32_t is_waiting; /* set by a producer that waits for room, cleared by flrec */
    alignas(FL_CACHE_LINE) _Atomic uint32_t state; /* enum fl_ring_state */
    _Atomic uint32_t tid; /* of the producer, 0 before its first event */
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of tail comes first");

#define FL_MARK_PLACES 64u
#define FL_MARK_BYTES  240u

/* The text of a mark on its way. */
struct fl_mark_place {
    _Atomic uint32_t is_taken; /* by the thread that marks; flrec gives it back */
    _Atomic uint32_t bytes;    /* flrec reads it once: it may change */
    char text[FL_MARK_BYTES];
};

enum fl_stamp_source {
    FL_STAMP_CYCLES,  /* the processor's constant-rate counter */
    FL_STAMP_COUNTER, /* fl_shared.counter */
};

struct fl_shared {
    /* Written by flrec before the program starts. */
    uint64_t magic;
    uint64_t total_bytes;  /* of the memfd */
    uint64_t slots_offset; /* bytes from the start to ring 0's slots */
    uint64_t ring_slots;   /* slots per ring, a power of two */
    uint32_t version;
    uint32_t ring_count;
    uint32_t stamp_source; /* enum fl_stamp_source */
    uint32_t is_lossy;     /* a call that finds its ring full is dropped and counted */
    uint32_t has_times;    /* every event is stamped, in a process of one thread too */
    uint32_t stack_depth;  /* frames to record, at most; 0: no stacks */
    /* Robust, held by flrec's drain thread as long as it lives: the kernel marks its death. */
    pthread_mutex_t life;

    alignas(
        FL_CACHE_LINE) _Atomic uint64_t counter; /* next stamp of FL_STAMP_COUNTER, from 1 */

    alignas(
        FL_CACHE_LINE) _Atomic uint32_t doorbell; /* futex flrec sleeps on; bump, then wake */
    _Atomic uint32_t ring_high;       /* one more than the highest ring ever claimed */
    _Atomic uint32_t rings_wanted;    /* a thread found no free ring */
    _Atomic uint32_t images_attached; /* by the program: one more for each exec */
    _Atomic uint32_t images_opened;   /* by flrec: traces ready; futex word */
    _Atomic uint64_t nested_calls;    /* calls made inside a call, passed through unrecorded */
    _Atomic uint64_t lost_events;     /* calls for which there was no ring, or no room in it */
    char libc[FL_LIBC_TEXT_MAX];      /* written before images_attached is raised */
    char allocator[FL_OBJECT_PATH_MAX];

    struct fl_mark_place marks[FL_MARK_PLACES];

    alignas(FL_CACHE_LINE) struct fl_ring rings[];
};

static inline struct fl_slot *fl_ring_slots(struct fl_shared *shared, uint32_t index)
{
    char *first = (char *)shared + shared->slots_offset;
    return (struct fl_slot *)(void *)first + (uint64_t)index * shared->ring_slots;
}

static inline unsigned fl_slot_op(const struct fl_slot *slot)
{
    return (unsigned)(slot->what >> FL_ADDRESS_BITS) & 0xFFu;
}

static inline uint64_t fl_slot_address(const struct fl_slot *slot)
{
    return slot->what & FL_ADDRESS_MASK;
}

static inline uint64_t fl_slot_what(uint64_t address, unsigned op, unsigned align_log2)
{
    return (address & FL_ADDRESS_MASK) | (uint64_t)op << FL_ADDRESS_BITS |
           (uint64_t)align_log2 << (FL_ADDRESS_BITS + 8);
}

static inline uint64_t fl_slot_rest(uint64_t size_bytes, uint64_t stamp)
{
    return (size_bytes & UINT32_MAX) | stamp << 32;
}

/** Does an event of this size and stamp need a WIDE slot, when `base` was the last wide
 * stamp? */
static inline bool fl_slot_is_wide(uint64_t size_bytes, uint64_t stamp, uint64_t base)
{
    return (((stamp ^ base) | size_bytes) >> 32) != 0;
}

#endif
