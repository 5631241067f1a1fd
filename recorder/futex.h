/** Futexes in memory shared between processes. Both calls may change errno. */
#ifndef FL_FUTEX_H
#define FL_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"

/** Sleep while `*word` is `expected`, for at most `timeout_ns`. */
static inline void fl_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    const struct timespec timeout = {.tv_sec = timeout_ns / 1000000000,
                                     .tv_nsec = timeout_ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

static inline void fl_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/** Wake whoever sleeps on a doorbell. */
static inline void fl_futex_ring(_Atomic uint32_t *bell)
{
    atomic_fetch_add(bell, 1);
    fl_futex_wake(bell);
}

/** Has the thread of flrec that holds this robust mutex ended, by whatever means? */
static inline bool fl_life_is_over(const pthread_mutex_t *life)
{
    /* The C library keeps a mutex's futex word, owner and death mark first. */
    const _Atomic uint32_t *word = (const _Atomic uint32_t *)(const void *)life;
    return (atomic_load(word) & FUTEX_OWNER_DIED) != 0;
}

#endif
