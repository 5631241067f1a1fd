/*
 * Tables for people. The first one has what all allocators have: timed columns, which differ from
 * run to run and machine to machine, and behind them those of the counters, ours exact ones,
 * for others a pass of its own (memory_watch.c). Two tables of exact counts follow. A cell an allocator cannot fill holds "-".
 * What the columns mean is said in figures.h.
 */
#include "out.h"

#include <inttypes.h>

#include <fl/fmt.h>

#include "grid.h"
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

static double per_call(uint64_t sum, uint64_t calls)
{
    return calls == 0 ? 0 : (double)sum / (double)calls;
}

static void grid_set_times(struct fl_grid_table *grid, const struct fl_target_result *target,
                           double first_net)
{
    if (target->run_count == 0) {
        return;
    }
    const double net = fl_median(target->net_ns, target->run_count);
    const double raw = fl_median(target->raw_ns, target->run_count);
    fl_grid_set(grid, 0, "%.1f", net);
    fl_grid_set(grid, 1, "%.1f", raw);
    if (raw > 0) {
        fl_grid_set(grid, 2, "%.0f%%", 100 * fl_range(target->raw_ns, target->run_count) / raw);
    }
    if (first_net > 0 && target->target->ops != &fl_target_none) {
        fl_grid_set(grid, 3, "%.2f", net / first_net);
    }
    const double faults = fl_median(target->page_faults, target->run_count);
    fl_grid_set(grid, 4, "%s", fl_fmt_count((uint64_t)faults).text);
}

/* What its own counters say, or the counting pass. */
static void grid_set_memory(struct fl_grid_table *grid, const struct fl_target_result *target,
                            uint64_t trace_payload)
{
    if (!target->has_stats && !target->has_memory) {
        return;
    }
    const uint64_t footprint = fl_peak_footprint(target);
    const uint64_t peak_payload =
        target->has_stats ? target->stats.peak_payload : trace_payload;
    fl_grid_set(grid, 5, "%s", fl_fmt_bytes(footprint).text);
    if (peak_payload > 0) {
        fl_grid_set(grid, 6, "%.3f", per_call(footprint, peak_payload));
    }
    fl_grid_set(grid, 7, "%s", fl_fmt_count(fl_system_calls(target)).text);
}

/* The net time all others are compared with. The floor is none: its own is 0 but for noise. */
static double first_net_of(const struct fl_trace_result *result)
{
    double first_net = 0;
    for (size_t i = 0; first_net <= 0 && i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->target->ops != &fl_target_none) {
            first_net = fl_median(target->net_ns, target->run_count);
        }
    }
    return first_net;
}

/* What the times depend on besides the allocators; the environment only where it says something. */
static void print_machine(FILE *out)
{
    struct fl_machine machine;
    fl_machine_read(&machine);
    fprintf(out, "  %u processor%s, transparent huge pages: %s", machine.processors,
            machine.processors == 1 ? "" : "s", machine.huge_pages);
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

/* With real threads: how many, what they cost the scheduler, and who is not made for them. */
static void print_threads(FILE *out, const struct fl_trace_result *result)
{
    const char *before = "  one lock around each call of ";
    uint64_t threads = 0;
    bool has_locked = false;
    for (size_t i = 0; i < result->target_count; i++) {
        const uint64_t of_target = result->targets[i].threads;
        threads = of_target > threads ? of_target : threads;
    }
    if (threads == 0) {
        return; /* one thread, or nothing that could be measured */
    }
    fprintf(out, "  wall time of %s threads at a time at most; context switches per operation:",
            fl_fmt_count(threads).text);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->run_count > 0) {
            fprintf(out, " %s %.4f", target->target->label,
                    fl_median(target->switches, target->run_count));
        }
    }
    fprintf(out, "\n");
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target *target = result->targets[i].target;
        if (!fl_target_is_foreign(target->ops) && target->ops != &fl_target_none) {
            fprintf(out, "%s%s", has_locked ? ", " : before, target->label);
            has_locked = true;
        }
    }
    fputs(has_locked ? "\n" : "", out);
}

/* Of all allocators the same columns: timed ones, then those that are the same in every run. */
static void print_figures(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    static const char *const titles[] = {"net",    "raw",       "spread",   "relative",
                                         "faults", "footprint", "/payload", "syscalls"};
    if (result->plan.steps == 0) {
        return;
    }
    if (result->run_count == 0) {
        fprintf(out, "\n  not timed (--runs=0)\n\n");
    } else {
        fprintf(out,
                "\n  ns per operation, median of %zu runs, touch=%s%s%s the driver's floor of "
                "%.1f\n",
                result->run_count, fl_touch_word(result->touch),
                result->is_populated ? ", populate" : "",
                result->is_real ? ", threads=real; nothing is subtracted from raw, not even"
                                : "; net = raw -",
                fl_median(result->floor_ns, result->run_count));
        print_populated(out, result);
        print_threads(out, result);
        print_machine(out);
    }
    struct fl_grid_table grid;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    const double first_net = first_net_of(result);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        fl_grid_add_row(&grid, target->target->label);
        grid_set_times(&grid, target, first_net);
        grid_set_memory(&grid, target, result->plan.peak_bytes);
    }
    fl_grid_print(out, &grid, is_colored);
}

static void grid_add_latency(struct fl_grid_table *grid, const char *label,
                             const struct fl_latency_figures *figures)
{
    fl_grid_add_row(grid, label);
    fl_grid_set(grid, 0, "%s", fl_fmt_count(figures->calls).text);
    fl_grid_set(grid, 1, "%s", fl_fmt_count(figures->p50_ns).text);
    fl_grid_set(grid, 2, "%s", fl_fmt_count(figures->p90_ns).text);
    fl_grid_set(grid, 3, "%s", fl_fmt_count(figures->p99_ns).text);
    fl_grid_set(grid, 4, "%s", fl_fmt_count(figures->p999_ns).text);
    fl_grid_set(grid, 5, "%s", fl_fmt_count(figures->max_ns).text);
}

/* The allocators below each other, for one kind of call. */
static void print_latency(FILE *out, const struct fl_trace_result *result,
                          enum fl_latency_kind kind, bool is_colored)
{
    static const char *const titles[] = {"calls", "p50", "p90", "p99", "p99.9", "max"};
    struct fl_grid_table grid;
    uint64_t calls = 0;
    fl_grid_start(&grid, fl_latency_word(kind), titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->has_latencies) {
            grid_add_latency(&grid, target->target->label, &target->latencies.of[kind]);
            calls += target->latencies.of[kind].calls;
        }
    }
    if (calls > 0) {
        fputc('\n', out);
        fl_grid_print(out, &grid, is_colored);
    }
}

static void print_latencies(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    size_t i = 0;
    while (i < result->target_count && !result->targets[i].has_latencies) {
        i++;
    }
    if (i == result->target_count) {
        return;
    }
    fprintf(out,
            "\n  latency: ns of each call in one pass; the clock's own %" PRIu64
            " are in each figure\n",
            result->targets[i].latencies.clock_ns);
    for (size_t kind = 0; kind < FL_LATENCY_KINDS; kind++) {
        print_latency(out, result, (enum fl_latency_kind)kind, is_colored);
    }
}

static const char *verdict_text(enum fl_verdict verdict)
{
    static const char *const texts[] = {[FL_VERDICT_UNCHECKED] = "-",
                                        [FL_VERDICT_PASSED] = "passed",
                                        [FL_VERDICT_WRONG] = "WRONG"};
    return texts[verdict];
}

/* "132: 11 MiB" */
static void grid_set_calls(struct fl_grid_table *grid, size_t column, uint64_t calls,
                           uint64_t bytes)
{
    fl_grid_set(grid, column, "%s: %s", fl_fmt_count(calls).text, fl_fmt_bytes(bytes).text);
}

static void grid_set_share(struct fl_grid_table *grid, size_t column, double share)
{
    if (share >= 0) {
        fl_grid_set(grid, column, "%.1f%%", 100 * share);
    }
}

static void grid_add_work(struct fl_grid_table *grid, const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    fl_grid_add_row(grid, target->target->label);
    fl_grid_set(grid, 0, "%s", verdict_text(target->verdict));
    if (!target->has_stats) {
        return;
    }
    fl_grid_set(grid, 1, "%.2f",
                per_call(stats->visits_malloc, stats->mallocs + stats->reallocs));
    fl_grid_set(grid, 2, "%s", fl_fmt_count(stats->visits_malloc_max).text);
    fl_grid_set(grid, 3, "%.2f", per_call(stats->visits_free, stats->frees));
    fl_grid_set(grid, 4, "%s", fl_fmt_count(stats->visits_free_max).text);
    fl_grid_set(grid, 5, "%s", fl_fmt_count(stats->splits).text);
    fl_grid_set(grid, 6, "%s", fl_fmt_count(stats->merges).text);
    if (stats->calls > 0) {
        fl_grid_set(grid, 7, "%.1f", per_call(stats->free_blocks_sum, stats->calls));
    }
    fl_grid_set(grid, 8, "%s", fl_fmt_count(stats->peak_free_blocks).text);
}

/* Calls of a foreign allocator that have no column of their own. */
static uint64_t other_calls(const struct fl_memory_calls *memory)
{
    return memory->reserve_calls + memory->mremap_calls + memory->brk_calls +
           memory->mprotect_calls;
}

static void grid_add_heap(struct fl_grid_table *grid, const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    const struct fl_memory_calls *memory = &target->memory;
    fl_grid_add_row(grid, target->target->label);
    if (target->has_memory) {
        grid_set_calls(grid, 3, memory->mmap_calls, memory->mmap_bytes);
        grid_set_calls(grid, 4, memory->munmap_calls, memory->munmap_bytes);
        grid_set_calls(grid, 5, memory->madvise_calls, memory->given_back_bytes);
        fl_grid_set(grid, 6, "%s", fl_fmt_count(other_calls(memory)).text);
    }
    if (!target->has_stats) {
        return;
    }
    fl_grid_set(grid, 0, "%s", fl_fmt_bytes(stats->peak_block_bytes).text);
    grid_set_share(grid, 1, fl_fragmentation_internal(stats));
    grid_set_share(grid, 2, fl_fragmentation_external(stats));
    grid_set_calls(grid, 3, stats->mmap_calls, stats->mmap_bytes);
    grid_set_calls(grid, 4, stats->munmap_calls, stats->munmap_bytes);
    grid_set_calls(grid, 5, stats->madvise_calls, stats->madvise_bytes);
}

static void print_hashes(FILE *out, const struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->verdict == FL_VERDICT_PASSED && target->has_offsets) {
            fprintf(out, "%s  offsets %016" PRIx64 "  %s\n", i == 0 ? "\n" : "",
                    target->check.offsets_hash, target->target->label);
        }
    }
}

/* NULL where the program got a block: its figures are of less work than the others'. */
static void print_refused(FILE *out, const struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->refused > 0) {
            fprintf(out, "\n  %s refused %s requests that the program was granted\n",
                    target->target->label, fl_fmt_count(target->refused).text);
        }
    }
}

static void print_work(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    static const char *const titles[] = {"check",  "visits/malloc", "max",       "/free", "max",
                                         "splits", "merges",        "free list", "max"};
    _Static_assert(sizeof titles / sizeof titles[0] <= FL_GRID_COLUMNS, "the grid holds a row");
    fprintf(out, "\n  exact counts, the same in every run (--help says what each is)\n\n");
    struct fl_grid_table grid;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < result->target_count; i++) {
        grid_add_work(&grid, &result->targets[i]);
    }
    fl_grid_print(out, &grid, is_colored);
}

static void print_heap(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    static const char *const titles[] = {"block bytes", "internal", "external", "mmap",
                                         "munmap",      "madvise",  "others"};
    _Static_assert(sizeof titles / sizeof titles[0] <= FL_GRID_COLUMNS, "the grid holds a row");
    bool has_memory = false;
    for (size_t i = 0; i < result->target_count; i++) {
        has_memory =
            has_memory || result->targets[i].has_stats || result->targets[i].has_memory;
    }
    if (!has_memory) {
        return;
    }
    fprintf(
        out,
        "\n  memory: fragmentation at the peak of payload, system calls and their bytes\n\n");
    struct fl_grid_table grid;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < result->target_count; i++) {
        grid_add_heap(&grid, &result->targets[i]);
    }
    fl_grid_print(out, &grid, is_colored);
}

void fl_out_table(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    print_trace(out, result);
    print_oddities(out, &result->plan);
    print_figures(out, result, is_colored);
    print_latencies(out, result, is_colored);
    print_work(out, result, is_colored);
    print_heap(out, result, is_colored);
    print_hashes(out, result);
    print_refused(out, result);
}

void fl_out_means(FILE *out, const struct fl_means *means, bool is_colored)
{
    static const char *const titles[] = {"net", "relative", "/payload"};
    if (means->trace_count < 2 || means->timed_count + means->sized_count == 0) {
        return;
    }
    fprintf(out, "\ngeometric means over %zu traces: %zu timed, %zu with footprints\n\n",
            means->trace_count, means->timed_count, means->sized_count);
    struct fl_grid_table grid;
    double first_net = 0;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < means->target_count; i++) {
        const double net = fl_means_net_ns(means, i);
        const double footprint = fl_means_footprint(means, i);
        first_net = first_net <= 0 ? net : first_net;
        fl_grid_add_row(&grid, means->targets[i]->label);
        if (net > 0) {
            fl_grid_set(&grid, 0, "%.1f", net);
            fl_grid_set(&grid, 1, "%.2f", net / first_net);
        }
        if (footprint > 0) {
            fl_grid_set(&grid, 2, "%.3f", footprint);
        }
    }
    fl_grid_print(out, &grid, is_colored);
}
