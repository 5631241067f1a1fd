/*
 * The sized frees of C23, which glibc declares from 2.43 on. Weak: a program can ask whether
 * anybody (a preloaded library) defines them.
 */
#ifndef C23_FREE_H
#define C23_FREE_H

#include <stddef.h>

extern void free_sized(void *block, size_t bytes) __attribute__((weak));
extern void free_aligned_sized(void *block, size_t align, size_t bytes) __attribute__((weak));

#endif
