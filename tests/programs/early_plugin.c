/*
 * The library dlopen_early loads and unloads: it allocates in its constructor, in its
 * destructor, and in thread-local storage that the loader has to make room for.
 */
#include <stdlib.h>
#include <string.h>

void *plugin_run(void);

static void *kept;
static _Thread_local char room[4096];

__attribute__((constructor)) static void plugin_start(void)
{
    kept = malloc(1000);
    memset(kept, 1, 1000);
}

__attribute__((destructor)) static void plugin_stop(void)
{
    free(kept);
    free(malloc(10));
}

__attribute__((visibility("default"))) void *plugin_run(void)
{
    room[0]++;
    return calloc((size_t)room[0], 100);
}
