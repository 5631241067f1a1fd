/* The formats, one file each. */
#ifndef FL_IMPORT_FORMATS_H
#define FL_IMPORT_FORMATS_H

#include "import_internal.h"

extern const struct fl_import_format fl_import_android, fl_import_heaptrack, fl_import_ltrace,
    fl_import_malloc_bench, fl_import_mtrace, fl_import_rep, fl_import_valgrind,
    fl_import_wee_alloc;

#endif
