/*
 * early_ifunc: allocates before any constructor has run, environ is set or the C library is
 * started: in the resolver of an indirect function, which the dynamic linker calls while it
 * relocates the program. Prints what came of it.
 */
#include <string.h>

#include "say.h"

static char *early;

static int answer_plain(void)
{
    return 42;
}

__attribute__((used)) static int (*answer_resolve(void))(void)
{
    early = malloc(100);
    char *other = malloc(1000);
    if (early != NULL) {
        memset(early, 7, 100);
    }
    free(other);
    return answer_plain;
}

int answer(void) __attribute__((ifunc("answer_resolve")));

int main(void)
{
    const int got = answer();
    say("early %d, answer %d\n", early != NULL && early[99] == 7, got);
    early = realloc(early, 5000);
    free(early);
    return early != NULL ? 0 : 1;
}
