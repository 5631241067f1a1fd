/* Compressed files made for tests, with a check of their bytes each. */
#ifndef FL_TEST_PACKED_H
#define FL_TEST_PACKED_H

#include <fl_test.h>

struct packed {
    uint8_t *bytes; /* to be freed */
    size_t count;
    size_t whole; /* bytes without which it is cut: a zip's directory is not needed */
};

struct packed packed_gzip(const void *bytes, size_t count);
struct packed packed_zstd(const void *bytes, size_t count);
struct packed packed_xz(const void *bytes, size_t count);

/* A zip of that file and another one, with the beginning of a directory. */
struct packed packed_zip(const void *bytes, size_t count);
struct packed packed_zip_stored(const void *bytes, size_t count);
struct packed packed_zip_streamed(const void *bytes,
                                  size_t count); /* its check is behind the bytes */

/* The beginning of a zip: a folder. */
struct packed packed_zip_folder(const char *name);

void packed_append(struct packed *packed, const void *bytes, size_t count);

#endif
