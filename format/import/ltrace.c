/*
 * What ltrace prints, a line a call, or two when something comes between its beginning and its
 * end:
 *
 *     [TASK] [TIME] [[IP]] [CALLER->]NAME[@LIBRARY](ARGUMENTS) = RESULT [<SECONDS>]
 *     …                    …NAME(ARGUMENTS <unfinished ...>      or <no return ...>, when it was killed in it
 *     …                    <... NAME resumed> [ARGUMENTS]) = RESULT [<SECONDS>]
 *     …                    --- SIGNAL (TEXT) ---       --- Called exec() ---
 *     …                    +++ exited (status N) +++   +++ killed by SIGNAL +++
 *
 * TASK is `[pid N] `, or `N ` in a file (-f, -p). TIME is `HH:MM:SS` with or without a fraction
 * (-t, -tt), seconds since 1970 (-ttt) or since the line before (-r). IP is an address (-i).
 * Lines may be indented (-n), and stack traces stand between them (-w). Arguments of functions
 * that ltrace has no prototype for are some more than there are, as registers.
 *
 * A call within another of the family, as realloc in reallocarray, or the same one seen at its
 * symbol (-x), is a part of that one and not reported, as the recorder does it. When operator
 * new throws, its call never returns: it is given up when the same caller calls the same
 * function again.
 *
 * What the C library calls through its own table (`libc.so.6->`) is left out: ltrace takes the
 * table's entries to be in the order of their relocations, which they are not where some are of
 * functions chosen at run time (IFUNC), so that the names are others'. -x shows these calls
 * under their names.
 *
 * A task is a thread of the process of the line before, unless it is known to be a process: by
 * `fork` in the list of -e, by SYS_fork or SYS_clone (-S), or by exec. What vfork makes shares
 * its parent's memory until it calls exec. See tasks.c.
 *
 * Where posix_memalign put its block is shown only if ltrace is told to (-F):
 *     int posix_memalign(+array(addr, 1)*, ulong, ulong);
 *
 * Source: ltrace 0.7.3, output.c and proc.c.
 */
#include "formats.h"
#include "ltrace_entry.h"
#include "tasks.h"
#include "text.h"

#define NS_PER_S     UINT64_C(1000000000)
#define DAY_S        UINT64_C(86400)
#define SINCE_1970_S UINT64_C(100000000) /* times above it are no differences: -ttt, not -r */

struct ltrace {
    struct fl_tasks tasks;
    struct fl_ltrace_caller caller;
    uint64_t now_ns;  /* of the line */
    uint64_t day_s;   /* the midnights that passed, for times of day */
    bool is_in_stack; /* the line before was a frame: a line of source may follow */
};

/* The time of the line, from what is written there. */
static void time_follow(struct ltrace *ltrace, const struct fl_ltrace_entry *entry)
{
    if (entry->time_kind == FL_LTRACE_NO_TIME) {
        return;
    }
    if (entry->time_kind == FL_LTRACE_TIME_OF_DAY) {
        const uint64_t half_day_ns = DAY_S / 2 * NS_PER_S;
        if (ltrace->day_s * NS_PER_S + entry->time_ns + half_day_ns < ltrace->now_ns) {
            ltrace->day_s += DAY_S;
        }
        ltrace->now_ns = ltrace->day_s * NS_PER_S + entry->time_ns;
    } else if (entry->time_ns >= SINCE_1970_S * NS_PER_S) {
        ltrace->now_ns = entry->time_ns;
    } else {
        ltrace->now_ns += entry->time_ns;
    }
}

static void place_report(struct fl_import *import, struct ltrace *ltrace,
                         const struct fl_ltrace_entry *entry)
{
    if (entry->time_kind != FL_LTRACE_NO_TIME) {
        fl_import_time(import, ltrace->now_ns);
    }
    if (entry->has_task) {
        fl_import_thread(import, entry->task);
    }
}

/* Is what the task calls a part of one of the `depth` outermost calls? */
static bool is_in_another(const struct fl_task *task, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        if (!task->calls[i].is_left_out) {
            return true;
        }
    }
    return false;
}

/* A call that was begun will have no end. */
static void pending_lose(struct fl_import *import, struct fl_task *task)
{
    if (is_in_another(task, task->call_count)) {
        fl_import_lost(import, 1);
    }
    task->call_count = 0;
}

/* The outermost call that is pending never returned, if this one is its like. */
static void thrown_drop(struct fl_import *import, struct fl_task *task,
                        const struct fl_family_call *call)
{
    if (task->call_count > 0 && task->calls[0].function == call->function &&
        task->calls[0].caller == call->caller) {
        pending_lose(import, task);
    }
}

static const char *call_report(struct fl_import *import, struct ltrace *ltrace,
                               struct fl_task *task, const struct fl_ltrace_entry *entry,
                               const struct fl_family_call *call)
{
    const char *wrong = fl_family_wrong(call, entry->result);
    if (wrong == NULL) {
        place_report(import, ltrace, entry);
        fl_family_report(import, call, task->space, entry->result);
    }
    return wrong;
}

static const char *call_whole(struct fl_import *import, struct ltrace *ltrace,
                              struct fl_task *task, const struct fl_ltrace_entry *entry)
{
    thrown_drop(import, task, &entry->call);
    return entry->call.is_left_out || is_in_another(task, task->call_count)
               ? NULL
               : call_report(import, ltrace, task, entry, &entry->call);
}

static const char *call_begin(struct fl_import *import, struct fl_task *task,
                              const struct fl_ltrace_entry *entry)
{
    thrown_drop(import, task, &entry->call);
    if (task->call_count == FL_TASK_CALLS_MAX) {
        return "a call in a call, deeper than is followed";
    }
    task->calls[task->call_count++] = entry->call;
    return NULL;
}

/* What resumed gives the arguments that were not shown before. */
static void arguments_join(struct fl_family_call *call, const struct fl_family_call *more)
{
    call->is_block_shown |= more->is_block_shown;
    for (unsigned i = 0;
         i < more->argument_count && call->argument_count < FL_FAMILY_ARGUMENTS_MAX; i++) {
        call->arguments[call->argument_count++] = more->arguments[i];
    }
}

static const char *call_return(struct fl_import *import, struct ltrace *ltrace,
                               struct fl_task *task, const struct fl_ltrace_entry *entry)
{
    size_t depth = task->call_count;
    while (depth > 0 && task->calls[depth - 1].function != entry->call.function) {
        depth--;
    }
    if (depth == 0) {
        return "the end of a call that did not begin";
    }
    task->call_count = depth - 1;
    struct fl_family_call *call = &task->calls[depth - 1];
    arguments_join(call, &entry->call);
    if (call->is_left_out || is_in_another(task, depth - 1)) {
        return NULL;
    }
    return call->argument_count < call->function->argument_count
               ? "the call has too few arguments"
               : call_report(import, ltrace, task, entry, call);
}

static void task_fork(struct ltrace *ltrace, struct fl_task *task)
{
    if (task != NULL && !task->is_forked) {
        task->is_forked = true;
        fl_task_move(&ltrace->tasks, task);
    }
}

/* A fork returned, in the parent `id` or in its child. */
static const char *fork_return(struct ltrace *ltrace, uint32_t id, uint64_t result)
{
    if (result <= INT32_MAX) { /* else it failed */
        task_fork(ltrace, fl_task_get(&ltrace->tasks, result == 0 ? id : (uint32_t)result));
        (void)fl_task_get(&ltrace->tasks,
                          id); /* a task that is new next is rather of this process */
    }
    return NULL;
}

static const char *task_exit(struct fl_import *import, struct ltrace *ltrace,
                             struct fl_task *task, const struct fl_ltrace_entry *entry)
{
    pending_lose(import, task);
    if (entry->has_task) {
        fl_import_thread_end(import, entry->task);
    }
    fl_task_end(&ltrace->tasks, task);
    return NULL;
}

static const char *exec_done(struct fl_import *import, struct ltrace *ltrace,
                             struct fl_task *task)
{
    pending_lose(import, task);
    task->is_forked = true;
    fl_task_move(&ltrace->tasks, task);
    return NULL;
}

/* What a line means that is read. */
static const char *entry_follow(struct fl_import *import, struct ltrace *ltrace,
                                const struct fl_ltrace_entry *entry)
{
    struct fl_task *task = fl_task_get(&ltrace->tasks, entry->task);
    if (task == NULL) {
        return "no memory for another task";
    }
    switch (entry->kind) {
    case FL_LTRACE_CALL:
        return call_whole(import, ltrace, task, entry);
    case FL_LTRACE_BEGIN:
        return call_begin(import, task, entry);
    case FL_LTRACE_RETURN:
        return call_return(import, ltrace, task, entry);
    case FL_LTRACE_CLONE:
        task->is_sharing = entry->result != 0;
        return NULL;
    case FL_LTRACE_CLONED:
        return task->is_sharing ? NULL : fork_return(ltrace, entry->task, entry->result);
    case FL_LTRACE_FORK:
        return fork_return(ltrace, entry->task, entry->result);
    case FL_LTRACE_EXEC:
        return exec_done(import, ltrace, task);
    case FL_LTRACE_EXIT:
        return task_exit(import, ltrace, task, entry);
    case FL_LTRACE_LOST:
        fl_import_lost(import, 1);
        return NULL;
    case FL_LTRACE_OTHER:
    case FL_LTRACE_FRAME:
        break;
    }
    return NULL;
}

static const char *ltrace_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct ltrace *ltrace = state;
    struct fl_ltrace_entry entry;
    const char *wrong = fl_ltrace_read(line, &ltrace->caller, &entry);
    const bool was_in_stack = ltrace->is_in_stack;
    ltrace->is_in_stack = wrong == NULL && entry.kind == FL_LTRACE_FRAME;
    if (wrong != NULL) {
        return was_in_stack ? NULL : wrong;
    }
    if (ltrace->is_in_stack) {
        return NULL;
    }
    time_follow(ltrace, &entry);
    return entry_follow(import, ltrace, &entry);
}

static enum fl_status ltrace_end(struct fl_import *import, void *state, struct fl_error *err)
{
    const struct ltrace *ltrace = state;
    const size_t pending = fl_tasks_pending(&ltrace->tasks);
    return pending == 0 ? FL_OK
                        : fl_import_fail(import, FL_TRUNCATED, err, "calls without an end: %zu",
                                         pending);
}

static bool ltrace_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    struct fl_ltrace_caller caller = {0};
    struct fl_ltrace_entry entry = {0};
    bool is_known =
        fl_text_first_line(&bytes, &line) && fl_ltrace_read(line, &caller, &entry) == NULL;
    while (is_known && !entry.is_ltraces && fl_text_first_line(&bytes, &line)) {
        is_known = fl_ltrace_read(line, &caller, &entry) == NULL;
    }
    return is_known && entry.is_ltraces;
}

static enum fl_status ltrace_open(struct fl_import *import, void *state, struct fl_error *err)
{
    (void)state;
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(fl_import_input(import), 1, &at, &have, err);
    struct fl_cursor bytes = {at, at + have}, line;
    struct fl_ltrace_caller caller = {0};
    struct fl_ltrace_entry entry = {0};
    while (status == FL_OK && entry.time_kind == FL_LTRACE_NO_TIME &&
           fl_text_first_line(&bytes, &line)) {
        (void)fl_ltrace_read(line, &caller, &entry);
    }
    if (entry.time_kind != FL_LTRACE_NO_TIME) {
        fl_import_set_times(import);
    }
    return status;
}

static void ltrace_close(void *state)
{
    struct ltrace *ltrace = state;
    fl_tasks_close(&ltrace->tasks);
}

const struct fl_import_format fl_import_ltrace = {
    .name = "ltrace",
    .summary = "what ltrace prints of malloc, free and the like",
    .gaps =
        "calls that ltrace was not told to follow, what libraries allocate for the program "
        "(strdup), the block "
        "of posix_memalign, what a forked process inherited, what a process frees by its end",
    .state_bytes = sizeof(struct ltrace),
    .detect = ltrace_detect,
    .open = ltrace_open,
    .next = fl_text_next,
    .line = ltrace_line,
    .end = ltrace_end,
    .close = ltrace_close,
};
