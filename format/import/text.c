/*
 * The loop over the lines of a text. Lines are found in the bytes that the input has read, 256
 * KiB at a time, and never copied; memchr is most of what this costs. A line that cannot be
 * understood is passed over and counted (fl_import_malformed); one that is too long ends the
 * import, since what follows is no text.
 */
#include "text.h"

#include <inttypes.h>

#include "import_internal.h"

uint64_t fl_text_line_number(const struct fl_import *import)
{
    return import->text.line;
}

void fl_text_again(struct fl_import *import, const uint8_t *at)
{
    import->text.window.at = at;
    import->text.line--;
}

bool fl_text_decimal_long(struct fl_cursor *line, uint64_t *out)
{
    static const uint32_t power_of_10[] = {1,      10,      100,      1000,     10000,
                                           100000, 1000000, 10000000, 100000000};
    const uint8_t *at = line->at;
    uint64_t value = 0;
    unsigned count;
    do {
        const uint64_t bytes = fl_load64(at);
        count = fl_text_digits(bytes, at, line->end);
        if (count > 0 &&
            (__builtin_mul_overflow(value, power_of_10[count], &value) ||
             __builtin_add_overflow(value, fl_text_decimal_part(bytes, count), &value))) {
            return false;
        }
        at += count;
    } while (count == 8);
    line->at = at;
    *out = value;
    return true;
}

/* Use up the lines that were taken, and read on behind what is left. */
static enum fl_status window_move(struct fl_import *import, struct fl_error *err)
{
    struct fl_text_place *text = &import->text;
    struct fl_input *input = &import->reader->input;
    const uint8_t *at;
    size_t have;
    const size_t left = fl_cursor_left(&text->window);
    if (text->peeked_at != NULL) {
        fl_input_skip(input, (size_t)(text->window.at - text->peeked_at));
    }
    text->peeked_at = NULL; /* what was peeked may be gone, also on failure */
    text->window = (struct fl_cursor){0};
    const enum fl_status status = fl_input_peek(input, left + 1, &at, &have, err);
    if (status == FL_OK) {
        text->peeked_at = at;
        text->window = (struct fl_cursor){at, at + have};
        text->is_last = have == left;
    }
    return status;
}

static enum fl_status line_is_too_long(const struct fl_import *import, struct fl_error *err)
{
    return fl_fail(err, FL_LIMIT, "%s: line %" PRIu64 " is longer than %u bytes",
                   import->reader->input.name, import->text.line + 1, FL_TEXT_LINE_MAX);
}

/* The next line, without its end. FL_END: there is none. */
static enum fl_status line_take(struct fl_import *import, struct fl_cursor *line,
                                struct fl_error *err)
{
    struct fl_text_place *text = &import->text;
    for (;;) {
        const size_t left = fl_cursor_left(&text->window);
        const uint8_t *end = left == 0 ? NULL : memchr(text->window.at, '\n', left);
        const bool is_cut = end == NULL && text->is_last && left > 0;
        if (end != NULL || is_cut) {
            end = is_cut ? text->window.end : end;
            *line = (struct fl_cursor){text->window.at, end};
            text->window.at = is_cut ? end : end + 1;
        }
        if ((end != NULL ? fl_cursor_left(line) : left) > FL_TEXT_LINE_MAX) {
            return line_is_too_long(import, err);
        }
        if (end != NULL) {
            text->line++;
            return FL_OK;
        }
        if (text->is_last) {
            return FL_END;
        }
        const enum fl_status status = window_move(import, err);
        if (status != FL_OK) {
            return status;
        }
    }
}

/* Is there something in it? Lines of other systems end with a carriage return too. */
static inline bool line_trim(struct fl_cursor *line)
{
    if (line->at != line->end && line->end[-1] == '\r') {
        line->end--;
    }
    return !fl_text_is_over(line);
}

enum fl_status fl_text_next(struct fl_import *import, void *state, struct fl_error *err)
{
    struct fl_cursor line = {NULL, NULL};
    while (fl_import_has_room(import)) {
        enum fl_status status = line_take(import, &line, err);
        if (status != FL_OK) {
            return status;
        }
        if (!line_trim(&line)) {
            continue;
        }
        const char *wrong = import->format->line(import, state, line);
        if (wrong == NULL) {
            import->understood++;
            continue;
        }
        status =
            fl_import_malformed(import, err, "line %" PRIu64 ": %s", import->text.line, wrong);
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

bool fl_text_first_line(struct fl_cursor *bytes, struct fl_cursor *line)
{
    while (bytes->at != bytes->end) {
        const uint8_t *end = memchr(bytes->at, '\n', fl_cursor_left(bytes));
        *line = (struct fl_cursor){bytes->at, end == NULL ? bytes->end : end};
        bytes->at = end == NULL ? bytes->end : end + 1;
        if (line_trim(line)) {
            return true;
        }
    }
    return false;
}
