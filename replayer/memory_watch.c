/*
 * How: a seccomp filter answers the six calls with SIGSYS instead of the kernel's work. The
 * handler makes the call itself, from the one function whose addresses the filter lets pass,
 * and gives the program its result; so it sees arguments and results exactly, needs no second
 * process and no right to trace one. A call costs some microseconds more, so no time is
 * measured meanwhile.
 *
 *   allocator: mmap ──▶ filter: SIGSYS ──▶ handler: raw_call ──▶ filter: from there, let pass
 *                                          note(arguments, result) ──▶ ranges.c
 *
 * The filter stays for the life of the process, which is a worker's. What the worker itself
 * does between batches passes the handler as well, and is not counted.
 *
 * What is held when it begins is taken from /proc/self/maps: a library maps memory while it is
 * loaded. That the loader and our own program hold something too is known from a worker
 * without the library (`bare`), and subtracted.
 *
 * A signal handler has no argument: `watched` is the one variable of the replayer that is not
 * on a stack or in an instance; fl_memory_watch_start writes it, once.
 */
#include "memory_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define RANGES_MAX    ((size_t)1 << 20)
#define ERRNO_MAX     4095
#define LINE_BYTES    512u
#define ARGUMENTS_MAX 6

static struct fl_memory_watch *watched;

/* ---- the machine ---- */

#define RAW_SECTION "fl_raw_call"
extern const char __start_fl_raw_call[], __stop_fl_raw_call[];

#if defined __x86_64__

#define MACHINE AUDIT_ARCH_X86_64

__attribute__((section(RAW_SECTION), noinline)) static long raw_call(long number,
                                                                     const uint64_t *arguments)
{
    long result;
    register uint64_t fourth __asm__("r10") = arguments[3];
    register uint64_t fifth __asm__("r8") = arguments[4];
    register uint64_t sixth __asm__("r9") = arguments[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]),
                       "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

static void arguments_get(const ucontext_t *context, uint64_t *arguments)
{
    static const int registers[ARGUMENTS_MAX] = {REG_RDI, REG_RSI, REG_RDX,
                                                 REG_R10, REG_R8,  REG_R9};
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        arguments[i] = (uint64_t)context->uc_mcontext.gregs[registers[i]];
    }
}

static void result_set(ucontext_t *context, long result)
{
    context->uc_mcontext.gregs[REG_RAX] = result;
}

#elif defined __aarch64__

#define MACHINE AUDIT_ARCH_AARCH64

__attribute__((section(RAW_SECTION), noinline)) static long raw_call(long number,
                                                                     const uint64_t *arguments)
{
    register long which __asm__("x8") = number;
    register uint64_t first __asm__("x0") = arguments[0];
    register uint64_t second __asm__("x1") = arguments[1];
    register uint64_t third __asm__("x2") = arguments[2];
    register uint64_t fourth __asm__("x3") = arguments[3];
    register uint64_t fifth __asm__("x4") = arguments[4];
    register uint64_t sixth __asm__("x5") = arguments[5];
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory");
    return (long)first;
}

static void arguments_get(const ucontext_t *context, uint64_t *arguments)
{
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        arguments[i] = context->uc_mcontext.regs[i];
    }
}

static void result_set(ucontext_t *context, long result)
{
    context->uc_mcontext.regs[0] = (uint64_t)result;
}

#else
#error "flreplay knows the system calls of x86-64 and aarch64"
#endif

/* ---- what a call did ---- */

static uint64_t page_up(const struct fl_memory_watch *watch, uint64_t bytes)
{
    return (bytes + watch->page_bytes - 1) / watch->page_bytes * watch->page_bytes;
}

static void mmap_note(struct fl_memory_watch *watch, const uint64_t *arguments, long result,
                      bool has_failed)
{
    struct fl_memory_calls *calls = &watch->calls;
    const bool is_writable = (arguments[2] & PROT_WRITE) != 0;
    const uint64_t start = (uint64_t)result;
    const uint64_t bytes = has_failed ? 0 : page_up(watch, arguments[1]);
    *(is_writable ? &calls->mmap_calls : &calls->reserve_calls) += 1;
    *(is_writable ? &calls->mmap_bytes : &calls->reserve_bytes) += bytes;
    fl_ranges_map(&watch->ranges, start, start + bytes, is_writable);
}

static void munmap_note(struct fl_memory_watch *watch, const uint64_t *arguments,
                        bool has_failed)
{
    const uint64_t bytes = has_failed ? 0 : page_up(watch, arguments[1]);
    watch->calls.munmap_calls++;
    watch->calls.munmap_bytes += bytes;
    fl_ranges_unmap(&watch->ranges, arguments[0], arguments[0] + bytes);
}

static void mremap_note(struct fl_memory_watch *watch, const uint64_t *arguments, long result,
                        bool has_failed)
{
    watch->calls.mremap_calls++;
    if (has_failed) {
        return;
    }
    const uint64_t from = arguments[0], to = (uint64_t)result;
    const bool is_writable = fl_ranges_is_writable(&watch->ranges, from);
    if ((arguments[3] & MREMAP_DONTUNMAP) == 0) {
        fl_ranges_unmap(&watch->ranges, from, from + page_up(watch, arguments[1]));
    }
    fl_ranges_map(&watch->ranges, to, to + page_up(watch, arguments[2]), is_writable);
}

static void madvise_note(struct fl_memory_watch *watch, const uint64_t *arguments,
                         bool has_failed)
{
    const bool gives_back = arguments[2] == MADV_DONTNEED || arguments[2] == MADV_FREE;
    watch->calls.madvise_calls++;
    watch->calls.given_back_bytes +=
        gives_back && !has_failed ? page_up(watch, arguments[1]) : 0;
}

/* brk answers with where the heap ends now, moved or not. */
static void brk_note(struct fl_memory_watch *watch, long result)
{
    const uint64_t end = page_up(watch, (uint64_t)result);
    watch->calls.brk_calls++;
    fl_ranges_map(&watch->ranges, watch->break_end, end, true);
    fl_ranges_unmap(&watch->ranges, end, watch->break_end);
    watch->break_end = end;
}

static void mprotect_note(struct fl_memory_watch *watch, const uint64_t *arguments,
                          bool has_failed)
{
    const uint64_t bytes = has_failed ? 0 : page_up(watch, arguments[1]);
    watch->calls.mprotect_calls++;
    fl_ranges_protect(&watch->ranges, arguments[0], arguments[0] + bytes,
                      (arguments[2] & PROT_WRITE) != 0);
}

static uint64_t excess(uint64_t all, uint64_t others)
{
    return all > others ? all - others : 0;
}

static void peaks_note(struct fl_memory_watch *watch)
{
    struct fl_memory_calls *calls = &watch->calls;
    calls->footprint = excess(watch->ranges.writable_bytes, watch->bare.writable);
    calls->mapped_bytes = excess(watch->ranges.mapped_bytes, watch->bare.mapped);
    if (calls->footprint > calls->peak_footprint) {
        calls->peak_footprint = calls->footprint;
    }
    if (calls->mapped_bytes > calls->peak_mapped_bytes) {
        calls->peak_mapped_bytes = calls->mapped_bytes;
    }
}

static void call_note(struct fl_memory_watch *watch, long number, const uint64_t *arguments,
                      long result)
{
    const bool has_failed = result < 0 && result >= -ERRNO_MAX;
    switch (number) {
    case SYS_mmap:
        mmap_note(watch, arguments, result, has_failed);
        break;
    case SYS_munmap:
        munmap_note(watch, arguments, has_failed);
        break;
    case SYS_mremap:
        mremap_note(watch, arguments, result, has_failed);
        break;
    case SYS_madvise:
        madvise_note(watch, arguments, has_failed);
        break;
    case SYS_brk:
        brk_note(watch, result);
        break;
    case SYS_mprotect:
        mprotect_note(watch, arguments, has_failed);
        break;
    default:
        return;
    }
    peaks_note(watch);
}

/* ---- the filter ---- */

static void call_handle(int signal_number, siginfo_t *info, void *user)
{
    (void)signal_number;
    ucontext_t *context = user;
    struct fl_memory_watch *watch = watched;
    uint64_t arguments[ARGUMENTS_MAX];
    arguments_get(context, arguments);
    while (atomic_flag_test_and_set(&watch->is_busy)) {
    }
    const long result = raw_call(info->si_syscall, arguments);
    if (atomic_load(&watch->is_counting)) {
        call_note(watch, info->si_syscall, arguments, result);
    }
    atomic_flag_clear(&watch->is_busy);
    result_set(context, result);
}

#define LOAD(field)                                                                            \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define JUMP(condition, value, if_true, if_false)                                              \
    BPF_JUMP(BPF_JMP | (condition) | BPF_K, (uint32_t)(value), if_true, if_false)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)

/* The low half of an address in seccomp_data comes first on the machines we know. */
static int filter_install(void)
{
    const uint64_t from = (uintptr_t)__start_fl_raw_call, to = (uintptr_t)__stop_fl_raw_call;
    if (from >> 32 != to >> 32) {
        return EADDRNOTAVAIL;
    }
    struct sock_filter filter[] = {
        LOAD(arch),
        JUMP(BPF_JEQ, MACHINE, 0, 12),
        LOAD(nr),
        JUMP(BPF_JEQ, SYS_mmap, 5, 0),
        JUMP(BPF_JEQ, SYS_munmap, 4, 0),
        JUMP(BPF_JEQ, SYS_mremap, 3, 0),
        JUMP(BPF_JEQ, SYS_madvise, 2, 0),
        JUMP(BPF_JEQ, SYS_brk, 1, 0),
        JUMP(BPF_JEQ, SYS_mprotect, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 (uint32_t)offsetof(struct seccomp_data, instruction_pointer) + 4),
        JUMP(BPF_JEQ, from >> 32, 0, 4),
        LOAD(instruction_pointer),
        JUMP(BPF_JGE, from, 0, 2),
        JUMP(BPF_JGT, to, 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_TRAP),
    };
    const struct sock_fprog program = {
        .len = sizeof filter / sizeof filter[0],
        .filter = filter,
    };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
               ? 0
               : errno;
}

/* ---- what is held at the beginning ---- */

/* "7f00-7f80 rw-p 00000000 00:00 0    [heap]": memory without a file, and not the stack. */
static bool line_parse(const char *line, struct fl_range *range)
{
    char *rest = NULL;
    range->start = strtoull(line, &rest, 16);
    range->end = strtoull(rest + 1, &rest, 16);
    const char *rights = rest + 1;
    range->is_writable = rights[1] == 'w';
    (void)strtoull(rights + 5, &rest, 16);     /* offset */
    const char *inode = strchr(rest + 1, ' '); /* behind the device */
    const bool is_private = rights[3] == 'p';
    const bool has_file = inode == NULL || strtoull(inode, &rest, 10) != 0;
    const bool is_kernels = strstr(line, "[stack]") != NULL || strstr(line, "[v") != NULL;
    return is_private && !has_file && !is_kernels;
}

/* Read one line of `fd`, cut when longer than ours; false at the end. */
static bool line_read(int fd, char *line)
{
    size_t length = 0;
    char letter = '\0';
    while (read(fd, &letter, 1) == 1 && letter != '\n') {
        line[length] = letter;
        length += length < LINE_BYTES - 1;
    }
    line[length] = '\0';
    return length > 0;
}

static bool ranges_read(struct fl_ranges *ranges)
{
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    char line[LINE_BYTES];
    struct fl_range range;
    while (line_read(fd, line)) {
        if (line_parse(line, &range)) {
            fl_ranges_map(ranges, range.start, range.end, range.is_writable);
        }
    }
    close(fd);
    return true;
}

bool fl_memory_held_now(struct fl_memory_held *out)
{
    struct fl_ranges ranges;
    if (!fl_ranges_init(&ranges, RANGES_MAX)) {
        return false;
    }
    const bool is_read = ranges_read(&ranges);
    *out = (struct fl_memory_held){ranges.writable_bytes, ranges.mapped_bytes};
    fl_ranges_free(&ranges);
    return is_read;
}

int fl_memory_watch_start(struct fl_memory_watch *watch, const struct fl_memory_held *bare)
{
    *watch = (struct fl_memory_watch){.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
                                      .is_busy = ATOMIC_FLAG_INIT};
    if (!fl_ranges_init(&watch->ranges, RANGES_MAX)) {
        return errno;
    }
    if (!ranges_read(&watch->ranges)) {
        const int os_errno = errno;
        fl_ranges_free(&watch->ranges);
        return os_errno;
    }
    watch->bare = bare != NULL ? *bare
                               : (struct fl_memory_held){watch->ranges.writable_bytes,
                                                         watch->ranges.mapped_bytes};
    const uint64_t nothing[ARGUMENTS_MAX] = {0};
    watch->break_end = page_up(watch, (uint64_t)raw_call(SYS_brk, nothing));
    peaks_note(watch);
    watch->calls.loaded_footprint = watch->calls.footprint;
    watched = watch;
    struct sigaction action = {.sa_sigaction = call_handle, .sa_flags = SA_SIGINFO};
    return sigaction(SIGSYS, &action, NULL) == 0 ? filter_install() : errno;
}

void fl_memory_watch_count(struct fl_memory_watch *watch, bool is_wanted)
{
    atomic_store(&watch->is_counting, is_wanted);
}
