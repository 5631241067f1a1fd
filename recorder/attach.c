/*
 * How a process joins a recording: once per image, at its first call or in our constructor, and
 * once more in each child that it forks.
 *
 * flrec leaves FLREC=<pid>:<flrec's pid>:<fd>:<inode> in the environment. The first image has
 * the control page (control.h) as descriptor <fd>; any other image opens it through /proc.
 * Through it the process asks for its rings, maps them and closes both descriptors.
 *
 * fork. What the child has inherited is in the parent's trace up to the fork: a handler writes
 * a FORK slot into the ring of the thread that forks, and the child's trace begins with what
 * was live there. The child lets go of its parent's rings and joins by itself, before fork
 * returns. The gate is one byte in a private page with MADV_WIPEONFORK: in a forked child, by
 * whatever call it was made, it reads 0, so that a child begins no call in its parent's rings.
 * A child that a raw system call made stays passive; so does one whose fork interrupted a call
 * of the family: that call it ends, in memory of its own that is put where its parent's ring
 * was.
 */
#include "attach.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "control.h"
#include "futex.h"
#include "resolve.h"
#include "thread_buffer.h"
#include "unwind.h"

#define FL_OPEN_WAIT_NS (20 * 1000 * 1000)
#define FL_SLOT_WAIT_NS (2 * 1000 * 1000)
#define FL_SLOT_TRIES   2500

#pragma weak __libc_single_threaded
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern void *__libc_stack_end __attribute__((weak));

/* The environment's FLREC, taken apart. */
struct ticket {
    uint64_t pid, recorder_pid, fd, inode;
};

static const volatile uint8_t closed_gate;
static const volatile char constant_false;
static volatile uint8_t *gate; /* the page of is_recording, when there is one */
static _Atomic int has_started;
static _Atomic int has_ended;
static struct fl_control *control; /* of this recording, once found; forked children keep it */
static _Atomic uint64_t forks;     /* of this process, for their numbers */
/* Of the fork under way in this thread, 0: none; its child finds them in its own memory. */
static _Thread_local uint64_t fork_number __attribute__((tls_model("initial-exec")));
static _Thread_local pid_t fork_parent __attribute__((tls_model("initial-exec")));
static _Thread_local int fork_errno __attribute__((tls_model("initial-exec"))); /* before it */

struct fl_process fl_process = {.is_recording = &closed_gate, .is_single = &constant_false};

/* What standard error was when this image joined. A program may close it since, and open a file
 * of its own under that number. */
static struct stat error_stream;

static void error_stream_note(void)
{
    if (fstat(STDERR_FILENO, &error_stream) != 0)
        error_stream = (struct stat){0};
}

void fl_say(const char *text)
{
    struct stat now;
    const struct iovec parts[] = {{(void *)(uintptr_t) "flrec: ", strlen("flrec: ")},
                                  {(void *)(uintptr_t)text, strlen(text)},
                                  {(void *)(uintptr_t) "\n", 1}};
    if (error_stream.st_mode == 0 || fstat(STDERR_FILENO, &now) != 0 ||
        now.st_dev != error_stream.st_dev || now.st_ino != error_stream.st_ino)
        return;
    if (writev(STDERR_FILENO, parts, 3) < 0)
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

/* Numbers and paths by hand: strtol and snprintf ask for the locale, and the first call may
 * come before libc has one (in the resolver of an indirect function, while the program is
 * relocated). */
static bool number_take(const char **text, char end, uint64_t *number)
{
    const char *at = *text;
    *number = 0;
    while (*at >= '0' && *at <= '9')
        *number = *number * 10 + (uint64_t)(*at++ - '0');
    const bool is_there = at != *text && *at == end;
    *text = at + 1;
    return is_there;
}

/* Append to the text in `out`, which has `room` bytes, what fits of `text`. */
static void text_add(char *out, size_t room, const char *text)
{
    size_t used = strlen(out);
    while (*text && used + 1 < room)
        out[used++] = *text++;
    out[used] = '\0';
}

static void number_add(char *out, size_t room, uint64_t number)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    text_add(out, room, at);
}

static bool ticket_parse(const char *text, struct ticket *ticket)
{
    return number_take(&text, ':', &ticket->pid) &&
           number_take(&text, ':', &ticket->recorder_pid) &&
           number_take(&text, ':', &ticket->fd) && number_take(&text, '\0', &ticket->inode);
}

static bool is_memfd(int fd, uint64_t inode, uint64_t *bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_ino != inode ||
        fcntl(fd, F_GET_SEALS) <
            0) /* on a disk, a file of the program's may have this number */
        return false;
    *bytes = (uint64_t)status.st_size;
    return true;
}

/* Open what `path` names, if it is that memfd. It is looked at before: a pid can be another's
 * by now, and a device may not like to be opened. */
static int memfd_open_path(const char *path, uint64_t inode, uint64_t *bytes)
{
    struct stat status;
    const int looked = open(path, O_PATH | O_CLOEXEC);
    const bool is_likely = looked >= 0 && fstat(looked, &status) == 0 &&
                           S_ISREG(status.st_mode) && status.st_ino == inode;
    if (looked >= 0)
        close(looked);
    const int fd = is_likely ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0 && is_memfd(fd, inode, bytes))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A memfd of flrec's: the first image has it under the same number, others go through /proc. */
static int memfd_open(uint64_t recorder_pid, int number, uint64_t inode, uint64_t *bytes)
{
    if (is_memfd(number, inode, bytes))
        return number;
    char path[64] = "/proc/";
    number_add(path, sizeof path, recorder_pid);
    text_add(path, sizeof path, "/fd/");
    number_add(path, sizeof path, (uint64_t)number);
    return memfd_open_path(path, inode, bytes);
}

static bool is_ours(const struct fl_shared *shared, uint64_t bytes)
{
    return bytes >= sizeof *shared && shared->magic == FL_SHARED_MAGIC &&
           shared->version == FL_SHARED_VERSION && shared->total_bytes == bytes;
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

/* Map the headers and as many rings as there is room for, the lowest first. The slots of a ring
 * can be reached once a thread has claimed it: mlockall would fill with pages whatever can
 * be. */
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
        void *mapped = mmap(NULL, mapped_bytes, PROT_NONE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            continue;
        if (mprotect(mapped, head->slots_offset, PROT_READ | PROT_WRITE) != 0) {
            munmap(mapped, mapped_bytes);
            continue;
        }
        madvise(mapped, mapped_bytes, MADV_DONTDUMP);
        *ring_count = rings;
        shared = mapped;
    }
    munmap(head, sizeof *head);
    return shared;
}

static struct fl_shared *shared_map(int number, uint64_t inode, uint32_t *ring_count)
{
    uint64_t bytes = 0;
    const int fd = memfd_open((uint64_t)control->recorder_pid, number, inode, &bytes);
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
    shared->libc[0] = shared->allocator[0] = '\0';
    if (gnu_get_libc_version) {
        text_add(shared->libc, sizeof shared->libc, "glibc ");
        text_add(shared->libc, sizeof shared->libc, gnu_get_libc_version());
    }
    void *address;
    Dl_info info;
    memcpy(&address, &fl_real.malloc, sizeof address);
    const bool is_known = dladdr(address, &info) != 0 && info.dli_fname;
    if (is_known)
        text_add(shared->allocator, sizeof shared->allocator, info.dli_fname);
}

/* flrec ends the trace of the image before and opens ours; only then may we write. */
static bool image_announce(struct fl_shared *shared)
{
    image_describe(shared);
    const uint32_t number = atomic_fetch_add(&shared->images_attached, 1) + 1;
    fl_futex_ring(&shared->doorbell);
    for (;;) {
        const uint32_t opened = atomic_load(&shared->images_opened);
        if ((int32_t)(opened - number) >= 0)
            return true;
        if (fl_life_is_over(&shared->life))
            return false;
        fl_futex_wait(&shared->images_opened, opened, FL_OPEN_WAIT_NS);
    }
}

/* ---- asking for rings ---- */

static struct fl_control *control_map(const struct ticket *ticket)
{
    uint64_t bytes = 0;
    const int fd = memfd_open(ticket->recorder_pid, (int)ticket->fd, ticket->inode, &bytes);
    if (fd < 0)
        return NULL;
    void *mapped =
        bytes >= sizeof(struct fl_control)
            ? mmap(NULL, sizeof(struct fl_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
            : MAP_FAILED;
    close(fd);
    if (mapped == MAP_FAILED)
        return NULL;
    struct fl_control *found = mapped;
    if (found->magic == FL_CONTROL_MAGIC)
        return found;
    munmap(mapped, sizeof *found);
    return NULL;
}

/* All are taken when many processes start at once: each is held for about a millisecond. */
static struct fl_request *request_take(void)
{
    for (int tries = 0; tries < FL_SLOT_TRIES && !fl_life_is_over(&control->life); tries++) {
        for (uint32_t i = 0; i < FL_REQUESTS; i++) {
            uint32_t expected = FL_REQUEST_FREE;
            if (!atomic_compare_exchange_strong(&control->requests[i].state, &expected,
                                                FL_REQUEST_TAKEN))
                continue;
            atomic_store(&control->requests[i].pid, (int32_t)getpid());
            return &control->requests[i];
        }
        fl_futex_wait(&control->never, 0, FL_SLOT_WAIT_NS);
    }
    return NULL;
}

static bool request_wait(struct fl_request *request)
{
    uint32_t state;
    atomic_store(&request->state, FL_REQUEST_ASKED);
    fl_futex_ring(&control->doorbell);
    while ((state = atomic_load(&request->state)) == FL_REQUEST_ASKED) {
        if (fl_life_is_over(&control->life))
            return false;
        fl_futex_wait(&request->state, FL_REQUEST_ASKED, FL_OPEN_WAIT_NS);
    }
    return state == FL_REQUEST_ANSWERED;
}

/* The rings of this process; NULL with `is_refused` set when flrec does not want it. */
static struct fl_shared *rings_ask(pid_t parent, uint32_t *ring_count, bool *is_refused)
{
    struct fl_request *request = request_take();
    if (!request)
        return NULL;
    request->parent = (int32_t)parent;
    request->fork = fork_number;
    const bool is_answered = request_wait(request);
    struct fl_shared *shared =
        is_answered ? shared_map(request->fd, request->ring_inode, ring_count) : NULL;
    *is_refused = !is_answered;
    if (is_answered && !shared) { /* flrec frees the request, and what it made for us */
        atomic_store(&request->state, FL_REQUEST_FAILED);
        fl_futex_ring(&control->doorbell);
        return NULL;
    }
    atomic_store(&request->pid, 0);
    atomic_store(&request->state, FL_REQUEST_FREE);
    return shared;
}

static bool is_in_namespace(void)
{
    struct stat status;
    return stat("/proc/self/ns/pid", &status) != 0 || control->pid_namespace == 0 ||
           status.st_ino == control->pid_namespace;
}

static void process_join(pid_t parent)
{
    bool is_refused = false;
    uint32_t ring_count = 0;
    if (!control->is_following && control->first_pid != (int32_t)getpid())
        return;
    if (!is_in_namespace()) {
        fl_say("a process in another pid namespace is not recorded");
        return;
    }
    struct fl_shared *shared = rings_ask(parent, &ring_count, &is_refused);
    if (!shared) {
        if (!is_refused)
            fl_say("cannot reach the recorder from here; this process is not recorded");
        return;
    }
    if (!gate && !gate_make()) {
        fl_say("this kernel lacks MADV_WIPEONFORK (Linux 4.14); this program is not recorded");
        return;
    }
    if (!image_announce(shared))
        return;
    fl_process.shared = shared;
    fl_process.ring_count = ring_count;
    fl_process.stamp_source = shared->stamp_source;
    fl_process.stack_depth = shared->stack_depth;
    fl_process.was_multi = shared->has_times;
    if (&__libc_single_threaded)
        fl_process.is_single = &__libc_single_threaded;
    *gate = 1;
    fl_process.is_recording = gate;
}

/* ---- fork ---- */

/* The last of all handlers before the fork: what others allocate stands before the slot. */
static void fork_prepare(void)
{
    const int saved_errno = errno;
    fork_number = 0;
    const bool is_inside =
        fl_thread.phase == FL_THREAD_BUSY; /* in a handler that interrupted */
    if (!control->is_following || is_inside || !fl_enter(&fl_thread))
        return;
    fork_parent = getpid();
    fork_number = atomic_fetch_add(&forks, 1) + 1;
    atomic_fetch_add(&control->forking, 1);
    fl_thread_record(&fl_thread, FL_OP_FORK | FL_OP_EARLY, 0, NULL, fork_number);
    fl_leave(&fl_thread);
    fl_futex_ring(&fl_process.shared->doorbell);
    fl_unwind_pause();
    fork_errno = saved_errno;
    errno = 0;
}

/* There is no child that would ask for what was left for it. */
static void fork_take_back(void)
{
    atomic_fetch_sub(&control->forking, 1);
    if (!fl_enter(&fl_thread))
        return;
    fl_thread_record(&fl_thread, FL_OP_FORK_FAILED | FL_OP_EARLY, 0, NULL, fork_number);
    fl_leave(&fl_thread);
}

/* The first of all handlers after the fork: errno, which fork_prepare has cleared, tells of
 * failure. */
static void fork_parent_after(void)
{
    if (fork_number == 0)
        return;
    const int code = errno;
    fl_unwind_resume();
    if (code == EAGAIN || code == ENOMEM)
        fork_take_back();
    fork_number = 0;
    errno = code != 0 ? code : fork_errno;
}

/* The rings are the parent's, and the slots and numbers that lead there. */
static void parent_forget(void)
{
    struct fl_shared *shared = fl_process.shared;
    const uint64_t ring_bytes = shared->ring_slots * sizeof(struct fl_slot);
    munmap(shared, shared->slots_offset + fl_process.ring_count * ring_bytes);
    fl_process.shared = NULL;
    fl_process.was_multi = false;
    atomic_store(&fl_process.rings_open, 0);
    fl_thread = (struct fl_thread){.phase = FL_THREAD_BUSY};
    atomic_store(&forks, 0);
    fl_unwind_forget();
}

static void cover(void *at, uint64_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap(at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
        fl_say("no memory: a forked child may disturb the recording of its parent");
}

/* A child that stays passive may be inside a call that its fork interrupted, and ends it as if
 * it were its parent: what it writes must not come to its parent's ring. */
static void rings_cover(void)
{
    struct fl_shared *shared = fl_process.shared;
    if (!shared)
        return;
    const uint64_t ring_bytes = shared->ring_slots * sizeof(struct fl_slot);
    const uint64_t page_bytes = UINT64_C(1) << fl_process.page_log2;
    if (fl_thread.ring)
        cover(fl_thread.slots, ring_bytes > page_bytes ? ring_bytes : page_bytes);
    cover(shared, shared->slots_offset);
}

static void fork_child(void)
{
    if (fork_number == 0) {
        rings_cover();
        return;
    }
    parent_forget();
    process_join(fork_parent);
    atomic_fetch_sub(&control->forking, 1);
    fork_number = 0;
    fl_thread.phase = FL_THREAD_NEW;
    errno = fork_errno;
}

void fl_attach(void)
{
    if (atomic_load_explicit(&has_started, memory_order_relaxed) ||
        atomic_exchange(&has_started, 1))
        return;
    error_stream_note();
    fl_resolve();
    struct ticket ticket;
    const char *text = environment_value(FL_ENVIRONMENT);
    if (!text || !ticket_parse(text, &ticket))
        return;
    control = control_map(&ticket);
    if (!control) {
        if (ticket.pid == (uint64_t)getpid())
            fl_say("cannot reach the recorder from here; this program is not recorded");
        return;
    }
    process_join(getppid());
    if (*fl_process.is_recording &&
        pthread_atfork(fork_prepare, fork_parent_after, fork_child) != 0)
        fl_say("no memory for a fork handler; children are not recorded");
}

void fl_detach(const char *why)
{
    if (gate)
        *gate = 0;
    if (!atomic_exchange(&has_ended, 1))
        fl_say(why);
}

/* A program that never allocates is attached all the same: its trace is empty, not missing. */
__attribute__((constructor)) static void library_begin(void)
{
    const int saved_errno = errno;
    const uint8_t phase = fl_thread.phase;
    fl_thread.phase = FL_THREAD_BUSY;
    fl_attach(); /* does nothing when a call did it before */
    fl_thread.phase = FL_THREAD_OURS;
    fl_resolve_rest();
    if (fl_process.stack_depth > 0)
        fl_unwind_begin();
    fl_thread.phase = phase;
    errno = saved_errno;
}
