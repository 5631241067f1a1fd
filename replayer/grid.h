/**
 * A table of text that is laid out after it is filled, so that no column is wider than it needs
 * to be. The first column holds labels, left-aligned; the others are right-aligned. Rows may
 * stand in groups, each below a line of its own. Without memory for it a table is empty and
 * says so.
 *
 * Thread safety: one grid belongs to one thread.
 */
#ifndef FL_REPLAY_GRID_H
#define FL_REPLAY_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "target.h"

#define FL_GRID_COLUMNS     12u
#define FL_GRID_CELL_BYTES  40u
#define FL_GRID_LABEL_BYTES 256u

struct fl_grid_row {
    char label[FL_GRID_LABEL_BYTES];
    char cells[FL_GRID_COLUMNS][FL_GRID_CELL_BYTES];
    bool is_group; /* a line above the rows that follow, without cells */
    bool is_grouped;
};
_Static_assert(FL_TARGET_LABEL_MAX <= FL_GRID_LABEL_BYTES, "a label holds a target's");

struct fl_grid_table {
    struct fl_grid_row *rows; /* `count`, owned; the titles are the first one */
    size_t count, capacity;
    size_t columns; /* beside the label */
    bool is_cut;    /* for lack of memory */
};

/** Begin a table of `columns` titles, at most FL_GRID_COLUMNS, beside the one of the labels. It
 * ends with fl_grid_print or fl_grid_end. */
void fl_grid_start(struct fl_grid_table *grid, const char *label, const char *const *titles,
                   size_t columns);

/** A line above the rows that follow, cut when it is too long. */
__attribute__((format(printf, 2, 3))) void fl_grid_add_group(struct fl_grid_table *grid,
                                                             const char *format, ...);

/** A new row, each cell "-" until it is set. */
void fl_grid_add_row(struct fl_grid_table *grid, const char *label);

/** Set a cell of the last row, cut when it is too long. */
__attribute__((format(printf, 3, 4))) void fl_grid_set(struct fl_grid_table *grid,
                                                       size_t column, const char *format, ...);

/** Print it, and give its memory back. */
void fl_grid_print(FILE *out, struct fl_grid_table *grid, bool is_colored);

/** Give its memory back. */
void fl_grid_end(struct fl_grid_table *grid);

#endif
