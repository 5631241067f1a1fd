/*
 * Built twice, as plugin_one and plugin_two: the same code at the same place, but for the name
 * and the size that it asks for.
 */
#include <stdlib.h>

void plugin_run(void);
void FUNCTION(void);

static void *volatile kept;

__attribute__((noinline, visibility("default"))) void FUNCTION(void)
{
    kept = malloc(BYTES);
    free(kept);
}

__attribute__((visibility("default"))) void plugin_run(void)
{
    FUNCTION();
    kept = NULL;
}
