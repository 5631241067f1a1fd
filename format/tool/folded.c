/*
 * fltrace folded: one line for each call stack that cost something, from the outermost function
 * to the innermost, and its cost: what flame graph viewers read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"
#include "symbols.h"
#include "verb.h"

#define FL_PATH_MAX 1024u /* frames of one stack that are printed, from the inside */

enum { OPT_COST };

static const struct fl_option options[] = {
    {OPT_COST, 0, "cost", "KIND", FL_OPT_CHOICE, "bytes", "bytes|count|peak|end",
     "What a stack cost: bytes allocated, number of calls, bytes live at the peak of the whole "
     "trace, or bytes never freed."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace folded",
    .synopsis = "[--cost=KIND] TRACE",
    .summary = "Write the call stacks of a trace, folded, for a flame graph.",
    .epilogue = "A line is FUNCTION;FUNCTION;... VALUE, the outermost function first.\n\n"
                "  fltrace folded t.zst | flamegraph.pl --countname=bytes >t.svg\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

enum cost_kind { COST_BYTES, COST_COUNT, COST_PEAK, COST_END };

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    enum cost_kind *kind = user;
    *kind = (enum cost_kind)value->number;
    return FL_OK;
}

static uint64_t cost_value(const struct fl_cost *cost, enum cost_kind kind)
{
    switch (kind) {
    case COST_BYTES:
        return cost->bytes;
    case COST_COUNT:
        return cost->count;
    case COST_PEAK:
        return cost->peak_bytes;
    case COST_END:
        return cost->live_bytes;
    }
    return 0;
}

/* A semicolon would end the name. */
static void name_print(const char *name)
{
    for (; *name != '\0'; name++) {
        putchar(*name == ';' ? ':' : *name);
    }
}

static void frame_print(struct fl_symbols *symbols, const struct fl_frame *frame)
{
    size_t count;
    const struct fl_symbol *at = fl_symbols_at(symbols, frame, &count);
    for (size_t i = at != NULL ? count : 0; i-- > 0;) {
        name_print(at[i].function);
        if (i > 0) {
            putchar(';');
        }
    }
}

static void stack_print(const struct fl_stacks *stacks, struct fl_symbols *symbols,
                        uint32_t stack)
{
    const struct fl_frame *path[FL_PATH_MAX];
    size_t count = 0;
    const struct fl_frame *frame;
    while (count < FL_PATH_MAX && (frame = fl_stacks_frame(stacks, stack)) != NULL) {
        path[count++] = frame;
        stack = frame->parent;
    }
    if (count == 0) {
        fputs("(unknown)", stdout);
    }
    for (size_t i = count; i-- > 0;) {
        frame_print(symbols, path[i]);
        if (i > 0) {
            putchar(';');
        }
    }
}

static enum fl_status folded_print(const struct fl_costs *costs, const struct fl_stacks *stacks,
                                   enum cost_kind kind)
{
    struct fl_symbols *symbols = fl_symbols_new(stacks);
    if (symbols == NULL) {
        struct fl_error err;
        (void)fl_fail(&err, FL_NOMEM, "no memory for the names of functions");
        fl_opt_report(&command, &err);
        return FL_NOMEM;
    }
    for (uint32_t stack = 0; stack < costs->count; stack++) {
        const uint64_t value = cost_value(&costs->by_stack[stack], kind);
        if (value > 0) {
            stack_print(stacks, symbols, stack);
            printf(" %" PRIu64 "\n", value);
        }
    }
    fl_symbols_free(symbols);
    return FL_OK;
}

int verb_folded(int argc, char **argv)
{
    struct fl_costs costs = {0};
    struct fl_reader *reader;
    enum cost_kind kind = COST_BYTES;
    enum fl_status status =
        fl_costs_gather(&command, argc, argv, option_take, &kind, &costs, &reader);
    if (reader != NULL) {
        const enum fl_status printed = folded_print(&costs, fl_reader_stacks(reader), kind);
        status = status == FL_OK ? printed : status;
        fl_reader_close(reader);
    }
    fl_costs_clear(&costs);
    return fl_status_exit(status);
}
