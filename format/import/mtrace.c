/*
 * The log of glibc's mtrace (libc_malloc_debug.so since 2.34), a line a call:
 *
 *     = Start                                    = End
 *     @ [FILE:][(SYMBOL+OFFSET)][0xCALLER] + 0xADDRESS 0xSIZE      an allocation; (nil): it failed
 *                                          - 0xADDRESS             a free, or a realloc to 0
 *                                          < 0xOLD                 a realloc, and
 *                                          > 0xNEW 0xSIZE          on the next line its result
 *                                          ! 0xOLD 0xSIZE          a realloc that failed
 *
 * The caller is there where it is known. A process that ended otherwise than by muntrace leaves
 * no End, and often a last line that is cut.
 *
 * Source: glibc, malloc/mtrace-impl.c.
 */
#include "formats.h"
#include "text.h"

struct mtrace {
    bool has_old; /* a '<' was met, its '>' not yet */
    uint64_t old_address;
};

/* What a line says of a call; `verb` '=' says nothing. */
struct call {
    uint8_t verb;
    uint64_t address, size_bytes;
};

static bool address_read(struct fl_cursor *line, uint64_t *address)
{
    fl_text_skip_blanks(line);
    *address = 0;
    return FL_TEXT_TAKE(line, "(nil)") || fl_text_hex(line, address);
}

/* Behind the caller. The name of its file may hold anything, and a call no bracket. */
static bool caller_pass(struct fl_cursor *line)
{
    if (!FL_TEXT_TAKE(line, "@ ")) {
        return true;
    }
    const uint8_t *end = memrchr(line->at, ']', fl_cursor_left(line));
    if (end == NULL) {
        return false;
    }
    line->at = end + 1;
    return true;
}

static bool call_read(struct fl_cursor line, struct call *call)
{
    struct fl_cursor word;
    *call = (struct call){.verb = '='};
    if (FL_TEXT_TAKE(&line, "= ")) {
        return true;
    }
    if (!caller_pass(&line) || !fl_text_word(&line, &word) || fl_cursor_left(&word) != 1 ||
        !address_read(&line, &call->address)) {
        return false;
    }
    call->verb = *word.at;
    switch (call->verb) {
    case '-':
    case '<':
        return fl_text_is_over(&line);
    case '+':
    case '>':
    case '!':
        return fl_text_hex(&line, &call->size_bytes) && fl_text_is_over(&line);
    default:
        return false;
    }
}

/* A '<' that nothing came of, as when the log of two threads is mixed: the old object is
 * gone. */
static void old_release(struct fl_import *import, struct mtrace *mtrace)
{
    if (mtrace->has_old) {
        fl_import_free(import, FL_CALL_FREE, mtrace->old_address, 0);
    }
    mtrace->has_old = false;
}

static void call_report(struct fl_import *import, struct mtrace *mtrace,
                        const struct call *call)
{
    switch (call->verb) {
    case '+':
        fl_import_alloc(import, FL_CALL_MALLOC, call->address, call->size_bytes,
                        FL_ALIGN_DEFAULT);
        break;
    case '-':
        fl_import_free(import, FL_CALL_FREE, call->address, 0);
        break;
    case '!':
        fl_import_realloc(import, FL_CALL_REALLOC, call->address, 0, call->size_bytes);
        break;
    case '<':
        mtrace->has_old = true;
        mtrace->old_address = call->address;
        break;
    default:
        break;
    }
}

static const char *mtrace_line(struct fl_import *import, void *state, struct fl_cursor line)
{
    struct mtrace *mtrace = state;
    struct call call;
    if (!call_read(line, &call)) {
        return "no line of mtrace";
    }
    if (call.verb != '>') {
        old_release(import, mtrace);
        call_report(import, mtrace, &call);
        return NULL;
    }
    if (!mtrace->has_old) {
        return "the result of a realloc without what was reallocated";
    }
    mtrace->has_old = false;
    fl_import_realloc(import, FL_CALL_REALLOC, mtrace->old_address, call.address,
                      call.size_bytes);
    return NULL;
}

static enum fl_status mtrace_end(struct fl_import *import, void *state, struct fl_error *err)
{
    const struct mtrace *mtrace = state;
    return mtrace->has_old
               ? fl_import_fail(import, FL_TRUNCATED, err, "the last realloc has no result")
               : FL_OK;
}

static bool mtrace_detect(const uint8_t *at, size_t have)
{
    struct fl_cursor bytes = {at, at + have}, line;
    struct call call;
    if (!fl_text_first_line(&bytes, &line)) {
        return false;
    }
    return FL_TEXT_IS(&line, "= Start") || (*line.at == '@' && call_read(line, &call));
}

const struct fl_import_format fl_import_mtrace = {
    .name = "mtrace",
    .summary = "the log of glibc's mtrace",
    .gaps =
        "calloc, alignment, free of NULL, realloc to 0, usable sizes, threads and their order",
    .state_bytes = sizeof(struct mtrace),
    .detect = mtrace_detect,
    .next = fl_text_next,
    .line = mtrace_line,
    .end = mtrace_end,
};
