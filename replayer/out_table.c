/*
 * Tables for people. Timed columns and exact ones stand apart: the first differ from run to run
 * and machine to machine, the second never do. A cell an allocator cannot fill holds "-".
 *
 * A grid is laid out after it is filled, so that no column is wider than it needs to be.
 */
#include "out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <fl/fmt.h>

#define GRID_COLUMNS 12u
#define GRID_ROWS    (FL_TARGETS_MAX + 1u)
#define CELL_BYTES   40u

struct grid {
    char cells[GRID_ROWS][GRID_COLUMNS][CELL_BYTES];
    const char *labels[GRID_ROWS]; /* first column, left-aligned, of any length */
    size_t rows;
    size_t columns; /* beside the label */
};

static void grid_start(struct grid *grid, const char *const *titles, size_t columns)
{
    memset(grid, 0, sizeof *grid);
    grid->columns = columns;
    grid->rows = 1;
    grid->labels[0] = "allocator";
    for (size_t i = 0; i < columns; i++) {
        snprintf(grid->cells[0][i], CELL_BYTES, "%s", titles[i]);
    }
}

/* Set a cell of the last row. */
__attribute__((format(printf, 3, 4))) static void grid_set(struct grid *grid, size_t column,
                                                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(grid->cells[grid->rows - 1][column], CELL_BYTES, format, args);
    va_end(args);
}

/* A new row, each cell "-" until it is set. */
static void grid_add_row(struct grid *grid, const char *label)
{
    grid->labels[grid->rows++] = label;
    for (size_t i = 0; i < grid->columns; i++) {
        grid_set(grid, i, "-");
    }
}

static int column_width(const struct grid *grid, size_t column)
{
    size_t width = 0;
    for (size_t row = 0; row < grid->rows; row++) {
        const size_t length = strlen(grid->cells[row][column]);
        width = length > width ? length : width;
    }
    return (int)width;
}

static int label_width(const struct grid *grid)
{
    size_t width = 0;
    for (size_t row = 0; row < grid->rows; row++) {
        const size_t length = strlen(grid->labels[row]);
        width = length > width ? length : width;
    }
    return (int)width;
}

static void grid_print(FILE *out, const struct grid *grid, bool is_colored)
{
    for (size_t row = 0; row < grid->rows; row++) {
        const bool is_title = row == 0 && is_colored;
        fprintf(out, "%s  %-*s", is_title ? "\033[1m" : "", label_width(grid),
                grid->labels[row]);
        for (size_t i = 0; i < grid->columns; i++) {
            fprintf(out, "  %*s", column_width(grid, i), grid->cells[row][i]);
        }
        fprintf(out, "%s\n", is_title ? "\033[0m" : "");
    }
}

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
    print_oddity(out, plan->implied_frees, "frees nobody saw", &has_printed);
    print_oddity(out, plan->lost_events, "events lost by the recorder", &has_printed);
    if (has_printed) {
        fputc('\n', out);
    }
}

static void grid_add_times(struct grid *grid, const struct fl_target_result *target,
                           double first_net)
{
    grid_add_row(grid, target->target->label);
    if (target->run_count == 0) {
        return;
    }
    const double net = fl_median(target->net_ns, target->run_count);
    const double raw = fl_median(target->raw_ns, target->run_count);
    grid_set(grid, 0, "%.1f", net);
    grid_set(grid, 1, "%.1f", raw);
    if (raw > 0) {
        grid_set(grid, 2, "%.0f%%", 100 * fl_range(target->raw_ns, target->run_count) / raw);
    }
    if (first_net > 0 && target->target->ops != &fl_target_none) {
        grid_set(grid, 3, "%.2f", net / first_net);
    }
}

static void print_times(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    static const char *const titles[] = {"net", "raw", "spread", "relative"};
    if (result->run_count == 0 || result->plan.steps == 0) {
        return;
    }
    fprintf(out,
            "\n  ns per operation, median of %zu runs, touch=%s; "
            "net = raw - the driver's floor of %.1f\n\n",
            result->run_count, fl_touch_word(result->touch),
            fl_median(result->floor_ns, result->run_count));
    struct grid grid;
    grid_start(&grid, titles, sizeof titles / sizeof titles[0]);
    double first_net = 0;
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        /* The floor is no yardstick: its net time is 0 but for noise. */
        if (first_net <= 0 && target->target->ops != &fl_target_none) {
            first_net = fl_median(target->net_ns, target->run_count);
        }
        grid_add_times(&grid, target, first_net);
    }
    grid_print(out, &grid, is_colored);
}

static const char *verdict_text(enum fl_verdict verdict)
{
    static const char *const texts[] = {[FL_VERDICT_UNCHECKED] = "-",
                                        [FL_VERDICT_PASSED] = "passed",
                                        [FL_VERDICT_WRONG] = "WRONG"};
    return texts[verdict];
}

static double per_call(uint64_t sum, uint64_t calls)
{
    return calls == 0 ? 0 : (double)sum / (double)calls;
}

static void grid_add_counts(struct grid *grid, const struct fl_target_result *target)
{
    const struct fl_alloc_stats *stats = &target->stats;
    grid_add_row(grid, target->target->label);
    grid_set(grid, 0, "%s", verdict_text(target->verdict));
    if (!target->has_stats) {
        return;
    }
    grid_set(grid, 1, "%s", fl_fmt_bytes(stats->peak_footprint).text);
    grid_set(grid, 2, "%.3f", per_call(stats->peak_footprint, stats->peak_payload));
    grid_set(grid, 3, "%.2f", per_call(stats->visits_malloc, stats->mallocs + stats->reallocs));
    grid_set(grid, 4, "%s", fl_fmt_count(stats->visits_malloc_max).text);
    grid_set(grid, 5, "%.2f", per_call(stats->visits_free, stats->frees));
    grid_set(grid, 6, "%s", fl_fmt_count(stats->visits_free_max).text);
    grid_set(grid, 7, "%s", fl_fmt_count(stats->splits).text);
    grid_set(grid, 8, "%s", fl_fmt_count(stats->merges).text);
    grid_set(grid, 9, "%s: %s", fl_fmt_count(stats->mmap_calls).text,
             fl_fmt_bytes(stats->mmap_bytes).text);
    grid_set(grid, 10, "%s: %s", fl_fmt_count(stats->munmap_calls).text,
             fl_fmt_bytes(stats->munmap_bytes).text);
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

static void print_counts(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    static const char *const titles[] = {"check",  "peak heap", "/payload", "visits/malloc",
                                         "max",    "/free",     "max",      "splits",
                                         "merges", "mmap",      "munmap"};
    _Static_assert(sizeof titles / sizeof titles[0] <= GRID_COLUMNS, "the grid holds a row");
    fprintf(out, "\n  exact counts, the same in every run\n\n");
    struct grid grid;
    grid_start(&grid, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < result->target_count; i++) {
        grid_add_counts(&grid, &result->targets[i]);
    }
    grid_print(out, &grid, is_colored);
    print_hashes(out, result);
    print_refused(out, result);
}

void fl_out_table(FILE *out, const struct fl_trace_result *result, bool is_colored)
{
    print_trace(out, result);
    print_oddities(out, &result->plan);
    print_times(out, result, is_colored);
    print_counts(out, result, is_colored);
}

/* A knob's value as it is written on the command line: a word of its choices, or a size. */
static void knob_value_text(const struct fl_knob *knob, uint64_t value, char *text,
                            size_t text_bytes)
{
    const uint64_t index = knob->type == FL_KNOB_CHOICE ? value : UINT64_MAX - value;
    const char *word = knob->choices;
    for (uint64_t i = 0; word != NULL && i < index; i++) {
        word = strchr(word, '|');
        word = word == NULL ? NULL : word + 1;
    }
    if (word != NULL) {
        snprintf(text, text_bytes, "%.*s", (int)strcspn(word, "|"), word);
        return;
    }
    static const char *const suffixes[] = {"", "k", "m", "g"};
    size_t unit = 0;
    while (unit < 3 && value > 0 && value % 1024 == 0) {
        value /= 1024;
        unit++;
    }
    snprintf(text, text_bytes, "%" PRIu64 "%s", value, suffixes[unit]);
}

static void print_knob(FILE *out, const struct fl_knob *knob)
{
    char value[32];
    knob_value_text(knob, knob->default_value, value, sizeof value);
    fprintf(out, "    %s=%s  %s", knob->name, value, knob->help);
    if (knob->choices != NULL) {
        fprintf(out, " (%s%s)", knob->type == FL_KNOB_BYTES ? "bytes or " : "", knob->choices);
    }
    fputc('\n', out);
}

void fl_out_catalog(FILE *out, const struct fl_catalog *catalog)
{
    fprintf(out, "--alloc=NAME[,knob=value...][,NAME...]; knobs with their defaults\n");
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        fprintf(out, "\n%s  %s\n", ops->name, ops->summary);
        for (size_t knob = 0; knob < ops->knob_count; knob++) {
            print_knob(out, &ops->knobs[knob]);
        }
    }
}
