/*
 * The first file of a zip, read as a stream: its local header, its bytes, stored or deflated,
 * and the check of them, which stands in the header or, when the writer did not know it yet,
 * behind the bytes. Folders before it are passed over; what follows it, the directory of the
 * archive too, is not read.
 *
 *     header | name, extra | bytes | [descriptor]     header | …     directory
 *
 * Source: PKWARE, .ZIP File Format Specification (APPNOTE.TXT) 6.3.10, sections 4.3.7 and
 * 4.3.9.
 */
#include "unpack_inflate.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "bytes.h"

#define HEADER_BYTES     30u
#define HEADER_MAGIC     0x04034B50u
#define DIRECTORY_MAGIC  0x02014B50u /* no file was there, only folders */
#define DESCRIPTOR_MAGIC 0x08074B50u /* which may be missing */
#define SIZE_ELSEWHERE   UINT32_MAX  /* 4 GiB and more */

enum flag { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8 };
enum method { METHOD_STORED = 0, METHOD_DEFLATED = 8 };
enum place { PLACE_HEADER, PLACE_NAME, PLACE_BYTES, PLACE_DESCRIPTOR };

struct zip {
    enum place place;
    uint8_t record[HEADER_BYTES]; /* the header, or the descriptor */
    size_t record_used;
    size_t name_left, extra_left; /* bytes to be passed over */
    uint8_t name_end;             /* last byte of the name: '/' is a folder */
    uint64_t stored_left;         /* bytes of a stored file still to come */
    void *inflate;                /* of a deflated one */
    uint32_t check;               /* of the bytes so far */
};

static void *zip_begin(void)
{
    return calloc(1, sizeof(struct zip));
}

static void zip_end(void *state)
{
    struct zip *zip = state;
    if (zip->inflate != NULL) {
        fl_inflate_end(zip->inflate);
    }
    free(zip);
}

static size_t take(struct fl_unpack_span *span, size_t bytes)
{
    const size_t taken = bytes < span->in_bytes ? bytes : span->in_bytes;
    span->in += taken;
    span->in_bytes -= taken;
    return taken;
}

/* Have `bytes` bytes of the record; false: there are not so many yet. */
static bool record_fill(struct zip *zip, struct fl_unpack_span *span, size_t bytes)
{
    while (zip->record_used < bytes && span->in_bytes > 0) {
        zip->record[zip->record_used++] = *span->in;
        (void)take(span, 1);
    }
    return zip->record_used >= bytes;
}

static unsigned zip_flags(const struct zip *zip)
{
    return fl_load16(zip->record + 6);
}

/* What cannot be unpacked here. */
static const char *header_fault(const struct zip *zip)
{
    const unsigned method = fl_load16(zip->record + 8);
    const uint32_t packed_bytes = fl_load32(zip->record + 18);
    if (fl_load32(zip->record) != HEADER_MAGIC) {
        return "no file begins where one should";
    }
    if (zip_flags(zip) & FLAG_ENCRYPTED) {
        return "its first file is encrypted";
    }
    if (method == METHOD_DEFLATED) {
        return NULL;
    }
    if (method != METHOD_STORED) {
        return "its first file is neither stored nor deflated";
    }
    return packed_bytes == SIZE_ELSEWHERE || zip_flags(zip) & FLAG_DESCRIPTOR
               ? "its first file is stored, and its size not told before"
               : NULL;
}

static enum fl_unpack_outcome header_read(struct zip *zip, struct fl_unpack_span *span,
                                          const char **why)
{
    if (!record_fill(zip, span, 4)) {
        return FL_UNPACK_GOES_ON;
    }
    if (fl_load32(zip->record) == DIRECTORY_MAGIC) {
        return FL_UNPACK_STREAM_END;
    }
    if (!record_fill(zip, span, HEADER_BYTES)) {
        return FL_UNPACK_GOES_ON;
    }
    *why = header_fault(zip);
    zip->stored_left = fl_load32(zip->record + 18);
    zip->name_end = 0;
    zip->name_left = fl_load16(zip->record + 26);
    zip->extra_left = fl_load16(zip->record + 28);
    zip->place = PLACE_NAME;
    return *why == NULL ? FL_UNPACK_GOES_ON : FL_UNPACK_FAILED;
}

static enum fl_unpack_outcome bytes_begin(struct zip *zip, const char **why)
{
    if (zip->name_end == '/') {
        zip->place = PLACE_HEADER;
        zip->record_used = 0;
        return FL_UNPACK_GOES_ON;
    }
    zip->place = PLACE_BYTES;
    zip->check = (uint32_t)crc32(0, NULL, 0);
    if (fl_load16(zip->record + 8) == METHOD_DEFLATED) {
        zip->inflate = fl_inflate_begin(FL_INFLATE_BARE);
        *why = "no memory for it";
        return zip->inflate != NULL ? FL_UNPACK_GOES_ON : FL_UNPACK_FAILED;
    }
    return FL_UNPACK_GOES_ON;
}

static enum fl_unpack_outcome name_pass(struct zip *zip, struct fl_unpack_span *span,
                                        const char **why)
{
    const size_t name_bytes = take(span, zip->name_left);
    if (name_bytes > 0) {
        zip->name_end = span->in[-1];
        zip->name_left -= name_bytes;
    }
    zip->extra_left -= take(span, zip->name_left == 0 ? zip->extra_left : 0);
    return zip->name_left + zip->extra_left == 0 ? bytes_begin(zip, why) : FL_UNPACK_GOES_ON;
}

static enum fl_unpack_outcome stored_copy(struct zip *zip, struct fl_unpack_span *span)
{
    size_t bytes = span->in_bytes < span->out_bytes ? span->in_bytes : span->out_bytes;
    bytes = bytes < zip->stored_left ? bytes : zip->stored_left;
    memcpy(span->out, span->in, bytes);
    span->out += bytes;
    span->out_bytes -= bytes;
    zip->stored_left -= take(span, bytes);
    return zip->stored_left == 0 ? FL_UNPACK_STREAM_END : FL_UNPACK_GOES_ON;
}

static enum fl_unpack_outcome check_compare(const struct zip *zip, uint32_t wanted,
                                            const char **why)
{
    *why = "its check is wrong";
    return zip->check == wanted ? FL_UNPACK_STREAM_END : FL_UNPACK_FAILED;
}

static enum fl_unpack_outcome bytes_unpack(struct zip *zip, struct fl_unpack_span *span,
                                           const char **why)
{
    const uint8_t *const out = span->out;
    const enum fl_unpack_outcome outcome = zip->inflate == NULL
                                               ? stored_copy(zip, span)
                                               : fl_inflate_step(zip->inflate, span, why);
    zip->check = (uint32_t)crc32(zip->check, out, (uInt)(span->out - out));
    if (outcome != FL_UNPACK_STREAM_END) {
        return outcome;
    }
    if (!(zip_flags(zip) & FLAG_DESCRIPTOR)) {
        return check_compare(zip, fl_load32(zip->record + 14), why);
    }
    zip->place = PLACE_DESCRIPTOR;
    zip->record_used = 0;
    return FL_UNPACK_GOES_ON;
}

static enum fl_unpack_outcome descriptor_read(struct zip *zip, struct fl_unpack_span *span,
                                              const char **why)
{
    if (!record_fill(zip, span, 4)) {
        return FL_UNPACK_GOES_ON;
    }
    if (fl_load32(zip->record) != DESCRIPTOR_MAGIC) {
        return check_compare(zip, fl_load32(zip->record), why);
    }
    return record_fill(zip, span, 8) ? check_compare(zip, fl_load32(zip->record + 4), why)
                                     : FL_UNPACK_GOES_ON;
}

static enum fl_unpack_outcome place_step(struct zip *zip, struct fl_unpack_span *span,
                                         const char **why)
{
    switch (zip->place) {
    case PLACE_HEADER:
        return header_read(zip, span, why);
    case PLACE_NAME:
        return name_pass(zip, span, why);
    case PLACE_BYTES:
        return bytes_unpack(zip, span, why);
    case PLACE_DESCRIPTOR:
        break;
    }
    return descriptor_read(zip, span, why);
}

static enum fl_unpack_outcome zip_step(void *state, struct fl_unpack_span *span,
                                       const char **why)
{
    struct zip *zip = state;
    enum fl_unpack_outcome outcome;
    enum place before;
    do { /* while it gets somewhere without bytes in or out */
        before = zip->place;
        outcome = place_step(zip, span, why);
    } while (outcome == FL_UNPACK_GOES_ON && zip->place != before);
    return outcome;
}

const struct fl_unpack_kind fl_unpack_zip = {
    .name = "zip",
    .magic = "PK\3\4",
    .magic_bytes = 4,
    .begin = zip_begin,
    .step = zip_step,
    .end = zip_end,
};
