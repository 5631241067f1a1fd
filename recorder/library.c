/*
 * Finding libflrec.so from where flrec itself is, so that an installation can be moved. The
 * library folder's name differs between distributions; CMake tells the one it installs to.
 */
#include "library.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const folders[] = {".", "../" FL_LIBRARY_FOLDER "/flrec", "../lib/flrec",
                                      "../lib64/flrec"};

static bool own_folder(char *out)
{
    const ssize_t bytes = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (bytes <= 0)
        return false;
    out[bytes] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
    return slash != NULL;
}

static bool library_try(const char *candidate, char *path)
{
    return realpath(candidate, path) && access(path, R_OK) == 0;
}

static bool library_search(const char *name, char *path)
{
    char own[PATH_MAX], candidate[2 * PATH_MAX];
    const char *given = getenv("FLREC_LIBRARY");
    if (given && given[0] != '\0')
        return library_try(given, path);
    if (!own_folder(own))
        return false;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(candidate, sizeof candidate, "%s/%s/%s", own, folders[i], name);
        if (library_try(candidate, path))
            return true;
    }
    return false;
}

enum fl_status fl_library_find(const char *name, char *path, struct fl_error *err)
{
    if (!library_search(name, path))
        return fl_fail(
            err, FL_MISSING,
            "cannot find %s beside flrec or in its library folder; set FLREC_LIBRARY", name);
    if (strpbrk(path, ": \t\n"))
        return fl_fail(err, FL_MISSING,
                       "%s: LD_PRELOAD cannot hold a path with a space or a colon; set "
                       "FLREC_LIBRARY to a link elsewhere",
                       path);
    return FL_OK;
}
