/*
 * rename within a folder is atomic (POSIX), so a reader sees the old file or the new one. The
 * part stands beside the file, as that of a trace does: another folder may be on another disk.
 *
 * A user who ends a command wants no part of it: the handler of the signals by which users,
 * terminals and pipes do that removes those that are open (unlink is async-signal-safe,
 * POSIX.1-2017, 2.4.3), and then lets the signal end the process.
 */
#include <fl/part_file.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A link is written through: whoever writes to /dev/stdout does not want a file in its
 * place. */
static bool is_replaceable(const char *path)
{
    struct stat status;
    return lstat(path, &status) != 0 || S_ISREG(status.st_mode);
}

/* Parts that are open; one more than these stays after a signal. */
#define PARTS_MAX 32u

static _Atomic(const char *) open_parts[PARTS_MAX];
static _Atomic(pid_t)
    parts_owner; /* a child has copies of all this, and no right to the files */
static const int ending_signals[] = {SIGHUP, SIGINT, SIGPIPE, SIGTERM};

static void parts_remove(int number)
{
    if (atomic_load(&parts_owner) == getpid()) {
        for (size_t i = 0; i < PARTS_MAX; i++) {
            const char *part = atomic_load(&open_parts[i]);
            if (part != NULL) {
                unlink(part);
            }
        }
    }
    raise(number); /* SA_RESETHAND: by default it ends the process, as soon as we return */
}

/* Who ignores a signal, as nohup does, goes on ignoring it. */
static void signals_catch(void)
{
    struct sigaction action = {.sa_handler = parts_remove, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
        struct sigaction before;
        if (sigaction(ending_signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
            sigaction(ending_signals[i], &action, NULL);
        }
    }
}

static void part_begin(const char *part)
{
    if (atomic_exchange(&parts_owner, getpid()) != getpid()) {
        for (size_t i = 0; i < PARTS_MAX; i++) {
            atomic_store(&open_parts[i], NULL);
        }
        signals_catch();
    }
    for (size_t i = 0; i < PARTS_MAX; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&open_parts[i], &none, part)) {
            return;
        }
    }
}

static void part_end(char *part)
{
    for (size_t i = 0; i < PARTS_MAX && part != NULL; i++) {
        const char *expected = part;
        if (atomic_compare_exchange_strong(&open_parts[i], &expected, NULL)) {
            break;
        }
    }
    free(part);
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
        if (file->part != NULL) {
            part_begin(file->part);
        }
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
    part_end(file->part);
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
    part_end(file->part);
    *file = (struct fl_part_file){0};
}

bool fl_part_is_same(const char *one_path, const char *two_path)
{
    struct stat one, two;
    const bool is_one = stat(one_path, &one) == 0, is_two = stat(two_path, &two) == 0;
    if (is_one && is_two) {
        return S_ISREG(one.st_mode) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
    }
    return !is_one && !is_two && strcmp(one_path, two_path) == 0;
}
