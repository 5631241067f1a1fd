/*
 * A short list under a lock. A live set is copied when the parent's drain comes to the FORK
 * slot, O(live), because the parent goes on; the child claims it a moment later, since it joins
 * before its fork returns. A fork that failed takes it back; what is never claimed, because the
 * child died first, is pushed out by later ones.
 */
#include "nursery.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define OBJECTS_MAX  (8u << 20) /* unclaimed, of all: 256 MiB */
#define SETS_MAX     4096u      /* unclaimed: no program has so many forks under way */
#define WAIT_SECONDS 2

struct fl_nursery {
    pthread_mutex_t lock;
    pthread_cond_t has_more;
    struct fl_inheritance *left; /* the oldest first */
    size_t count, room;
    size_t objects; /* in all of them */
};

struct fl_nursery *fl_nursery_new(void)
{
    struct fl_nursery *nursery = calloc(1, sizeof *nursery);
    if (!nursery)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&nursery->lock, NULL);
    pthread_cond_init(&nursery->has_more, &attributes);
    pthread_condattr_destroy(&attributes);
    return nursery;
}

void fl_nursery_free(struct fl_nursery *nursery)
{
    if (!nursery)
        return;
    for (size_t i = 0; i < nursery->count; i++)
        fl_inheritance_end(&nursery->left[i]);
    free(nursery->left);
    pthread_cond_destroy(&nursery->has_more);
    pthread_mutex_destroy(&nursery->lock);
    free(nursery);
}

static void entry_remove(struct fl_nursery *nursery, size_t at)
{
    nursery->objects -= nursery->left[at].count;
    nursery->count--;
    for (size_t i = at; i < nursery->count; i++)
        nursery->left[i] = nursery->left[i + 1];
}

static void entry_drop(struct fl_nursery *nursery)
{
    struct fl_inheritance oldest = nursery->left[0];
    entry_remove(nursery, 0);
    fl_inheritance_end(&oldest);
}

static bool room_make(struct fl_nursery *nursery)
{
    if (nursery->count < nursery->room)
        return true;
    const size_t room = nursery->room > 0 ? 2 * nursery->room : 16;
    struct fl_inheritance *grown = realloc(nursery->left, room * sizeof *grown);
    if (!grown)
        return false;
    nursery->left = grown;
    nursery->room = room;
    return true;
}

static void note_object(void *user, uint64_t address, struct fl_named object)
{
    struct fl_inheritance *inheritance = user;
    inheritance->objects[inheritance->count++] = (struct fl_heirloom){address, object};
}

static int by_serial(const void *left, const void *right)
{
    const uint64_t one = ((const struct fl_heirloom *)left)->object.serial;
    const uint64_t other = ((const struct fl_heirloom *)right)->object.serial;
    return one < other ? -1 : one > other;
}

static void entry_add(struct fl_nursery *nursery, const struct fl_inheritance *made)
{
    pthread_mutex_lock(&nursery->lock);
    while (nursery->count > 0 &&
           (nursery->objects + made->count > OBJECTS_MAX || nursery->count >= SETS_MAX))
        entry_drop(nursery);
    const bool is_kept = room_make(nursery);
    if (is_kept) {
        nursery->left[nursery->count++] = *made;
        nursery->objects += made->count;
        pthread_cond_broadcast(&nursery->has_more);
    }
    pthread_mutex_unlock(&nursery->lock);
    if (!is_kept)
        free(made->objects);
}

void fl_nursery_put(struct fl_nursery *nursery, pid_t parent, uint64_t fork,
                    uint64_t parent_event, const struct fl_namer *namer)
{
    struct fl_inheritance made = {.parent = parent, .fork = fork, .parent_event = parent_event};
    if (!nursery)
        return;
    const size_t count = fl_namer_count(namer);
    made.objects = malloc((count > 0 ? count : 1) * sizeof *made.objects);
    if (made.objects) {
        fl_namer_walk(namer, note_object, &made);
        qsort(made.objects, made.count, sizeof *made.objects, by_serial);
    }
    entry_add(nursery, &made);
}

void fl_nursery_refuse(struct fl_nursery *nursery, pid_t parent, uint64_t fork)
{
    const struct fl_inheritance made = {.parent = parent, .fork = fork};
    if (nursery)
        entry_add(nursery, &made);
}

static bool entry_take(struct fl_nursery *nursery, pid_t parent, uint64_t fork,
                       struct fl_inheritance *out)
{
    for (size_t i = 0; i < nursery->count; i++) {
        if (nursery->left[i].parent != parent || nursery->left[i].fork != fork)
            continue;
        *out = nursery->left[i];
        entry_remove(nursery, i);
        return true;
    }
    return false;
}

bool fl_nursery_take(struct fl_nursery *nursery, pid_t parent, uint64_t fork,
                     struct fl_inheritance *out)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&nursery->lock);
    bool is_found, is_late = false;
    while (!(is_found = entry_take(nursery, parent, fork, out)) && !is_late)
        is_late = pthread_cond_timedwait(&nursery->has_more, &nursery->lock, &until) != 0;
    pthread_mutex_unlock(&nursery->lock);
    return is_found && out->objects;
}

void fl_nursery_drop(struct fl_nursery *nursery, pid_t parent, uint64_t fork)
{
    struct fl_inheritance unwanted = {0};
    if (!nursery)
        return;
    pthread_mutex_lock(&nursery->lock);
    (void)entry_take(nursery, parent, fork, &unwanted);
    pthread_mutex_unlock(&nursery->lock);
    fl_inheritance_end(&unwanted);
}

void fl_inheritance_end(struct fl_inheritance *inheritance)
{
    free(inheritance->objects);
    *inheritance = (struct fl_inheritance){0};
}
