/*
 * Traces of the CMU malloc lab's driver (mdriver): four numbers, a line each, then a line a
 * call.
 *
 *     2002 and many courses   suggested heap size   ids   calls   weight
 *     2016 and later          weight                ids   calls   most bytes live at a time
 *
 *     a ID BYTES   malloc     r ID BYTES   realloc of the object ID, which keeps its ID     f ID   free; -1 is NULL
 *
 * Ids and calls stand at the same place in both. Neither is used to take memory; the number of
 * calls is compared with those that are there.
 *
 * Source: the course's traces/README of 2002 and 2016, and its driver's tracefile.c of 2022.
 */
#include <inttypes.h>

#include "formats.h"
#include "text.h"

#define HEADER_NUMBERS 4u

struct rep {
    unsigned header_count;           /* numbers of the header read so far */
    uint64_t header[HEADER_NUMBERS]; /* [2]: how many calls there are */
    uint64_t calls;
    bool is_surplus_told;
};

/* A line behind the header. */
struct call {
    uint8_t verb; /* 'a', 'r', 'f' */
    bool is_null; /* f -1 */
    uint64_t id, size_bytes;
};

static bool number_line(struct fl_cursor line, uint64_t *number)
{
    return fl_text_decimal(&line, number) && fl_text_is_over(&line);
}

static bool call_read(struct fl_cursor line, struct call *call)
{
    struct fl_cursor word;
    *call = (struct call){0};
    if (!fl_text_word(&line, &word) || fl_cursor_left(&word) != 1) {
        return false;
    }
    call->verb = *word.at;
    if (call->verb != 'a' && call->verb != 'r' && call->verb != 'f') {
        return false;
    }
    fl_text_skip_blanks(&line);
    call->is_null = call->verb == 'f' && FL_TEXT_TAKE(&line, "-1");
    if (call->is_null) {
        return fl_text_is_over(&line);
    }
    return fl_text_decimal(&line, &call->id) && call->id <= UINT32_MAX &&
           (call->verb == 'f' || fl_text_decimal(&line, &call->size_bytes)) &&
           fl_text_is_over(&line);
}

/* mdriver gives realloc NULL for what was not allocated yet, and takes a size of 0 for a
 * free. */
static void realloc_report(struct fl_import *import, const struct call *call)
{
    const uint64_t address = fl_import_address(call->id);
    fl_import_realloc_if_live(import, FL_CALL_REALLOC, address,
                              call->size_bytes == 0 ? 0 : address, call->size_bytes);
}

static void call_report(struct fl_import *import, const struct call *call)
{
    const uint64_t address = call->is_null ? 0 : fl_import_address(call->id);
    if (call->verb == 'a') {
        fl_import_alloc(import, FL_CALL_MALLOC, address, call->size_bytes, FL_ALIGN_DEFAULT);
    } else if (call->verb == 'f') {
        fl_import_free(import, FL_CALL_FREE, address, 0);
    } else {
        realloc_report(import, call);
    }
}

static const char *rep_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct rep *rep = state;
    struct call call;
    if (rep->header_count < HEADER_NUMBERS) {
        if (!number_line(line, &rep->header[rep->header_count])) {
            return "the header is four numbers, a line each";
        }
        rep->header_count++;
        return NULL;
    }
    rep->calls++;
    if (!call_read(line, &call)) {
        return "not 'a ID BYTES', 'r ID BYTES' nor 'f ID'";
    }
    call_report(import, &call);
    return NULL;
}

static enum fl_status rep_end(struct fl_import *import, void *state, struct fl_error *err)
{
    struct rep *rep = state;
    const uint64_t declared = rep->header[2];
    if (rep->header_count < HEADER_NUMBERS) {
        return fl_import_fail(import, FL_TRUNCATED, err, "its header is cut");
    }
    if (rep->calls < declared) {
        return fl_import_fail(import, FL_TRUNCATED, err,
                              "the header declares %" PRIu64 " calls, there are %" PRIu64,
                              declared, rep->calls);
    }
    if (rep->calls > declared && !rep->is_surplus_told) {
        rep->is_surplus_told = true;
        return fl_import_fail(import, FL_CORRUPT, err,
                              "the header declares %" PRIu64 " calls, there are %" PRIu64,
                              declared, rep->calls);
    }
    return FL_OK;
}

/* Four numbers, and a call if more is there. */
static bool rep_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    uint64_t number;
    struct call call;
    for (unsigned i = 0; i < HEADER_NUMBERS; i++) {
        if (!fl_text_first_line(&bytes, &line) || !number_line(line, &number)) {
            return false;
        }
    }
    return !fl_text_first_line(&bytes, &line) || call_read(line, &call);
}

const struct fl_import_format fl_import_rep = {
    .name = "rep",
    .summary = "malloc-lab .rep, both orders of its header",
    .gaps = "calloc, alignment, failed calls, threads",
    .state_bytes = sizeof(struct rep),
    .detect = rep_detect,
    .next = fl_text_next,
    .line = rep_line,
    .end = rep_end,
};
