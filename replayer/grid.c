/*
 * Cells are text of bounded length; widths are found by looking at all of them before the first
 * line is printed. Cost: rows times columns, twice.
 */
#include "grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <fl/status.h>

#define GROUP_INDENT 2

/* The next row, all zeros, or NULL. */
static struct fl_grid_row *row_add(struct fl_grid_table *grid)
{
    if (grid->count == grid->capacity) {
        const size_t capacity = 2 * grid->capacity + 16;
        struct fl_grid_row *grown = reallocarray(grid->rows, capacity, sizeof *grown);
        if (grown == NULL) {
            grid->is_cut = true;
            return NULL;
        }
        grid->rows = grown;
        grid->capacity = capacity;
    }
    struct fl_grid_row *row = &grid->rows[grid->count++];
    *row = (struct fl_grid_row){.is_group = false};
    return row;
}

void fl_grid_start(struct fl_grid_table *grid, const char *label, const char *const *titles,
                   size_t columns)
{
    *grid = (struct fl_grid_table){.columns = columns};
    fl_grid_add_row(grid, label);
    for (size_t i = 0; i < columns; i++) {
        fl_grid_set(grid, i, "%s", titles[i]);
    }
}

void fl_grid_set(struct fl_grid_table *grid, size_t column, const char *format, ...)
{
    va_list args;
    if (grid->is_cut) {
        return;
    }
    va_start(args, format);
    vsnprintf(grid->rows[grid->count - 1].cells[column], FL_GRID_CELL_BYTES, format, args);
    va_end(args);
}

void fl_grid_add_group(struct fl_grid_table *grid, const char *format, ...)
{
    va_list args;
    struct fl_grid_row *row = row_add(grid);
    if (row == NULL) {
        return;
    }
    row->is_group = true;
    va_start(args, format);
    vsnprintf(row->label, sizeof row->label, format, args);
    va_end(args);
    fl_make_printable(row->label);
}

void fl_grid_add_row(struct fl_grid_table *grid, const char *label)
{
    const bool is_grouped = grid->count > 1 && (grid->rows[grid->count - 1].is_group ||
                                                grid->rows[grid->count - 1].is_grouped);
    struct fl_grid_row *row = row_add(grid);
    if (row == NULL) {
        return;
    }
    row->is_grouped = is_grouped;
    snprintf(row->label, sizeof row->label, "%s", label);
    for (size_t i = 0; i < grid->columns; i++) {
        fl_grid_set(grid, i, "-");
    }
}

static int column_width(const struct fl_grid_table *grid, size_t column)
{
    size_t width = 0;
    for (size_t i = 0; i < grid->count; i++) {
        const size_t length = strlen(grid->rows[i].cells[column]);
        width = length > width ? length : width;
    }
    return (int)width;
}

static int row_indent(const struct fl_grid_row *row)
{
    return row->is_grouped ? GROUP_INDENT : 0;
}

static int label_width(const struct fl_grid_table *grid)
{
    int width = 0;
    for (size_t i = 0; i < grid->count; i++) {
        const struct fl_grid_row *row = &grid->rows[i];
        const int length = row->is_group ? 0 : (int)strlen(row->label) + row_indent(row);
        width = length > width ? length : width;
    }
    return width;
}

/* Of `columns` cells; widths[0] is that of the labels. */
static void row_print(FILE *out, const struct fl_grid_row *row, const int *widths,
                      size_t columns)
{
    fprintf(out, "  %*s%-*s", row_indent(row), "", widths[0] - row_indent(row), row->label);
    for (size_t i = 0; i < columns; i++) {
        fprintf(out, "  %*s", widths[i + 1], row->cells[i]);
    }
}

void fl_grid_print(FILE *out, struct fl_grid_table *grid, bool is_colored)
{
    int widths[FL_GRID_COLUMNS + 1] = {label_width(grid)};
    for (size_t i = 0; i < grid->columns; i++) {
        widths[i + 1] = column_width(grid, i);
    }
    for (size_t i = 0; i < grid->count; i++) {
        const struct fl_grid_row *row = &grid->rows[i];
        const bool is_bold = is_colored && (i == 0 || row->is_group);
        fputs(is_bold ? "\033[1m" : "", out);
        if (row->is_group) {
            fprintf(out, "  %s", row->label);
        } else {
            row_print(out, row, widths, grid->columns);
        }
        fputs(is_bold ? "\033[0m\n" : "\n", out);
    }
    fputs(grid->is_cut ? "  no memory for the rest of this table\n" : "", out);
    fl_grid_end(grid);
}

void fl_grid_end(struct fl_grid_table *grid)
{
    free(grid->rows);
    *grid = (struct fl_grid_table){0};
}
