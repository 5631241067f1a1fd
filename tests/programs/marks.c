/*
 * marks [N]: an allocation, N marks (default 3) with one more behind each, from the main
 * thread. Linked with nothing.
 */
#include <fl/mark.h>

#include "say.h"

int main(int argc, char **argv)
{
    const size_t count = argument_number(argc, argv, 1, 3);
    free(malloc(1));
    for (size_t i = 1; i <= count; i++) {
        char text[32];
        snprintf(text, sizeof text, "phase %zu", i);
        fl_mark(text);
        free(malloc(10 + i));
    }
    fl_mark(NULL);
    say("marked %zu\n", count);
    return 0;
}
