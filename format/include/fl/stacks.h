/**
 * Call stacks of a trace: a tree of frames over a list of modules.
 *
 * A stack is the number of its innermost frame; that frame's parent is its caller, up to the
 * root, 0, which is no frame. So stacks share what they have in common, and one number names a
 * stack. Frames number from 1, modules from 0, both over the whole trace, and what was lost
 * with a damaged chunk has no number.
 *
 * Thread safety: a table belongs to the thread of its reader.
 */
#ifndef FL_STACKS_H
#define FL_STACKS_H

#include <stddef.h>
#include <stdint.h>

#define FL_STACK_NONE  0u         /* no stack is known */
#define FL_MODULE_NONE UINT32_MAX /* code of no file: made at run time */
#define FL_FRAMES_MAX  (1u << 28) /* frames and modules in a trace, each */
#define FL_STACK_FRAMES_MAX                                                                    \
    1024u /* frames of a stack: who prints all stacks of a chain of n prints n * n / 2 */

/** One frame: where a call returns to. */
struct fl_frame {
    uint64_t address; /* as the module's ELF file numbers it; of no module: in memory */
    uint32_t parent;  /* the caller's frame, FL_STACK_NONE for the outermost */
    uint32_t module;  /* or FL_MODULE_NONE */
};

/** A file mapped into the program: executable, shared library, or the kernel's [vdso]. */
struct fl_module {
    const char *path;
    const char *build_id; /* hexadecimal, "" when it has none */
    uint64_t base;        /* lowest address in memory */
    uint64_t bytes;       /* from there to the end of the highest mapping */
};

struct fl_stacks;

/** One more than the highest stack so far. */
uint32_t fl_stacks_count(const struct fl_stacks *stacks);

/** Frame of `stack`, or NULL for FL_STACK_NONE and what is not there. */
const struct fl_frame *fl_stacks_frame(const struct fl_stacks *stacks, uint32_t stack);

/** Module `number`, or NULL. Owned by the table. */
const struct fl_module *fl_stacks_module(const struct fl_stacks *stacks, uint32_t number);

#endif
