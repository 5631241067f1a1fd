/*
 * fltrace dump: the records as text. The grammar is in SPEC.md, "Text form"; one record a line,
 * events with their number, other records with a dash.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"
#include "verb.h"

enum { OPT_FIRST, OPT_LIMIT };

static const struct fl_option options[] = {
    {OPT_FIRST, 0, "first", "N", FL_OPT_NUMBER, "0", NULL, "Start at event number N."},
    {OPT_LIMIT, 'n', "limit", "N", FL_OPT_NUMBER, NULL, NULL, "Print at most N events."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace dump",
    .synopsis = "[--first=N] [--limit=N] TRACE",
    .summary = "Print the records of a trace as text, one a line.",
    .epilogue =
        "A line is\n\n"
        "  NUMBER CALL [#OBJECT|null|unknown] [align=BYTES] [SIZE] [= #NEW] [failed|freed]\n"
        "  - RECORD NUMBER...\n\n"
        "format/SPEC.md, \"Text form\", has the whole grammar.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct dump {
    uint64_t first, limit;
    uint64_t printed; /* events */
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct dump *dump = user;
    *(value->id == OPT_FIRST ? &dump->first : &dump->limit) = value->number;
    return FL_OK;
}

static void mark_print(const struct fl_step *step)
{
    size_t bytes;
    const char *text = fl_reader_text(step->reader, step->op, &bytes);
    fputs("- mark \"", stdout);
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\') {
            printf("\\x%02x", byte);
        } else {
            putchar(byte);
        }
    }
    puts("\"");
}

/* Of an object that was lost with a damaged chunk the number is not known. */
static void implied_free_print(const struct fl_step *step)
{
    if (step->before == NULL) {
        puts("- free unknown implied");
    } else {
        printf("- free #%" PRIu64 " implied\n", step->before->number);
    }
}

static void record_print(const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    if (op->kind == FL_RECORD_MARK) {
        mark_print(step);
    } else if (op->kind == FL_RECORD_THREAD_START) {
        printf("- thread-start %" PRIu64 " system-id=%" PRIu32 "\n", op->size_bytes, op->slot);
    } else if (fl_kind_is_call(op->kind)) {
        implied_free_print(step);
    } else {
        printf("- %s %" PRIu64 "\n", fl_kind_name(op->kind), op->size_bytes);
    }
}

static bool takes_size(const struct fl_op *op)
{
    return op->kind != FL_CALL_FREE;
}

static void alignment_print(const struct fl_op *op)
{
    if (op->align_log2 == FL_ALIGN_INVALID) {
        fputs(" align=invalid", stdout);
    } else if (op->align_log2 != FL_ALIGN_DEFAULT) {
        printf(" align=%" PRIu64, UINT64_C(1) << op->align_log2);
    }
}

static void event_print(const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    printf("%" PRIu64 " %s", step->event, fl_kind_name(op->kind));
    if (step->before != NULL) {
        printf(" #%" PRIu64, step->before->number);
    } else if (op->flags & (FL_FLAG_NULL | FL_FLAG_UNKNOWN)) {
        fputs(op->flags & FL_FLAG_NULL ? " null" : " unknown", stdout);
    }
    alignment_print(op);
    if (takes_size(op)) {
        printf(" %" PRIu64, op->size_bytes);
    }
    if (step->after != NULL) {
        printf(" = #%" PRIu64, step->after->number);
    }
    puts(op->flags & FL_FLAG_FAILED ? " failed" : op->flags & FL_FLAG_FREED ? " freed" : "");
}

static bool step_print(const struct fl_step *step, void *user)
{
    struct dump *dump = user;
    if (step->event < dump->first) {
        return true;
    }
    if (!step->is_event) {
        record_print(step);
        return !ferror(stdout);
    }
    if (dump->printed == dump->limit) {
        return false;
    }
    event_print(step);
    dump->printed++;
    return !ferror(stdout);
}

int verb_dump(int argc, char **argv)
{
    struct dump dump = {.limit = UINT64_MAX};
    struct fl_reader *reader;
    enum fl_status status = fl_verb_begin(&command, argc, argv, option_take, &dump, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = fl_trace_walk(&command, reader, FL_BY_SERIAL, step_print, &dump);
    fl_reader_close(reader);
    return fl_status_exit(status);
}
