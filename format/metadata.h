/* The form of metadata on disk; the list itself is public in fl/trace.h. */
#ifndef FL_METADATA_H
#define FL_METADATA_H

#include <fl/status.h>
#include <fl/trace.h>

#include "bytes.h"

/* Upper bound of what fl_metadata_encode writes, in bytes. */
size_t fl_metadata_encoded_bytes(const struct fl_metadata *meta);

/* Write the list to `out`, which has room for fl_metadata_encoded_bytes. Returns its bytes. */
size_t fl_metadata_encode(const struct fl_metadata *meta, uint8_t *out);

/* Read a list that fills `from` exactly into the empty `meta`. FL_OK; FL_CORRUPT when it is
 * malformed (what was read until there stays); FL_NOMEM. */
enum fl_status fl_metadata_decode(struct fl_cursor from, struct fl_metadata *meta)
    __attribute__((warn_unused_result));

#endif
