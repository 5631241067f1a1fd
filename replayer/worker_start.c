/*
 * The worker is this program's file started with posix_spawn: no copy of our address space, no
 * leftovers of our heap in its libc, and the loader gives it the allocator it is to have. The
 * file is started by its name, since /proc/self/exe is valgrind's where a replay runs under it;
 * by that link when it has none.
 *
 * LD_PRELOAD of the user is for the commands he starts, not for what is measured: a worker gets
 * the target's library and nothing else. All other variables stay, those that allocators read
 * (MALLOC_CONF, MIMALLOC_*, GLIBC_TUNABLES ...) and LD_LIBRARY_PATH among them.
 */
#include "worker_start.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker.h"

#define SELF           "/proc/self/exe"
#define WORKER_FD      3
#define WORKER_FD_TEXT "3"
#define PRELOAD        "LD_PRELOAD="

/* Our environment with `preload` ("LD_PRELOAD=..." or NULL) in place of our LD_PRELOAD. The
 * caller frees the array, not the texts. NULL: no memory. */
static char **environment_make(char *preload)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **made = calloc(count + 2, sizeof *made);
    size_t used = 0;
    for (size_t i = 0; made != NULL && i < count; i++) {
        if (strncmp(environ[i], PRELOAD, strlen(PRELOAD)) != 0) {
            made[used++] = environ[i];
        }
    }
    if (made != NULL) {
        made[used] = preload;
    }
    return made;
}

static int files_pass(posix_spawn_file_actions_t *actions, int ring_fd, int errors_fd)
{
    int result = posix_spawn_file_actions_adddup2(actions, ring_fd, WORKER_FD);
    if (result == 0 && errors_fd >= 0) {
        result = posix_spawn_file_actions_adddup2(actions, errors_fd, STDERR_FILENO);
    }
    return result;
}

static const char *own_path(char *path, size_t bytes)
{
    const ssize_t length = readlink(SELF, path, bytes - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0 && access(path, X_OK) == 0 ? path : SELF;
}

static int process_start(int ring_fd, int errors_fd, char **environment, pid_t *worker)
{
    char name[] = "flreplay", option[] = FL_WORKER_ARGUMENT, fd_text[] = WORKER_FD_TEXT;
    char *const argv[] = {name, option, fd_text, NULL};
    char path[PATH_MAX];
    posix_spawn_file_actions_t actions;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) {
        return result;
    }
    result = files_pass(&actions, ring_fd, errors_fd);
    if (result == 0) {
        result =
            posix_spawn(worker, own_path(path, sizeof path), &actions, NULL, argv, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

enum fl_status fl_worker_start(const char *library, int ring_fd, int errors_fd, pid_t *worker,
                               struct fl_error *err)
{
    char *preload = NULL;
    if (library[0] != '\0' && asprintf(&preload, PRELOAD "%s", library) < 0) {
        return fl_fail(err, FL_NOMEM, "no memory to start a worker");
    }
    char **environment = environment_make(preload);
    const int result =
        environment == NULL ? ENOMEM : process_start(ring_fd, errors_fd, environment, worker);
    free(environment);
    free(preload);
    return result == 0 ? FL_OK
                       : fl_fail_os(err, FL_IO, result, "cannot start a worker process");
}
