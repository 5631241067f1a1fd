/*
 * Text of Android's memory_replay, as malloc_debug's record_allocs writes it; a line a call, of
 * the thread TID, with two times in nanoseconds since Android 14 or so:
 *
 *     TID: malloc POINTER SIZE [START END]
 *     TID: calloc POINTER COUNT SIZE [START END]
 *     TID: memalign POINTER ALIGNMENT SIZE [START END]
 *     TID: realloc POINTER OLD_POINTER SIZE [START END]
 *     TID: free POINTER [START END]
 *     TID: thread_done 0x0 [END]
 *
 * Pointers are hexadecimal, the rest is decimal. memalign stands for posix_memalign and
 * aligned_alloc too, whose names are taken as well should someone write them.
 *
 * Source: platform/system/extras, libmemory_trace/MemoryTrace.cpp and
 * memory_replay/dumps/README.
 */
#include "formats.h"
#include "text.h"

enum action {
    ACTION_ALLOC,
    ACTION_CALLOC,
    ACTION_ALIGNED,
    ACTION_REALLOC,
    ACTION_FREE,
    ACTION_DONE
};

#define VERB_BYTES 16u

static const struct verb {
    char name[VERB_BYTES]; /* filled up with NULs, so that eight bytes of it can be loaded */
    size_t bytes;
    enum action action;
    enum fl_kind kind;
} verbs[] = {
#define VERB(name, action, kind)                                                               \
    {                                                                                          \
        name, sizeof(name) - 1, ACTION_##action, FL_CALL_##kind                                \
    }
    /* the most frequent ones first */
    VERB("malloc", ALLOC, MALLOC),
    VERB("free", FREE, FREE),
    VERB("realloc", REALLOC, REALLOC),
    VERB("calloc", CALLOC, CALLOC),
    VERB("memalign", ALIGNED, MEMALIGN),
    VERB("thread_done", DONE, FREE),
    VERB("posix_memalign", ALIGNED, POSIX_MEMALIGN),
    VERB("aligned_alloc", ALIGNED, ALIGNED_ALLOC),
#undef VERB
};

/* A line. */
struct entry {
    const struct verb *verb;
    uint64_t tid, pointer;
    uint64_t first; /* count, alignment or old pointer */
    uint64_t size_bytes;
    uint64_t start_ns;
    bool has_times;
};

/* Does the verb stand at `at`? Short ones in one comparison: a line has FL_INPUT_SLACK bytes
 * behind it. */
static inline bool verb_is_at(const struct verb *verb, const uint8_t *at)
{
    if (verb->bytes > 8) {
        return memcmp(at, verb->name, verb->bytes) == 0;
    }
    const uint64_t others = fl_load64(at) ^ fl_load64((const uint8_t *)verb->name);
    return others << 8 * (8 - verb->bytes) == 0;
}

/* The verb that comes next, and a blank behind it; NULL: none of them. */
static inline const struct verb *verb_take(struct fl_cursor *line)
{
    fl_text_skip_blanks(line);
    const size_t left = fl_cursor_left(line);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const size_t bytes = verbs[i].bytes;
        if (bytes < left && fl_text_is_blank(line->at[bytes]) &&
            verb_is_at(&verbs[i], line->at)) {
            line->at += bytes;
            return &verbs[i];
        }
    }
    return NULL;
}

static bool arguments_read(struct fl_cursor *line, struct entry *entry)
{
    switch (entry->verb->action) {
    case ACTION_ALLOC:
        return fl_text_decimal(line, &entry->size_bytes);
    case ACTION_CALLOC:
    case ACTION_ALIGNED:
        return fl_text_decimal(line, &entry->first) &&
               fl_text_decimal(line, &entry->size_bytes);
    case ACTION_REALLOC:
        return fl_text_hex(line, &entry->first) && fl_text_decimal(line, &entry->size_bytes);
    case ACTION_FREE:
    case ACTION_DONE:
        break;
    }
    return true;
}

/* The two times of a call, the one of a thread's end, or none. */
static bool times_read(struct fl_cursor *line, struct entry *entry)
{
    uint64_t end_ns;
    if (fl_text_is_over(line)) {
        return true;
    }
    entry->has_times = true;
    return fl_text_decimal(line, &entry->start_ns) &&
           (entry->verb->action == ACTION_DONE || fl_text_decimal(line, &end_ns)) &&
           fl_text_is_over(line);
}

/* NULL, or what is wrong with the line. */
static const char *entry_read(struct fl_cursor line, struct entry *entry)
{
    *entry = (struct entry){0};
    if (!fl_text_decimal(&line, &entry->tid) || entry->tid > UINT32_MAX ||
        !FL_TEXT_TAKE(&line, ":")) {
        return "it does not begin with the number of a thread and a colon";
    }
    entry->verb = verb_take(&line);
    if (entry->verb == NULL) {
        return "no known call";
    }
    if (!fl_text_hex(&line, &entry->pointer) || !arguments_read(&line, entry) ||
        !times_read(&line, entry)) {
        return "the arguments are not those of the call";
    }
    if (entry->verb->action == ACTION_CALLOC &&
        __builtin_mul_overflow(entry->first, entry->size_bytes, &entry->size_bytes)) {
        entry->size_bytes = UINT64_MAX;
        return entry->pointer == 0 ? NULL : "a calloc of more than 2^64 bytes succeeded";
    }
    return entry->verb->action == ACTION_ALIGNED && entry->first > UINT64_C(1) << 63
               ? "an alignment above 2^63"
               : NULL;
}

static void entry_report(struct fl_import *import, const struct entry *entry)
{
    const enum fl_kind kind = entry->verb->kind;
    switch (entry->verb->action) {
    case ACTION_ALLOC:
    case ACTION_CALLOC:
        fl_import_alloc(import, kind, entry->pointer, entry->size_bytes, FL_ALIGN_DEFAULT);
        break;
    case ACTION_ALIGNED:
        fl_import_alloc(import, kind, entry->pointer, entry->size_bytes,
                        fl_import_align(entry->first));
        break;
    case ACTION_REALLOC:
        fl_import_realloc(import, kind, entry->first, entry->pointer, entry->size_bytes);
        break;
    case ACTION_FREE:
        fl_import_free(import, kind, entry->pointer, 0);
        break;
    case ACTION_DONE:
        fl_import_thread_end(import, (uint32_t)entry->tid);
        break;
    }
}

static const char *android_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    (void)state;
    struct entry entry;
    const char *wrong = entry_read(line, &entry);
    if (wrong != NULL) {
        return wrong;
    }
    if (entry.has_times) {
        fl_import_time(import, entry.start_ns);
    }
    if (entry.verb->action != ACTION_DONE) {
        fl_import_thread(import, (uint32_t)entry.tid);
    }
    entry_report(import, &entry);
    return NULL;
}

static bool android_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    struct entry entry;
    return fl_text_first_line(&bytes, &line) && entry_read(line, &entry) == NULL;
}

static enum fl_status android_open(struct fl_import *import, void *state, struct fl_error *err)
{
    (void)state;
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(fl_import_input(import), 1, &at, &have, err);
    struct fl_cursor bytes = {at, at + have}, line;
    struct entry entry = {0};
    while (status == FL_OK && !entry.has_times && fl_text_first_line(&bytes, &line)) {
        (void)entry_read(line, &entry);
    }
    if (entry.has_times) {
        fl_import_set_times(import);
    }
    return status;
}

const struct fl_import_format fl_import_android = {
    .name = "android",
    .summary = "Android's memory_replay text (malloc_debug's record_allocs)",
    .gaps = "which aligned call it was, failed calls",
    .detect = android_detect,
    .open = android_open,
    .next = fl_text_next,
    .line = android_line,
};
