/*
 * gzip, zstd and xz by their libraries; zips by hand, since what is read is only the local
 * headers.
 */
#include "packed.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "bytes.h"

#define HEADER_BYTES 30

void packed_append(struct packed *packed, const void *bytes, size_t count)
{
    packed->bytes = realloc(packed->bytes, packed->count + count + 1);
    assert_non_null(packed->bytes);
    memcpy(packed->bytes + packed->count, bytes, count);
    packed->count += count;
    packed->whole = packed->count;
}

/* A buffer that any of the three fits in. */
static struct packed packed_room(size_t count)
{
    struct packed packed = {.count = 2 * count + 1024};
    packed.bytes = malloc(packed.count);
    assert_non_null(packed.bytes);
    return packed;
}

static struct packed deflated(const void *bytes, size_t count, int window_bits)
{
    struct packed packed = packed_room(count);
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)bytes,
                       .avail_in = (uInt)count,
                       .next_out = packed.bytes,
                       .avail_out = (uInt)packed.count};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.count -= stream.avail_out;
    packed.whole = packed.count;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return packed;
}

struct packed packed_gzip(const void *bytes, size_t count)
{
    return deflated(bytes, count, 15 + 16);
}

struct packed packed_zstd(const void *bytes, size_t count)
{
    struct packed packed = packed_room(count);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(context);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    packed.whole = packed.count =
        ZSTD_compress2(context, packed.bytes, packed.count, bytes, count);
    assert_false(ZSTD_isError(packed.count));
    ZSTD_freeCCtx(context);
    return packed;
}

struct packed packed_xz(const void *bytes, size_t count)
{
    struct packed packed = packed_room(count);
    size_t used = 0;
    assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, bytes, count,
                                             packed.bytes, &used, packed.count),
                     LZMA_OK);
    packed.count = packed.whole = used;
    return packed;
}

static void zip_header(struct packed *zip, const char *name, unsigned flags, unsigned method,
                       uint32_t check, size_t packed_bytes, size_t bytes)
{
    uint8_t header[HEADER_BYTES] = {'P', 'K', 3, 4, 20};
    fl_store16(header + 6, (uint16_t)flags);
    fl_store16(header + 8, (uint16_t)method);
    fl_store32(header + 14, check);
    fl_store32(header + 18, (uint32_t)packed_bytes);
    fl_store32(header + 22, (uint32_t)bytes);
    fl_store16(header + 26, (uint16_t)strlen(name));
    fl_store16(header + 28, 4);
    packed_append(zip, header, sizeof header);
    packed_append(zip, name, strlen(name));
    packed_append(zip, "XX\0\0", 4); /* an extra field without content */
}

/* Another file, which is not read, and where the directory would begin. */
static struct packed zip_end(struct packed zip)
{
    const size_t whole = zip.count;
    zip_header(&zip, "b.txt", 0, 0, (uint32_t)crc32(0, (const uint8_t *)"Alloc(1),\n", 10), 10,
               10);
    packed_append(&zip, "Alloc(1),\n", 10);
    packed_append(&zip, "PK\1\2", 4);
    zip.whole = whole;
    return zip;
}

static uint32_t check_of(const void *bytes, size_t count)
{
    return (uint32_t)crc32(0, bytes, (uInt)count);
}

struct packed packed_zip(const void *bytes, size_t count)
{
    struct packed zip = {0};
    const struct packed content = deflated(bytes, count, -15);
    zip_header(&zip, "a.txt", 0, 8, check_of(bytes, count), content.count, count);
    packed_append(&zip, content.bytes, content.count);
    free(content.bytes);
    return zip_end(zip);
}

struct packed packed_zip_stored(const void *bytes, size_t count)
{
    struct packed zip = {0};
    zip_header(&zip, "a.txt", 0, 0, check_of(bytes, count), count, count);
    packed_append(&zip, bytes, count);
    return zip_end(zip);
}

struct packed packed_zip_streamed(const void *bytes, size_t count)
{
    struct packed zip = {0};
    uint8_t descriptor[16] = {'P', 'K', 7, 8};
    const struct packed content = deflated(bytes, count, -15);
    zip_header(&zip, "a.txt", 8, 8, 0, 0, 0);
    packed_append(&zip, content.bytes, content.count);
    free(content.bytes);
    fl_store32(descriptor + 4, check_of(bytes, count));
    fl_store32(descriptor + 8, (uint32_t)content.count);
    fl_store32(descriptor + 12, (uint32_t)count);
    packed_append(&zip, descriptor, 8); /* what is read of it, so that a cut is one */
    struct packed whole = zip;
    packed_append(&whole, descriptor + 8, 8);
    whole = zip_end(whole);
    whole.whole = zip.count;
    return whole;
}

struct packed packed_zip_folder(const char *name)
{
    struct packed zip = {0};
    zip_header(&zip, name, 0, 0, 0, 0, 0);
    return zip;
}
