/*
 * stdio_pass [CODE]: copies standard input to standard output, writes its length to standard
 * error and exits with CODE: what a recorder must not disturb.
 */
#include "say.h"

int main(int argc, char **argv)
{
    char *buffer = malloc(4096);
    uint64_t total = 0;
    for (ssize_t got; (got = read(STDIN_FILENO, buffer, 4096)) > 0;) {
        if (write(STDOUT_FILENO, buffer, (size_t)got) != got) {
            return 9;
        }
        total += (uint64_t)got;
    }
    free(buffer);
    say_to(STDERR_FILENO, "bytes %ju\n", (uintmax_t)total);
    return (int)argument_number(argc, argv, 1, 0);
}
