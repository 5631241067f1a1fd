/*
 * Each pass reads the trace from its start; a pipe cannot, so it is copied to an unnamed file
 * in TMPDIR. Nothing is kept in memory: traces are longer than memories. Each reading opens the
 * file anew by its descriptor, since passes that run at once must not share a place in it.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fl/import.h>

#define COPY_BYTES (64u * 1024)

static int temporary_file(void)
{
    const char *folder = getenv("TMPDIR");
    return open(folder != NULL && folder[0] != '\0' ? folder : "/tmp",
                O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        }
    }
    return true;
}

static bool copy_all(int from, int to)
{
    char buffer[COPY_BYTES];
    for (;;) {
        const ssize_t got = read(from, buffer, sizeof buffer);
        if (got == 0) {
            return true;
        }
        if ((got < 0 && errno != EINTR) || (got > 0 && !write_all(to, buffer, (size_t)got))) {
            return false;
        }
    }
}

/* Replace a descriptor that cannot seek by a copy of what it gives. */
static enum fl_status source_copy(struct fl_source *source, struct fl_error *err)
{
    const int copy = temporary_file();
    if (copy < 0) {
        return fl_fail_os(err, FL_IO, errno, "no temporary file for a copy of %s",
                          source->name);
    }
    if (!copy_all(source->fd, copy)) {
        const int os_errno = errno;
        close(copy);
        return fl_fail_os(err, FL_IO, os_errno, "cannot copy %s to a temporary file",
                          source->name);
    }
    close(source->fd);
    source->fd = copy;
    return FL_OK;
}

enum fl_status fl_source_open(struct fl_source *source, const char *path, const char *from,
                              struct fl_error *err)
{
    const bool is_standard_input = strcmp(path, "-") == 0;
    *source = (struct fl_source){
        .path = path,
        .name = is_standard_input ? "standard input" : path,
        .from = from,
        .fd = is_standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : open(path, O_RDONLY | O_CLOEXEC),
    };
    if (source->fd < 0) {
        return fl_fail_os(err, FL_IO, errno, "cannot open %s", source->name);
    }
    if (lseek(source->fd, 0, SEEK_SET) == 0) {
        return FL_OK;
    }
    const enum fl_status status = source_copy(source, err);
    if (status != FL_OK) {
        fl_source_close(source);
    }
    return status;
}

enum fl_status fl_source_read(const struct fl_source *source, struct fl_source_reading *reading,
                              struct fl_error *err)
{
    char path[sizeof "/proc/self/fd/" + 3 * sizeof source->fd];
    snprintf(path, sizeof path, "/proc/self/fd/%d", source->fd);
    reading->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reading->fd < 0) {
        return fl_fail_os(err, FL_IO, errno, "cannot open %s once more", source->name);
    }
    const enum fl_status status =
        fl_import_open_fd(reading->fd, source->name, source->from, &reading->reader, err);
    if (status != FL_OK) {
        close(reading->fd);
    }
    return status;
}

void fl_source_done(struct fl_source_reading *reading)
{
    fl_reader_close(reading->reader);
    close(reading->fd);
}

void fl_source_close(struct fl_source *source)
{
    close(source->fd);
    source->fd = -1;
}
