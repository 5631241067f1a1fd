/*
 * odd VERB [ARGUMENT]: what processes do rarely, and what nobody who records them may make
 * worse.
 *
 *   reuse-stderr FILE  closes standard error, opens FILE under its number, kills its parent, allocates
 *   lock-memory        mlockall; prints how many MiB of memory it has then
 *   fork-fails         forks once, and ten times where the kernel refuses
 *   drop-user          becomes nobody, and forks
 *   same-pid PID       two children of that number, one after the other
 *   map-twice PLUGIN   loads a plugin and maps its file as data in front of it, then calls it
 *   miss               asks the loader for a symbol that is not there
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "say.h"

#define NOBODY   65534
#define NOT_HERE 77

static void allocate(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *volatile block = malloc(10 + i % 50);
        free(block);
    }
}

static int reuse_stderr(const char *path)
{
    allocate(1);
    close(STDERR_FILENO);
    if (open(path, O_CREAT | O_TRUNC | O_RDWR, 0600) != STDERR_FILENO) {
        return 1;
    }
    kill(getppid(), SIGKILL);
    usleep(100 * 1000);
    allocate(300000);
    return 0;
}

/* Pages that the process has, of any kind, shared memory too: /proc/self/statm, second
 * number. */
static long resident_pages(void)
{
    char text[128] = "";
    long all, resident = 0;
    const int fd = open("/proc/self/statm", O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) {
        sscanf(text, "%ld %ld", &all, &resident);
    }
    return resident;
}

static int lock_memory(const char *unused)
{
    (void)unused;
    allocate(1);
    if (mlockall(MCL_CURRENT) != 0) {
        return NOT_HERE;
    }
    say("%ld\n", resident_pages() * sysconf(_SC_PAGESIZE) >> 20);
    return 0;
}

/* glibc forks by the system call clone. */
static int fork_fails(const char *unused)
{
    (void)unused;
    static struct sock_filter refuse[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {sizeof refuse / sizeof *refuse, refuse};
    int status, failed = 0;
    allocate(100);
    errno = 0;
    pid_t child = fork();
    if (child == 0) {
        allocate(7);
        _exit(0);
    }
    if (errno != 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return NOT_HERE;
    }
    for (int i = 0; i < 10; i++) {
        failed += fork() < 0 && errno == EAGAIN;
    }
    say("failed %d\n", failed);
    return 0;
}

static int child_of(size_t calls)
{
    const pid_t child = fork();
    if (child == 0) {
        allocate(calls);
        _exit(0);
    }
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}

static int drop_user(const char *unused)
{
    (void)unused;
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        return NOT_HERE;
    }
    allocate(5);
    return child_of(7);
}

static int same_pid(const char *wanted)
{
    char text[32];
    for (size_t i = 0; i < 2; i++) {
        const int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
        const int length = snprintf(text, sizeof text, "%d", atoi(wanted) - 1);
        if (fd < 0 || write(fd, text, (size_t)length) != length) {
            return NOT_HERE;
        }
        close(fd);
        if (child_of(100 + i) != 0) {
            return 1;
        }
        usleep(100 * 1000); /* the recorder looks for the dead every 20 ms */
    }
    return 0;
}

static int map_twice(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);
    void *symbol = handle ? dlsym(handle, "plugin_run") : NULL;
    Dl_info info;
    if (!symbol || dladdr(symbol, &info) == 0) {
        return 1;
    }
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int fd = open(path, O_RDONLY);
    char *before = (char *)info.dli_fbase - page;
    if (fd < 0 ||
        mmap(before, page, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) != before) {
        return NOT_HERE;
    }
    void (*run)(void);
    memcpy(&run, &symbol, sizeof run);
    run();
    return 0;
}

static int miss(const char *unused)
{
    (void)unused;
    say("%s\n", dlsym(RTLD_DEFAULT, "no_such_symbol") ? "found" : "missing");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const char *argument);
    } verbs[] = {{"reuse-stderr", reuse_stderr},
                 {"lock-memory", lock_memory},
                 {"fork-fails", fork_fails},
                 {"drop-user", drop_user},
                 {"same-pid", same_pid},
                 {"map-twice", map_twice},
                 {"miss", miss}};
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].run(argc > 2 ? argv[2] : "");
        }
    }
    return 2;
}
