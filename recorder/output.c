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

char *fl_output_name_of(const char *path, pid_t pid)
{
    char word[32];
    snprintf(word, sizeof word, "%d", (int)pid);
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

bool fl_output_is_file(const char *path, int fd)
{
    struct stat status;
    return strcmp(path, "-") != 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* What is inherited is never close-on-exec: such a standard output is fl_output_hold_streams's. */
static bool is_stdout_closed(void)
{
    const int flags = fcntl(STDOUT_FILENO, F_GETFD);
    return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

enum fl_status fl_output_open(const char *path, int *fd, struct fl_error *err)
{
    const bool is_stdout = strcmp(path, "-") == 0;
    if (is_stdout && is_stdout_closed())
        return fl_fail(err, FL_IO, "standard output is closed; use -o FILE");
    const int opened = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (opened < 0)
        return fl_fail_os(err, FL_IO, errno, "cannot write %s", path);
    *fd = opened;
    return FL_OK;
}
