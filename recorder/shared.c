/*
 * Making the memory that flrec shares with the program: sized once, sealed, sparse. Rings that
 * no thread claims cost address space only; where that is limited (RLIMIT_AS), or the size of
 * files is (RLIMIT_FSIZE), they are smaller and fewer.
 *
 * The processor's counter serves as stamp where the kernel itself keeps time by it, which it
 * only does after it has checked that all processors agree; elsewhere a shared counter does.
 * The shared one is also taken where two processors at most fight for its cache line: there it
 * costs less than the fence before the other (DESIGN.md, Order).
 */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define FL_PAGE_MAX               65536u /* of any machine: ring 0 starts on a page */
#define FL_RING_SLOTS_SMALL       4096u
#define FL_RINGS_WANTED           64u

#define FL_COUNTER_PROCESSORS_MAX 2

#if defined(__x86_64__)
static bool is_kernel_clock_tsc(void)
{
    char name[16] = "";
    FILE *file =
        fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (!file)
        return false;
    const bool is_read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    return is_read && strncmp(name, "tsc", 3) == 0;
}

static bool has_good_cycles(void)
{
    unsigned a, b, c, d;
    const unsigned invariant_tsc = 1u << 8;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & invariant_tsc) &&
           is_kernel_clock_tsc();
}
#elif defined(__aarch64__)
/* Below 1 GHz two events that follow each other could share a tick. */
static bool has_good_cycles(void)
{
    uint64_t ticks_per_second;
    __asm__("mrs %0, cntfrq_el0" : "=r"(ticks_per_second));
    return ticks_per_second >= 1000000000u;
}
#else
static bool has_good_cycles(void)
{
    return false;
}
#endif

/* May the program run on more processors than the shared counter is cheap for? A machine with
 * more than fit the set answers with an error, and has many. */
static bool has_many_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) != 0 ||
           CPU_COUNT(&set) > FL_COUNTER_PROCESSORS_MAX;
}

static uint32_t stamp_choose(enum fl_stamp_choice choice)
{
    bool is_cycles = choice == FL_STAMP_ASK_CYCLES;
    if (choice == FL_STAMP_AUTO_CLOCK)
        is_cycles = has_good_cycles();
    else if (choice == FL_STAMP_AUTO)
        is_cycles = has_many_processors() && has_good_cycles();
    return is_cycles ? FL_STAMP_CYCLES : FL_STAMP_COUNTER;
}

static uint64_t slots_round(uint64_t ring_bytes)
{
    uint64_t slots = FL_RING_SLOTS_MIN;
    while (slots < FL_RING_SLOTS_MAX && slots * sizeof(struct fl_slot) < ring_bytes)
        slots *= 2;
    return slots;
}

static uint64_t file_limit_bytes(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

/* Bytes the shared memory may have. To the kernel it is a file, too. */
static uint64_t budget_bytes(void)
{
    struct rlimit limit;
    const uint64_t file_bytes = file_limit_bytes();
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return file_bytes;
    const uint64_t share_bytes = limit.rlim_cur / FL_LIMIT_SHARE;
    return share_bytes < file_bytes ? share_bytes : file_bytes;
}

/* All headers, up to where slots may start. */
static uint64_t header_bytes(uint64_t rings)
{
    const uint64_t bytes = sizeof(struct fl_shared) + rings * sizeof(struct fl_ring);
    return (bytes + FL_PAGE_MAX - 1) & ~(uint64_t)(FL_PAGE_MAX - 1);
}

static uint64_t total_bytes(uint64_t rings, uint64_t slots)
{
    return header_bytes(rings) + rings * slots * sizeof(struct fl_slot);
}

/* Within a limit, rings are made smaller rather than few: a short ring costs time, a missing
 * one costs events. At least one is left, whatever the limit. */
static uint32_t rings_fit(uint64_t *slots, uint64_t budget)
{
    while (*slots > FL_RING_SLOTS_SMALL && total_bytes(FL_RINGS_WANTED, *slots) > budget)
        *slots /= 2;
    while (*slots > FL_RING_SLOTS_MIN && total_bytes(FL_RINGS_FEW, *slots) > budget)
        *slots /= 2;
    uint32_t rings = FL_RINGS_MAX;
    while (rings > 1 && total_bytes(rings, *slots) > budget)
        rings--;
    return rings;
}

static void life_make(pthread_mutex_t *life)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(life, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/* Map `bytes` of new shared memory; NULL with errno set. */
static void *memory_make(uint64_t bytes, int *fd, uint64_t *inode)
{
    struct stat status;
    const int made = memfd_create("flrec", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0)
        return NULL;
    void *mapped = MAP_FAILED;
    if (ftruncate(made, (off_t)bytes) == 0 && fstat(made, &status) == 0 &&
        fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
        mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    if (mapped == MAP_FAILED) {
        const int saved_errno = errno;
        close(made);
        errno = saved_errno;
        return NULL;
    }
    *fd = made;
    *inode = status.st_ino;
    return mapped;
}

enum fl_status fl_shared_make(uint64_t ring_bytes, enum fl_stamp_choice stamp,
                              struct fl_shared **out, int *fd, uint64_t *inode,
                              struct fl_error *err)
{
    uint64_t slots = slots_round(ring_bytes);
    const uint32_t rings = rings_fit(&slots, budget_bytes());
    const uint64_t bytes = total_bytes(rings, slots);
    if (bytes > file_limit_bytes()) /* the kernel would end us by SIGXFSZ */
        return fl_fail(err, FL_NOMEM,
                       "the size of files is limited to %llu bytes (ulimit -f), and shared "
                       "memory counts as one",
                       (unsigned long long)file_limit_bytes());
    struct fl_shared *shared = memory_make(bytes, fd, inode);
    if (!shared)
        return fl_fail_os(err, FL_NOMEM, errno, "cannot make shared memory");
    shared->magic = FL_SHARED_MAGIC;
    shared->version = FL_SHARED_VERSION;
    shared->total_bytes = bytes;
    shared->slots_offset = header_bytes(rings);
    shared->ring_slots = slots;
    shared->ring_count = rings;
    shared->stamp_source = stamp_choose(stamp);
    atomic_store(&shared->counter, 1);
    life_make(&shared->life);
    *out = shared;
    return FL_OK;
}

struct fl_shared_facts fl_shared_facts(const struct fl_shared *shared)
{
    return (struct fl_shared_facts){
        .total_bytes = shared->total_bytes,
        .slots_offset = shared->slots_offset,
        .ring_slots = shared->ring_slots,
        .ring_count = shared->ring_count,
        .stamp_source = shared->stamp_source,
        .stack_depth = shared->stack_depth,
        .is_lossy = shared->is_lossy != 0,
    };
}

enum fl_status fl_control_make(struct fl_control **out, int *fd, uint64_t *inode,
                               struct fl_error *err)
{
    struct fl_control *control = memory_make(sizeof *control, fd, inode);
    struct stat status;
    if (!control)
        return fl_fail_os(err, FL_NOMEM, errno, "cannot make shared memory");
    control->magic = FL_CONTROL_MAGIC;
    control->pid_namespace = stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
    control->recorder_pid = (int32_t)getpid();
    life_make(&control->life);
    *out = control;
    return FL_OK;
}
