/*
 * The reader's table of call stacks (SPEC.md, sections 2 and 3 of a chunk).
 *
 * Frames stand in an array in the order of their numbers in the trace. A lost chunk leaves a
 * gap in those numbers, not in the array: a list of runs says which number each stretch of it
 * begins with, and what the reader gives are places in the array. A trace without damage has
 * one run. Memory: 18 bytes for each frame that was read, so never more than a few times the
 * bytes of the sections.
 */
#include "stacks.h"

#include <stdlib.h>
#include <string.h>

struct run {
    uint32_t first; /* number of its first frame */
    uint32_t index; /* of that frame in the array */
};

struct fl_stacks {
    struct fl_frame *frames;
    uint16_t *depths; /* of each frame: frames of its stack */
    size_t frame_count, frame_capacity, depth_capacity;
    struct run *runs; /* in rising order */
    size_t run_count, run_capacity;
    uint32_t next_frame; /* number that follows without a gap */
    struct fl_module *modules;
    size_t module_count, module_capacity;
};

struct fl_stacks *fl_stacks_new(void)
{
    struct fl_stacks *stacks = calloc(1, sizeof *stacks);
    if (stacks != NULL) {
        stacks->next_frame = 1;
    }
    return stacks;
}

static void module_clear(struct fl_module *module)
{
    free((char *)(uintptr_t)module->path);
    free((char *)(uintptr_t)module->build_id);
}

void fl_stacks_free(struct fl_stacks *stacks)
{
    if (stacks != NULL) {
        for (size_t i = 0; i < stacks->module_count; i++) {
            module_clear(&stacks->modules[i]);
        }
        free(stacks->modules);
        free(stacks->frames);
        free(stacks->depths);
        free(stacks->runs);
        free(stacks);
    }
}

/* Room for one element more in an array that doubles. */
static bool array_reserve(void **array, size_t *capacity, size_t count, size_t element_bytes)
{
    if (count < *capacity) {
        return true;
    }
    const size_t wanted = count == 0 ? 64 : 2 * count;
    void *grown = reallocarray(*array, wanted, element_bytes);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *capacity = wanted;
    return true;
}

static char *text_copy(struct fl_cursor from)
{
    const size_t bytes = fl_cursor_left(&from);
    char *text = malloc(bytes + 1);
    if (text != NULL) {
        if (bytes > 0) {
            memcpy(text, from.at, bytes);
        }
        text[bytes] = '\0';
    }
    return text;
}

static bool get_text(struct fl_cursor *from, struct fl_cursor *text)
{
    uint64_t bytes;
    return fl_get_varint(from, &bytes) && fl_get_span(from, bytes, text) &&
           (bytes == 0 || memchr(text->at, '\0', bytes) == NULL);
}

static const char *module_take(struct fl_stacks *stacks, struct fl_cursor *from)
{
    struct fl_module module;
    struct fl_cursor path, build_id;
    if (!get_text(from, &path) || !get_text(from, &build_id) ||
        !fl_get_varint(from, &module.base) || !fl_get_varint(from, &module.bytes)) {
        return "a malformed module";
    }
    if (!array_reserve((void **)&stacks->modules, &stacks->module_capacity,
                       stacks->module_count, sizeof *stacks->modules)) {
        return "no memory for the modules";
    }
    module.path = text_copy(path);
    module.build_id = text_copy(build_id);
    if (module.path == NULL || module.build_id == NULL) {
        module_clear(&module);
        return "no memory for the modules";
    }
    stacks->modules[stacks->module_count++] = module;
    return NULL;
}

/* Modules that were lost have neither name nor place; there are few in any program. */
#define FL_MODULES_MAX 65536u

static const char *modules_take(struct fl_stacks *stacks, struct fl_cursor from)
{
    uint64_t first, count;
    const struct fl_cursor nothing = {NULL, NULL};
    if (fl_cursor_left(&from) == 0) {
        return NULL;
    }
    if (!fl_get_varint(&from, &first) || !fl_get_varint(&from, &count) ||
        first < stacks->module_count || first > FL_MODULES_MAX ||
        count > FL_MODULES_MAX - first) {
        return "the numbers of the modules are out of order";
    }
    while (stacks->module_count < first) {
        if (!array_reserve((void **)&stacks->modules, &stacks->module_capacity,
                           stacks->module_count, sizeof *stacks->modules)) {
            return "no memory for the modules";
        }
        struct fl_module lost = {text_copy(nothing), text_copy(nothing), 0, 0};
        if (lost.path == NULL || lost.build_id == NULL) {
            module_clear(&lost);
            return "no memory for the modules";
        }
        stacks->modules[stacks->module_count++] = lost;
    }
    for (uint64_t i = 0; i < count; i++) {
        const char *wrong = module_take(stacks, &from);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

uint32_t fl_stacks_of_number(const struct fl_stacks *stacks, uint32_t number)
{
    size_t low = 0, high = stacks->run_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (stacks->runs[middle].first <= number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return FL_STACK_NONE;
    }
    const struct run *run = &stacks->runs[low - 1];
    const size_t end = low < stacks->run_count ? run[1].index : stacks->frame_count;
    const size_t index = run->index + (size_t)(number - run->first);
    return index < end ? (uint32_t)index + 1 : FL_STACK_NONE;
}

static const char *frame_take(struct fl_stacks *stacks, struct fl_cursor *from)
{
    uint64_t distance, module;
    struct fl_frame frame;
    const uint32_t number = stacks->next_frame;
    if (!fl_get_varint(from, &distance) || !fl_get_varint(from, &module) ||
        !fl_get_varint(from, &frame.address) || distance == 0 || distance > number ||
        module > FL_MODULES_MAX) {
        return "a malformed frame";
    }
    if (!array_reserve((void **)&stacks->frames, &stacks->frame_capacity, stacks->frame_count,
                       sizeof *stacks->frames) ||
        !array_reserve((void **)&stacks->depths, &stacks->depth_capacity, stacks->frame_count,
                       sizeof *stacks->depths)) {
        return "no memory for the call stacks";
    }
    frame.parent = fl_stacks_of_number(stacks, number - (uint32_t)distance);
    frame.module = module == 0 ? FL_MODULE_NONE : (uint32_t)module - 1;
    const uint16_t callers =
        frame.parent == FL_STACK_NONE ? 0 : stacks->depths[frame.parent - 1];
    if (callers >= FL_STACK_FRAMES_MAX) {
        return "a stack with too many frames";
    }
    stacks->depths[stacks->frame_count] = (uint16_t)(callers + 1);
    stacks->frames[stacks->frame_count++] = frame;
    stacks->next_frame++;
    return NULL;
}

static const char *run_begin(struct fl_stacks *stacks, uint32_t first)
{
    if (stacks->run_count > 0 && first == stacks->next_frame) {
        return NULL;
    }
    if (!array_reserve((void **)&stacks->runs, &stacks->run_capacity, stacks->run_count,
                       sizeof *stacks->runs)) {
        return "no memory for the call stacks";
    }
    stacks->runs[stacks->run_count++] = (struct run){first, (uint32_t)stacks->frame_count};
    stacks->next_frame = first;
    return NULL;
}

static const char *frames_take(struct fl_stacks *stacks, struct fl_cursor from)
{
    uint64_t first, count;
    if (fl_cursor_left(&from) == 0) {
        return NULL;
    }
    if (!fl_get_varint(&from, &first) || !fl_get_varint(&from, &count) ||
        first < stacks->next_frame || first > FL_FRAMES_MAX || count > FL_FRAMES_MAX - first) {
        return "the numbers of the frames are out of order";
    }
    const char *wrong = run_begin(stacks, (uint32_t)first);
    for (uint64_t i = 0; i < count && wrong == NULL; i++) {
        wrong = frame_take(stacks, &from);
    }
    return wrong;
}

const char *fl_stacks_take(struct fl_stacks *stacks, const struct fl_stack_sections *from)
{
    const char *wrong = modules_take(stacks, from->modules);
    return wrong != NULL ? wrong : frames_take(stacks, from->frames);
}

uint32_t fl_stacks_count(const struct fl_stacks *stacks)
{
    return (uint32_t)stacks->frame_count + 1;
}

const struct fl_frame *fl_stacks_frame(const struct fl_stacks *stacks, uint32_t stack)
{
    return stack != FL_STACK_NONE && stack <= stacks->frame_count ? &stacks->frames[stack - 1]
                                                                  : NULL;
}

const struct fl_module *fl_stacks_module(const struct fl_stacks *stacks, uint32_t number)
{
    return number < stacks->module_count ? &stacks->modules[number] : NULL;
}
