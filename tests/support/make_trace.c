/*
 * make_trace SEED RECORDS CHUNK_RECORDS: a random valid trace on standard output. The same
 * arguments give the same events everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gen.h"

static enum fl_status records_write(struct fl_writer *writer, uint64_t seed, uint64_t count,
                                    struct fl_error *err)
{
    struct gen gen;
    gen_from_seed(&gen, seed);
    enum fl_status status = FL_OK;
    for (uint64_t i = 0; i < count && status == FL_OK; i++) {
        const struct gen_record record = gen_next(&gen);
        status = gen_write(writer, &record, err);
    }
    gen_clear(&gen);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: make_trace SEED RECORDS CHUNK_RECORDS\n");
        return 2;
    }
    const struct fl_writer_options options = {.chunk_records =
                                                  (uint32_t)strtoul(argv[3], NULL, 10)};
    struct fl_metadata *meta = fl_metadata_new();
    struct fl_writer *writer;
    struct fl_error err;
    if (meta == NULL || !fl_metadata_set_text(meta, "recorder", "make_trace") ||
        fl_writer_open(STDOUT_FILENO, &options, meta, &writer, &err) != FL_OK) {
        return 4;
    }
    enum fl_status status =
        records_write(writer, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), &err);
    if (status != FL_OK) {
        fl_writer_abandon(writer);
    } else {
        status = fl_writer_finish(writer, NULL, NULL, &err);
    }
    fl_metadata_free(meta);
    if (status != FL_OK) {
        fprintf(stderr, "make_trace: %s\n", err.message);
    }
    return fl_status_exit(status);
}
