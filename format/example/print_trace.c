/* Print the calls of a trace that asked for a mebibyte or more: cc print_trace.c $(pkg-config
 * --static --cflags --libs fltrace) */
#include <inttypes.h>
#include <stdio.h>

#include <fl/reader.h>

int main(int argc, char **argv)
{
    struct fl_reader *reader;
    struct fl_batch batch;
    struct fl_error err;
    enum fl_status status = fl_reader_open(argc > 1 ? argv[1] : "-", &reader, &err);
    while (status == FL_OK && (status = fl_reader_next(reader, &batch, &err)) == FL_OK) {
        for (size_t i = 0; i < batch.count; i++) {
            if (fl_kind_is_call(batch.ops[i].kind) && batch.ops[i].size_bytes >= 1 << 20) {
                printf("%s %" PRIu64 "\n", fl_kind_name(batch.ops[i].kind),
                       batch.ops[i].size_bytes);
            }
        }
    }
    if (status != FL_END) {
        fprintf(stderr, "%s\n", err.message);
    }
    return fl_status_exit(status);
}
