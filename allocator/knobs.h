/*
 * The knobs that every policy's table starts with, and rows that several policies share.
 *
 * The value of a choice is its place in `choices`, so the enums follow the words.
 */
#ifndef FL_ALLOCATOR_KNOBS_H
#define FL_ALLOCATOR_KNOBS_H

#include <fl/allocator.h>

/* Places of the common knobs in every policy's table; its own ones follow. */
enum fl_heap_knob {
    FL_KNOB_BIG,
    FL_KNOB_CHUNK,
    FL_KNOB_ALIGN,
    FL_KNOB_COALESCE,
    FL_KNOB_SPLIT_MIN,
    FL_KNOB_TAGS,
    FL_KNOB_TRIM,
    FL_KNOB_TRIM_SIZE,
    FL_HEAP_KNOBS
};

enum fl_coalesce { FL_COALESCE_ON, FL_COALESCE_OFF };
enum fl_tags { FL_TAGS_BOUNDARY, FL_TAGS_NONE };
enum fl_trim { FL_TRIM_NEVER, FL_TRIM_THRESHOLD, FL_TRIM_ALWAYS };
enum fl_links { FL_LINKS_DOUBLE, FL_LINKS_SINGLE };
enum fl_fit { FL_FIT_FIRST, FL_FIT_NEXT, FL_FIT_BEST };

/* Choice `i` of align is 4 << i bytes. */
#define FL_ALIGN_CHOICES     "4|8|16|32|64"
#define FL_ALIGN_SHIFT_LEAST 2
#define FL_ALIGN_DEFAULT     2

#define FL_HEAP_KNOB_ROWS                                                                      \
    [FL_KNOB_BIG] = {.name = "big",                                                            \
                     .help = "requests of this many bytes get a mapping of their own",         \
                     .type = FL_KNOB_BYTES,                                                    \
                     .choices = "never",                                                       \
                     .default_value = 1 << 20,                                                 \
                     .minimum = 4096,                                                          \
                     .maximum = 1 << 20},                                                      \
    [FL_KNOB_CHUNK] = {.name = "chunk",                                                        \
                       .help = "bytes taken from the kernel at once, rounded up to pages",     \
                       .type = FL_KNOB_BYTES,                                                  \
                       .default_value = 64 << 10,                                              \
                       .minimum = 4096,                                                        \
                       .maximum = 1 << 30},                                                    \
    [FL_KNOB_ALIGN] = {.name = "align",                                                        \
                       .help = "alignment of every block and unit of its size, bytes",         \
                       .type = FL_KNOB_CHOICE,                                                 \
                       .choices = FL_ALIGN_CHOICES,                                            \
                       .default_value = FL_ALIGN_DEFAULT},                                     \
    [FL_KNOB_COALESCE] = {.name = "coalesce",                                                  \
                          .help = "glue free neighbours together",                             \
                          .type = FL_KNOB_CHOICE,                                              \
                          .choices = "on|off"},                                                \
    [FL_KNOB_SPLIT_MIN] = {.name = "split-min",                                                \
                           .help = "a rest below this many bytes stays with the block; 0: "    \
                                   "below the smallest block",                                 \
                           .type = FL_KNOB_BYTES,                                              \
                           .maximum = 1 << 20},                                                \
    [FL_KNOB_TAGS] = {.name = "tags",                                                          \
                      .help = "how the free block before is found: by its boundary tag, or "   \
                              "by a search of the index",                                      \
                      .type = FL_KNOB_CHOICE,                                                  \
                      .choices = "boundary|none"},                                             \
    [FL_KNOB_TRIM] = {.name = "trim",                                                          \
                      .help = "free memory that goes back to the kernel: none, pieces of "     \
                              "trim-size and more, or every whole page",                       \
                      .type = FL_KNOB_CHOICE,                                                  \
                      .choices = "never|threshold|always"},                                    \
    [FL_KNOB_TRIM_SIZE] = {.name = "trim-size",                                                \
                           .help = "trim=threshold: size of such a piece, bytes",              \
                           .type = FL_KNOB_BYTES,                                              \
                           .default_value = 64 << 10,                                          \
                           .minimum = 4096,                                                    \
                           .maximum = 1 << 30}

#define FL_FIT_ROW                                                                             \
    {                                                                                          \
        .name = "fit",                                                                         \
        .help = "which block is taken: the first that is large enough, the same from where "   \
                "the last search ended, or the smallest (of equals the first)",                \
        .type = FL_KNOB_CHOICE, .choices = "first|next|best"                                   \
    }

#define FL_LINKS_ROW                                                                           \
    {                                                                                          \
        .name = "links",                                                                       \
        .help = "of the list: both ways, or forwards only (4 bytes less, removal searches)",   \
        .type = FL_KNOB_CHOICE, .choices = "double|single"                                     \
    }

#endif
