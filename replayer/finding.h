/**
 * A finding: one wrong answer of an allocator, with everything needed to reproduce it.
 *
 * It is plain data without pointers into a process, because it travels from the worker through
 * shared memory.
 *
 * Thread safety: plain data.
 */
#ifndef FL_REPLAY_FINDING_H
#define FL_REPLAY_FINDING_H

#include <stddef.h>
#include <stdint.h>

/* X(name, word in JSON) */
#define FL_FINDING_LIST(X)                                                                     \
    X(NONE, "none")                                                                            \
    X(MISALIGNED, "misaligned")     /* expected: the alignment */                              \
    X(OUTSIDE, "outside-heap")      /* the block is not memory of the heap */                  \
    X(OVERLAP, "overlap")           /* other_*: the live block it shares bytes with */         \
    X(CONTENTS, "contents-changed") /* at_byte, expected, found: when freed or resized */      \
    X(PREFIX_LOST, "prefix-lost")   /* at_byte, expected, found: after a realloc */            \
    X(NOT_ZEROED, "not-zeroed")     /* at_byte, found: after a calloc */                       \
    X(USABLE_SMALL, "usable-small") /* expected: bytes asked for; found: usable size */        \
    X(FREE_REFUSED, "free-refused") /* free said there is no live block */                     \
    X(INVARIANT, "invariant")       /* detail: what the heap's own check said */               \
    X(HANG, "hang")                 /* expected: seconds waited for an answer */               \
    X(CRASH, "crash")               /* found: the signal, or 0 and expected: the exit code */

enum fl_finding_kind {
#define FL_FINDING_ENUM(name, word) FL_FINDING_##name,
    FL_FINDING_LIST(FL_FINDING_ENUM)
#undef FL_FINDING_ENUM
        FL_FINDING_COUNT
};

struct fl_finding {
    uint32_t kind; /* enum fl_finding_kind */
    uint32_t call; /* enum fl_kind, of the event */
    uint64_t event, last_event;
    uint64_t serial;              /* of the object; FL_SERIAL_NONE: no single one */
    uint64_t address, size_bytes; /* of its block */
    uint64_t at_byte, expected, found;
    uint64_t other_serial, other_address, other_bytes;
    char detail[208]; /* printable text, "" when there is none */
};

/** "overlap", ... ; "?" out of range. Static storage. */
const char *fl_finding_word(uint32_t kind);

/** One sentence that names event, object, call, addresses and what was expected. */
void fl_finding_text(const struct fl_finding *finding, char *text, size_t text_bytes);

#endif
