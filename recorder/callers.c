/*
 * From the numbers by which a ring names its stacks to those of the trace.
 *
 * The frames of a new stack come one by one, the innermost first, and then its number. From the
 * outermost on, each becomes a node of the trace's tree, so that stacks of all rings share what
 * they have in common.
 */
#include "callers.h"

#include <stdlib.h>

#include "modules.h"
#include "ring.h"

/* What a ring's numbers mean, and the frames of the stack that is being told. */
struct ring_stacks {
    uint32_t *ids; /* by number */
    size_t count, capacity;
    uint64_t *frames; /* FL_STACK_DEPTH_MAX of them; NULL before the first */
    uint32_t frame_count;
};

struct fl_callers {
    pid_t pid;
    uint32_t ring_count;
    struct fl_modules *modules;
    struct ring_stacks rings[];
};

struct fl_callers *fl_callers_new(uint32_t ring_count, pid_t pid)
{
    struct fl_callers *callers =
        calloc(1, sizeof *callers + ring_count * sizeof *callers->rings);
    if (!callers)
        return NULL;
    callers->pid = pid;
    callers->ring_count = ring_count;
    callers->modules = fl_modules_new();
    if (!callers->modules) {
        free(callers);
        return NULL;
    }
    return callers;
}

void fl_callers_free(struct fl_callers *callers)
{
    if (!callers)
        return;
    for (uint32_t i = 0; i < callers->ring_count; i++) {
        free(callers->rings[i].ids);
        free(callers->rings[i].frames);
    }
    fl_modules_free(callers->modules);
    free(callers);
}

void fl_callers_read_modules(struct fl_callers *callers)
{
    fl_modules_read(callers->modules, callers->pid);
}

void fl_callers_frame(struct fl_callers *callers, uint32_t ring, uint64_t number,
                      uint64_t address)
{
    struct ring_stacks *stacks = &callers->rings[ring];
    if (!stacks->frames)
        stacks->frames = malloc(FL_STACK_DEPTH_MAX * sizeof *stacks->frames);
    if (stacks->frames && number == stacks->count && stacks->frame_count < FL_STACK_DEPTH_MAX)
        stacks->frames[stacks->frame_count++] = address;
}

/* The frames that were told, as a path in the trace's tree. */
static uint32_t stack_make(struct fl_callers *callers, struct fl_writer *writer,
                           struct ring_stacks *stacks)
{
    uint32_t stack = FL_STACK_NONE;
    for (uint32_t i = stacks->frame_count; i-- > 0;) {
        struct fl_frame frame = {.parent = stack};
        fl_modules_find(callers->modules, writer, stacks->frames[i], &frame);
        const uint32_t inner = fl_writer_frame(writer, &frame);
        if (inner == FL_STACK_NONE)
            break;
        stack = inner;
    }
    stacks->frame_count = 0;
    return stack;
}

static bool ids_reserve(struct ring_stacks *stacks)
{
    if (stacks->count < stacks->capacity)
        return true;
    const size_t capacity = 2 * stacks->capacity + 256;
    uint32_t *grown = reallocarray(stacks->ids, capacity, sizeof *grown);
    if (!grown)
        return false;
    stacks->ids = grown;
    stacks->capacity = capacity;
    return true;
}

uint32_t fl_callers_stack(struct fl_callers *callers, struct fl_writer *writer, uint32_t ring,
                          uint64_t number)
{
    struct ring_stacks *stacks = &callers->rings[ring];
    if (number == stacks->count && stacks->frame_count > 0 && ids_reserve(stacks))
        stacks->ids[stacks->count++] = stack_make(callers, writer, stacks);
    return number < stacks->count ? stacks->ids[number] : FL_STACK_NONE;
}
