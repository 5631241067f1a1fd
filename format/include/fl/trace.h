/**
 * What a trace holds: calls, objects, operations, metadata and the named limits.
 * The bytes on disk are in format/SPEC.md; this header is the model in memory.
 *
 * Terms: an *event* is one recorded call of the malloc family, numbered from 0 in the trace's
 * order; other *records* (thread and time changes, marks, losses) stand between events and have
 * no number. A *serial* numbers the allocations of a trace from 0; a realloc that succeeds ends
 * one serial and begins the next. A *slot* is a small number for a live object, reused after
 * its free; slots are dense, so a table of `peak live` entries serves any trace.
 */
#ifndef FL_TRACE_H
#define FL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FL_FORMAT_MAJOR 1
#define FL_FORMAT_MINOR 0

/* Limits a reader enforces before it takes memory (SPEC.md, "Limits"). */
#define FL_CHUNK_RECORDS_DEFAULT (256u * 1024)        /* records per chunk when recording */
#define FL_CHUNK_RECORDS_MAX     (4u * 1024 * 1024)   /* records in any chunk */
#define FL_CHUNK_BYTES_MAX       (64u * 1024 * 1024)  /* decoded bytes of any chunk */
#define FL_METADATA_BYTES_MAX    (16u * 1024 * 1024)  /* file header or end record */
#define FL_INDEX_BYTES_MAX       (256u * 1024 * 1024) /* index or seek table */
#define FL_METADATA_ITEMS_MAX    4096u                /* items in one list of metadata */
#define FL_NUMBER_MAX            (UINT64_C(1) << 62)  /* first event, serial, chunk: below it */
#define FL_BATCH_OPS             4096u                /* operations in one batch at most */

/* X(name, text): the calls of the malloc family. Part of the format: append only. */
#define FL_CALL_LIST(X)                                                                        \
    X(MALLOC, "malloc")                                                                        \
    X(CALLOC, "calloc")                                                                        \
    X(REALLOC, "realloc")                                                                      \
    X(REALLOCARRAY, "reallocarray")                                                            \
    X(POSIX_MEMALIGN, "posix_memalign")                                                        \
    X(ALIGNED_ALLOC, "aligned_alloc")                                                          \
    X(MEMALIGN, "memalign")                                                                    \
    X(VALLOC, "valloc")                                                                        \
    X(PVALLOC, "pvalloc")                                                                      \
    X(FREE, "free")                                                                            \
    X(FREE_SIZED, "free_sized")                                                                \
    X(FREE_ALIGNED_SIZED, "free_aligned_sized")                                                \
    X(USABLE_SIZE, "malloc_usable_size")

/* X(name, text): records that are no calls. They follow the calls in enum fl_kind. */
#define FL_RECORD_LIST(X)                                                                      \
    X(THREAD_START, "thread-start") /* number = thread, extra = system's thread id */          \
    X(THREAD_END, "thread-end")     /* number = thread */                                      \
    X(THREAD, "thread")             /* number = thread that makes the following events */      \
    X(TICK, "tick")                 /* number = ns that passed since the last tick */          \
    X(MARK, "mark")                 /* text, see fl_reader_text */                             \
    X(LOST, "lost")                 /* number = events lost here */

enum fl_kind {
#define FL_CALL_ENUM(name, text) FL_CALL_##name,
    FL_CALL_LIST(FL_CALL_ENUM) FL_CALL_COUNT,
    FL_RECORD_BEFORE_FIRST = FL_CALL_COUNT - 1,
#define FL_RECORD_ENUM(name, text) FL_RECORD_##name,
    FL_RECORD_LIST(FL_RECORD_ENUM) FL_KIND_COUNT
#undef FL_CALL_ENUM
#undef FL_RECORD_ENUM
};

/** "malloc", "thread-start", ... ; "?" out of range. Static storage. */
const char *fl_kind_name(unsigned kind);

/** Is this kind a call (an event), and not a record between events? */
static inline bool fl_kind_is_call(unsigned kind)
{
    return kind < FL_CALL_COUNT;
}

/* Flags of an event or operation. Which ones can occur together is in SPEC.md. */
enum fl_flag {
    FL_FLAG_FAILED = 1,  /* an allocating call returned NULL (and freed nothing) */
    FL_FLAG_NULL = 2,    /* the pointer argument was NULL: free(NULL), realloc(NULL, n) */
    FL_FLAG_UNKNOWN = 4, /* the pointer argument was of no live object of this trace */
    FL_FLAG_FREED = 8, /* realloc(p, 0) that freed p, which may be UNKNOWN, and returned NULL */
    FL_FLAG_IMPLIED = 16 /* a free nobody saw: its address was handed out again. No event */
};

#define FL_ALIGN_DEFAULT 0u /* align_log2: none asked for */
#define FL_ALIGN_INVALID                                                                       \
    0xFFu /* align_log2: a failed call whose alignment is no power of two */
#define FL_SLOT_NONE   UINT32_MAX
#define FL_SERIAL_NONE UINT64_MAX

/**
 * One operation, ready to run; 16 bytes, so that a batch of 4,096 stays in the second-level
 * cache. By kind:
 *
 *   allocating call   slot = the new object (FL_SLOT_NONE when FAILED), size_bytes as asked
 *   realloc family    slot = the object before and after: it keeps its slot. With NULL or
 *                     UNKNOWN slot is a new object. With FREED the slot ends here. With FAILED
 *                     the object stays as it was (FL_SLOT_NONE when NULL or UNKNOWN too).
 *   free family       slot = the object that ends; FL_SLOT_NONE with NULL or UNKNOWN;
 *                     size_bytes as given to the sized frees, else 0
 *   usable size       slot = the object, size_bytes = what the program was told
 *   records           size_bytes = the number named in FL_RECORD_LIST;
 *                     THREAD_START: slot = low 32 bits of the system's thread id
 */
struct fl_op {
    uint64_t size_bytes;
    uint32_t slot;
    uint8_t kind;       /* enum fl_kind */
    uint8_t align_log2; /* alignment = 1 << align_log2; FL_ALIGN_DEFAULT, FL_ALIGN_INVALID */
    uint8_t flags;      /* enum fl_flag */
    uint8_t reserved;   /* 0 */
};
_Static_assert(sizeof(struct fl_op) == 16, "a batch is 4,096 operations of 16 bytes");

/** Does this operation hand out a new object (and so use up the next serial)? */
static inline bool fl_op_allocates(const struct fl_op *op)
{
    return op->kind <= FL_CALL_PVALLOC && !(op->flags & (FL_FLAG_FAILED | FL_FLAG_FREED));
}

/**
 * Metadata: named byte strings in the order they were set. Names are lower case words joined by
 * '_'; SPEC.md lists the known ones ("exe", "argv", "pid", "page_size", ...). Integers are
 * decimal text, lists are joined by NUL bytes. A name occurs once: setting it again replaces.
 */
struct fl_metadata;

/** A new, empty list, or NULL when out of memory. End with fl_metadata_free. */
struct fl_metadata *fl_metadata_new(void);
void fl_metadata_free(struct fl_metadata *meta);

/** Set `name` to `value[0 .. bytes)`; both are copied. False when out of memory. */
bool fl_metadata_set(struct fl_metadata *meta, const char *name, const void *value,
                     size_t bytes);
bool fl_metadata_set_text(struct fl_metadata *meta, const char *name, const char *text);
/** Set all of `from`, which may be NULL. False when out of memory. */
bool fl_metadata_copy(struct fl_metadata *to, const struct fl_metadata *from);
bool fl_metadata_set_number(struct fl_metadata *meta, const char *name, uint64_t number);

/** Value of `name`, or NULL; `*bytes` (may be NULL) its length. A NUL byte follows the
 * value. */
const char *fl_metadata_get(const struct fl_metadata *meta, const char *name, size_t *bytes);

/** How many there are, and number `i` of them (0 .. count - 1). */
size_t fl_metadata_count(const struct fl_metadata *meta);
void fl_metadata_at(const struct fl_metadata *meta, size_t i, const char **name,
                    const char **value, size_t *bytes);

#endif
