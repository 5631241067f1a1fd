/*
 * What valgrind's tools print with --trace-malloc=yes, among all else that they and the program
 * print:
 *
 *     --PID-- malloc(24) = 0x4A43040               --PID-- free(0x4A43040)        nothing is printed behind a free
 *     --PID-- calloc(3,7) = 0x4A430A0              --PID-- _ZdlPvm(0x4A43040)
 *     --PID-- memalign(al 64, size 100) = 0x…      posix_memalign, aligned_alloc and valloc too, up to 3.21
 *     --PID-- _ZnwmSt11align_val_t(size 128, al 64) = 0x…
 *     --PID-- realloc(0x4A430A0,100000) = 0x…      --PID-- malloc_usable_size(0x4A43040) = 24
 *     --PID-- realloc(0x0,120)malloc(120) = 0x…    a realloc of NULL is passed on, up to 3.21
 *     --PID-- realloc(0x…,0)free(0x…)              and so is one to 0; then, on the next line,
 *     --PID--  = 0
 *
 * with `HH:MM:SS:ms` of the run before PID, days first (--time-stamp=yes). A call and its
 * result are printed one by one, so that other messages, other threads' calls and other
 * processes may come between; they belong together by process, the last call first. No line
 * ends behind a call that has no result: a calloc that overflows, an alignment that is none,
 * malloc_usable_size(0x0). What has no prefix is the program's, and may stand before one.
 *
 * Each process has an address space of its own; "==PID== Command:" begins a new one (exec).
 *
 * Source: valgrind 3.19, coregrind/m_replacemalloc/vg_replace_malloc.c, and its successors' to
 * 3.23.
 */
#include "formats.h"
#include "tasks.h"
#include "text.h"

#define NS_PER_MS     UINT64_C(1000000)
#define EINVAL_RESULT 22u

struct valgrind {
    struct fl_tasks tasks; /* processes */
    uint32_t process;      /* that printed last */
    bool has_process;      /* one did */
    bool is_inside;        /* the line is the rest of one, behind the last call */
    bool has_time;
    uint64_t now_ns;          /* as the last prefix said */
    struct fl_text_memo mark; /* "--PID-- ", without a time, that a line began with */
    uint32_t marked;          /* whose it is */
};

/* ---- prefixes ---- */

struct prefix {
    uint32_t process;
    bool has_time;
    uint64_t time_ns;
};

/* "DD:HH:MM:SS.mmm ", behind the days. */
static bool time_take(struct fl_cursor *line, uint64_t days, uint64_t *ns)
{
    uint64_t hours, minutes, seconds, ms;
    if (!fl_text_decimal(line, &hours) || !FL_TEXT_TAKE(line, ":") ||
        !fl_text_decimal(line, &minutes) || !FL_TEXT_TAKE(line, ":") ||
        !fl_text_decimal(line, &seconds) || !FL_TEXT_TAKE(line, ".") ||
        !fl_text_decimal(line, &ms) || days > UINT16_MAX || hours > 23 || minutes > 59 ||
        seconds > 59 || ms > 999) {
        return false;
    }
    *ns = ((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms) * NS_PER_MS;
    return FL_TEXT_TAKE(line, " ");
}

/* "--PID-- " or "==PID== ", as `mark` says; the blank may have been cut off the end. */
static bool prefix_take(struct fl_cursor *line, const char mark[2], struct prefix *prefix)
{
    struct fl_cursor rest = *line;
    uint64_t number;
    *prefix = (struct prefix){0};
    if (!fl_text_take(&rest, mark, 2) || rest.at == rest.end || fl_text_is_blank(*rest.at) ||
        !fl_text_decimal(&rest, &number)) {
        return false;
    }
    prefix->has_time = FL_TEXT_TAKE(&rest, ":");
    if (prefix->has_time &&
        (!time_take(&rest, number, &prefix->time_ns) || !fl_text_decimal(&rest, &number))) {
        return false;
    }
    if (number > UINT32_MAX || !fl_text_take(&rest, mark, 2) ||
        (rest.at != rest.end && *rest.at != ' ')) {
        return false;
    }
    prefix->process = (uint32_t)number;
    line->at = rest.at;
    return true;
}

/* Behind the first "--PID-- " in the line, wherever it stands. */
static bool prefix_find(struct fl_cursor *line, struct prefix *prefix)
{
    while (!prefix_take(line, "--", prefix)) {
        const size_t left = fl_cursor_left(line);
        const uint8_t *next = left < 2 ? NULL : memmem(line->at + 1, left - 1, "--", 2);
        if (next == NULL) {
            return false;
        }
        line->at = next;
    }
    return true;
}

/* ---- calls ---- */

/* A number, with "al" or "size" before it or without. */
static bool argument_take(struct fl_cursor *line, uint64_t *value)
{
    fl_text_skip_blanks(line);
    return fl_text_number_here(line, value) ||
           ((FL_TEXT_TAKE(line, "al ") || FL_TEXT_TAKE(line, "size ")) &&
            (fl_text_number_here(line, value) || fl_text_decimal(line, value)));
}

/* Behind the bracket that opens, up to behind the one that closes: as many as the function
 * has. */
__attribute__((always_inline)) static inline bool arguments_take(struct fl_cursor *line,
                                                                 struct fl_family_call *call)
{
    if (call->function->form == FL_FAMILY_POSIX) { /* the first one is not printed */
        call->arguments[call->argument_count++] = 0;
    }
    do {
        if (call->argument_count == call->function->argument_count ||
            !argument_take(line, &call->arguments[call->argument_count])) {
            return false;
        }
        call->argument_count++;
    } while (FL_TEXT_TAKE(line, ","));
    return call->argument_count == call->function->argument_count && FL_TEXT_TAKE(line, ")");
}

/* NULL: no call of the family begins here. */
static const struct fl_family *function_take(struct fl_cursor *line)
{
    const struct fl_family *function = fl_family_find(line->at, line->end, "((");
    if (function != NULL) {
        line->at += function->bytes + 1;
    }
    return function;
}

static const char *call_report(struct fl_import *import, const struct valgrind *valgrind,
                               const struct fl_task *task, const struct fl_family_call *call,
                               uint64_t result)
{
    const char *wrong = fl_family_wrong(call, result);
    if (wrong != NULL) {
        return wrong;
    }
    if (valgrind->has_time) {
        fl_import_time(import, valgrind->now_ns);
    }
    fl_import_thread(import, task->id);
    fl_family_report(import, call, task->space, result);
    return NULL;
}

static bool is_power_of_2(uint64_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* Is nothing printed behind the call? `*result` is what it returned then. */
static bool has_no_result(const struct fl_family_call *call, uint64_t *result)
{
    uint64_t bytes;
    *result = 0;
    switch (call->function->form) {
    case FL_FAMILY_FREE:
        return true;
    case FL_FAMILY_USABLE:
        return call->arguments[0] == 0;
    case FL_FAMILY_CALLOC:
    case FL_FAMILY_REALLOCARRAY:
        return !fl_family_size(call, &bytes);
    case FL_FAMILY_NEW_ALIGNED:
        return !is_power_of_2(call->arguments[1]);
    case FL_FAMILY_POSIX: /* has a line, but its block is not shown */
        *result =
            is_power_of_2(call->arguments[1]) && call->arguments[1] >= 4 ? 0 : EINVAL_RESULT;
        return true;
    default:
        return false;
    }
}

/* The call that is waiting and was passed on as this one: realloc of NULL to malloc, realloc to
 * 0 to free. */
static bool is_passed_on(const struct fl_task *task, const struct fl_family_call *call)
{
    if (task->call_count == 0) {
        return false;
    }
    const struct fl_family_call *outer = &task->calls[task->call_count - 1];
    if (outer->function->form != FL_FAMILY_REALLOC) {
        return false;
    }
    const uint64_t *arguments = outer->arguments;
    return call->function->kind == FL_CALL_MALLOC
               ? arguments[0] == 0 && arguments[1] == call->arguments[0]
               : call->function->kind == FL_CALL_FREE && arguments[0] != 0 &&
                     arguments[0] == call->arguments[0] && arguments[1] == 0;
}

/* A call was printed, without its result. */
static const char *call_follow(struct fl_import *import, const struct valgrind *valgrind,
                               struct fl_task *task, const struct fl_family_call *call)
{
    uint64_t result;
    if (is_passed_on(task, call)) {
        if (call->function->kind == FL_CALL_MALLOC) {
            return NULL; /* its result will be the realloc's */
        }
        task->is_done = true;
        return call_report(import, valgrind, task, &task->calls[--task->call_count], 0);
    }
    if (has_no_result(call, &result)) {
        return call_report(import, valgrind, task, call, result);
    }
    if (task->call_count == FL_TASK_CALLS_MAX) {
        return "too many calls without a result";
    }
    task->calls[task->call_count++] = *call;
    return NULL;
}

/* Behind " = ". */
static const char *result_follow(struct fl_import *import, const struct valgrind *valgrind,
                                 struct fl_task *task, struct fl_cursor *line)
{
    uint64_t result;
    const bool is_pointer = fl_cursor_left(line) > 2 && line->at[1] == 'x';
    if (!(is_pointer ? fl_text_hex(line, &result) : fl_text_decimal(line, &result))) {
        return "a call without its result";
    }
    const struct fl_family_call *call =
        task->call_count == 0 ? NULL : &task->calls[task->call_count - 1];
    if (call == NULL || is_pointer != (call->function->form != FL_FAMILY_USABLE)) {
        const bool was_done = task->is_done;
        task->is_done = false;
        return was_done ? NULL : "a result without its call";
    }
    task->call_count--;
    task->is_done |=
        call->function->form == FL_FAMILY_REALLOCARRAY; /* said twice, from 3.22 on */
    return call_report(import, valgrind, task, call, result);
}

/* ---- lines ---- */

/* A process that was not seen before has an address space for itself. NULL: no memory. */
static struct fl_task *process_get(struct valgrind *valgrind)
{
    struct fl_task *task = fl_task_get(&valgrind->tasks, valgrind->process);
    if (task != NULL && !task->is_forked) {
        task->is_forked = true;
        fl_task_move(&valgrind->tasks, task);
    }
    return task;
}

static void prefix_note(struct valgrind *valgrind, const struct prefix *prefix)
{
    valgrind->has_process = true;
    valgrind->process = prefix->process;
    valgrind->has_time = prefix->has_time;
    valgrind->now_ns = prefix->time_ns;
}

/* "==PID== Command:": the program that begins has nothing of the one before. */
static const char *program_begin(struct fl_import *import, struct valgrind *valgrind)
{
    struct fl_task *task = process_get(valgrind);
    if (task == NULL) {
        return "no memory for another process";
    }
    if (task->call_count > 0) {
        fl_import_lost(import, task->call_count);
    }
    task->call_count = 0;
    fl_task_move(&valgrind->tasks, task);
    return NULL;
}

/* A result without a prefix, as its line was begun by another process or ended by the
 * program. */
static bool waiting_find(struct valgrind *valgrind)
{
    const struct fl_tasks *tasks = &valgrind->tasks;
    const struct fl_task *found = NULL;
    for (size_t i = 0; i < tasks->count; i++) {
        const bool is_better = found == NULL || tasks->all[i].id == valgrind->process;
        found = tasks->all[i].call_count > 0 && is_better ? &tasks->all[i] : found;
    }
    valgrind->process = found == NULL ? valgrind->process : found->id;
    return found != NULL;
}

/* The line begins with `prefix`, which ends at `behind`: the next one may, too. */
static void mark_note(struct valgrind *valgrind, const struct fl_cursor *line,
                      const struct fl_cursor *behind, const struct prefix *prefix)
{
    if (!prefix->has_time && behind->at != behind->end && *behind->at == ' ') {
        fl_text_memo_set(&valgrind->mark, line->at, (size_t)(behind->at + 1 - line->at));
        valgrind->marked = prefix->process;
    }
}

/* The mark of a line before. */
static inline bool mark_take(struct valgrind *valgrind, struct fl_cursor *line)
{
    if (!fl_text_memo_is_at(&valgrind->mark, line)) {
        return false;
    }
    line->at += valgrind->mark.count;
    prefix_note(valgrind, &(struct prefix){.process = valgrind->marked});
    return true;
}

/* Go to what valgrind says of calls in the line. False: nothing. */
static bool message_find(struct valgrind *valgrind, struct fl_cursor *line)
{
    struct prefix prefix;
    struct fl_cursor rest = *line;
    if (FL_TEXT_TAKE(&rest, "= ") && waiting_find(valgrind)) {
        return true;
    }
    rest = *line;
    if (prefix_take(&rest, "--", &prefix)) {
        mark_note(valgrind, line, &rest, &prefix);
    } else if (!prefix_find(&rest, &prefix)) {
        return false;
    }
    prefix_note(valgrind, &prefix);
    line->at = rest.at;
    return true;
}

/* "==PID== TEXT" */
static const char *text_follow(struct fl_import *import, struct valgrind *valgrind,
                               struct fl_cursor line, const struct prefix *prefix)
{
    prefix_note(valgrind, prefix);
    return FL_TEXT_TAKE(&line, " Command: ") ? program_begin(import, valgrind) : NULL;
}

/* A call, with its result if that stands there, or a result, or other text, up to which the
 * line advances. */
static inline const char *part_follow(struct fl_import *import, struct valgrind *valgrind,
                                      struct fl_cursor *line)
{
    struct fl_family_call call = {0};
    struct fl_task *task = process_get(valgrind);
    if (task == NULL) {
        return "no memory for another process";
    }
    fl_text_skip_blanks(line);
    if (FL_TEXT_TAKE(line, "= ")) {
        return result_follow(import, valgrind, task, line);
    }
    call.function = function_take(line);
    if (call.function == NULL) {
        struct prefix prefix;
        if (prefix_find(line, &prefix)) {
            prefix_note(valgrind, &prefix);
        } else {
            line->at = line->end;
        }
        return NULL;
    }
    if (!arguments_take(line, &call)) {
        return "the arguments are not those of the call";
    }
    const char *wrong = call_follow(import, valgrind, task, &call);
    return wrong == NULL && task->call_count > 0 && FL_TEXT_TAKE(line, " = ")
               ? result_follow(import, valgrind, task, line)
               : wrong;
}

static const char *valgrind_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct valgrind *valgrind = state;
    struct prefix prefix;
    if (!valgrind->is_inside && !mark_take(valgrind, &line)) {
        if (prefix_take(&line, "==", &prefix)) {
            return text_follow(import, valgrind, line, &prefix);
        }
        if (!message_find(valgrind, &line)) {
            return NULL;
        }
    }
    const char *wrong = part_follow(import, valgrind, &line);
    valgrind->is_inside = wrong == NULL && !fl_text_is_over(&line);
    if (valgrind->is_inside) {
        fl_text_again(import, line.at);
    }
    return wrong;
}

static enum fl_status valgrind_end(struct fl_import *import, void *state, struct fl_error *err)
{
    const struct valgrind *valgrind = state;
    const size_t pending = fl_tasks_pending(&valgrind->tasks);
    if (!valgrind->has_process) {
        return fl_import_hopeless(import, err);
    }
    return pending == 0 ? FL_OK
                        : fl_import_fail(import, FL_TRUNCATED, err,
                                         "calls without a result: %zu", pending);
}

/* Is it a call, on its own line? Those of -v say much before the first. */
static bool is_call(struct fl_cursor line, struct prefix *prefix)
{
    struct fl_family_call call = {0};
    if (!prefix_take(&line, "--", prefix)) {
        return false;
    }
    fl_text_skip_blanks(&line);
    call.function = function_take(&line);
    return call.function != NULL && arguments_take(&line, &call);
}

static bool valgrind_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    struct prefix prefix;
    bool is_known = false;
    while (!is_known && fl_text_first_line(&bytes, &line)) {
        is_known = is_call(line, &prefix);
    }
    return is_known;
}

static enum fl_status valgrind_open(struct fl_import *import, void *state, struct fl_error *err)
{
    (void)state;
    const uint8_t *at;
    size_t have;
    const enum fl_status status = fl_input_peek(fl_import_input(import), 1, &at, &have, err);
    struct fl_cursor bytes = {at, at + have}, line;
    struct prefix prefix = {0};
    while (status == FL_OK && fl_text_first_line(&bytes, &line) && !is_call(line, &prefix)) {
        prefix.has_time = false;
    }
    if (prefix.has_time) {
        fl_import_set_times(import);
    }
    return status;
}

static void valgrind_close(void *state)
{
    struct valgrind *valgrind = state;
    fl_tasks_close(&valgrind->tasks);
}

const struct fl_import_format fl_import_valgrind = {
    .name = "valgrind",
    .summary = "what valgrind prints with --trace-malloc=yes",
    .gaps = "which aligned call it was, the C++ operators' C calls, sizes of sized frees, "
            "threads, what a forked process "
            "inherited, what a process frees by its end",
    .state_bytes = sizeof(struct valgrind),
    .detect = valgrind_detect,
    .open = valgrind_open,
    .next = fl_text_next,
    .line = valgrind_line,
    .end = valgrind_end,
    .close = valgrind_close,
};
