/*
 * Printing that allocates nothing, so that a program's calls are its own alone.
 */
#ifndef SAY_H
#define SAY_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static inline void say_to(int fd, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length > 0 && write(fd, text, (size_t)length) != length) {
        _exit(9);
    }
}

#define say(...) say_to(STDOUT_FILENO, __VA_ARGS__)

/* Argument number `i` as a number, or `otherwise` when there is none. */
static inline uint64_t argument_number(int argc, char **argv, int i, uint64_t otherwise)
{
    return i < argc ? strtoull(argv[i], NULL, 10) : otherwise;
}

/* xorshift64 (Marsaglia 2003): the same sequence on every machine. `state` is not 0. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
