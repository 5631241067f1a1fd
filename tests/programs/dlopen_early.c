/*
 * dlopen_early: allocations before main (a constructor that runs before all others), inside
 * dlopen, dlsym and dlerror, in a loaded library's constructor, destructor and thread-local
 * storage, and after main (atexit). The library is loaded and unloaded ten times.
 */
#include <dlfcn.h>
#include <string.h>

#include "say.h"

static void *early;

__attribute__((constructor(101))) static void before_main(void)
{
    early = calloc(3, 33);
}

static void after_main(void)
{
    free(early);
    free(malloc(77));
}

static int plugin_use(const char *path)
{
    void *library = dlopen(path, RTLD_NOW);
    if (library == NULL) {
        say("%s\n", dlerror());
        return 1;
    }
    void *(*run)(void) = NULL;
    void *found = dlsym(library, "plugin_run");
    memcpy(&run, &found, sizeof run);
    free(run());
    if (dlsym(library, "no such symbol") != NULL || dlerror() == NULL) {
        return 1;
    }
    return dlclose(library);
}

int main(void)
{
    atexit(after_main);
    for (int i = 0; i < 10; i++) {
        if (plugin_use(PLUGIN_PATH) != 0) {
            return 1;
        }
    }
    say("loaded 10\n");
    return 0;
}
