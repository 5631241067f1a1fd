/*
 * Cells are text of bounded length; widths are found by looking at all of them before the first
 * line is printed. Cost: rows times columns, twice.
 */
#include "grid.h"

#include <stdarg.h>
#include <string.h>

void fl_grid_start(struct fl_grid_table *grid, const char *label, const char *const *titles,
                   size_t columns)
{
    memset(grid, 0, sizeof *grid);
    grid->columns = columns;
    grid->rows = 1;
    grid->labels[0] = label;
    for (size_t i = 0; i < columns; i++) {
        snprintf(grid->cells[0][i], FL_GRID_CELL_BYTES, "%s", titles[i]);
    }
}

void fl_grid_set(struct fl_grid_table *grid, size_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(grid->cells[grid->rows - 1][column], FL_GRID_CELL_BYTES, format, args);
    va_end(args);
}

void fl_grid_add_row(struct fl_grid_table *grid, const char *label)
{
    grid->labels[grid->rows++] = label;
    for (size_t i = 0; i < grid->columns; i++) {
        fl_grid_set(grid, i, "-");
    }
}

static int column_width(const struct fl_grid_table *grid, size_t column)
{
    size_t width = 0;
    for (size_t row = 0; row < grid->rows; row++) {
        const size_t length = strlen(grid->cells[row][column]);
        width = length > width ? length : width;
    }
    return (int)width;
}

static int label_width(const struct fl_grid_table *grid)
{
    size_t width = 0;
    for (size_t row = 0; row < grid->rows; row++) {
        const size_t length = strlen(grid->labels[row]);
        width = length > width ? length : width;
    }
    return (int)width;
}

void fl_grid_print(FILE *out, const struct fl_grid_table *grid, bool is_colored)
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
