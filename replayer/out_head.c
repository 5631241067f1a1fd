/*
 * What was replayed, and under which conditions: the lines above the tables.
 */
#include "out.h"

#include <fl/fmt.h>

#include "machine.h"
#include "populate.h"

#define SETTING_BYTES 200u

static void print_trace(FILE *out, const struct fl_trace_result *result)
{
    const struct fl_plan_totals *plan = &result->plan;
    fprintf(out, "%s: %s events%s, %s objects, ", result->name, fl_fmt_count(plan->events).text,
            result->is_limited ? " (--limit)" : "", fl_fmt_count(plan->objects).text);
    fprintf(out, "peak %s live, %s of payload\n", fl_fmt_count(plan->peak_live_objects).text,
            fl_fmt_bytes(plan->peak_bytes).text);
}

/* Print "  12 frees of NULL" of what occurred; `*has_printed` keeps the commas right. */
static void print_oddity(FILE *out, uint64_t count, const char *what, bool *has_printed)
{
    if (count > 0) {
        fprintf(out, "%s%s %s", *has_printed ? ", " : "  besides: ", fl_fmt_count(count).text,
                what);
        *has_printed = true;
    }
}

static void print_oddities(FILE *out, const struct fl_plan_totals *plan)
{
    bool has_printed = false;
    print_oddity(out, plan->live_objects, "live at the end", &has_printed);
    print_oddity(out, plan->null_pointers, "calls with NULL", &has_printed);
    print_oddity(out, plan->size_zero, "of size 0", &has_printed);
    print_oddity(out, plan->resize_zero, "realloc(p, 0)", &has_printed);
    print_oddity(out, plan->unknown_frees, "frees of unknown pointers", &has_printed);
    print_oddity(out, plan->unknown_others, "other calls with unknown pointers", &has_printed);
    print_oddity(out, plan->failed_calls, "calls that failed when recorded", &has_printed);
    print_oddity(out, plan->wrong_sizes, "sized frees of another size than was asked for",
                 &has_printed);
    print_oddity(out, plan->implied_frees, "frees nobody saw", &has_printed);
    print_oddity(out, plan->lost_events, "events lost by the recorder", &has_printed);
    if (has_printed) {
        fputc('\n', out);
    }
}

void fl_out_traces(FILE *out, const struct fl_out_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        print_trace(out, results->at[i]);
        print_oddities(out, &results->at[i]->plan);
    }
}

/* What the times depend on besides the allocators; the environment only where it says
 * something. */
static void print_machine(FILE *out)
{
    struct fl_machine machine;
    fl_machine_read(&machine);
    fprintf(out, "  %u processor%s, transparent huge pages: %s%s", machine.processors,
            machine.processors == 1 ? "" : "s", machine.huge_pages,
            machine.has_instruction_counter ? "" : ", no counter of instructions");
    for (size_t i = 0; i < machine.setting_count; i++) {
        char setting[SETTING_BYTES];
        snprintf(setting, sizeof setting, "%s", machine.settings[i]);
        fl_make_printable(setting);
        fprintf(out, "; %s", setting);
    }
    fputs("\n\n", out);
}

/* Whose memory is not ours to fault in. */
static void print_populated(FILE *out, const struct fl_trace_result *result)
{
    const char *before = "  populate: not applicable to ";
    for (size_t i = 0; result->is_populated && i < result->target_count; i++) {
        if (!fl_populate_applies(result->targets[i].target->ops)) {
            fprintf(out, "%s%s", before, result->targets[i].target->label);
            before = ", ";
        }
    }
    if (*before == ',') {
        fputc('\n', out);
    }
}

/* With real threads: how many, and what they cost the scheduler. */
static void print_threads(FILE *out, const struct fl_trace_result *result, bool is_named)
{
    uint64_t threads = 0;
    for (size_t i = 0; i < result->target_count; i++) {
        const uint64_t of_target = result->targets[i].threads;
        threads = of_target > threads ? of_target : threads;
    }
    if (threads == 0) {
        return; /* one thread, or nothing that could be measured */
    }
    fprintf(out,
            "  %s%swall time of %s threads at a time at most; context switches per operation:",
            is_named ? result->name : "", is_named ? ": " : "", fl_fmt_count(threads).text);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->run_count > 0) {
            fprintf(out, " %s %.4f", target->target->label,
                    fl_median(target->switches, target->run_count));
        }
    }
    fputc('\n', out);
}

/* Who is not made for real threads. */
static void print_locked(FILE *out, const struct fl_trace_result *result)
{
    const char *before = "  one lock around each call of ";
    for (size_t i = 0; result->is_real && i < result->target_count; i++) {
        const struct fl_target *target = result->targets[i].target;
        if (!fl_target_is_foreign(target->ops) && target->ops != &fl_target_none) {
            fprintf(out, "%s%s", before, target->label);
            before = ", ";
        }
    }
    if (*before == ',') {
        fputc('\n', out);
    }
}

void fl_out_setting(FILE *out, const struct fl_out_results *results)
{
    const struct fl_trace_result *first = results->at[0];
    if (first->run_count == 0) {
        fprintf(out, "\n  not timed (--runs=0)\n\n");
        return;
    }
    fprintf(out, "\n  ns per operation, ");
    if (first->run_count == 1) {
        fputs("one run", out);
    } else {
        fprintf(out, "median of %zu runs", first->run_count);
    }
    fprintf(out, ", touch=%s%s%s the driver's floor", fl_touch_word(first->touch),
            first->is_populated ? ", populate" : "",
            first->is_real ? ", threads=real; nothing is subtracted from raw, not even"
                           : "; net = raw -");
    if (results->count == 1) {
        fprintf(out, " of %.1f", fl_median(first->floor_ns, first->run_count));
    }
    fputc('\n', out);
    print_populated(out, first);
    for (size_t i = 0; i < results->count; i++) {
        print_threads(out, results->at[i], results->count > 1);
    }
    print_locked(out, first);
    print_machine(out);
}
