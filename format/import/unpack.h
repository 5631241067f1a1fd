/* Bytes out of compressed ones: the layer (unpack.c), and what undoes each compression
 * (unpack_*.c). */
#ifndef FL_IMPORT_UNPACK_H
#define FL_IMPORT_UNPACK_H

#include "input.h"

/*
 * When what `input` gives next is compressed, put a layer over it that unpacks it.
 *
 * @param is_packed  receives whether it was
 * @return           FL_OK; FL_NOMEM, or what reading the beginning gave. `input` can be closed in any case
 */
enum fl_status fl_unpack(struct fl_input *input, bool *is_packed, struct fl_error *err)
    __attribute__((warn_unused_result));

/* Where a step reads and writes; it advances both. */
struct fl_unpack_span {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

enum fl_unpack_outcome {
    FL_UNPACK_GOES_ON,
    FL_UNPACK_STREAM_END, /* the checks of what was unpacked were right */
    FL_UNPACK_FAILED,     /* `why` says it */
};

/* A kind of compression. */
struct fl_unpack_kind {
    const char *name;
    const char *magic; /* what a file begins with */
    size_t magic_bytes;

    /* The state of a stream that begins; NULL: no memory. */
    void *(*begin)(void);

    /* Unpack some; either all of `in` is used up or `out` is full, but at the end and after a
     * failure. */
    enum fl_unpack_outcome (*step)(void *state, struct fl_unpack_span *span, const char **why);

    /* May another stream begin so, behind the end of one? NULL: one is all there is. */
    bool (*goes_on)(const uint8_t *at, size_t have);

    void (*end)(void *state);
};

extern const struct fl_unpack_kind fl_unpack_gzip, fl_unpack_zstd, fl_unpack_xz, fl_unpack_zip;

#endif
