/* Bytes out: compressing a chunk and writing whole frames to a descriptor. See frame.c. */
#ifndef FL_FRAME_H
#define FL_FRAME_H

#include <sys/uio.h>

#include <fl/status.h>

#include "bytes.h"

struct fl_compressor;

/* `level` 1 .. 19; 0: level 3, but 1 for chunks after one that hardly shrank. NULL when out of
 * memory. */
struct fl_compressor *fl_compressor_new(int level);
void fl_compressor_free(struct fl_compressor *compressor);

/* Compress `bytes` bytes into one zstd frame with content size and checksum. The frame is the
 * compressor's, valid until the next call. */
enum fl_status fl_compress(struct fl_compressor *compressor, const uint8_t *from, size_t bytes,
                           const uint8_t **frame, size_t *frame_bytes, struct fl_error *err);

/* Write all of `parts` with as few writev calls as the descriptor allows (one, when it is a
 * file); `parts` is used up. */
enum fl_status fl_write_all(int fd, struct iovec *parts, int count, struct fl_error *err);

/* Close the content of a skippable frame that begins at `frame`: `content_bytes` bytes of
 * content stand behind its 8-byte header; adds the check and fills the header. Returns the
 * bytes of the whole frame; room for FL_CHECK_BYTES is needed. */
size_t fl_skippable_seal(uint8_t *frame, size_t content_bytes);

#endif
