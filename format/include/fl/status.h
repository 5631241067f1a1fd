/**
 * Statuses: one list from which the enum, the sentence, the hint and the exit class expand.
 *
 * A function that can fail returns `enum fl_status` (FL_OK is 0), gives results through
 * pointers, and takes a last `struct fl_error *err`, which may be NULL. On failure outputs are
 * unchanged and nothing is leaked.
 *
 * Thread safety: everything here is pure; a `struct fl_error` belongs to its caller.
 */
#ifndef FL_STATUS_H
#define FL_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/** Process exit codes of flreplay and fltrace. flrec has its own (125, 126, 127, the
 * program's). */
enum fl_exit {
    FL_EXIT_OK = 0,
    FL_EXIT_GATE = 1,        /* a gate failed: a regression */
    FL_EXIT_USAGE = 2,       /* the command line is wrong */
    FL_EXIT_TRACE = 3,       /* the trace is damaged, truncated or unsupported */
    FL_EXIT_ENVIRONMENT = 4, /* I/O, memory, a missing library */
    FL_EXIT_WRONG = 5,       /* the allocator under test gave a wrong answer */
    FL_EXIT_BUG = 70,        /* a bug in us */
};

/* X(name, exit class, sentence, hint or "") */
#define FL_STATUS_LIST(X)                                                                      \
    X(OK, FL_EXIT_OK, "success", "")                                                           \
    X(END, FL_EXIT_OK, "end of the trace", "")                                                 \
    X(USAGE, FL_EXIT_USAGE, "wrong use", "")                                                   \
    X(IO, FL_EXIT_ENVIRONMENT, "input/output error", "")                                       \
    X(NOMEM, FL_EXIT_ENVIRONMENT, "out of memory", "")                                         \
    X(MISSING, FL_EXIT_ENVIRONMENT, "something needed is missing", "")                         \
    X(EMPTY, FL_EXIT_TRACE, "the trace is empty",                                              \
      "the recorder was stopped before it wrote anything, or this is not the file you mean")   \
    X(NOT_A_TRACE, FL_EXIT_TRACE, "not an flrec trace",                                        \
      "record one with: flrec -o t.zst -- PROG; --from=help lists what else can be read")      \
    X(VERSION, FL_EXIT_TRACE, "the trace has a newer format version", "use a newer flreplay")  \
    X(FEATURE, FL_EXIT_TRACE, "the trace requires a feature this reader does not know",        \
      "use a newer flreplay")                                                                  \
    X(TRUNCATED, FL_EXIT_TRACE, "the trace is truncated",                                      \
      "everything that is whole before that was read")                                         \
    X(CORRUPT, FL_EXIT_TRACE, "the trace is damaged", "the rest of it can still be read")      \
    X(LIMIT, FL_EXIT_TRACE, "a declared count or size is over its limit", "")                  \
    X(SCRIPT, FL_EXIT_TRACE, "the text trace is wrong",                                        \
      "one call a line: a ID BYTES, z ID BYTES, m ID ALIGN BYTES, r ID BYTES, f ID, u ID")     \
    X(WRONG, FL_EXIT_WRONG, "the allocator gave a wrong answer", "")                           \
    X(BUG, FL_EXIT_BUG, "internal error", "please report it with the trace")

enum fl_status {
#define FL_STATUS_ENUM(name, exit_class, sentence, hint) FL_##name,
    FL_STATUS_LIST(FL_STATUS_ENUM)
#undef FL_STATUS_ENUM
        FL_STATUS_COUNT
};

#define FL_ERROR_MESSAGE_MAX 320
#define FL_NO_OFFSET         UINT64_MAX
#define FL_NO_CHUNK          UINT64_MAX

/** What went wrong and where. */
struct fl_error {
    enum fl_status status;
    int os_errno;            /* 0 when no system call was involved */
    uint64_t offset_in_file; /* bytes, FL_NO_OFFSET when it does not apply */
    uint64_t chunk;          /* chunk sequence number, FL_NO_CHUNK when it does not apply */
    char message[FL_ERROR_MESSAGE_MAX]; /* one sentence without full stop, printable */
};

/** The sentence of a status, for example "the trace is truncated". Static storage. */
const char *fl_status_text(enum fl_status status);

/** The hint of a status, or "" when there is none. Static storage. */
const char *fl_status_hint(enum fl_status status);

/** The exit code class of a status (enum fl_exit). */
int fl_status_exit(enum fl_status status);

/**
 * Fill `err` (may be NULL) and return `status`, so that `return fl_fail(err, FL_IO, "...")`
 * reads well. Offset and chunk are set to "none"; os_errno to 0. Control characters in the
 * formatted message are replaced by '?'.
 */
enum fl_status fl_fail(struct fl_error *err, enum fl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As fl_fail, with os_errno = `os_errno` and its text appended to the message. */
enum fl_status fl_fail_os(struct fl_error *err, enum fl_status status, int os_errno,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Replace control characters (and bytes above 0x7E that are not valid UTF-8) by '?'. */
void fl_make_printable(char *text);

#endif
