/**
 * From stamps to times: what CLOCK_MONOTONIC showed when the processor's counter stood at a
 * stamp.
 *
 * Thread safety: a clock belongs to its owner; copies are independent.
 */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdint.h>

struct fl_clock {
    uint64_t base_cycles; /* counter at the last reading taken over */
    uint64_t base_ns;     /* CLOCK_MONOTONIC then */
    double ns_per_cycle;  /* between the last two of them */
};

/** CLOCK_MONOTONIC. */
uint64_t fl_clock_now_ns(void);

/** CLOCK_REALTIME. */
uint64_t fl_clock_real_ns(void);

/** Read both clocks twice, 2 ms apart. */
void fl_clock_start(struct fl_clock *clock);

/** Follow the clocks; does nothing when the last reading is younger than 100 ms. */
void fl_clock_follow(struct fl_clock *clock);

/** Time of a stamp, in ns of CLOCK_MONOTONIC; stamps older than the base are as good as newer
 * ones. Off by the time one reading takes (some 50 ns) and 1e-5 of the distance from the
 * base. */
static inline uint64_t fl_clock_ns(const struct fl_clock *clock, uint64_t stamp)
{
    const double ns = (double)(int64_t)(stamp - clock->base_cycles) * clock->ns_per_cycle;
    const double most = 0x1p62; /* 146 years: what is further away is no stamp */
    return clock->base_ns + (uint64_t)(int64_t)(ns > -most && ns < most ? ns : most);
}

#endif
