/**
 * How the measure pass writes payload, as the program would that asked for it: first-touch
 * faults and the cache misses of fresh memory are a cost of the allocator that chose the place.
 *
 * Of blocks above FL_TOUCH_WHOLE_BYTES only the edges are written: a program that asks for so
 * much reserves it, and writing all of it could take more memory than the machine has.
 *
 * Thread safety: pure but for the block.
 */
#ifndef FL_REPLAY_TOUCH_H
#define FL_REPLAY_TOUCH_H

#include <stddef.h>
#include <string.h>

#define FL_TOUCH_CHOICES     "none|first|page|all" /* in the order of the enum */
#define FL_TOUCH_WHOLE_BYTES ((size_t)64 << 20)
#define FL_TOUCH_EDGE_BYTES  ((size_t)1 << 20)
#define FL_TOUCH_PAGE_BYTES  4096u
#define FL_TOUCH_BYTE        0x5A

enum fl_touch {
    FL_TOUCH_NONE,  /* nothing is written */
    FL_TOUCH_FIRST, /* the first new byte */
    FL_TOUCH_PAGE,  /* one byte in each FL_TOUCH_PAGE_BYTES, from the first new one on */
    FL_TOUCH_ALL,   /* each new byte */
};

/** "none", ... ; static storage. */
static inline const char *fl_touch_word(enum fl_touch touch)
{
    static const char *const words[] = {[FL_TOUCH_NONE] = "none",
                                        [FL_TOUCH_FIRST] = "first",
                                        [FL_TOUCH_PAGE] = "page",
                                        [FL_TOUCH_ALL] = "all"};
    return words[touch];
}

/** Write bytes [from, to) of `block` in the manner of `touch`. */
__attribute__((always_inline)) static inline void
fl_touch_range(unsigned char *block, size_t from, size_t to, const enum fl_touch touch)
{
    if (touch == FL_TOUCH_NONE || from >= to) {
        return;
    }
    if (touch == FL_TOUCH_ALL) {
        memset(block + from, FL_TOUCH_BYTE, to - from);
        return;
    }
    const size_t end = touch == FL_TOUCH_FIRST ? from + 1 : to;
    for (size_t at = from; at < end; at += FL_TOUCH_PAGE_BYTES) {
        block[at] = FL_TOUCH_BYTE;
    }
}

/** Write the new bytes of a block that had `old_bytes` and now has `bytes`; NULL: nothing. */
__attribute__((always_inline)) static inline void
fl_touch_block(void *block, size_t old_bytes, size_t bytes, const enum fl_touch touch)
{
    if (touch == FL_TOUCH_NONE || block == NULL) {
        return;
    }
    if (__builtin_expect(bytes <= FL_TOUCH_WHOLE_BYTES, 1)) {
        fl_touch_range(block, old_bytes, bytes, touch);
        return;
    }
    const size_t tail = bytes - FL_TOUCH_EDGE_BYTES;
    fl_touch_range(block, old_bytes, FL_TOUCH_EDGE_BYTES, touch);
    fl_touch_range(block, old_bytes > tail ? old_bytes : tail, bytes,
                   touch == FL_TOUCH_FIRST ? FL_TOUCH_NONE : touch);
}

#endif
