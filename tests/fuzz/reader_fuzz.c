/*
 * Any bytes through the reader, until its status is final. trace_input.h says how they become a
 * trace, trace_walk.h what must hold of what comes out.
 */
#include "fuzz.h"

#include <unistd.h>

#include "trace_input.h"
#include "trace_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 2) {
        return 0;
    }
    const int fd = trace_input_file(bytes, count);
    (void)trace_walk(fd);
    close(fd);
    return 0;
}
