/*
 * static_link: a statically linked program, which no preloaded library can reach. Built without
 * the C library's .a file it does not exist.
 */
#include "say.h"

int main(void)
{
    for (size_t i = 0; i < 1000; i++) {
        free(malloc(i));
    }
    say("total 2000\n");
    return 0;
}
