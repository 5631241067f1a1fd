/*
 * Random sequences run against a naive model of what must come out.
 */
#ifndef FL_TEST_NAIVE_H
#define FL_TEST_NAIVE_H

#include <fl/allocator.h>

#include "sequence.h"

/** What a run left behind, for comparing runs. */
struct run_result {
    uint64_t offsets_hash; /* of where every block was put, in order */
    struct fl_alloc_stats stats;
};

/**
 * Run a sequence on a new instance, checking model, contents, counters and heap after each
 * call.
 *
 * @param check_every  full heap check, walk and index after every so many operations
 * @param message   gets what went wrong
 * @return          true when all was as it must be
 */
bool naive_run(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
               const struct op *sequence, size_t count, unsigned check_every,
               struct run_result *result, char *message, size_t message_bytes);

#endif
