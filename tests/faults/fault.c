/*
 * libfault.so, preloaded: makes one call of one function fail, in one program.
 *
 *     FL_FAULT=WHERE:FUNCTION:KIND:N[+]
 *
 *     WHERE     the program's short name (flrec), or the file name of a library in it (libflrec.so): calls made by that code alone
 *     FUNCTION  a name in wrappers.c; malloc stands for its whole family
 *     KIND      an errno's name, or short: half of what was asked for is done
 *     N         which call, from 1; with + that one and all after it
 *     FL_FAULT_LOG=FILE   a byte is appended for each call that was made to fail
 *
 * In a program called WHERE the library takes itself out of LD_PRELOAD, so that what it starts
 * is left alone.
 *
 * Each wrapper asks fault_errno first, and then does what was asked: by a system call of its
 * own where a signal or an errno must look as it does in life, else by the next definition in
 * line. What libc does inside itself is out of reach: stdio's own writes are tried with full
 * devices and file sizes instead (the scripts).
 */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int code;
} kinds[] = {
    {"short", FAULT_SHORT}, {"EINTR", EINTR},   {"EAGAIN", EAGAIN}, {"EIO", EIO},
    {"ENOSPC", ENOSPC},     {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE}, {"EACCES", EACCES},
    {"ENOSYS", ENOSYS},     {"EPERM", EPERM},   {"EFBIG", EFBIG},
};

static struct {
    bool is_armed;
    char function[32];
    int code;
    unsigned long wanted;
    bool is_lasting;
    char log[256];
    uintptr_t from, to; /* code whose calls count */
    _Atomic unsigned long calls;
} fault;

static void hit_note(void)
{
    const long fd = fault_syscall(FAULT_SYS_OPENAT, AT_FDCWD, (long)fault.log,
                                  O_WRONLY | O_CREAT | O_APPEND, 0600, 0, 0);
    if (fd >= 0) {
        (void)fault_syscall(FAULT_SYS_WRITE, fd, (long)"x", 1, 0, 0, 0);
        (void)fault_syscall(FAULT_SYS_CLOSE, fd, 0, 0, 0, 0, 0);
    }
}

int fault_errno(const char *function, const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    if (!fault.is_armed || at < fault.from || at >= fault.to ||
        strcmp(fault.function, function) != 0) {
        return 0;
    }
    const unsigned long call = atomic_fetch_add(&fault.calls, 1) + 1;
    if (call != fault.wanted && !(fault.is_lasting && call > fault.wanted)) {
        return 0;
    }
    hit_note();
    return fault.code;
}

/* "WHERE:FUNCTION:KIND:N[+]" into `fault`; false when it is no such thing. */
static bool setting_read(const char *text, char *where, size_t room)
{
    char kind[16], plus = '\0';
    if (room < 32 || sscanf(text, "%31[^:]:%31[^:]:%15[^:]:%lu%c", where, fault.function, kind,
                            &fault.wanted, &plus) < 4) {
        return false;
    }
    fault.is_lasting = plus == '+';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            fault.code = kinds[i].code;
            return true;
        }
    }
    return false;
}

/* The part of the address space where the library `user` has its code. */
static int library_match(struct dl_phdr_info *info, size_t bytes, void *user)
{
    const char *slash = strrchr(info->dlpi_name, '/');
    (void)bytes;
    if (slash == NULL || strcmp(slash + 1, user) != 0) {
        return 0;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            fault.from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            fault.to = fault.from + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

/* What is left of LD_PRELOAD without us. */
static void preload_leave(void)
{
    const char *all = getenv("LD_PRELOAD");
    char left[4096] = "", *end = left;
    while (all != NULL && *all != '\0') {
        const size_t bytes = strcspn(all, ": ");
        if (bytes > 0 && memmem(all, bytes, "libfault.so", 11) == NULL &&
            end + bytes + 2 < left + sizeof left) {
            end += snprintf(end, bytes + 2, "%s%.*s", end == left ? "" : ":", (int)bytes, all);
        }
        all += bytes + (all[bytes] != '\0');
    }
    if (end == left) {
        unsetenv("LD_PRELOAD");
    } else {
        setenv("LD_PRELOAD", left, 1);
    }
}

__attribute__((constructor)) static void fault_arm(void)
{
    char where[32];
    const char *setting = getenv("FL_FAULT"), *log = getenv("FL_FAULT_LOG");
    if (setting == NULL || !setting_read(setting, where, sizeof where)) {
        return;
    }
    snprintf(fault.log, sizeof fault.log, "%s", log == NULL ? "/dev/null" : log);
    if (strcmp(program_invocation_short_name, where) == 0) {
        preload_leave();
        fault.to = UINTPTR_MAX;
        fault.is_armed = true;
    } else {
        fault.is_armed = dl_iterate_phdr(library_match, where) != 0;
    }
}
