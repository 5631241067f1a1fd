/*
 * Files built part by part. What a writer does in one go is open here at every joint.
 */
#include "craft.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"

static void must(bool condition, const char *what)
{
    if (!condition) {
        perror(what);
        abort();
    }
}

void craft_clear(struct craft *craft)
{
    free(craft->at);
    *craft = (struct craft){0};
}

void craft_put(struct craft *craft, const void *from, size_t bytes)
{
    if (craft->bytes + bytes > craft->capacity) {
        craft->capacity = 2 * craft->capacity + bytes;
        craft->at = realloc(craft->at, craft->capacity);
        must(craft->at != NULL, "craft");
    }
    memcpy(craft->at + craft->bytes, from, bytes);
    craft->bytes += bytes;
}

void craft_frame(struct craft *craft, const void *content, size_t bytes)
{
    uint8_t *frame = malloc(FL_SKIPPABLE_BYTES + bytes + FL_CHECK_BYTES);
    must(frame != NULL, "craft");
    memcpy(frame + FL_SKIPPABLE_BYTES, content, bytes);
    craft_put(craft, frame, fl_skippable_seal(frame, bytes));
    free(frame);
}

void craft_header(struct craft *craft, unsigned major, uint64_t required)
{
    uint8_t content[FL_HEADER_FIXED_BYTES + 1] = {0}; /* and an empty list of metadata */
    fl_store32(content, FL_TAG_HEADER);
    fl_store16(content + 4, (uint16_t)major);
    fl_store64(content + 8, required);
    fl_store32(content + 24, 1);
    craft_frame(craft, content, sizeof content);
}

void craft_chunk(struct craft *craft, struct fl_chunk_header header, const uint8_t *payload,
                 size_t bytes)
{
    struct fl_compressor *compressor = fl_compressor_new(3);
    const uint8_t *frame;
    size_t frame_bytes;
    must(compressor != NULL, "craft");
    must(fl_compress(compressor, payload, bytes, &frame, &frame_bytes, NULL) == FL_OK, "craft");
    header.compressed_bytes += header.compressed_bytes == 0 ? (uint32_t)frame_bytes : 0;
    header.decoded_bytes += header.decoded_bytes == 0 ? (uint32_t)bytes : 0;
    uint8_t encoded[FL_CHUNK_FRAME_BYTES];
    fl_chunk_header_encode(&header, encoded);
    craft_put(craft, encoded, sizeof encoded);
    craft_put(craft, frame, frame_bytes);
    fl_compressor_free(compressor);
}

void craft_compressed(struct craft *craft, const struct craft *from, int level)
{
    struct fl_compressor *compressor = fl_compressor_new(level);
    const uint8_t *frame;
    size_t frame_bytes;
    must(compressor != NULL, "craft");
    must(fl_compress(compressor, from->at, from->bytes, &frame, &frame_bytes, NULL) == FL_OK,
         "craft");
    craft_put(craft, frame, frame_bytes);
    fl_compressor_free(compressor);
}

size_t craft_section(uint8_t *out, unsigned kind, unsigned flags, const void *content,
                     size_t bytes)
{
    fl_store16(out, (uint16_t)kind);
    fl_store16(out + 2, (uint16_t)flags);
    fl_store32(out + 4, (uint32_t)bytes);
    memcpy(out + FL_SECTION_HEADER_BYTES, content, bytes);
    return FL_SECTION_HEADER_BYTES + bytes;
}

void craft_events(struct craft *craft, const uint8_t *events, size_t bytes, uint32_t records,
                  uint32_t calls, uint32_t serials)
{
    uint8_t *payload = malloc(FL_SECTION_HEADER_BYTES + bytes);
    must(payload != NULL, "craft");
    const size_t whole =
        craft_section(payload, FL_SECTION_EVENTS, FL_SECTION_REQUIRED, events, bytes);
    struct fl_chunk_header header = craft->next;
    header.records = records;
    header.events = calls;
    craft_chunk(craft, header, payload, whole);
    free(payload);
    craft->next.sequence++;
    craft->next.first_event += calls;
    craft->next.first_serial += serials;
}

void craft_end(struct craft *craft)
{
    uint8_t content[FL_END_FIXED_BYTES + 1] = {0};
    fl_store32(content, FL_TAG_END);
    fl_store32(content + 4, 1);
    fl_store64(content + 8, craft->next.sequence);
    fl_store64(content + 16, craft->next.first_event);
    fl_store64(content + 32, craft->next.first_serial);
    craft_frame(craft, content, sizeof content);
}

int craft_file(const void *bytes, size_t count)
{
    const int fd = memfd_create("trace", MFD_CLOEXEC);
    must(fd >= 0, "memfd_create");
    must(count == 0 || pwrite(fd, bytes, count, 0) == (ssize_t)count, "pwrite");
    return fd;
}

uint8_t *craft_load(int fd, size_t *count)
{
    struct stat facts;
    must(fstat(fd, &facts) == 0, "fstat");
    *count = (size_t)facts.st_size;
    uint8_t *bytes = malloc(*count + 1);
    must(bytes != NULL && pread(fd, bytes, *count, 0) == (ssize_t)*count, "pread");
    return bytes;
}
