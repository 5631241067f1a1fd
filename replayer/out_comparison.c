/*
 * A comparison as tables, Markdown, CSV and JSON. What makes figures incomparable stands first.
 * Tables and Markdown list the rows that differ, timed ones whatever their runs say; the others
 * list all.
 */
#include "out_comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fl/emit.h>
#include <fl/status.h>

#include "out.h"
#include "ranksum.h"

#define CELL_BYTES 48u

struct cell {
    char text[CELL_BYTES];
};

/* ---- what all forms say ---- */

static bool row_is_shown(const struct fl_comparison_view *view,
                         const struct fl_comparison_row *row)
{
    return view->is_all || row->verdict != FL_ROW_SAME;
}

static struct cell change_cell(const struct fl_comparison_row *row)
{
    struct cell cell = {"-"};
    double percent;
    if (row->verdict == FL_ROW_SAME) {
        strcpy(cell.text, "=");
    } else if (fl_comparison_percent(row, &percent)) {
        snprintf(cell.text, sizeof cell.text, "%+.2f%%", percent);
    }
    return cell;
}

static struct cell value_cell(const struct fl_comparison_side *side)
{
    struct cell cell = {"-"};
    if (side->is_told) {
        snprintf(cell.text, sizeof cell.text, "%s", fl_metric_text(side->value).text);
    }
    return cell;
}

/* Of a timed figure: largest minus smallest of its runs, in percent of it. */
static struct cell spread_cell(const struct fl_comparison_side *side)
{
    struct cell cell = {""};
    if (side->is_told && side->run_count > 0 && side->value != 0) {
        snprintf(cell.text, sizeof cell.text, "%.0f%%",
                 100 * (side->most - side->least) / fabs(side->value));
    }
    return cell;
}

/* What the row comes to: of an exact figure that it is another one, of a timed one whether its
 * runs tell. */
static struct cell verdict_cell(const struct fl_comparison_row *row)
{
    struct cell cell;
    const size_t old = row->side[FL_BEFORE].run_count, now = row->side[FL_AFTER].run_count;
    switch (row->verdict) {
    case FL_ROW_BEYOND:
    case FL_ROW_WITHIN:
        snprintf(cell.text, sizeof cell.text, "%s (p%s%.3f, %zu+%zu)",
                 fl_comparison_word(row->verdict), row->p < 0.001 ? "<" : "=",
                 row->p < 0.001 ? 0.001 : row->p, old, now);
        break;
    case FL_ROW_TOO_FEW:
        snprintf(cell.text, sizeof cell.text, "too few runs to say (%zu+%zu)", old, now);
        break;
    case FL_ROW_ONE_SIDE:
        snprintf(cell.text, sizeof cell.text, "only the %s file tells it",
                 row->side[FL_BEFORE].is_told ? "old" : "new");
        break;
    default:
        snprintf(cell.text, sizeof cell.text, "%s",
                 row->metric->kind == FL_METRIC_MEASURED ? "measured" : "exact");
        break;
    }
    return cell;
}

/* A name from a file, without what a terminal would take for an order. */
static void name_print(FILE *out, const char *name)
{
    char *text = strdup(name);
    if (text != NULL) {
        fl_make_printable(text);
    }
    fputs(text != NULL ? text : "?", out);
    free(text);
}

/* A value as JSON in a line; "not told" where there is none. */
static void value_print(FILE *out, const json_t *value)
{
    char *text = value == NULL
                     ? NULL
                     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    fputs(text == NULL ? "not told" : text, out);
    free(text);
}

/* "TRACE: ALLOCATOR: ", as far as there are. */
static void place_print(FILE *out, const char *trace, const char *allocator)
{
    name_print(out, trace);
    fputs(*trace != '\0' && *allocator != '\0' ? ": " : "", out);
    name_print(out, allocator);
}

static void difference_print(FILE *out, const struct fl_comparison_difference *difference)
{
    place_print(out, difference->trace, difference->allocator);
    fprintf(out, "%s%s%s", *difference->trace != '\0' ? ": " : "", difference->group,
            *difference->group != '\0' ? "." : "");
    name_print(out, difference->key);
    putc(' ', out);
    value_print(out, difference->value[FL_BEFORE]);
    fputs(" -> ", out);
    value_print(out, difference->value[FL_AFTER]);
}

static void lone_print(FILE *out, const struct fl_comparison_view *view,
                       const struct fl_comparison_lone *lone)
{
    place_print(out, lone->trace, lone->allocator);
    fprintf(out, " is only in %s", view->path[lone->age]);
}

/* How many figures came to what. */
static void counts_print(FILE *out, const struct fl_comparison_view *view)
{
    size_t counts[FL_ROW_ONE_SIDE + 1] = {0};
    const char *comma = ": ";
    for (size_t i = 0; i < view->comparison->row_count; i++) {
        counts[view->comparison->rows[i].verdict]++;
    }
    fprintf(out, "\n%zu figures compared", view->comparison->row_count);
    for (int verdict = FL_ROW_SAME; verdict <= FL_ROW_ONE_SIDE; verdict++) {
        if (counts[verdict] > 0) {
            fprintf(out, "%s%zu %s", comma, counts[verdict],
                    fl_comparison_word((enum fl_comparison_verdict)verdict));
            comma = ", ";
        }
    }
    putc('\n', out);
}

static size_t means_shown(const struct fl_comparison_view *view)
{
    size_t shown = 0;
    for (size_t i = 0; i < view->comparison->mean_count; i++) {
        shown += view->is_all || view->comparison->means[i].differs;
    }
    return shown;
}

/* ---- tables ---- */

enum { COLUMNS = 7 };

static const char *const titles[COLUMNS] = {"metric", "old",    "spread", "new",
                                            "spread", "change", ""};

static void cells_make(const struct fl_comparison_row *row, struct cell *cells)
{
    snprintf(cells[0].text, CELL_BYTES, "%s", row->metric->name);
    cells[1] = value_cell(&row->side[FL_BEFORE]);
    cells[2] = spread_cell(&row->side[FL_BEFORE]);
    cells[3] = value_cell(&row->side[FL_AFTER]);
    cells[4] = spread_cell(&row->side[FL_AFTER]);
    cells[5] = change_cell(row);
    cells[6] = verdict_cell(row);
}

static void widths_find(const struct fl_comparison_view *view, int *widths)
{
    for (size_t column = 0; column < COLUMNS; column++) {
        widths[column] = (int)strlen(titles[column]);
    }
    for (size_t i = 0; i < view->comparison->row_count; i++) {
        struct cell cells[COLUMNS];
        if (!row_is_shown(view, &view->comparison->rows[i])) {
            continue;
        }
        cells_make(&view->comparison->rows[i], cells);
        for (size_t column = 0; column < COLUMNS; column++) {
            const int length = (int)strlen(cells[column].text);
            widths[column] = length > widths[column] ? length : widths[column];
        }
    }
}

/* The first and the last column are left-aligned, the numbers between them right-aligned. */
static void line_print(FILE *out, const char *const *texts, const int *widths)
{
    fprintf(out, "    %-*s", widths[0], texts[0]);
    for (size_t column = 1; column + 1 < COLUMNS; column++) {
        fprintf(out, "  %*s", widths[column], texts[column]);
    }
    if (*texts[COLUMNS - 1] != '\0') {
        fprintf(out, "  %s", texts[COLUMNS - 1]);
    }
    putc('\n', out);
}

static void row_print(FILE *out, const struct fl_comparison_row *row, const int *widths)
{
    struct cell cells[COLUMNS];
    const char *texts[COLUMNS];
    cells_make(row, cells);
    for (size_t column = 0; column < COLUMNS; column++) {
        texts[column] = cells[column].text;
    }
    line_print(out, texts, widths);
}

static void head_print(FILE *out, const struct fl_comparison_view *view)
{
    const struct fl_comparison *comparison = view->comparison;
    fprintf(out, "old  %s\nnew  %s\n", view->path[FL_BEFORE], view->path[FL_AFTER]);
    if (comparison->difference_count > 0) {
        fputs("\nnot the same, so figures that depend on it cannot be compared\n", out);
    }
    for (size_t i = 0; i < comparison->difference_count; i++) {
        fputs("  ", out);
        difference_print(out, &comparison->differences[i]);
        putc('\n', out);
    }
    if (comparison->lone_count > 0) {
        fputs("\nnot compared\n", out);
    }
    for (size_t i = 0; i < comparison->lone_count; i++) {
        fputs("  ", out);
        lone_print(out, view, &comparison->lone[i]);
        putc('\n', out);
    }
}

static void rows_print(FILE *out, const struct fl_comparison_view *view)
{
    const struct fl_comparison_row *last = NULL;
    int widths[COLUMNS];
    widths_find(view, widths);
    for (size_t i = 0; i < view->comparison->row_count; i++) {
        const struct fl_comparison_row *row = &view->comparison->rows[i];
        if (!row_is_shown(view, row)) {
            continue;
        }
        if (last == NULL || last->trace != row->trace) {
            putc('\n', out);
            name_print(out, row->trace);
            fputs(row->is_same_trace ? "\n" : " (other calls than before)\n", out);
            line_print(out, titles, widths);
        }
        if (last == NULL || last->trace != row->trace || last->allocator != row->allocator) {
            fputs("  ", out);
            name_print(out, row->allocator);
            putc('\n', out);
        }
        row_print(out, row, widths);
        last = row;
    }
}

static void means_print(FILE *out, const struct fl_comparison_view *view)
{
    if (means_shown(view) > 0) {
        fputs("\ngeometric means of new / old\n", out);
    }
    for (size_t i = 0; i < view->comparison->mean_count; i++) {
        const struct fl_comparison_mean *mean = &view->comparison->means[i];
        if (view->is_all || mean->differs) {
            fprintf(out, "  %.3f  %-17s  ", fl_comparison_ratio(mean), mean->metric->name);
            name_print(out, mean->allocator);
            fprintf(out, "  (%zu traces)\n", mean->trace_count);
        }
    }
}

bool fl_out_comparison_table(FILE *out, const struct fl_comparison_view *view)
{
    head_print(out, view);
    rows_print(out, view);
    means_print(out, view);
    counts_print(out, view);
    return fflush(out) == 0 && ferror(out) == 0;
}

/* ---- Markdown ---- */

static void md_rows(FILE *out, const struct fl_comparison_view *view)
{
    const struct fl_comparison_row *last = NULL;
    for (size_t i = 0; i < view->comparison->row_count; i++) {
        const struct fl_comparison_row *row = &view->comparison->rows[i];
        struct cell cells[COLUMNS];
        if (!row_is_shown(view, row)) {
            continue;
        }
        if (last == NULL || last->trace != row->trace) {
            fputs("\n### ", out);
            fl_md_text(out, row->trace);
            fprintf(out,
                    "%s\n\n| allocator | metric | old | new | change | |\n"
                    "|---|---|--:|--:|--:|---|\n",
                    row->is_same_trace ? "" : " (other calls than before)");
        }
        cells_make(row, cells);
        fputs("| ", out);
        fl_md_text(out, row->allocator);
        fputs(" | ", out);
        fl_md_text(out, row->metric->name);
        fprintf(out, " | %s | %s | %s | %s |\n", cells[1].text, cells[3].text, cells[5].text,
                cells[6].text);
        last = row;
    }
}

/* What head_print and means_print say is text in lines. */
bool fl_out_comparison_md(FILE *out, const struct fl_comparison_view *view)
{
    fputs("```\n", out);
    head_print(out, view);
    fputs("```\n", out);
    md_rows(out, view);
    if (means_shown(view) > 0) {
        fputs("\n```", out);
        means_print(out, view);
        fputs("```\n", out);
    }
    counts_print(out, view);
    return fflush(out) == 0 && ferror(out) == 0;
}

/* ---- CSV ---- */

static void csv_side(FILE *out, const struct fl_comparison_side *side)
{
    if (side->is_told) {
        fprintf(out, ",%.17g,%.17g,%.17g", side->value, side->least, side->most);
    } else {
        fputs(",,,", out);
    }
}

static void csv_row(FILE *out, const struct fl_comparison_row *row)
{
    double percent;
    fl_csv_field(out, row->trace);
    putc(',', out);
    fl_csv_field(out, row->allocator);
    fprintf(out, ",%s,%s,%s", row->metric->name, row->metric->unit,
            fl_metric_kind_word(row->metric->kind));
    csv_side(out, &row->side[FL_BEFORE]);
    csv_side(out, &row->side[FL_AFTER]);
    putc(',', out);
    if (fl_comparison_percent(row, &percent)) {
        fprintf(out, "%.17g", percent);
    }
    putc(',', out);
    if (row->verdict == FL_ROW_BEYOND || row->verdict == FL_ROW_WITHIN) {
        fprintf(out, "%.17g", row->p);
    }
    fprintf(out, ",%s\r\n", fl_comparison_word(row->verdict));
}

bool fl_out_comparison_csv(FILE *out, const struct fl_comparison_view *view)
{
    fputs("trace,allocator,metric,unit,kind,old,old_least,old_most,new,new_least,new_most,"
          "change_percent,p_value,verdict\r\n",
          out);
    for (size_t i = 0; i < view->comparison->row_count; i++) {
        csv_row(out, &view->comparison->rows[i]);
    }
    return fflush(out) == 0 && ferror(out) == 0;
}

/* ---- JSON ---- */

static void json_value(struct fl_emit *emit, const char *key, const json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    fl_emit_text(emit, key, json_is_string(value) ? json_string_value(value) : text);
    free(text);
}

static void json_differences(struct fl_emit *emit, const struct fl_comparison *comparison)
{
    fl_emit_array(emit, "differences");
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const struct fl_comparison_difference *difference = &comparison->differences[i];
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "trace", *difference->trace != '\0' ? difference->trace : NULL);
        fl_emit_text(emit, "allocator",
                     *difference->allocator != '\0' ? difference->allocator : NULL);
        fl_emit_text(emit, "group", *difference->group != '\0' ? difference->group : NULL);
        fl_emit_text(emit, "key", difference->key);
        json_value(emit, "old", difference->value[FL_BEFORE]);
        json_value(emit, "new", difference->value[FL_AFTER]);
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void json_lone(struct fl_emit *emit, const struct fl_comparison *comparison)
{
    fl_emit_array(emit, "not_compared");
    for (size_t i = 0; i < comparison->lone_count; i++) {
        const struct fl_comparison_lone *lone = &comparison->lone[i];
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "trace", lone->trace);
        fl_emit_text(emit, "allocator", *lone->allocator != '\0' ? lone->allocator : NULL);
        fl_emit_text(emit, "only_in", lone->age == FL_BEFORE ? "old" : "new");
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void json_side(struct fl_emit *emit, const char *key,
                      const struct fl_comparison_side *side, bool is_timed)
{
    if (!side->is_told) {
        fl_emit_null(emit, key);
        return;
    }
    fl_emit_object(emit, key);
    fl_emit_double(emit, "value", side->value);
    if (is_timed) {
        fl_emit_double(emit, "least", side->least);
        fl_emit_double(emit, "most", side->most);
        fl_emit_u64(emit, "runs", side->run_count);
    }
    fl_emit_close(emit);
}

static void json_row(struct fl_emit *emit, const struct fl_comparison_row *row)
{
    const bool is_timed = row->metric->kind == FL_METRIC_TIMED;
    double percent;
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "trace", row->trace);
    fl_emit_text(emit, "allocator", row->allocator);
    fl_emit_text(emit, "metric", row->metric->name);
    fl_emit_text(emit, "unit", row->metric->unit);
    fl_emit_text(emit, "kind", fl_metric_kind_word(row->metric->kind));
    fl_emit_bool(emit, "is_same_trace", row->is_same_trace);
    json_side(emit, "old", &row->side[FL_BEFORE], is_timed);
    json_side(emit, "new", &row->side[FL_AFTER], is_timed);
    fl_emit_double(emit, "change_percent",
                   fl_comparison_percent(row, &percent) ? percent : NAN);
    fl_emit_double(emit, "p_value",
                   row->verdict == FL_ROW_BEYOND || row->verdict == FL_ROW_WITHIN ? row->p
                                                                                  : NAN);
    fl_emit_text(emit, "verdict", fl_comparison_word(row->verdict));
    fl_emit_close(emit);
}

static void json_means(struct fl_emit *emit, const struct fl_comparison *comparison)
{
    fl_emit_array(emit, "geometric_means");
    for (size_t i = 0; i < comparison->mean_count; i++) {
        const struct fl_comparison_mean *mean = &comparison->means[i];
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "allocator", mean->allocator);
        fl_emit_text(emit, "metric", mean->metric->name);
        fl_emit_u64(emit, "traces", mean->trace_count);
        fl_emit_double(emit, "new_by_old", fl_comparison_ratio(mean));
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

bool fl_out_comparison_json(FILE *out, const struct fl_comparison_view *view)
{
    const struct fl_comparison *comparison = view->comparison;
    struct fl_emit emit;
    fl_emit_start(&emit, out);
    fl_emit_object(&emit, NULL);
    fl_emit_u64(&emit, "schema", FL_COMPARISON_SCHEMA);
    fl_emit_text(&emit, "version", FL_PROJECT_VERSION);
    fl_emit_text(&emit, "old", view->path[FL_BEFORE]);
    fl_emit_text(&emit, "new", view->path[FL_AFTER]);
    fl_emit_double(&emit, "alpha", FL_RANKSUM_ALPHA);
    json_differences(&emit, comparison);
    json_lone(&emit, comparison);
    fl_emit_array(&emit, "figures");
    for (size_t i = 0; i < comparison->row_count; i++) {
        json_row(&emit, &comparison->rows[i]);
    }
    fl_emit_close(&emit);
    json_means(&emit, comparison);
    fl_emit_close(&emit);
    return fl_emit_finish(&emit);
}
