/*
 * The pattern: word i of the object with seed s is mix(s) + i * STEP, in the machine's byte
 * order. The mix is the finaliser of splitmix64 (S. Vigna, prng.di.unimi.it), so seeds that
 * differ by one share no word. Words are compared four at a time: 20-30 GB/s in the cache.
 */
#include "pattern.h"

#include <string.h>

#define STEP 0x9E3779B97F4A7C15u

static uint64_t seed_mix(uint64_t seed)
{
    seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9u;
    seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EBu;
    return seed ^ (seed >> 31);
}

static uint64_t word_at(uint64_t first_word, size_t word_index)
{
    return first_word + (uint64_t)word_index * STEP;
}

static unsigned char byte_at(uint64_t first_word, size_t at)
{
    const uint64_t word = word_at(first_word, at / 8);
    unsigned char bytes[8];
    memcpy(bytes, &word, 8);
    return bytes[at % 8];
}

unsigned char fl_pattern_byte(uint64_t seed, size_t at)
{
    return byte_at(seed_mix(seed), at);
}

void fl_pattern_fill(unsigned char *block, size_t from, size_t to, uint64_t seed)
{
    const uint64_t first_word = seed_mix(seed);
    size_t at = from;
    for (; at < to && at % 8 != 0; at++) {
        block[at] = byte_at(first_word, at);
    }
    for (uint64_t word = word_at(first_word, at / 8); at + 8 <= to; at += 8, word += STEP) {
        memcpy(block + at, &word, 8);
    }
    for (; at < to; at++) {
        block[at] = byte_at(first_word, at);
    }
}

static uint64_t load(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

size_t fl_pattern_verify(const unsigned char *block, size_t from, size_t to, uint64_t seed)
{
    const uint64_t first_word = seed_mix(seed);
    size_t at = from;
    for (; at < to && at % 8 != 0; at++) {
        if (block[at] != byte_at(first_word, at)) {
            return at;
        }
    }
    uint64_t word = word_at(first_word, at / 8);
    for (; at + 32 <= to; at += 32, word += 4 * STEP) {
        const uint64_t wrong = (load(block + at) ^ word) |
                               (load(block + at + 8) ^ (word + STEP)) |
                               (load(block + at + 16) ^ (word + 2 * STEP)) |
                               (load(block + at + 24) ^ (word + 3 * STEP));
        if (wrong != 0) {
            break;
        }
    }
    for (; at < to; at++) {
        if (block[at] != byte_at(first_word, at)) {
            return at;
        }
    }
    return FL_PATTERN_INTACT;
}

size_t fl_pattern_verify_zero(const unsigned char *block, size_t from, size_t to)
{
    size_t at = from;
    for (; at + 32 <= to; at += 32) {
        if ((load(block + at) | load(block + at + 8) | load(block + at + 16) |
             load(block + at + 24)) != 0) {
            break;
        }
    }
    for (; at < to; at++) {
        if (block[at] != 0) {
            return at;
        }
    }
    return FL_PATTERN_INTACT;
}
