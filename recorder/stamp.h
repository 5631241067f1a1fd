/**
 * Stamps: a number that grows along every chain of cause and effect between threads.
 *
 * The processor's counter is read with a fence before it, because the read is not ordered by
 * itself: ahead of a free it could run before the load that got the pointer from another
 * thread, and after an allocation before the allocator's lock was taken. Either would stamp an
 * event earlier than its cause. After the read no fence is needed: the stamp is data of the
 * record, and the record is published before anything the real free stores.
 */
#ifndef FL_STAMP_H
#define FL_STAMP_H

#include <stdatomic.h>
#include <stdint.h>

#include "ring.h"

#if defined(__x86_64__)
#define FL_HAS_CYCLES 1
static inline uint64_t fl_stamp_cycles(void)
{
    uint32_t low, high;
    __asm__ __volatile__("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}
#elif defined(__aarch64__)
#define FL_HAS_CYCLES 1
static inline uint64_t fl_stamp_cycles(void)
{
    uint64_t cycles;
    __asm__ __volatile__("dsb ishld\n\tisb\n\tmrs %0, cntvct_el0" : "=r"(cycles) : : "memory");
    return cycles;
}
#else
#define FL_HAS_CYCLES 0
static inline uint64_t fl_stamp_cycles(void)
{
    return 0;
}
#endif

/** A new stamp for an event. */
static inline uint64_t fl_stamp_take(struct fl_shared *shared, uint32_t source)
{
    if (source == FL_STAMP_CYCLES)
        return fl_stamp_cycles();
    return atomic_fetch_add_explicit(&shared->counter, 1, memory_order_seq_cst);
}

/** Let no later load run before the counter was read. */
static inline void fl_stamp_settle(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("lfence" : : : "memory");
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" : : : "memory");
#endif
}

/**
 * A bound for the drain: every stamp taken after this returns is at least this, and every load
 * after it sees what was published before it. The ring heads are read next: ahead of the
 * counter they would miss the cause of an event they show.
 */
static inline uint64_t fl_stamp_bound(struct fl_shared *shared, uint32_t source)
{
    if (source == FL_STAMP_CYCLES) {
        const uint64_t bound = fl_stamp_cycles();
        fl_stamp_settle();
        return bound;
    }
    return atomic_load_explicit(&shared->counter, memory_order_seq_cst);
}

#endif
