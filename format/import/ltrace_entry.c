/*
 * The grammar of ltrace's lines: ltrace.c shows it. Of a function that is none of the family,
 * only what makes a process is of interest; the rest of such a line may hold anything, as in
 * its strings.
 *
 * The cursor of the line stays in registers from the task to the result, since each step waits
 * for where the one before has ended. So readers of what is rare, which are not inlined, get a
 * copy.
 */
#include "ltrace_entry.h"

#include "text.h"

#define NS_PER_S        UINT64_C(1000000000)
#define FRACTION_DIGITS 6u
#define CLONE_SHARES    UINT64_C(0x100) /* CLONE_VM */

/* ---- what stands before a call ---- */

/* The digits behind a point, as ns. */
static bool fraction_take(struct fl_cursor *line, uint64_t *ns)
{
    const uint8_t *first = line->at;
    if (line->at == line->end || fl_text_is_blank(*first) || !fl_text_decimal(line, ns) ||
        line->at - first != FRACTION_DIGITS) {
        return false;
    }
    *ns *= 1000;
    return true;
}

/* "MM:SS[.FRACTION]" behind the hour. */
static bool time_of_day_take(struct fl_cursor *line, uint64_t hour,
                             struct fl_ltrace_entry *entry)
{
    uint64_t minute, second, fraction_ns = 0;
    if (hour > 23 || !fl_text_decimal(line, &minute) || minute > 59 ||
        !FL_TEXT_TAKE(line, ":") || !fl_text_decimal(line, &second) || second > 60 ||
        (FL_TEXT_TAKE(line, ".") && !fraction_take(line, &fraction_ns))) {
        return false;
    }
    entry->time_kind = FL_LTRACE_TIME_OF_DAY;
    entry->time_ns = ((hour * 60 + minute) * 60 + second) * NS_PER_S + fraction_ns;
    return true;
}

static bool seconds_take(struct fl_cursor *line, uint64_t seconds,
                         struct fl_ltrace_entry *entry)
{
    uint64_t fraction_ns;
    if (!fraction_take(line, &fraction_ns) || seconds > UINT32_MAX) {
        return false;
    }
    entry->time_kind = FL_LTRACE_SECONDS;
    entry->time_ns = seconds * NS_PER_S + fraction_ns;
    return true;
}

static bool task_note(uint64_t number, struct fl_ltrace_entry *entry)
{
    entry->has_task = true;
    entry->task = (uint32_t)number;
    return number <= UINT32_MAX;
}

/* Behind the hour, or the seconds. */
static inline bool time_take(struct fl_cursor *line, uint64_t number,
                             struct fl_ltrace_entry *entry)
{
    struct fl_cursor rest = {line->at + 1, line->end};
    const bool is_time = *line->at == ':' ? time_of_day_take(&rest, number, entry)
                                          : seconds_take(&rest, number, entry);
    line->at = rest.at;
    return is_time;
}

/* A number is a task's, or begins a time. */
static inline bool number_take(struct fl_cursor *line, struct fl_ltrace_entry *entry)
{
    uint64_t number;
    if (!fl_text_decimal(line, &number)) {
        return false;
    }
    if (line->at == line->end || entry->time_kind != FL_LTRACE_NO_TIME) {
        return false;
    }
    switch (*line->at) {
    case ' ':
        return !entry->has_task && task_note(number, entry);
    case ':':
    case '.':
        return time_take(line, number, entry);
    default:
        return false;
    }
}

static bool pid_take(struct fl_cursor *line, struct fl_ltrace_entry *entry)
{
    uint64_t number;
    return fl_text_decimal(line, &number) && FL_TEXT_TAKE(line, "]") &&
           task_note(number, entry);
}

/* "[pid N]" or "[0xIP]". */
static inline bool bracket_take(struct fl_cursor *line, struct fl_ltrace_entry *entry)
{
    if (FL_TEXT_TAKE(line, "[pid ")) {
        struct fl_cursor rest = *line;
        const bool is_pid = pid_take(&rest, entry);
        line->at = rest.at;
        return is_pid;
    }
    const uint8_t *end = memchr(line->at, ']', fl_cursor_left(line));
    line->at = end == NULL ? line->at : end + 1;
    return end != NULL;
}

static inline bool prefix_take(struct fl_cursor *line, struct fl_ltrace_entry *entry)
{
    for (;;) {
        fl_text_skip_blanks(line);
        if (line->at == line->end) {
            return false;
        }
        const uint8_t byte = *line->at;
        const bool is_digit = (uint8_t)(byte - '0') <= 9;
        if (!is_digit && byte != '[') {
            return true;
        }
        if (!(is_digit ? number_take(line, entry) : bracket_take(line, entry))) {
            return false;
        }
    }
}

/* ---- calls ---- */

static const char cut_end[] = "the end of a call without a result";
static const char no_line[] = "no call, no signal and no end of a task";

static bool ends_with(const struct fl_cursor *line, const char *text)
{
    const size_t bytes = strlen(text);
    return fl_cursor_left(line) >= bytes && memcmp(line->end - bytes, text, bytes) == 0;
}

/* Results stand in a column of their own: many blanks before them. */
static inline void gap_pass(struct fl_cursor *line)
{
    unsigned count;
    do {
        const uint64_t others = fl_load64(line->at) ^ ' ' * FL_TEXT_BYTES;
        count = fl_text_unmarked(others, line->at, line->end);
        line->at += count;
    } while (count == 8);
    fl_text_skip_blanks(line);
}

/* A number below zero, or a null pointer of some version. */
static bool odd_value_take(struct fl_cursor *line, uint64_t *value)
{
    if (FL_TEXT_TAKE(line, "-")) {
        const bool is_number = fl_text_decimal(line, value);
        *value = is_number ? 0 - *value : *value;
        return is_number;
    }
    *value = 0;
    return FL_TEXT_TAKE(line, "nil") || FL_TEXT_TAKE(line, "(nil)") ||
           FL_TEXT_TAKE(line, "NULL");
}

/* An argument or a result: hexadecimal, decimal, or odd. */
__attribute__((always_inline)) static inline bool value_take(struct fl_cursor *line,
                                                             uint64_t *value)
{
    fl_text_skip_blanks(line);
    if (fl_text_number_here(line, value)) {
        return true;
    }
    struct fl_cursor rest = *line;
    const bool is_odd = odd_value_take(&rest, value);
    line->at = rest.at;
    return is_odd;
}

/* "[ 0xBLOCK ]": what an argument points to. */
static bool pointed_take(struct fl_cursor *line, struct fl_family_call *call, uint64_t *value)
{
    if (!FL_TEXT_TAKE(line, "[")) {
        return false;
    }
    call->is_block_shown = true;
    return value_take(line, value) && (fl_text_skip_blanks(line), FL_TEXT_TAKE(line, "]"));
}

/* Up to the bracket that ends them, or to what cuts them. */
__attribute__((always_inline)) static inline bool
arguments_take(struct fl_cursor *line, struct fl_family_call *call, bool *is_closed)
{
    uint64_t value;
    for (;;) {
        fl_text_skip_blanks(line);
        *is_closed = FL_TEXT_TAKE(line, ")");
        if (*is_closed || (line->at != line->end && *line->at == '<')) {
            return true;
        }
        if (!value_take(line, &value)) {
            struct fl_cursor rest = *line;
            if (!pointed_take(&rest, call, &value)) {
                return false;
            }
            line->at = rest.at;
        }
        if (call->argument_count < FL_FAMILY_ARGUMENTS_MAX) {
            call->arguments[call->argument_count++] = value;
        }
        (void)FL_TEXT_TAKE(line, ",");
    }
}

/* "<0.000123>", how long it took, or nothing. */
static inline bool duration_pass(struct fl_cursor *line)
{
    fl_text_skip_blanks(line);
    if (FL_TEXT_TAKE(line, "<") && line->end[-1] == '>') {
        line->at = line->end;
    }
    return line->at == line->end;
}

/* "= RESULT", to the end of the line. */
__attribute__((always_inline)) static inline bool result_read(struct fl_cursor line,
                                                              bool is_void, uint64_t *result)
{
    gap_pass(&line);
    if (!FL_TEXT_TAKE(&line, "=")) {
        return false;
    }
    fl_text_skip_blanks(&line);
    return ((is_void && FL_TEXT_TAKE(&line, "<void>")) || value_take(&line, result)) &&
           duration_pass(&line);
}

static bool is_cut(const struct fl_cursor *line)
{
    struct fl_cursor rest = *line;
    return (FL_TEXT_TAKE(&rest, "<unfinished ...>") ||
            FL_TEXT_TAKE(&rest, "<no return ...>")) &&
           fl_text_is_over(&rest);
}

/* Does it return nothing? */
static bool is_void(const struct fl_family *function)
{
    return function->form == FL_FAMILY_FREE || function->form == FL_FAMILY_FREE_SIZED ||
           function->form == FL_FAMILY_FREE_ALIGNED;
}

/* A number for a caller's name: of its last eight bytes and its length. */
static inline uint64_t caller_number(const uint8_t *at, const uint8_t *end)
{
    const size_t bytes = (size_t)(end - at);
    const uint64_t last =
        bytes >= 8 ? fl_load64(end - 8) : fl_load64(at) << 8 * (7 - bytes) << 8;
    return last + bytes * UINT64_C(0x9E3779B97F4A7C15);
}

static inline bool is_c_library(const uint8_t *at, const uint8_t *end)
{
    return end - at > 8 && memcmp(at, "libc.so.", 8) == 0;
}

/* Behind the last "CALLER->" before the first bracket, if there is one; NULL: the line has no
 * bracket, so it is no call. */
static inline const uint8_t *name_find(const struct fl_cursor *line)
{
    const uint8_t *name = line->at;
    for (const uint8_t *at = line->at; at < line->end; at += 8) {
        const uint64_t bytes = fl_load64(at);
        const uint64_t brackets = fl_text_marks(bytes, '(');
        const uint64_t arrows = fl_text_marks(bytes, '-') &
                                fl_text_marks(fl_load64(at + 1), '>') &
                                ((brackets - 1) & ~brackets);
        if (arrows != 0) {
            name = at + (63 - __builtin_clzll(arrows)) / 8 + 2;
        }
        if (brackets != 0) {
            return fl_text_unmarked(brackets, at, line->end) < line->end - at ? name : NULL;
        }
    }
    return NULL;
}

static const char *family_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    struct fl_family_call *call = &entry->call;
    bool is_closed;
    if (!arguments_take(&line, call, &is_closed)) {
        return "the arguments are not those of the call";
    }
    const bool has_all = call->argument_count >= call->function->argument_count;
    if (is_closed ? !has_all || !result_read(line, is_void(call->function), &entry->result)
                  : !is_cut(&line)) {
        return "the call has neither its arguments and a result nor an end to come";
    }
    entry->kind = is_closed ? FL_LTRACE_CALL : FL_LTRACE_BEGIN;
    return NULL;
}

/* Functions that make a process; the line is at the name. `behind` is what follows a name. */
static bool fork_name_take(struct fl_cursor *line, uint8_t behind)
{
    static const char *const names[] = {"fork", "_Fork", "__fork", "__libc_fork", "SYS_fork"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fl_cursor rest = *line;
        if (fl_text_take(&rest, names[i], strlen(names[i])) && rest.at != rest.end &&
            (*rest.at == behind || *rest.at == '@')) {
            *line = rest;
            return true;
        }
    }
    return false;
}

/* What the line ends with: "= RESULT", where its arguments may hold anything. */
static bool last_result_read(struct fl_cursor line, uint64_t *result)
{
    const uint8_t *equals = memrchr(line.at, '=', fl_cursor_left(&line));
    if (equals == NULL) {
        return false;
    }
    line.at = equals + 1;
    return value_take(&line, result);
}

/* SYS_clone began, at its first argument: threads share the memory of who makes them. */
static void clone_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    uint64_t flags;
    if (!value_take(&line, &flags)) {
        return;
    }
    const bool shares = (flags & CLONE_SHARES) != 0;
    if (!last_result_read(line, &entry->result)) {
        entry->kind = FL_LTRACE_CLONE;
        entry->result = shares;
    } else if (!shares) {
        entry->kind = FL_LTRACE_FORK;
    }
}

/* Is there a bracket with a result behind it? A result that is a text may hold others, and so
 * may arguments. */
static bool has_result(struct fl_cursor line)
{
    const uint8_t *const end = line.end;
    for (bool is_last = true; (line.end = memrchr(line.at, ')', fl_cursor_left(&line))) != NULL;
         is_last = false) {
        struct fl_cursor rest = {line.end + 1, end};
        gap_pass(&rest);
        if (is_last ? FL_TEXT_TAKE(&rest, "=") : FL_TEXT_TAKE(&rest, "= \"")) {
            return true;
        }
    }
    return false;
}

/* A call of another function, complete or not. */
static const char *other_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    const bool is_whole = has_result(line);
    if (!is_whole && !ends_with(&line, "<unfinished ...>") &&
        !ends_with(&line, "<no return ...>")) {
        return no_line;
    }
    entry->is_ltraces |= fl_cursor_left(&line) > 4 && memcmp(line.at, "SYS_", 4) == 0;
    if (FL_TEXT_TAKE(&line, "SYS_clone(")) {
        clone_read(line, entry);
    } else if (is_whole && fork_name_take(&line, '(') &&
               last_result_read(line, &entry->result)) {
        entry->kind = FL_LTRACE_FORK;
    }
    return NULL;
}

static void caller_note(struct fl_ltrace_caller *caller, const uint8_t *at, const uint8_t *end)
{
    caller->bytes = (size_t)(end - at);
    fl_text_memo_set(&caller->text, at, caller->bytes);
    caller->number = caller_number(at, end);
    caller->is_c_library = is_c_library(at, end);
}

/* The function that the same one calls as in the line before, NULL: none, or it has to be
 * looked for. The bracket that follows its name is the first one of the line, so there is no
 * other "->" before it. */
static inline const struct fl_family *function_again(const struct fl_cursor *line,
                                                     const struct fl_ltrace_caller *caller)
{
    return fl_text_memo_is_at(&caller->text, line)
               ? fl_family_find(line->at + caller->bytes, line->end, "((")
               : NULL;
}

static const char *call_read(struct fl_cursor line, struct fl_ltrace_caller *caller,
                             struct fl_ltrace_entry *entry)
{
    const struct fl_family *function = function_again(&line, caller);
    if (function == NULL) {
        const uint8_t *name = name_find(&line);
        if (name == NULL) {
            return no_line;
        }
        function = fl_family_find(name, line.end, "(@");
        if (function == NULL) {
            entry->is_ltraces = name != line.at;
            return other_read((struct fl_cursor){name, line.end}, entry);
        }
        caller_note(caller, line.at, name);
    }
    entry->is_ltraces = true;
    entry->call.function = function;
    entry->call.is_left_out = caller->is_c_library;
    line.at += caller->bytes + function->bytes;
    const bool is_at_symbol =
        *line.at == '@'; /* by -x: not the call that led there, seen again */
    entry->call.caller = caller->number + is_at_symbol;
    if (is_at_symbol && (line.at = memchr(line.at, '(', fl_cursor_left(&line))) == NULL) {
        return no_line;
    }
    line.at++;
    return family_read(line, entry);
}

/* "NAME resumed> …" of a function that is none of the family. */
static const char *other_resumed_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    const bool is_clone = FL_TEXT_TAKE(&line, "SYS_clone ");
    const bool is_fork = is_clone || fork_name_take(&line, ' ');
    if (memchr(line.at, '=', fl_cursor_left(&line)) == NULL) {
        return cut_end;
    }
    if (is_fork && last_result_read(line, &entry->result)) {
        entry->kind = is_clone ? FL_LTRACE_CLONED : FL_LTRACE_FORK;
    }
    return NULL;
}

/* Behind "<... ". */
static const char *resumed_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    bool is_closed;
    struct fl_family_call *call = &entry->call;
    call->function = fl_family_find(line.at, line.end, "  ");
    if (call->function == NULL) {
        return other_resumed_read(line, entry);
    }
    line.at += call->function->bytes;
    if (!FL_TEXT_TAKE(&line, " resumed> ") || !arguments_take(&line, call, &is_closed) ||
        !is_closed || !result_read(line, is_void(call->function), &entry->result)) {
        return cut_end;
    }
    entry->kind = FL_LTRACE_RETURN;
    return NULL;
}

/* Behind "--- ". */
static const char *signal_read(struct fl_cursor line, struct fl_ltrace_entry *entry)
{
    entry->kind = FL_TEXT_TAKE(&line, "Called exec() ---") ? FL_LTRACE_EXEC : FL_LTRACE_OTHER;
    return ends_with(&line, " ---") || line.at == line.end ? NULL : "a signal is cut";
}

/* Not the arguments, of which no more are used than were read: a tenth of the time went into
 * clearing them. */
static inline void entry_clear(struct fl_ltrace_entry *entry)
{
    entry->kind = FL_LTRACE_OTHER;
    entry->time_kind = FL_LTRACE_NO_TIME;
    entry->time_ns = 0;
    entry->task = 0;
    entry->has_task = entry->is_ltraces = false;
    entry->call.function = NULL;
    entry->call.argument_count = 0;
    entry->call.is_block_shown = entry->call.is_left_out = false;
    entry->call.caller = 0;
    entry->result = 0;
}

const char *fl_ltrace_read(struct fl_cursor line, struct fl_ltrace_caller *caller,
                           struct fl_ltrace_entry *entry)
{
    entry_clear(entry);
    while (fl_text_is_blank(line.end[-1])) {
        line.end--;
    }
    if (FL_TEXT_TAKE(&line, "> ")) {
        entry->kind = FL_LTRACE_FRAME;
        return NULL;
    }
    if (!prefix_take(&line, entry)) {
        return no_line;
    }
    switch (*line.at) {
    case '<':
        if (FL_TEXT_TAKE(&line, "<... ")) {
            return resumed_read(line, entry);
        }
        break;
    case '+':
        if (FL_TEXT_TAKE(&line, "+++ ")) {
            entry->kind = FL_LTRACE_EXIT;
            return ends_with(&line, " +++") ? NULL : "the end of a task is cut";
        }
        break;
    case '-':
        if (FL_TEXT_TAKE(&line, "--- ")) {
            return signal_read(line, entry);
        }
        break;
    case 'u':
        if (FL_TEXT_TAKE(&line, "unexpected breakpoint at ")) {
            entry->kind = FL_LTRACE_LOST;
            return NULL;
        }
        break;
    default:
        break;
    }
    return call_read(line, caller, entry);
}
