/*
 * Traces of wee_alloc's tests, a line a call:
 *
 *     Alloc(SIZE),      the next object, numbered from 0 in the order of these lines
 *     Free(NUMBER),     the object of that number; wee_alloc's tests pass over one that is freed already
 *
 * Source: rustwasm/wee_alloc, test/src/lib.rs.
 */
#include "formats.h"
#include "text.h"

struct wee_alloc {
    uint64_t next; /* number of the next object */
};

enum call { CALL_NONE, CALL_ALLOC, CALL_FREE };

/* The call of a line and its number. */
static enum call line_read(struct fl_cursor line, uint64_t *number)
{
    enum call call = CALL_NONE;
    if (FL_TEXT_TAKE(&line, "Alloc(")) {
        call = CALL_ALLOC;
    } else if (FL_TEXT_TAKE(&line, "Free(")) {
        call = CALL_FREE;
    }
    const bool is_whole = call != CALL_NONE && fl_text_decimal(&line, number) &&
                          FL_TEXT_TAKE(&line, "),") && fl_text_is_over(&line);
    return is_whole ? call : CALL_NONE;
}

static const char *wee_alloc_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct wee_alloc *wee_alloc = state;
    uint64_t number;
    const enum call call = line_read(line, &number);
    if (call == CALL_NONE) {
        return "not 'Alloc(SIZE),' nor 'Free(NUMBER),'";
    }
    if (call == CALL_ALLOC) {
        fl_import_alloc(import, FL_CALL_MALLOC, fl_import_address(wee_alloc->next++), number,
                        FL_ALIGN_DEFAULT);
        return NULL;
    }
    if (number >= wee_alloc->next) {
        return "a free of an object that is not allocated yet";
    }
    fl_import_free(import, FL_CALL_FREE, fl_import_address(number), 0);
    return NULL;
}

static bool wee_alloc_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    uint64_t number;
    return fl_text_first_line(&bytes, &line) && line_read(line, &number) != CALL_NONE;
}

const struct fl_import_format fl_import_wee_alloc = {
    .name = "wee-alloc",
    .summary = "traces of wee_alloc's tests: Alloc(SIZE), Free(NUMBER)",
    .gaps = "calloc, realloc, alignment, free of NULL, failed calls, threads",
    .state_bytes = sizeof(struct wee_alloc),
    .detect = wee_alloc_detect,
    .next = fl_text_next,
    .line = wee_alloc_line,
};
