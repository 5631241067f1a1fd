/*
 * What operations must be, given the records that were written: the naive model of a reader.
 */
#ifndef FL_MODEL_H
#define FL_MODEL_H

#include <fl/reader.h>

#include "gen.h"

/* Follows the slots of live objects. */
struct model {
    uint64_t *owner; /* by slot: serial of its object, FL_SERIAL_NONE when free */
    size_t capacity;
    uint64_t next_serial, next_event;
    uint64_t live, peak_live;
};

void model_init(struct model *model);
void model_clear(struct model *model);

/*
 * Compare one operation with its record and follow it. NULL, or what is wrong.
 */
const char *model_take(struct model *model, const struct gen_record *record,
                       const struct fl_reader *reader, const struct fl_op *op);

/* The fields alone, without slots; flags a gap may add (UNKNOWN) are allowed. */
const char *model_compare(const struct gen_record *record, const struct fl_reader *reader,
                          const struct fl_op *op, bool has_gaps);

#endif
