/**
 * What a live block holds during the check pass: bytes that depend on the object and on the
 * place in the block, so that a lost tail, a copy from the wrong place and a neighbour's write
 * all show.
 *
 * Thread safety: pure.
 */
#ifndef FL_REPLAY_PATTERN_H
#define FL_REPLAY_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define FL_PATTERN_INTACT SIZE_MAX

/** Write bytes [from, to) of the pattern of `seed` into `block`. */
void fl_pattern_fill(unsigned char *block, size_t from, size_t to, uint64_t seed);

/** First byte in [from, to) of `block` that is not the pattern's, or FL_PATTERN_INTACT. */
size_t fl_pattern_verify(const unsigned char *block, size_t from, size_t to, uint64_t seed);

/** The byte the pattern of `seed` has at `at`. */
unsigned char fl_pattern_byte(uint64_t seed, size_t at);

/** First byte in [from, to) of `block` that is not zero, or FL_PATTERN_INTACT. */
size_t fl_pattern_verify_zero(const unsigned char *block, size_t from, size_t to);

#endif
