/*
 * Names and files of traces. A trace shows what a program did with its memory: only its owner
 * may read it.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *fl_output_default(const char *program, pid_t pid)
{
    const char *slash = strrchr(program, '/');
    char *name = NULL;
    return asprintf(&name, "%s.%d.zst", slash ? slash + 1 : program, (int)pid) < 0 ? NULL
                                                                                   : name;
}

/* `path` with `word` put before its suffix. */
static char *name_with(const char *path, const char *word)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const char *suffix = dot && dot != base ? dot : path + strlen(path);
    char *name = NULL;
    const int code = asprintf(&name, "%.*s.%s%s", (int)(suffix - path), path, word, suffix);
    return code < 0 ? NULL : name;
}

char *fl_output_name(const char *path, uint32_t number)
{
    char word[32];
    snprintf(word, sizeof word, "exec%u", number);
    return number == 0 ? strdup(path) : name_with(path, word);
}

char *fl_output_name_of(const char *path, pid_t pid, uint32_t use)
{
    char word[32];
    snprintf(word, sizeof word, use > 1 ? "%d-%u" : "%d", (int)pid, use);
    return name_with(path, word);
}

void fl_output_hold_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* What is inherited is never close-on-exec: such a standard output is
 * fl_output_hold_streams's. */
static bool is_stdout_closed(void)
{
    const int flags = fcntl(STDOUT_FILENO, F_GETFD);
    return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

/* Something that is no plain file, or a plain file that somebody holds open under such a
 * name. */
static bool is_special(const char *path)
{
    struct stat status;
    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
           (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

static int file_create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void part_forget(struct fl_output *output)
{
    free(output->part);
    free(output->target);
    output->part = output->target = NULL;
}

static bool is_link(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* Behind a link the file itself is replaced, not the link. Both names are made now: at the end
 * there may be no memory for them. False: there is none now. */
static bool part_open(struct fl_output *output)
{
    if (is_link(output->path))
        output->target = realpath(output->path, NULL);
    if (!output->target)
        output->target = strdup(output->path);
    if (!output->target || asprintf(&output->part, "%s.part", output->target) < 0) {
        output->part = NULL; /* asprintf leaves it undefined */
        part_forget(output);
        return false;
    }
    output->fd = file_create(output->part);
    if (output->fd < 0) {
        part_forget(output);
        output->fd = file_create(output->path);
    }
    return true;
}

static void output_end(struct fl_output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    free(output->path);
    part_forget(output);
    *output = FL_OUTPUT_NONE;
}

enum fl_status fl_output_open(const char *path, struct fl_output *out, struct fl_error *err)
{
    struct stat status;
    const bool is_stdout = strcmp(path, "-") == 0;
    *out = FL_OUTPUT_NONE;
    bool has_memory = true;
    out->path = strdup(path);
    if (!out->path)
        return fl_fail(err, FL_NOMEM, "no memory for the recorder");
    if (is_stdout && is_stdout_closed()) {
        output_end(out);
        return fl_fail(err, FL_IO, "standard output is closed; use -o FILE");
    }
    if (is_stdout)
        out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    else if (is_special(path))
        out->fd = file_create(path);
    else
        has_memory = part_open(out);
    if (!has_memory) {
        output_end(out);
        return fl_fail(err, FL_NOMEM, "no memory for the name of %s", path);
    }
    if (out->fd < 0) {
        const int code = errno;
        output_end(out);
        return fl_fail_os(err, FL_IO, code, "cannot write %s", path);
    }
    out->is_file = !is_stdout && fstat(out->fd, &status) == 0 && S_ISREG(status.st_mode);
    return FL_OK;
}

enum fl_status fl_output_finish(struct fl_output *output, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    if (output->part && rename(output->part, output->target) != 0)
        status = fl_fail_os(err, FL_IO, errno, "cannot name %s", output->part);
    output_end(output);
    return status;
}

char *fl_output_leave(struct fl_output *output)
{
    char *part = output->part;
    output->part = NULL;
    output_end(output);
    return part;
}

void fl_output_discard(struct fl_output *output)
{
    if (output->part)
        unlink(output->part);
    output_end(output);
}
