/*
 * close_all: closes every descriptor but the first three, as daemons do, and allocates on: a
 * recorder must not need one of its own here. 200 calls before, 200 after.
 */
#include "say.h"

static void calls_make(unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        free(malloc(i));
    }
}

int main(void)
{
    calls_make(200);
    for (int fd = 3; fd < 1024; fd++) {
        close(fd);
    }
    calls_make(200);
    say("total 400\n");
    return 0;
}
