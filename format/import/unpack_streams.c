/*
 * gzip, zstd and xz: each a stream with checks at its end, by its own library.
 *
 * Sources: RFC 1952, RFC 8878, and the .xz file format 1.1.0 at tukaani.org.
 */
#include "unpack_inflate.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "bytes.h"

#define XZ_MEMORY_MAX (UINT64_C(256) << 20) /* bytes; xz -9 needs 65 MiB */

/* ---- gzip ---- */

void *fl_inflate_begin(int window_bits)
{
    z_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && inflateInit2(stream, window_bits) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

enum fl_unpack_outcome fl_inflate_step(void *state, struct fl_unpack_span *span,
                                       const char **why)
{
    z_stream *stream = state;
    const uInt in_bytes = span->in_bytes < UINT32_MAX ? (uInt)span->in_bytes : UINT32_MAX;
    const uInt out_bytes = span->out_bytes < UINT32_MAX ? (uInt)span->out_bytes : UINT32_MAX;
    stream->next_in = (uint8_t *)(uintptr_t)span->in; /* which zlib does not write */
    stream->avail_in = in_bytes;
    stream->next_out = span->out;
    stream->avail_out = out_bytes;
    const int result = inflate(stream, Z_NO_FLUSH);
    span->in += in_bytes - stream->avail_in;
    span->in_bytes -= in_bytes - stream->avail_in;
    span->out += out_bytes - stream->avail_out;
    span->out_bytes -= out_bytes - stream->avail_out;
    if (result == Z_OK || result == Z_BUF_ERROR) {
        return FL_UNPACK_GOES_ON;
    }
    *why = stream->msg != NULL ? stream->msg : "it is damaged";
    return result == Z_STREAM_END ? FL_UNPACK_STREAM_END : FL_UNPACK_FAILED;
}

void fl_inflate_end(void *state)
{
    z_stream *stream = state;
    inflateEnd(stream);
    free(stream);
}

static void *gzip_begin(void)
{
    return fl_inflate_begin(FL_INFLATE_GZIP);
}

static bool gzip_goes_on(const uint8_t *at, size_t have)
{
    return have >= 2 && at[0] == 0x1F && at[1] == 0x8B;
}

const struct fl_unpack_kind fl_unpack_gzip = {
    .name = "gzip",
    .magic = "\x1F\x8B\x08",
    .magic_bytes = 3,
    .begin = gzip_begin,
    .step = fl_inflate_step,
    .goes_on = gzip_goes_on,
    .end = fl_inflate_end,
};

/* ---- zstd ---- */

static void *zstd_begin(void)
{
    return ZSTD_createDCtx();
}

static enum fl_unpack_outcome zstd_step(void *state, struct fl_unpack_span *span,
                                        const char **why)
{
    ZSTD_inBuffer in = {span->in, span->in_bytes, 0};
    ZSTD_outBuffer out = {span->out, span->out_bytes, 0};
    const size_t result = ZSTD_decompressStream(state, &out, &in);
    span->in += in.pos;
    span->in_bytes -= in.pos;
    span->out += out.pos;
    span->out_bytes -= out.pos;
    if (ZSTD_isError(result)) {
        *why = ZSTD_getErrorName(result);
        return FL_UNPACK_FAILED;
    }
    return result == 0 ? FL_UNPACK_STREAM_END : FL_UNPACK_GOES_ON;
}

/* Another frame, or a skippable one, as that of a seek table. */
static bool zstd_goes_on(const uint8_t *at, size_t have)
{
    return have >= 4 &&
           (fl_load32(at) == ZSTD_MAGICNUMBER || (fl_load32(at) & 0xFFFFFFF0u) == 0x184D2A50u);
}

static void zstd_end(void *state)
{
    ZSTD_freeDCtx(state);
}

const struct fl_unpack_kind fl_unpack_zstd = {
    .name = "zstd",
    .magic = "\x28\xB5\x2F\xFD",
    .magic_bytes = 4,
    .begin = zstd_begin,
    .step = zstd_step,
    .goes_on = zstd_goes_on,
    .end = zstd_end,
};

/* ---- xz ---- */

#define XZ_MAGIC "\xFD\x37zXZ"

static void *xz_begin(void)
{
    lzma_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && lzma_stream_decoder(stream, XZ_MEMORY_MAX, 0) != LZMA_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static const char *xz_text(lzma_ret result)
{
    switch (result) {
    case LZMA_MEM_ERROR:
        return "no memory for it";
    case LZMA_MEMLIMIT_ERROR:
        return "it needs more than 256 MiB of memory";
    case LZMA_OPTIONS_ERROR:
        return "it was compressed in a way that is not known";
    default:
        return "it is damaged";
    }
}

static enum fl_unpack_outcome xz_step(void *state, struct fl_unpack_span *span,
                                      const char **why)
{
    lzma_stream *stream = state;
    stream->next_in = span->in;
    stream->avail_in = span->in_bytes;
    stream->next_out = span->out;
    stream->avail_out = span->out_bytes;
    const lzma_ret result = lzma_code(stream, LZMA_RUN);
    span->in = stream->next_in;
    span->in_bytes = stream->avail_in;
    span->out = stream->next_out;
    span->out_bytes = stream->avail_out;
    if (result == LZMA_OK || result == LZMA_BUF_ERROR) {
        return FL_UNPACK_GOES_ON;
    }
    *why = xz_text(result);
    return result == LZMA_STREAM_END ? FL_UNPACK_STREAM_END : FL_UNPACK_FAILED;
}

static bool xz_goes_on(const uint8_t *at, size_t have)
{
    return have >= sizeof(XZ_MAGIC) && memcmp(at, XZ_MAGIC, sizeof(XZ_MAGIC)) == 0;
}

static void xz_end(void *state)
{
    lzma_end(state);
    free(state);
}

const struct fl_unpack_kind fl_unpack_xz = {
    .name = "xz",
    .magic = XZ_MAGIC,
    .magic_bytes = sizeof(XZ_MAGIC), /* the NUL is a part of it */
    .begin = xz_begin,
    .step = xz_step,
    .goes_on = xz_goes_on,
    .end = xz_end,
};
