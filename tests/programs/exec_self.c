/*
 * exec_self [PROG ARG...]: makes 100 calls, then becomes another program in the same process
 * (default: itself, once more, which then makes 40 calls and ends).
 */
#include <string.h>

#include "say.h"

static void calls_make(unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        free(malloc(i));
    }
}

int main(int argc, char **argv)
{
    char self[] = "/proc/self/exe", last[] = "--last";
    char *again[] = {self, last, NULL};
    if (argc > 1 && strcmp(argv[1], last) == 0) {
        calls_make(40);
        say("second image\n");
        return 0;
    }
    calls_make(100);
    say("first image\n");
    execvp(argc > 1 ? argv[1] : self, argc > 1 ? argv + 1 : again);
    return 127;
}
