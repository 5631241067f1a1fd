/*
 * The one list of formats. A file is given to the first that knows its beginning, so those that
 * are strict stand before those that take much.
 */
#include "formats.h"

const struct fl_import_format *const fl_import_formats[] = {
    &fl_import_android,      &fl_import_wee_alloc, &fl_import_mtrace,   &fl_import_heaptrack,
    &fl_import_malloc_bench, &fl_import_ltrace,    &fl_import_valgrind, &fl_import_rep,
};

const size_t fl_import_format_count = sizeof fl_import_formats / sizeof fl_import_formats[0];
