/*
 * Any bytes as a file of another tool, until the reader's status is final. The first byte says
 * what they are taken for: 0, what their content says, compressed ones unpacked; else the
 * format of that number in the list, from 1.
 */
#include "fuzz.h"

#include <unistd.h>

#include <fl/import.h>

#include "craft.h"
#include "import_internal.h"
#include "trace_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct fl_reader *reader;
    struct fl_error err;
    if (count < 1 || bytes[0] > fl_import_format_count ||
        (bytes[0] == 0 && fl_reader_knows(bytes + 1, count - 1))) {
        return 0; /* traces of ours are the reader's target */
    }
    const char *from = bytes[0] == 0 ? NULL : fl_import_formats[bytes[0] - 1]->name;
    const int fd = craft_file(bytes + 1, count - 1);
    if (fl_import_open_fd(fd, "fuzz", from, &reader, &err) == FL_OK) {
        must(trace_walk_reader(reader).damages < 100, "few reports of what is odd");
    }
    close(fd);
    return 0;
}
