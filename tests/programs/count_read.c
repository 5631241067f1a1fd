/*
 * count_read FILE: print what libcount.so counted, one line per call: name, calls, failed
 * calls, calls with a NULL pointer. The last line sums the calls.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "count_layout.h"

static const char *const names[COUNT_CALLS] = {
#define COUNT_NAME(name) #name,
    COUNT_LIST(COUNT_NAME)
#undef COUNT_NAME
};

int main(int argc, char **argv)
{
    static struct count_file file;
    const int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || read(fd, &file, sizeof file) != (ssize_t)sizeof file) {
        fprintf(stderr, "usage: count_read FILE, written by libcount.so\n");
        return 2;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < COUNT_CALLS; i++) {
        const struct count_of_call *of = &file.of[i];
        printf("%s %" PRIuFAST64 " %" PRIuFAST64 " %" PRIuFAST64 "\n", names[i], of->calls,
               of->failed, of->null);
        total += of->calls;
    }
    printf("total %" PRIu64 "\n", total);
    close(fd);
    return 0;
}
