/**
 * A table of text that is laid out after it is filled, so that no column is wider than it needs
 * to be. The first column holds labels, left-aligned; the others are right-aligned.
 *
 * Thread safety: one grid belongs to one thread.
 */
#ifndef FL_REPLAY_GRID_H
#define FL_REPLAY_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "target.h"

#define FL_GRID_COLUMNS    12u
#define FL_GRID_ROWS       (FL_TARGETS_MAX + 1u)
#define FL_GRID_CELL_BYTES 40u

struct fl_grid_table {
    char cells[FL_GRID_ROWS][FL_GRID_COLUMNS][FL_GRID_CELL_BYTES];
    const char *labels[FL_GRID_ROWS]; /* not owned */
    size_t rows;                      /* the titles are the first one */
    size_t columns;                   /* beside the label */
};

/** Begin a table of `columns` titles, at most FL_GRID_COLUMNS, beside the one of the labels. */
void fl_grid_start(struct fl_grid_table *grid, const char *label, const char *const *titles,
                   size_t columns);

/** A new row, each cell "-" until it is set; FL_GRID_ROWS with the titles at most. */
void fl_grid_add_row(struct fl_grid_table *grid, const char *label);

/** Set a cell of the last row, cut when it is too long. */
__attribute__((format(printf, 3, 4))) void fl_grid_set(struct fl_grid_table *grid,
                                                       size_t column, const char *format, ...);

void fl_grid_print(FILE *out, const struct fl_grid_table *grid, bool is_colored);

#endif
