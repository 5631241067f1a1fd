/**
 * What a trace says about its program: the metadata of its header and of its end.
 *
 * Thread safety: reads the system's state; keeps none.
 */
#ifndef FL_DESCRIBE_H
#define FL_DESCRIBE_H

#include <fl/trace.h>

#include "session.h"

/** Metadata for the header of image `number`, read while the process lives. NULL: no memory. */
struct fl_metadata *fl_describe_image(const struct fl_session_config *config, uint32_t number,
                                      const struct fl_inheritance *inherited,
                                      uint64_t start_time_ns);

/** Metadata for the end record. NULL: no memory. */
struct fl_metadata *fl_describe_end(const struct fl_session_config *config,
                                    const struct fl_session_end *end,
                                    const struct fl_writer_totals *totals);

#endif
