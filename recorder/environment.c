/*
 * /proc shows what an image was started with. In it is what flrec added: FLREC, and libflrec.so
 * in LD_PRELOAD, in front of what the user has there or, where a script put something before
 * it, anywhere. Both are taken out in place, in one pass.
 *
 * The kernel lets arguments and environment together have 6 MiB: what is larger than the bound
 * here is no environment, but a program may point the kernel to anything (PR_SET_MM).
 */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"

#define FL_ENVIRONMENT_MAX (8u * 1024 * 1024)
#define FL_PRELOAD         "LD_PRELOAD="

_Static_assert(2 * FL_ENVIRONMENT_MAX <= FL_METADATA_BYTES_MAX,
               "the other half is for what else a header says");

static bool is_separator(char byte)
{
    return byte == ':' || byte == ' ';
}

/* Take `library` out of a list of paths, each time with one separator. */
static void preload_clean(char *list, const char *library)
{
    const size_t length = strlen(library);
    char *at = list;
    while (length > 0 && (at = strstr(at, library))) {
        char *end = at + length;
        const bool is_first = at == list, is_last = *end == '\0';
        if ((!is_first && !is_separator(at[-1])) || (!is_last && !is_separator(*end))) {
            at = end;
            continue;
        }
        end += !is_last;
        at -= is_last && !is_first;
        memmove(at, end, strlen(end) + 1);
    }
}

/* May the entry stay? Its value may be shorter then. */
static bool entry_clean(char *entry, const char *library)
{
    const size_t prefix = strlen(FL_PRELOAD);
    if (strncmp(entry, FL_ENVIRONMENT "=", strlen(FL_ENVIRONMENT "=")) == 0)
        return false;
    if (strncmp(entry, FL_PRELOAD, prefix) != 0)
        return true;
    preload_clean(entry + prefix, library);
    return entry[prefix] != '\0';
}

size_t fl_environment_clean(char *text, size_t bytes, const char *library)
{
    size_t kept = 0;
    for (size_t at = 0, next; at < bytes; at = next) {
        char *entry = text + at;
        next = at + strnlen(entry, bytes - at) + 1;
        if (next > bytes || !entry_clean(entry, library))
            continue; /* a last entry without its NUL was cut by the program itself */
        const size_t length = strlen(entry) + 1;
        memmove(text + kept, entry, length);
        kept += length;
    }
    return kept > 0 ? kept - 1 : 0;
}

/* Read up to `room` bytes; -1 on failure. */
static ssize_t environ_read(pid_t pid, char *text, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t used = 0;
    ssize_t got = 0;
    while (used < room && (got = TEMP_FAILURE_RETRY(read(fd, text + used, room - used))) > 0)
        used += (size_t)got;
    close(fd);
    return got < 0 ? -1 : (ssize_t)used;
}

void fl_environment_describe(struct fl_metadata *meta, pid_t pid, const char *library)
{
    char *text = malloc(FL_ENVIRONMENT_MAX);
    const ssize_t bytes = text ? environ_read(pid, text, FL_ENVIRONMENT_MAX) : -1;
    if (bytes <= 0) /* whoever is recorded has an entry; a process that is gone has none */
        (void)fl_metadata_set_text(meta, "environment_missing", "it cannot be read");
    else if (bytes == (ssize_t)FL_ENVIRONMENT_MAX)
        (void)fl_metadata_set_text(meta, "environment_missing", "it is too large");
    else
        (void)fl_metadata_set(meta, "environment", text,
                              fl_environment_clean(text, (size_t)bytes, library));
    free(text);
}
