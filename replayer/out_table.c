/*
 * Tables for people, with a group of rows for each trace where there are several. The first one
 * has what all allocators have: timed columns, which differ from run to run and machine to
 * machine, and behind them those of the counters, ours exact ones, for others a pass of its own
 * (memory_watch.c). Two tables of exact counts follow. A cell an allocator cannot fill holds
 * "-". What the columns mean is said in figures.h.
 */
#include "out.h"

#include <inttypes.h>

#include <fl/fmt.h>

#include "grid.h"

/* Columns of the first table. */
enum {
    FIGURE_NET,
    FIGURE_RAW,
    FIGURE_SPREAD,
    FIGURE_RELATIVE,
    FIGURE_FAULTS,
    FIGURE_FOOTPRINT,
    FIGURE_PAYLOAD,
    FIGURE_SYSCALLS,
    FIGURE_INSTRUCTIONS, /* only where they are counted */
};

static double per_call(uint64_t sum, uint64_t calls)
{
    return calls == 0 ? 0 : (double)sum / (double)calls;
}

/* Two decimals, but four below 0.1: beside a slow first one, fast ones are still to be told
 * apart. */
static void grid_set_relative(struct fl_grid_table *grid, double ratio)
{
    fl_grid_set(grid, FIGURE_RELATIVE, "%.*f", ratio < 0.1 && ratio > -0.1 ? 4 : 2, ratio);
}

static void grid_set_times(struct fl_grid_table *grid, const struct fl_target_result *target,
                           double first_net)
{
    if (target->run_count == 0) {
        return;
    }
    const double net = fl_median(target->net_ns, target->run_count);
    const double raw = fl_median(target->raw_ns, target->run_count);
    fl_grid_set(grid, FIGURE_NET, "%.1f", net);
    fl_grid_set(grid, FIGURE_RAW, "%.1f", raw);
    if (raw > 0) {
        fl_grid_set(grid, FIGURE_SPREAD, "%.0f%%",
                    100 * fl_range(target->raw_ns, target->run_count) / raw);
    }
    if (first_net > 0 && target->target->ops != &fl_target_none) {
        grid_set_relative(grid, net / first_net);
    }
    const double faults = fl_median(target->page_faults, target->run_count);
    fl_grid_set(grid, FIGURE_FAULTS, "%s", fl_fmt_count((uint64_t)faults).text);
    if (target->has_instructions) {
        fl_grid_set(grid, FIGURE_INSTRUCTIONS, "%.1f",
                    fl_median(target->instructions, target->run_count));
    }
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
    fl_grid_set(grid, FIGURE_FOOTPRINT, "%s", fl_fmt_bytes(footprint).text);
    if (peak_payload > 0) {
        fl_grid_set(grid, FIGURE_PAYLOAD, "%.3f", per_call(footprint, peak_payload));
    }
    fl_grid_set(grid, FIGURE_SYSCALLS, "%s", fl_fmt_count(fl_system_calls(target)).text);
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

/* A row of what one target did with one trace. */
typedef void row_add(struct fl_grid_table *grid, const struct fl_trace_result *result,
                     const struct fl_target_result *target);

static void figures_add(struct fl_grid_table *grid, const struct fl_trace_result *result,
                        const struct fl_target_result *target)
{
    fl_grid_add_row(grid, target->target->label);
    grid_set_times(grid, target, first_net_of(result));
    grid_set_memory(grid, target, result->plan.peak_bytes);
}

/* The line above the rows of a trace where there are several. */
static void group_add(struct fl_grid_table *grid, const struct fl_trace_result *result,
                      bool has_floor)
{
    if (has_floor && result->run_count > 0) {
        fl_grid_add_group(grid, "%s, floor %.1f", result->name,
                          fl_median(result->floor_ns, result->run_count));
    } else {
        fl_grid_add_group(grid, "%s", result->name);
    }
}

/* A row for each target, and a group of rows for each trace where there are several. */
static void grid_fill(struct fl_grid_table *grid, const struct fl_out_results *results,
                      row_add *add)
{
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_trace_result *result;
        const struct fl_target_result *target = fl_out_row(results, i, &result);
        if (results->count > 1 && target == result->targets) {
            group_add(grid, result, add == figures_add);
        }
        add(grid, result, target);
    }
}

/* ---- times ---- */

/* The last group of rows, in three of the columns. */
static void means_add(struct fl_grid_table *grid, const struct fl_means *means)
{
    double first_net = 0;
    if (means->trace_count < 2 || means->timed_count + means->sized_count == 0) {
        return;
    }
    fl_grid_add_group(grid, "geometric means over %zu traces: %zu timed, %zu with footprints",
                      means->trace_count, means->timed_count, means->sized_count);
    for (size_t i = 0; i < means->target_count; i++) {
        const double net = fl_means_net_ns(means, i);
        const double footprint = fl_means_footprint(means, i);
        first_net = first_net <= 0 ? net : first_net;
        fl_grid_add_row(grid, means->targets[i]->label);
        if (net > 0) {
            fl_grid_set(grid, FIGURE_NET, "%.1f", net);
            grid_set_relative(grid, net / first_net);
        }
        if (footprint > 0) {
            fl_grid_set(grid, FIGURE_PAYLOAD, "%.3f", footprint);
        }
    }
}

static bool instructions_are_counted(const struct fl_out_results *results)
{
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        if (fl_out_row(results, i, NULL)->has_instructions) {
            return true;
        }
    }
    return false;
}

/* Of all allocators the same columns: timed ones, then those that are the same in every run. */
static void print_figures(FILE *out, const struct fl_out_results *results, bool is_colored)
{
    static const char *const titles[] = {"net",      "raw",      "spread",
                                         "relative", "faults",   "footprint",
                                         "/payload", "syscalls", "instructions"};
    _Static_assert(sizeof titles / sizeof titles[0] <= FL_GRID_COLUMNS, "the grid holds a row");
    struct fl_grid_table grid;
    if (results->count == 1 && results->at[0]->plan.steps == 0) {
        return;
    }
    fl_out_setting(out, results);
    fl_grid_start(&grid, "allocator", titles,
                  FIGURE_INSTRUCTIONS + (instructions_are_counted(results) ? 1 : 0));
    grid_fill(&grid, results, figures_add);
    means_add(&grid, results->means);
    fl_grid_print(out, &grid, is_colored);
}

/* ---- latency ---- */

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
static void print_latency(FILE *out, const struct fl_out_results *results,
                          enum fl_latency_kind kind, bool is_colored)
{
    static const char *const titles[] = {"calls", "p50", "p90", "p99", "p99.9", "max"};
    struct fl_grid_table grid;
    uint64_t calls = 0;
    fl_grid_start(&grid, fl_latency_word(kind), titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_trace_result *result;
        const struct fl_target_result *target = fl_out_row(results, i, &result);
        if (results->count > 1 && target == result->targets) {
            group_add(&grid, result, false);
        }
        if (target->has_latencies) {
            grid_add_latency(&grid, target->target->label, &target->latencies.of[kind]);
            calls += target->latencies.of[kind].calls;
        }
    }
    if (calls > 0) {
        fputc('\n', out);
        fl_grid_print(out, &grid, is_colored);
    } else {
        fl_grid_end(&grid);
    }
}

/* The first that was timed call by call, or NULL. */
static const struct fl_target_result *latency_first(const struct fl_out_results *results)
{
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_target_result *target = fl_out_row(results, i, NULL);
        if (target->has_latencies) {
            return target;
        }
    }
    return NULL;
}

static void print_latencies(FILE *out, const struct fl_out_results *results, bool is_colored)
{
    const struct fl_target_result *first = latency_first(results);
    if (first == NULL) {
        return;
    }
    fprintf(out,
            "\n  latency: ns of each call in one pass; the clock's own %" PRIu64
            " are in each figure\n",
            first->latencies.clock_ns);
    for (size_t kind = 0; kind < FL_LATENCY_KINDS; kind++) {
        print_latency(out, results, (enum fl_latency_kind)kind, is_colored);
    }
}

/* ---- exact counts ---- */

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

static void work_add(struct fl_grid_table *grid, const struct fl_trace_result *result,
                     const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    (void)result;
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

static void heap_add(struct fl_grid_table *grid, const struct fl_trace_result *result,
                     const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    (void)result;
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

/* "NAME: " where there are several traces. */
static void print_name(FILE *out, const struct fl_out_results *results,
                       const struct fl_trace_result *result)
{
    if (results->count > 1) {
        fprintf(out, "%s: ", result->name);
    }
}

static void print_hashes(FILE *out, const struct fl_out_results *results)
{
    bool has_printed = false;
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_trace_result *result;
        const struct fl_target_result *target = fl_out_row(results, i, &result);
        if (target->verdict == FL_VERDICT_PASSED && target->has_offsets) {
            fprintf(out, "%s  offsets %016" PRIx64 "  ", has_printed ? "" : "\n",
                    target->check.offsets_hash);
            print_name(out, results, result);
            fprintf(out, "%s\n", target->target->label);
            has_printed = true;
        }
    }
}

/* NULL where the program got a block: its figures are of less work than the others'. */
static void print_refused(FILE *out, const struct fl_out_results *results)
{
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_trace_result *result;
        const struct fl_target_result *target = fl_out_row(results, i, &result);
        if (target->refused > 0) {
            fputs("\n  ", out);
            print_name(out, results, result);
            fprintf(out, "%s refused %s requests that the program was granted\n",
                    target->target->label, fl_fmt_count(target->refused).text);
        }
    }
}

static void print_work(FILE *out, const struct fl_out_results *results, bool is_colored)
{
    static const char *const titles[] = {"check",  "visits/malloc", "max",       "/free", "max",
                                         "splits", "merges",        "free list", "max"};
    _Static_assert(sizeof titles / sizeof titles[0] <= FL_GRID_COLUMNS, "the grid holds a row");
    fprintf(out, "\n  exact counts, the same in every run (--help says what each is)\n\n");
    struct fl_grid_table grid;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    grid_fill(&grid, results, work_add);
    fl_grid_print(out, &grid, is_colored);
}

/* Does any allocator know of its memory? */
static bool memory_is_known(const struct fl_out_results *results)
{
    for (size_t i = 0; i < fl_out_row_count(results); i++) {
        const struct fl_target_result *target = fl_out_row(results, i, NULL);
        if (target->has_stats || target->has_memory) {
            return true;
        }
    }
    return false;
}

static void print_heap(FILE *out, const struct fl_out_results *results, bool is_colored)
{
    static const char *const titles[] = {"block bytes", "internal", "external", "mmap",
                                         "munmap",      "madvise",  "others"};
    _Static_assert(sizeof titles / sizeof titles[0] <= FL_GRID_COLUMNS, "the grid holds a row");
    if (!memory_is_known(results)) {
        return;
    }
    fprintf(
        out,
        "\n  memory: fragmentation at the peak of payload, system calls and their bytes\n\n");
    struct fl_grid_table grid;
    fl_grid_start(&grid, "allocator", titles, sizeof titles / sizeof titles[0]);
    grid_fill(&grid, results, heap_add);
    fl_grid_print(out, &grid, is_colored);
}

void fl_out_tables(FILE *out, const struct fl_out_results *results, bool is_colored)
{
    fl_out_traces(out, results);
    print_figures(out, results, is_colored);
    print_latencies(out, results, is_colored);
    print_work(out, results, is_colored);
    print_heap(out, results, is_colored);
    print_hashes(out, results);
    print_refused(out, results);
}
