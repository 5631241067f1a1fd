/*
 * rename within a folder is atomic (POSIX), so a reader sees the old file or the new one. The
 * part stands beside the file, as that of a trace does: another folder may be on another disk.
 */
#include <fl/part_file.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A link is written through: whoever writes to /dev/stdout does not want a file in its place. */
static bool is_replaceable(const char *path)
{
    struct stat status;
    return lstat(path, &status) != 0 || S_ISREG(status.st_mode);
}

enum fl_status fl_part_open(struct fl_part_file *file, const char *path, struct fl_error *err)
{
    *file = (struct fl_part_file){.out = stdout, .path = path};
    if (path == NULL) {
        return FL_OK;
    }
    if (is_replaceable(path) && asprintf(&file->part, "%s.part", path) < 0) {
        file->part = NULL;
        return fl_fail(err, FL_NOMEM, "no memory for the name of a file");
    }
    const char *opened = file->part != NULL ? file->part : path;
    file->out = fopen(opened, "we");
    if (file->out != NULL) {
        return FL_OK;
    }
    const enum fl_status status = fl_fail_os(err, FL_IO, errno, "cannot write %s", opened);
    free(file->part);
    file->part = NULL;
    return status;
}

static bool stream_close(struct fl_part_file *file)
{
    const bool is_written = fflush(file->out) == 0 && ferror(file->out) == 0;
    const bool is_closed = file->path == NULL || fclose(file->out) == 0;
    file->out = NULL;
    return is_written && is_closed;
}

enum fl_status fl_part_close(struct fl_part_file *file, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    if (!stream_close(file) || (file->part != NULL && rename(file->part, file->path) != 0)) {
        status = fl_fail_os(err, FL_IO, errno, "cannot write %s",
                            file->path == NULL ? "to standard output" : file->path);
        if (file->part != NULL) {
            unlink(file->part);
        }
    }
    free(file->part);
    *file = (struct fl_part_file){0};
    return status;
}

void fl_part_drop(struct fl_part_file *file)
{
    if (file->out == NULL) {
        return;
    }
    (void)stream_close(file);
    if (file->part != NULL) {
        unlink(file->part);
    }
    free(file->part);
    *file = (struct fl_part_file){0};
}
