/*
 * How a process joins a recording: once per image, at its first call or in our constructor.
 *
 * flrec leaves FLREC=<pid>:<flrec's pid>:<fd>:<inode> in the environment. The first image has
 * the memfd as descriptor <fd>, maps it and closes it; an image that the same process execs
 * later opens it again through /proc. Any other process that inherited the environment is not
 * ours to record and stays passive: its gate never opens.
 *
 * The gate is one byte in a private page with MADV_WIPEONFORK: in a forked child, by whatever
 * call it was made, it reads 0, so that a child never writes to its parent's rings.
 */
#include "attach.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <unistd.h>

#include "futex.h"
#include "resolve.h"
#include "thread_buffer.h"

#define FL_OPEN_WAIT_NS (20 * 1000 * 1000)

#pragma weak __libc_single_threaded
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern void *__libc_stack_end __attribute__((weak));

/* The environment's FLREC, taken apart. */
struct ticket {
    long pid, recorder_pid, fd;
    unsigned long inode;
};

static const volatile uint8_t closed_gate;
static const volatile char constant_false;
static volatile uint8_t *gate; /* the page of is_recording, when there is one */
static _Atomic int has_started;
static _Atomic int has_ended;

struct fl_process fl_process = {.is_recording = &closed_gate, .is_single = &constant_false};

static void say(const char *text)
{
    const char *const parts[] = {"flrec: ", text, "\n"};
    for (size_t i = 0; i < 3; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            return;
}

/* The loader allocates before libc has set environ; the kernel put it above the first frame. */
static char **environment(void)
{
    if (environ || !&__libc_stack_end || !__libc_stack_end)
        return environ;
    char **stack = __libc_stack_end;
    return stack + 2 + (uintptr_t)stack[0];
}

static const char *environment_value(const char *name)
{
    const size_t length = strlen(name);
    for (char **entry = environment(); entry && *entry; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

static bool ticket_parse(const char *text, struct ticket *ticket)
{
    char *at;
    ticket->pid = strtol(text, &at, 10);
    if (*at != ':')
        return false;
    ticket->recorder_pid = strtol(at + 1, &at, 10);
    if (*at != ':')
        return false;
    ticket->fd = strtol(at + 1, &at, 10);
    if (*at != ':')
        return false;
    ticket->inode = strtoul(at + 1, &at, 10);
    return *at == '\0';
}

static bool is_the_memfd(int fd, const struct ticket *ticket, uint64_t *bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_ino != ticket->inode ||
        fcntl(fd, F_GET_SEALS) <
            0) /* on a disk, a file of the program's may have this number */
        return false;
    *bytes = (uint64_t)status.st_size;
    return *bytes >= sizeof(struct fl_shared);
}

static int memfd_open(const struct ticket *ticket, uint64_t *bytes)
{
    if (is_the_memfd((int)ticket->fd, ticket, bytes))
        return (int)ticket->fd;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/%ld", ticket->recorder_pid, ticket->fd);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && is_the_memfd(fd, ticket, bytes))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_ours(const struct fl_shared *shared, uint64_t bytes)
{
    return shared->magic == FL_SHARED_MAGIC && shared->version == FL_SHARED_VERSION &&
           shared->total_bytes == bytes;
}

/* An image may have been given less address space than flrec had when it made the rings. */
static uint32_t rings_affordable(const struct fl_shared *shared, uint64_t ring_bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return shared->ring_count;
    const uint64_t fit = limit.rlim_cur / FL_LIMIT_SHARE / ring_bytes;
    const uint64_t wanted = fit < FL_RINGS_FEW ? FL_RINGS_FEW : fit;
    return wanted < shared->ring_count ? (uint32_t)wanted : shared->ring_count;
}

/* Map the headers and as many rings as there is room for, the lowest first. */
static struct fl_shared *rings_map(int fd, uint64_t bytes, uint32_t *ring_count)
{
    struct fl_shared *head = mmap(NULL, sizeof *head, PROT_READ, MAP_SHARED, fd, 0);
    if (head == MAP_FAILED)
        return NULL;
    struct fl_shared *shared = NULL;
    const uint64_t ring_bytes = head->ring_slots * sizeof(struct fl_slot);
    uint32_t rings = is_ours(head, bytes) ? rings_affordable(head, ring_bytes) : 0;
    for (; rings > 0 && !shared; rings /= 2) {
        const uint64_t mapped_bytes = head->slots_offset + rings * ring_bytes;
        void *mapped = mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            continue;
        madvise(mapped, mapped_bytes, MADV_DONTDUMP);
        *ring_count = rings;
        shared = mapped;
    }
    munmap(head, sizeof *head);
    return shared;
}

static struct fl_shared *shared_map(const struct ticket *ticket, uint32_t *ring_count)
{
    uint64_t bytes = 0;
    const int fd = memfd_open(ticket, &bytes);
    if (fd < 0)
        return NULL;
    struct fl_shared *shared = rings_map(fd, bytes, ring_count);
    close(fd);
    return shared;
}

static bool gate_make(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *made = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return false;
    if (madvise(made, page, MADV_WIPEONFORK) != 0) {
        munmap(made, page);
        return false;
    }
    gate = made;
    fl_process.page_log2 = (uint32_t)__builtin_ctzl(page);
    return true;
}

static void image_describe(struct fl_shared *shared)
{
    if (gnu_get_libc_version)
        snprintf(shared->libc, sizeof shared->libc, "glibc %s", gnu_get_libc_version());
    else
        shared->libc[0] = '\0';
    void *address;
    Dl_info info;
    memcpy(&address, &fl_real.malloc, sizeof address);
    const bool is_known = dladdr(address, &info) != 0 && info.dli_fname;
    snprintf(shared->allocator, sizeof shared->allocator, "%s", is_known ? info.dli_fname : "");
}

/* flrec ends the trace of the image before and opens ours; only then may we write. */
static bool image_announce(struct fl_shared *shared)
{
    image_describe(shared);
    const uint32_t number = atomic_fetch_add(&shared->images_attached, 1) + 1;
    atomic_fetch_add(&shared->doorbell, 1);
    fl_futex_wake(&shared->doorbell);
    for (;;) {
        const uint32_t opened = atomic_load(&shared->images_opened);
        if ((int32_t)(opened - number) >= 0)
            return true;
        if (fl_recorder_is_gone(shared))
            return false;
        fl_futex_wait(&shared->images_opened, opened, FL_OPEN_WAIT_NS);
    }
}

static void process_join(const struct ticket *ticket)
{
    uint32_t ring_count = 0;
    struct fl_shared *shared = shared_map(ticket, &ring_count);
    if (!shared) {
        say("cannot reach the recorder from here; this program is not recorded");
        return;
    }
    if (!gate_make()) {
        say("this kernel lacks MADV_WIPEONFORK (Linux 4.14); this program is not recorded");
        return;
    }
    if (!image_announce(shared))
        return;
    fl_process.shared = shared;
    fl_process.ring_count = ring_count;
    fl_process.stamp_source = shared->stamp_source;
    if (&__libc_single_threaded)
        fl_process.is_single = &__libc_single_threaded;
    *gate = 1;
    fl_process.is_recording = gate;
}

void fl_attach(void)
{
    if (atomic_exchange(&has_started, 1))
        return;
    fl_resolve();
    struct ticket ticket;
    const char *text = environment_value(FL_ENVIRONMENT);
    if (text && ticket_parse(text, &ticket) && ticket.pid == (long)getpid())
        process_join(&ticket);
}

void fl_detach(const char *why)
{
    if (gate)
        *gate = 0;
    if (!atomic_exchange(&has_ended, 1))
        say(why);
}

/* A program that never allocates is attached all the same: its trace is empty, not missing. */
__attribute__((constructor)) static void library_begin(void)
{
    if (fl_thread.phase != FL_THREAD_NEW)
        return;
    const int saved_errno = errno;
    fl_thread.phase = FL_THREAD_BUSY;
    fl_attach();
    fl_thread.phase = FL_THREAD_NEW;
    errno = saved_errno;
}
