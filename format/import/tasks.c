/*
 * A table of those that run, dense, with an index from their numbers. What a log says of a task
 * nearly always follows what it said of the same one, so the last one is looked at first.
 * Memory: 48-192 bytes in the index and 400 for each.
 *
 * Processes have address spaces, threads share one. A space begins empty: what a forked process
 * inherited is not in it, so that its frees of that are unknown, and leave the objects of its
 * parent alone, which is what a fork does.
 */
#include "tasks.h"

#include <stdlib.h>

static uint64_t task_key(uint32_t id)
{
    return fl_import_address(id);
}

static bool table_grow(struct fl_tasks *tasks)
{
    if (tasks->count < tasks->capacity) {
        return true;
    }
    const size_t capacity = tasks->capacity == 0 ? 8 : 2 * tasks->capacity;
    struct fl_task *all = realloc(tasks->all, capacity * sizeof *all);
    if (all == NULL) {
        return false;
    }
    tasks->all = all;
    tasks->capacity = capacity;
    return true;
}

static struct fl_task *task_add(struct fl_tasks *tasks, uint32_t id)
{
    const struct fl_named place = {.serial = tasks->count};
    struct fl_named before;
    if (!table_grow(tasks) || fl_namer_add(tasks->index, task_key(id), place, &before) < 0) {
        return NULL;
    }
    if (tasks->count == 0 && tasks->space_count == 0) {
        tasks->space_count = 1;
    }
    const uint32_t space =
        tasks->count == 0 ? tasks->space_count - 1 : tasks->all[tasks->last].space;
    tasks->last = tasks->count++;
    struct fl_task *task = &tasks->all[tasks->last];
    *task = (struct fl_task){.id = id, .space = space};
    return task;
}

bool fl_task_exists(const struct fl_tasks *tasks, uint32_t id)
{
    struct fl_named place;
    return tasks->index != NULL && fl_namer_find(tasks->index, task_key(id), &place);
}

struct fl_task *fl_task_turn(struct fl_tasks *tasks, uint32_t id)
{
    struct fl_named place;
    if (tasks->index == NULL && (tasks->index = fl_namer_new()) == NULL) {
        return NULL;
    }
    if (!fl_namer_find(tasks->index, task_key(id), &place)) {
        return task_add(tasks, id);
    }
    tasks->last = (size_t)place.serial;
    return &tasks->all[tasks->last];
}

void fl_task_move(struct fl_tasks *tasks, struct fl_task *task)
{
    task->space = tasks->space_count++;
}

void fl_task_end(struct fl_tasks *tasks, struct fl_task *task)
{
    struct fl_named place, before;
    struct fl_task *const end = &tasks->all[tasks->count - 1];
    (void)fl_namer_remove(tasks->index, task_key(task->id), &place);
    if (task != end) {
        *task = *end;
        (void)fl_namer_add(tasks->index, task_key(task->id), place, &before);
    }
    tasks->count--;
    tasks->last = 0;
}

size_t fl_tasks_pending(const struct fl_tasks *tasks)
{
    size_t pending = 0;
    for (size_t i = 0; i < tasks->count; i++) {
        pending += tasks->all[i].call_count;
    }
    return pending;
}

void fl_tasks_close(struct fl_tasks *tasks)
{
    fl_namer_free(tasks->index);
    free(tasks->all);
}
