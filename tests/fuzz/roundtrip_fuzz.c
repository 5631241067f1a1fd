/*
 * Any bytes, taken as choices of the record generator, written and read again: every record is
 * read as it was written. The first byte is the number of records per chunk.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include <fl/reader.h>

#include "craft.h"
#include "gen.h"
#include "model.h"

#define RECORDS_MAX 4096u

struct records {
    struct gen_record at[RECORDS_MAX];
    size_t count;
};

static void write_all(int fd, const uint8_t *bytes, size_t count, struct records *records)
{
    const struct fl_writer_options options = {.level = 1, .chunk_records = bytes[0]};
    struct fl_writer *writer;
    struct gen gen;
    must(fl_writer_open(fd, &options, NULL, &writer, NULL) == FL_OK, "open to write");
    gen_from_bytes(&gen, bytes + 1, count - 1);
    while (gen.bytes_left > 0 && records->count < RECORDS_MAX) {
        struct gen_record *record = &records->at[records->count++];
        *record = gen_next(&gen);
        must(gen_write(writer, record, NULL) == FL_OK, "write");
    }
    gen_clear(&gen);
    must(fl_writer_finish(writer, NULL, NULL, NULL) == FL_OK, "finish");
}

static void read_all(int fd, const struct records *records)
{
    struct model model;
    struct fl_reader *reader;
    struct fl_batch batch;
    size_t at = 0;
    model_init(&model);
    must(fl_reader_open_fd(fd, "fuzz", &reader, NULL) == FL_OK, "open to read");
    enum fl_status status;
    while ((status = fl_reader_next(reader, &batch, NULL)) == FL_OK) {
        for (size_t i = 0; i < batch.count; i++) {
            must(at < records->count, "no more records than were written");
            const char *wrong = model_take(&model, &records->at[at++], reader, &batch.ops[i]);
            must(wrong == NULL, wrong);
        }
    }
    must(status == FL_END && at == records->count, "the whole trace was read");
    fl_reader_close(reader);
    model_clear(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) {
        return 0;
    }
    struct records *records = calloc(1, sizeof *records);
    must(records != NULL, "no memory");
    const int fd = craft_file("", 0);
    write_all(fd, bytes, count, records);
    must(lseek(fd, 0, SEEK_SET) == 0, "seek");
    read_all(fd, records);
    close(fd);
    free(records);
    return 0;
}
