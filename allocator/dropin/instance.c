/*
 * One heap, one lock, fork.
 *
 * The lock is an adaptive mutex of libpthread: a call is shorter than a system call, so waiting
 * is spinning first. While the C library knows that there is one thread no lock is taken.
 * Beside it each thread knows where it is, so that coming back in the middle of a call, which
 * only a signal handler can do, is told from waiting for another thread: it would wait for
 * ever.
 *
 *   OUTSIDE --enter--> ALONE or LOCKED --leave--> OUTSIDE      LOCKED from before the lock is asked
 *                                                              for until after it was given back
 *   OUTSIDE --fork: prepare--> FORKING --parent, child--> OUTSIDE      enter and leave between are
 *                                                                      no locking: it is held
 *
 * fork happens between two calls of the family, never during one: the child has a whole heap
 * and a free lock. All variables here are written under the lock, but for `place`, the thread's
 * own, and `is_registered`.
 */
#include "instance.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
#define __libc_single_threaded 0
#endif

#include "report.h"
#include "settings.h"

#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#define LOCK_FREE PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#else
#define LOCK_FREE PTHREAD_MUTEX_INITIALIZER
#endif

enum place { OUTSIDE, ALONE, LOCKED, FORKING, FORKING_INSIDE };

static _Thread_local volatile sig_atomic_t place;
static pthread_mutex_t lock = LOCK_FREE;
static struct fl_allocator *instance; /* NULL until the first call */
static struct fl_settings settings;   /* valid when settings.ops is set */
static uint64_t calls_since_check;    /* counted when checks are on */
static atomic_bool is_registered;     /* the fork handlers */

/* ---- fork ---- */

/* A handler of somebody else that allocates between ours finds FORKING: any order is right. A
 * fork in a signal handler that interrupted a call leaves all as it is: the interrupted call
 * goes on in both processes, with the lock it holds. */
static void fork_prepare(void)
{
    if (place != OUTSIDE)
        return;
    place = FORKING;
    pthread_mutex_lock(&lock);
}

static void fork_parent(void)
{
    if (place != FORKING)
        return;
    pthread_mutex_unlock(&lock);
    place = OUTSIDE;
}

/* Made anew: threads that waited for it are not here to be woken. */
static void fork_child(void)
{
    if (place != FORKING)
        return;
    static const pthread_mutex_t fresh = LOCK_FREE;
    lock = fresh;
    place = OUTSIDE;
}

/* Outside the lock: registering may allocate (glibc: from the 49th handler on). */
static void fork_register(void)
{
    if (!atomic_exchange(&is_registered, true) &&
        pthread_atfork(fork_prepare, fork_parent, fork_child) != 0)
        atomic_store(&is_registered, false);
}

/* ---- the instance ---- */

static void instance_make(void)
{
    if (settings.ops == NULL)
        fl_settings_read(&settings);
    const int failed = settings.ops->create(&settings.config, &instance);
    if (failed == -EINVAL)
        fl_settings_refuse("these knobs of %s do not go together", settings.ops->name);
    if (failed != 0)
        return;
    if (instance->alignment < _Alignof(max_align_t))
        fl_settings_refuse("align is at least %zu for a malloc: C promises it",
                           _Alignof(max_align_t));
}

_Noreturn static void reentered(const char *call)
{
    fl_report("%s: called by a signal handler that interrupted malloc, free or the like", call);
    abort();
}

struct fl_allocator *fl_instance_enter(const char *call)
{
    if (__builtin_expect(!atomic_load_explicit(&is_registered, memory_order_relaxed), false))
        fork_register();
    if (__builtin_expect(place != OUTSIDE, false)) {
        if (place != FORKING)
            reentered(call);
        place = FORKING_INSIDE;
    } else if (__libc_single_threaded) {
        place = ALONE;
    } else {
        place = LOCKED;
        pthread_mutex_lock(&lock);
    }
    if (__builtin_expect(instance == NULL, false))
        instance_make();
    return instance;
}

void fl_instance_leave(void)
{
    if (place == LOCKED)
        pthread_mutex_unlock(&lock);
    place = place == FORKING_INSIDE ? FORKING : OUTSIDE;
}

static void check_now(void)
{
    struct fl_check_report report;
    calls_since_check = 0;
    if (instance->ops->check(instance, settings.depth, &report))
        return;
    fl_instance_leave();
    fl_report_check(&report);
}

void fl_instance_finish(void)
{
    if (__builtin_expect(settings.is_checked, false) && instance != NULL &&
        ++calls_since_check >= settings.check_every)
        check_now();
    fl_instance_leave();
}

/* Before main, so that a mistake in FLMALLOC is told whether or not the program allocates. */
__attribute__((constructor)) static void start(void)
{
    fl_instance_enter("start");
    fl_instance_leave();
}

/* Not when exit was called by a handler in the middle of a call. */
__attribute__((destructor)) static void end(void)
{
    if (!settings.has_stats || place != OUTSIDE || instance == NULL)
        return;
    struct fl_alloc_stats stats;
    fl_instance_enter("end");
    instance->ops->stats(instance, &stats);
    fl_instance_leave();
    fl_report_stats(instance->ops->name, &stats);
}
