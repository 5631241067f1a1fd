/*
 * Bytes out. One chunk is one zstd frame, written together with its header by one writev:
 * system calls are slow, and a reader of a growing file sees whole chunks only.
 */
#include "frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <xxhash.h>
#include <zstd.h>

#include "layout.h"

/* Where nothing repeats, higher levels search in vain: on the chunks of a program that picks
 * sizes and objects at random, level 3 took 4 times as long as level 1 and saved 1 %. Such a
 * chunk shrinks to more than 5 eighths; every recorded real program stays below a third. */
#define CHEAP_LEVEL       1
#define DEFAULT_LEVEL     3
#define IS_POOR(from, to) (8 * (to) > 5 * (from))

struct fl_compressor {
    ZSTD_CCtx *context;
    bool is_adaptive; /* no level was asked for: 3, and 1 while chunks hardly shrink */
    uint8_t *out;
    size_t out_capacity;
};

struct fl_compressor *fl_compressor_new(int level)
{
    struct fl_compressor *compressor = calloc(1, sizeof *compressor);
    if (compressor == NULL) {
        return NULL;
    }
    compressor->context = ZSTD_createCCtx();
    if (compressor->context == NULL) {
        free(compressor);
        return NULL;
    }
    compressor->is_adaptive = level == 0;
    ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_compressionLevel,
                           level == 0 ? DEFAULT_LEVEL : level);
    ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_contentSizeFlag, 1);
    return compressor;
}

void fl_compressor_free(struct fl_compressor *compressor)
{
    if (compressor != NULL) {
        ZSTD_freeCCtx(compressor->context);
        free(compressor->out);
        free(compressor);
    }
}

static bool out_reserve(struct fl_compressor *compressor, size_t bytes)
{
    if (bytes <= compressor->out_capacity) {
        return true;
    }
    uint8_t *grown = realloc(compressor->out, bytes);
    if (grown == NULL) {
        return false;
    }
    compressor->out = grown;
    compressor->out_capacity = bytes;
    return true;
}

enum fl_status fl_compress(struct fl_compressor *compressor, const uint8_t *from, size_t bytes,
                           const uint8_t **frame, size_t *frame_bytes, struct fl_error *err)
{
    if (!out_reserve(compressor, ZSTD_compressBound(bytes))) {
        return fl_fail(err, FL_NOMEM, "no memory to compress a chunk of %zu bytes", bytes);
    }
    const size_t result = ZSTD_compress2(compressor->context, compressor->out,
                                         compressor->out_capacity, from, bytes);
    if (ZSTD_isError(result)) {
        return fl_fail(err, FL_NOMEM, "cannot compress a chunk: %s", ZSTD_getErrorName(result));
    }
    if (compressor->is_adaptive) {
        ZSTD_CCtx_setParameter(compressor->context, ZSTD_c_compressionLevel,
                               IS_POOR(bytes, result) ? CHEAP_LEVEL : DEFAULT_LEVEL);
    }
    *frame = compressor->out;
    *frame_bytes = result;
    return FL_OK;
}

/* Drop the first `bytes` bytes from the parts. */
static void parts_advance(struct iovec **parts, int *count, size_t bytes)
{
    while (*count > 0 && bytes >= (*parts)->iov_len) {
        bytes -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (bytes > 0) {
        (*parts)->iov_base = (uint8_t *)(*parts)->iov_base + bytes;
        (*parts)->iov_len -= bytes;
    }
}

enum fl_status fl_write_all(int fd, struct iovec *parts, int count, struct fl_error *err)
{
    parts_advance(&parts, &count, 0);
    while (count > 0) {
        const ssize_t written = writev(fd, parts, count);
        if (written > 0) {
            parts_advance(&parts, &count, (size_t)written);
        } else if (written == 0) {
            return fl_fail(err, FL_IO, "cannot write the trace: the file takes no more bytes");
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return fl_fail_os(err, FL_IO, errno, "cannot write the trace");
        }
    }
    return FL_OK;
}

size_t fl_skippable_seal(uint8_t *frame, size_t content_bytes)
{
    uint8_t *content = frame + FL_SKIPPABLE_BYTES;
    fl_store64(content + content_bytes, XXH64(content, content_bytes, 0));
    fl_store32(frame, FL_SKIPPABLE_MAGIC);
    fl_store32(frame + 4, (uint32_t)(content_bytes + FL_CHECK_BYTES));
    return FL_SKIPPABLE_BYTES + content_bytes + FL_CHECK_BYTES;
}
