/* Deflated bytes, with a gzip header or bare in a zip. See struct fl_unpack_kind in
 * unpack.h. */
#ifndef FL_IMPORT_UNPACK_INFLATE_H
#define FL_IMPORT_UNPACK_INFLATE_H

#include "unpack.h"

#define FL_INFLATE_GZIP (15 + 16) /* window of 2^15 bytes, and a gzip header with its check */
#define FL_INFLATE_BARE (-15)     /* neither header nor check */

void *fl_inflate_begin(int window_bits);
enum fl_unpack_outcome fl_inflate_step(void *state, struct fl_unpack_span *span,
                                       const char **why);
void fl_inflate_end(void *state);

#endif
