/*
 * make_golden FOLDER: write the golden traces anew. What is in the repository stays as it is
 * when this program, the writer or zstd change: a trace of a released version must be read for
 * ever. README.md says when to run it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

#define SEEK_FOOTER_BYTES 9u

static void chunk_walk(const struct craft *craft, size_t *at, struct fl_chunk_header *header)
{
    if (!fl_chunk_header_decode(craft->at + *at, header)) {
        fprintf(stderr, "make_golden: no chunk at byte %zu\n", *at);
        exit(1);
    }
    *at += FL_CHUNK_FRAME_BYTES + header->compressed_bytes;
}

static size_t header_bytes(const struct craft *craft)
{
    return FL_SKIPPABLE_BYTES + fl_load32(craft->at + 4);
}

static void put_index(struct craft *craft, size_t end)
{
    const size_t chunks = (size_t)craft->next.sequence;
    const size_t bytes = FL_INDEX_FIXED_BYTES + chunks * FL_INDEX_ENTRY_BYTES;
    uint8_t *content = calloc(1, bytes);
    fl_store32(content, FL_TAG_INDEX);
    fl_store32(content + 4, (uint32_t)chunks);
    uint8_t *entry = content + FL_INDEX_FIXED_BYTES;
    struct fl_chunk_header header;
    for (size_t at = header_bytes(craft); at < end; entry += FL_INDEX_ENTRY_BYTES) {
        fl_store64(entry, at);
        chunk_walk(craft, &at, &header);
        fl_store64(entry + 8, header.first_event);
    }
    craft_frame(craft, content, bytes);
    free(content);
}

static void put_seek_entry(struct craft *craft, size_t frame_bytes, uint32_t decoded)
{
    uint8_t entry[8];
    fl_store32(entry, (uint32_t)frame_bytes);
    fl_store32(entry + 4, decoded);
    craft_put(craft, entry, sizeof entry);
}

static void put_seek_table(struct craft *craft, size_t end, size_t index)
{
    const uint32_t entries = (uint32_t)(2 * craft->next.sequence + 3);
    const size_t table = craft->bytes;
    uint8_t frame[FL_SKIPPABLE_BYTES], footer[SEEK_FOOTER_BYTES] = {0};
    fl_store32(frame, FL_SEEK_TABLE_MAGIC);
    fl_store32(frame + 4, entries * 8 + SEEK_FOOTER_BYTES);
    craft_put(craft, frame, sizeof frame);
    put_seek_entry(craft, header_bytes(craft), 0);
    struct fl_chunk_header header;
    for (size_t at = header_bytes(craft); at < end;) {
        chunk_walk(craft, &at, &header);
        put_seek_entry(craft, FL_CHUNK_FRAME_BYTES, 0);
        put_seek_entry(craft, header.compressed_bytes, header.decoded_bytes);
    }
    put_seek_entry(craft, index - end, 0);
    put_seek_entry(craft, table - index, 0);
    fl_store32(footer, entries);
    fl_store32(footer + 5, FL_SEEKABLE_MAGIC);
    craft_put(craft, footer, sizeof footer);
}

static void put_end(struct craft *craft)
{
    uint8_t content[FL_END_FIXED_BYTES + 1] = {0}; /* and an empty list of metadata */
    uint64_t records = 0;
    struct fl_chunk_header header;
    for (size_t at = header_bytes(craft); at < craft->bytes;) {
        chunk_walk(craft, &at, &header);
        records += header.records;
    }
    fl_store32(content, FL_TAG_END);
    fl_store32(content + 4, 1);
    fl_store64(content + 8, craft->next.sequence);
    fl_store64(content + 16, craft->next.first_event);
    fl_store64(content + 24, records);
    fl_store64(content + 32, craft->next.first_serial);
    craft_frame(craft, content, sizeof content);
}

void golden_close(struct craft *craft)
{
    const size_t end = craft->bytes;
    put_end(craft);
    const size_t index = craft->bytes;
    put_index(craft, end);
    put_seek_table(craft, end, index);
}

static int write_all(const char *folder, const struct golden *golden)
{
    for (; golden->name != NULL; golden++) {
        char path[4096];
        struct craft craft = {0};
        golden->make(&craft);
        snprintf(path, sizeof path, "%s/%s", folder, golden->name);
        FILE *file = fopen(path, "we");
        const bool is_written =
            file != NULL && fwrite(craft.at, 1, craft.bytes, file) == craft.bytes;
        if (!is_written || fclose(file) != 0) {
            perror(path);
            return 1;
        }
        craft_clear(&craft);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_golden FOLDER\n");
        return 2;
    }
    return write_all(argv[1], golden_files) || write_all(argv[1], golden_records);
}
