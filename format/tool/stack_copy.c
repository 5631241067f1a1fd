/*
 * Frames and modules are copied when a stack that leads to them is first used. Memory: 4 bytes
 * for each frame and module of the old trace.
 */
#include "stack_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/assert.h>

/* Make `*numbers` hold index `wanted`; new entries get the bytes of `filler`. */
static bool numbers_reserve(uint32_t **numbers, size_t *room, size_t wanted, int filler)
{
    if (wanted < *room) {
        return true;
    }
    const size_t grown_room = 2 * wanted + 64;
    uint32_t *grown = reallocarray(*numbers, grown_room, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    memset(grown + *room, filler, (grown_room - *room) * sizeof *grown);
    *numbers = grown;
    *room = grown_room;
    return true;
}

static enum fl_status no_memory(struct fl_error *err)
{
    return fl_fail(err, FL_NOMEM, "no memory for the call stacks");
}

static enum fl_status module_write(struct fl_stack_copy *copy, const struct fl_module *module,
                                   uint32_t *number, struct fl_error *err)
{
    char *text = NULL;
    if (copy->shared == NULL) {
        return fl_writer_module(copy->writer, module, number, err);
    }
    if (asprintf(&text, "%" PRIx64 " %" PRIx64 " %s %s", module->base, module->bytes,
                 module->build_id, module->path) < 0) {
        return no_memory(err);
    }
    const uint32_t known_count = copy->shared->count;
    const uint32_t known = fl_names_add(copy->shared, text);
    if (known == FL_NAME_NONE) {
        return no_memory(err);
    }
    *number = known;
    if (known < known_count) {
        return FL_OK;
    }
    const enum fl_status status = fl_writer_module(copy->writer, module, number, err);
    FL_ASSERT(status != FL_OK || *number == known, "all modules were written from here");
    return status;
}

static enum fl_status module_copy(struct fl_stack_copy *copy, uint32_t module, uint32_t *number,
                                  struct fl_error *err)
{
    const struct fl_module *found = fl_stacks_module(copy->stacks, module);
    *number = FL_MODULE_NONE;
    if (found == NULL) {
        return FL_OK;
    }
    if (!numbers_reserve(&copy->modules, &copy->module_room, module, 0xFF)) {
        return no_memory(err);
    }
    enum fl_status status = FL_OK;
    if (copy->modules[module] == FL_MODULE_NONE) {
        status = module_write(copy, found, &copy->modules[module], err);
    }
    *number = copy->modules[module];
    return status;
}

/* The frames of `stack` that have no new number yet, the innermost first. */
static bool chain_find(struct fl_stack_copy *copy, uint32_t stack)
{
    const struct fl_frame *frame;
    copy->chain_count = 0;
    while (stack != FL_STACK_NONE && copy->frames[stack] == FL_STACK_NONE &&
           (frame = fl_stacks_frame(copy->stacks, stack)) != NULL) {
        if (copy->chain_count == copy->chain_room) {
            const size_t room = 2 * copy->chain_room + 64;
            uint32_t *grown = reallocarray(copy->chain, room, sizeof *grown);
            if (grown == NULL) {
                return false;
            }
            copy->chain = grown;
            copy->chain_room = room;
        }
        copy->chain[copy->chain_count++] = stack;
        stack = frame->parent;
    }
    return true;
}

static enum fl_status frame_copy(struct fl_stack_copy *copy, uint32_t stack,
                                 struct fl_error *err)
{
    const struct fl_frame *frame = fl_stacks_frame(copy->stacks, stack);
    struct fl_frame written = *frame;
    written.parent =
        frame->parent == FL_STACK_NONE ? FL_STACK_NONE : copy->frames[frame->parent];
    const enum fl_status status = module_copy(copy, frame->module, &written.module, err);
    if (status != FL_OK) {
        return status;
    }
    copy->frames[stack] = fl_writer_frame(copy->writer, &written);
    return copy->frames[stack] == FL_STACK_NONE ? no_memory(err) : FL_OK;
}

enum fl_status fl_stack_copy(struct fl_stack_copy *copy, uint32_t stack, uint32_t *number,
                             struct fl_error *err)
{
    *number = FL_STACK_NONE;
    if (copy->stacks == NULL || fl_stacks_frame(copy->stacks, stack) == NULL) {
        return FL_OK;
    }
    if (!numbers_reserve(&copy->frames, &copy->frame_room, stack, 0) ||
        !chain_find(copy, stack)) {
        return no_memory(err);
    }
    while (copy->chain_count > 0) {
        const enum fl_status status = frame_copy(copy, copy->chain[--copy->chain_count], err);
        if (status != FL_OK) {
            return status;
        }
    }
    *number = copy->frames[stack];
    return FL_OK;
}

void fl_stack_copy_clear(struct fl_stack_copy *copy)
{
    free(copy->frames);
    free(copy->modules);
    free(copy->chain);
}
