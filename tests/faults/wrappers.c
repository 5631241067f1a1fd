/*
 * The functions that libfault.so stands before: what flrec, libflrec.so, flreplay and fltrace
 * ask of libc and can fail (nm -D --undefined-only).
 */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* glibc's own names of the family: no dlsym, which allocates. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

/* The error that is to be had, if one is, as a value of this function. */
#define FAIL_WITH(name, value)                                                                 \
    const int code = fault_errno(name, __builtin_return_address(0));                           \
    if (code > 0) {                                                                            \
        errno = code;                                                                          \
        return value;                                                                          \
    }

/* The definition behind ours; POSIX lets dlsym's answer be stored so. */
#define NEXT(next, name) (*(void **)&(next) = dlsym(RTLD_NEXT, name))

static long answer(long result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

#define CALL(number, a, b, c, d, e, f)                                                         \
    answer(fault_syscall(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),        \
                         (long)(f)))

/* ---- bytes ---- */

static size_t half(int code, size_t bytes)
{
    return code == FAULT_SHORT && bytes > 1 ? bytes / 2 : bytes;
}

EXPORT ssize_t read(int fd, void *to, size_t bytes)
{
    FAIL_WITH("read", -1)
    return CALL(SYS_read, fd, to, half(code, bytes), 0, 0, 0);
}

EXPORT ssize_t pread64(int fd, void *to, size_t bytes, off64_t offset)
{
    FAIL_WITH("pread", -1)
    return CALL(SYS_pread64, fd, to, half(code, bytes), offset, 0, 0);
}

EXPORT ssize_t write(int fd, const void *from, size_t bytes)
{
    FAIL_WITH("write", -1)
    return CALL(SYS_write, fd, from, half(code, bytes), 0, 0, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    FAIL_WITH("writev", -1)
    if (code == FAULT_SHORT && count > 0) {
        return CALL(SYS_write, fd, parts[0].iov_base, half(code, parts[0].iov_len), 0, 0, 0);
    }
    return CALL(SYS_writev, fd, parts, count, 0, 0, 0);
}

/* ---- files ---- */

EXPORT int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    FAIL_WITH("open", -1)
    return (int)CALL(SYS_openat, AT_FDCWD, path, flags, mode, 0, 0);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    FAIL_WITH("fopen", NULL)
    FILE *(*next)(const char *, const char *);
    NEXT(next, "fopen64");
    return next(path, mode);
}

EXPORT int fstat64(int fd, struct stat64 *status)
{
    FAIL_WITH("fstat", -1)
    return (int)CALL(SYS_fstat, fd, status, 0, 0, 0, 0);
}

EXPORT int ftruncate64(int fd, off64_t bytes)
{
    FAIL_WITH("ftruncate", -1)
    return (int)CALL(SYS_ftruncate, fd, bytes, 0, 0, 0, 0);
}

EXPORT int rename(const char *from, const char *to)
{
    FAIL_WITH("rename", -1)
    return (int)CALL(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0, 0);
}

EXPORT int unlink(const char *path)
{
    FAIL_WITH("unlink", -1)
    return (int)CALL(SYS_unlinkat, AT_FDCWD, path, 0, 0, 0, 0);
}

EXPORT ssize_t readlink(const char *path, char *to, size_t bytes)
{
    FAIL_WITH("readlink", -1)
    return CALL(SYS_readlinkat, AT_FDCWD, path, to, bytes, 0, 0);
}

EXPORT char *realpath(const char *path, char *to)
{
    FAIL_WITH("realpath", NULL)
    char *(*next)(const char *, char *);
    NEXT(next, "realpath");
    return next(path, to);
}

EXPORT int fcntl64(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    const long argument = va_arg(rest, long);
    va_end(rest);
    FAIL_WITH("fcntl", -1)
    return (int)CALL(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

EXPORT int pipe2(int ends[2], int flags)
{
    FAIL_WITH("pipe2", -1)
    return (int)CALL(SYS_pipe2, ends, flags, 0, 0, 0, 0);
}

EXPORT int dup2(int from, int to)
{
    FAIL_WITH("dup2", -1)
    return (int)CALL(SYS_dup3, from, to, 0, 0, 0, 0);
}

/* ---- memory ---- */

EXPORT void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    FAIL_WITH("mmap", MAP_FAILED)
    const long result = CALL(SYS_mmap, at, bytes, protection, flags, fd, offset);
    return (void *)(uintptr_t)result; /* -1 is MAP_FAILED */
}

EXPORT void *mremap(void *at, size_t bytes, size_t wanted, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    void *place = va_arg(rest, void *);
    va_end(rest);
    FAIL_WITH("mremap", MAP_FAILED)
    const long result = CALL(SYS_mremap, at, bytes, wanted, flags, place, 0);
    return (void *)(uintptr_t)result; /* -1 is MAP_FAILED */
}

EXPORT int mprotect(void *at, size_t bytes, int protection)
{
    FAIL_WITH("mprotect", -1)
    return (int)CALL(SYS_mprotect, at, bytes, protection, 0, 0, 0);
}

EXPORT int madvise(void *at, size_t bytes, int advice)
{
    FAIL_WITH("madvise", -1)
    return (int)CALL(SYS_madvise, at, bytes, advice, 0, 0, 0);
}

EXPORT int memfd_create(const char *name, unsigned flags)
{
    FAIL_WITH("memfd_create", -1)
    return (int)CALL(SYS_memfd_create, name, flags, 0, 0, 0, 0);
}

EXPORT void *malloc(size_t bytes)
{
    FAIL_WITH("malloc", NULL)
    return __libc_malloc(bytes);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    FAIL_WITH("malloc", NULL)
    return __libc_calloc(count, bytes);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    FAIL_WITH("malloc", NULL)
    return __libc_realloc(block, bytes);
}

EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
    size_t total;
    FAIL_WITH("malloc", NULL)
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(block, total);
}

EXPORT int posix_memalign(void **to, size_t align, size_t bytes)
{
    if (fault_errno("malloc", __builtin_return_address(0)) != 0) {
        return ENOMEM;
    }
    void *block = __libc_memalign(align, bytes);
    if (block == NULL) {
        return ENOMEM;
    }
    *to = block;
    return 0;
}

/* ---- processes and threads ---- */

EXPORT pid_t fork(void)
{
    FAIL_WITH("fork", -1)
    pid_t (*next)(void);
    NEXT(next, "fork");
    return next();
}

EXPORT int execvp(const char *file, char *const argv[])
{
    FAIL_WITH("execvp", -1)
    int (*next)(const char *, char *const[]);
    NEXT(next, "execvp");
    return next(file, argv);
}

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, char *const[], char *const[]);

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[],
                       char *const environment[])
{
    const int code = fault_errno("posix_spawn", __builtin_return_address(0));
    spawn_function *next;
    NEXT(next, "posix_spawn");
    return code > 0 ? code : next(pid, path, actions, attributes, argv, environment);
}

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
    const int code = fault_errno("pthread_create", __builtin_return_address(0));
    create_function *next;
    NEXT(next, "pthread_create");
    return code > 0 ? code : next(thread, attributes, start, argument);
}

EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
    FAIL_WITH("waitpid", -1)
    return (pid_t)CALL(SYS_wait4, pid, status, options, 0, 0, 0);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    FAIL_WITH("poll", -1)
    int (*next)(struct pollfd *, nfds_t, int);
    NEXT(next, "poll");
    return next(fds, count, timeout_ms);
}

EXPORT int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    FAIL_WITH("nanosleep", -1)
    return (int)CALL(SYS_clock_nanosleep, CLOCK_REALTIME, 0, wanted, left, 0, 0);
}

EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    FAIL_WITH("sigwaitinfo", -1)
    return (int)CALL(SYS_rt_sigtimedwait, set, info, NULL, 8, 0, 0);
}

EXPORT int sem_wait(sem_t *semaphore)
{
    FAIL_WITH("sem_wait", -1)
    int (*next)(sem_t *);
    NEXT(next, "sem_wait");
    return next(semaphore);
}

static const char *syscall_name(long number, long operation)
{
    if (number != SYS_futex) {
        return "syscall";
    }
    const long command = operation & FUTEX_CMD_MASK;
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET ? "futex" : "";
}

/* pidfd_open, perf_event_open and whatever else has no function of its own; a futex's wait is a
 * function to itself, since every kernel has it and may interrupt it. Its waking does not
 * fail. */
EXPORT long syscall(long number, ...)
{
    va_list rest;
    va_start(rest, number);
    long argument[6];
    for (size_t i = 0; i < 6; i++) {
        argument[i] = va_arg(rest, long);
    }
    va_end(rest);
    FAIL_WITH(syscall_name(number, argument[1]), -1)
    return CALL(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                argument[5]);
}
