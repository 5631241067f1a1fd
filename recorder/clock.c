/*
 * The counter's rate is measured, not asked for: two readings of both clocks give it, first 2
 * ms apart, later 100 ms and more. Between readings time is extrapolated, so that a stamp can
 * be turned into a time as soon as it is seen. A reading is the tightest of four, for one that
 * was interrupted between its two clocks would bend the rate.
 */
#include "clock.h"

#include <time.h>

#include "stamp.h"

#define FL_CLOCK_FIRST_NS  2000000u
#define FL_CLOCK_FOLLOW_NS 100000000u
#define FL_CLOCK_TRIES     4

static uint64_t clock_read(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t fl_clock_now_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t fl_clock_real_ns(void)
{
    return clock_read(CLOCK_REALTIME);
}

static void reading_take(struct fl_clock *clock)
{
    uint64_t tightest = UINT64_MAX;
    for (int i = 0; i < FL_CLOCK_TRIES; i++) {
        const uint64_t before = fl_stamp_cycles();
        const uint64_t now_ns = fl_clock_now_ns();
        const uint64_t passed = fl_stamp_cycles() - before;
        if (passed >= tightest)
            continue;
        tightest = passed;
        clock->base_cycles = before + passed / 2;
        clock->base_ns = now_ns;
    }
}

/* The rate since the reading before; where the counter stands still, so does time. */
static void rate_measure(struct fl_clock *clock)
{
    const struct fl_clock before = *clock;
    reading_take(clock);
    const uint64_t cycles = clock->base_cycles - before.base_cycles;
    if (cycles > 0)
        clock->ns_per_cycle = (double)(clock->base_ns - before.base_ns) / (double)cycles;
}

void fl_clock_start(struct fl_clock *clock)
{
    const struct timespec pause = {.tv_nsec = FL_CLOCK_FIRST_NS};
    *clock = (struct fl_clock){0};
    reading_take(clock);
    nanosleep(&pause, NULL);
    rate_measure(clock);
}

void fl_clock_follow(struct fl_clock *clock)
{
    if (fl_clock_now_ns() - clock->base_ns >= FL_CLOCK_FOLLOW_NS)
        rate_measure(clock);
}
