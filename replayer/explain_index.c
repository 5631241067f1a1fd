/*
 * Free blocks as text.
 *
 *   free list: (10108: 208) -> (10316: 3780)          tree by size:
 *                                                       (10108: 208)
 *                                                         left  (10400: 64) = (10800: 64)
 *                                                         right (10316: 3780)
 *
 * (address: bytes) is a block, `=` another one of the same size, which the tree keeps in a list
 * at its node; `small` is a size that the tree by size does not hold. A combined design shows
 * each of its indexes. One pass over what ops->index gives, in its order.
 */
#include "explain.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS 88 /* from here on a list goes on in the next line */

struct drawing {
    FILE *out;
    uint64_t base;
    const char *index; /* whose blocks are being shown; NULL: none yet */
    int column;
};

static void drawing_title(struct drawing *drawing, const struct fl_index_view *view)
{
    if (drawing->index != NULL) {
        fputc('\n', drawing->out);
    }
    drawing->index = view->index;
    drawing->column = fprintf(drawing->out, "  %s:", view->index);
}

static void drawing_block(struct drawing *drawing, const char *before,
                          const struct fl_index_view *view)
{
    drawing->column += fprintf(drawing->out, "%s(%" PRIu64 ": %" PRIu64 ")", before,
                               drawing->base + view->offset, view->block_bytes);
}

/* The next block of a list, in this line or in a new one. */
static void drawing_next(struct drawing *drawing, const char *arrow,
                         const struct fl_index_view *view)
{
    if (drawing->column > COLUMNS) {
        drawing->column = fprintf(drawing->out, "\n   ");
    }
    drawing_block(drawing, arrow, view);
}

static void drawing_node(struct drawing *drawing, const struct fl_index_view *view)
{
    static const char *const sides[] = {[FL_INDEX_ROOT] = "",
                                        [FL_INDEX_LEFT] = "left  ",
                                        [FL_INDEX_RIGHT] = "right ",
                                        [FL_INDEX_SMALL] = "small "};
    const int indent = 4 + 2 * (int)view->depth;
    drawing->column = indent;
    fprintf(drawing->out, "\n%*s", indent, "");
    drawing_block(drawing, sides[view->place], view);
}

static bool index_visit(const struct fl_index_view *view, void *user)
{
    struct drawing *drawing = user;
    const bool is_first = drawing->index == NULL || strcmp(drawing->index, view->index) != 0;
    if (is_first) {
        drawing_title(drawing, view);
    }
    switch (view->place) {
    case FL_INDEX_NEXT:
        drawing_next(drawing, is_first ? " " : " -> ", view);
        break;
    case FL_INDEX_EQUAL:
        drawing_next(drawing, " = ", view);
        break;
    case FL_INDEX_ROOT:
    case FL_INDEX_LEFT:
    case FL_INDEX_RIGHT:
    case FL_INDEX_SMALL:
        drawing_node(drawing, view);
        break;
    }
    return true;
}

void fl_explain_index(FILE *out, const struct fl_allocator *allocator, uint64_t base)
{
    struct drawing drawing = {.out = out, .base = base};
    if (allocator->ops->index == NULL) {
        return;
    }
    allocator->ops->index(allocator, index_visit, &drawing);
    fprintf(out, drawing.index == NULL ? "  no block is free\n" : "\n");
}
