/** What flrec says at the end. Thread safety: no state. */
#ifndef FL_SUMMARY_H
#define FL_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "herd.h"

/** Print the traces written, what went wrong, and the next command. Quiet: problems only. */
void fl_summary_print(FILE *out, const struct fl_herd_report *report, bool is_quiet,
                      bool is_verbose);

#endif
