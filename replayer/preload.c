/*
 * The loader only warns when it cannot preload, and a library that is loaded may define no
 * malloc or only a part of the family: then libc's malloc would be measured under a foreign
 * name, or libc's free called with foreign blocks. So each function that a target uses is
 * looked up as the loader binds it, and the file it comes from is compared with the library: by
 * device and inode for a path, by its last component for a name that the loader looked for.
 */
#include "preload.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

static const char *const functions[] = {"malloc",  "free",           "calloc",
                                        "realloc", "posix_memalign", "malloc_usable_size"};

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool is_library(const char *library, const char *file)
{
    if (strchr(library, '/') == NULL) {
        return strcmp(library, last_component(file)) == 0;
    }
    struct stat wanted, found;
    return stat(library, &wanted) == 0 && stat(file, &found) == 0 &&
           wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino;
}

/* The file that defines `function` for this process, or "". */
static const char *file_of(const char *function)
{
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, function);
    return address == NULL || dladdr(address, &info) == 0 || info.dli_fname == NULL
               ? ""
               : info.dli_fname;
}

static int object_compare(struct dl_phdr_info *object, size_t bytes, void *user)
{
    (void)bytes;
    return object->dlpi_name[0] != '\0' && is_library(user, object->dlpi_name);
}

static void text_copy(char *to, size_t to_bytes, const char *from)
{
    const size_t length = strnlen(from, to_bytes - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

bool fl_preload_examine(const char *library, struct fl_preload *out)
{
    *out = (struct fl_preload){.is_loaded = true};
    text_copy(out->malloc_file, sizeof out->malloc_file, file_of("malloc"));
    if (library[0] == '\0') {
        return true;
    }
    char name[FL_LIBRARY_MAX];
    text_copy(name, sizeof name, library);
    out->is_loaded = dl_iterate_phdr(object_compare, name) != 0;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (!is_library(library, file_of(functions[i]))) {
            text_copy(out->missing, sizeof out->missing, functions[i]);
            return false;
        }
    }
    return true;
}
