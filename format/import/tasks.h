/*
 * Threads and processes of a log by the system's number, with the calls each has begun and not
 * ended. See tasks.c.
 */
#ifndef FL_IMPORT_TASKS_H
#define FL_IMPORT_TASKS_H

#include <fl/namer.h>

#include "family.h"

#define FL_TASK_CALLS_MAX                                                                      \
    8u /* begun and not ended: reallocarray, in it realloc, in it malloc, each seen twice */

struct fl_task {
    uint32_t id;     /* the system's number */
    uint32_t space;  /* number of its process' address space, from 0 */
    bool is_forked;  /* it is known to be a process of its own */
    bool is_sharing; /* ltrace: the SYS_clone that it is in makes a thread */
    bool is_done;    /* valgrind: a result may come that says nothing new */
    size_t call_count;
    struct fl_family_call calls[FL_TASK_CALLS_MAX]; /* the outermost first */
};

struct fl_tasks {
    struct fl_namer *index; /* id to place in `all` */
    struct fl_task *all;    /* owned */
    size_t count, capacity;
    size_t last;          /* place of the task that was asked for last */
    uint32_t space_count; /* numbers given away */
};

/* fl_task_get of another task than the last time. */
struct fl_task *fl_task_turn(struct fl_tasks *tasks, uint32_t id);

/* The task `id`; a new one is in the address space of the task that was asked for last, or in
 * the first. NULL: no memory. Valid until the next call of these. */
static inline struct fl_task *fl_task_get(struct fl_tasks *tasks, uint32_t id)
{
    return tasks->count > 0 && tasks->all[tasks->last].id == id ? &tasks->all[tasks->last]
                                                                : fl_task_turn(tasks, id);
}

/* Does the task exist? */
bool fl_task_exists(const struct fl_tasks *tasks, uint32_t id);

/* What it allocates from now on is in an address space that it has for itself, empty so far. */
void fl_task_move(struct fl_tasks *tasks, struct fl_task *task);

/* It is over: the number may be another's. */
void fl_task_end(struct fl_tasks *tasks, struct fl_task *task);

/* Calls of all tasks that were begun and not ended. */
size_t fl_tasks_pending(const struct fl_tasks *tasks);

void fl_tasks_close(struct fl_tasks *tasks);

#endif
