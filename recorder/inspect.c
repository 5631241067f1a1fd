/*
 * Looking at a program file before it is run.
 *
 * A preloaded library is ignored, without a word, by programs without a dynamic loader, by
 * those that gain privileges, and by those of another machine or C library. Recording silently
 * nothing is the worst answer, so each of these is named here together with the way out.
 * Scripts are followed to their interpreter, at most as deep as the kernel does.
 */
#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FL_SCRIPT_DEPTH_MAX 5

#if defined(__x86_64__)
#define FL_ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define FL_ELF_MACHINE EM_AARCH64
#else
#error "flrec supports x86-64 and aarch64"
#endif

static bool is_runnable(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool path_find(const char *program, char *out)
{
    if (strchr(program, '/')) {
        snprintf(out, PATH_MAX, "%s", program);
        return is_runnable(out);
    }
    const char *folders = getenv("PATH");
    for (const char *at = folders ? folders : "/bin:/usr/bin";;) {
        const size_t length = strcspn(at, ":");
        snprintf(out, PATH_MAX, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "", program);
        if (is_runnable(out))
            return true;
        if (at[length] == '\0')
            return false;
        at += length + 1;
    }
}

/* The interpreter of a script, from its first line. */
static bool script_interpreter(int fd, char *out)
{
    char line[PATH_MAX];
    const ssize_t bytes = TEMP_FAILURE_RETRY(pread(fd, line, sizeof line - 1, 0));
    if (bytes < 3 || line[0] != '#' || line[1] != '!')
        return false;
    line[bytes] = '\0';
    const char *start = line + 2 + strspn(line + 2, " \t");
    snprintf(out, PATH_MAX, "%.*s", (int)strcspn(start, " \t\r\n"), start);
    return true;
}

static enum fl_status privileges_check(int fd, const char *path, struct fl_error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return FL_OK;
    const bool is_setuid = (status.st_mode & S_ISUID) && status.st_uid != geteuid();
    const bool is_setgid = (status.st_mode & S_ISGID) && status.st_gid != getegid();
    if (is_setuid || is_setgid)
        return fl_fail(err, FL_MISSING,
                       "%s is set%s: the system lets nobody look into it; run flrec as that %s",
                       path, is_setuid ? "uid" : "gid", is_setuid ? "user" : "group");
    if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
        return fl_fail(
            err, FL_MISSING,
            "%s has file capabilities: the system lets nobody look into it; record a "
            "copy without them, or as root",
            path);
    return FL_OK;
}

static bool elf_interpreter(Elf *elf, char *out)
{
    size_t count = 0;
    GElf_Phdr header;
    if (elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP)
            continue;
        size_t bytes = 0;
        const char *raw = elf_rawfile(elf, &bytes);
        if (!raw || header.p_offset >= bytes || header.p_filesz > bytes - header.p_offset)
            return false;
        snprintf(out, PATH_MAX, "%.*s", (int)header.p_filesz, raw + header.p_offset);
        return true;
    }
    return false;
}

static bool is_the_loader(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, "ld", 2) == 0;
}

static enum fl_status elf_check(Elf *elf, const char *path, struct fl_error *err)
{
    GElf_Ehdr header;
    char interpreter[PATH_MAX];
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return FL_OK;
    if (header.e_machine != FL_ELF_MACHINE || gelf_getclass(elf) != ELFCLASS64)
        return fl_fail(
            err, FL_MISSING,
            "%s is for another kind of machine than this flrec; use a flrec built for it",
            path);
    if (!elf_interpreter(elf, interpreter))
        return is_the_loader(path)
                   ? FL_OK
                   : fl_fail(
                         err, FL_MISSING,
                         "%s is statically linked: no library can be put before its malloc; "
                         "link it dynamically (without -static)",
                         path);
    if (strstr(interpreter, "musl"))
        return fl_fail(err, FL_MISSING,
                       "%s uses musl and this flrec was built for glibc; build flrec with musl",
                       path);
    return FL_OK;
}

static enum fl_status file_check(const char *path, unsigned depth, struct fl_error *err)
{
    char interpreter[PATH_MAX];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FL_OK;
    enum fl_status status;
    if (script_interpreter(fd, interpreter)) {
        status = depth > 0 ? file_check(interpreter, depth - 1, err) : FL_OK;
    } else {
        status = privileges_check(fd, path, err);
        Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
        if (status == FL_OK && elf)
            status = elf_check(elf, path, err);
        elf_end(elf);
    }
    close(fd);
    return status;
}

enum fl_status fl_inspect_program(const char *program, struct fl_error *err)
{
    char path[PATH_MAX];
    if (elf_version(EV_CURRENT) == EV_NONE || !path_find(program, path))
        return FL_OK;
    return file_check(path, FL_SCRIPT_DEPTH_MAX, err);
}

/* Look for the build-id among the notes of one segment. */
static bool notes_find(Elf_Data *data, char *hex)
{
    GElf_Nhdr note;
    size_t name_at, at = 0, text_at;
    while ((at = gelf_getnote(data, at, &note, &name_at, &text_at)) > 0) {
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
            memcmp((const char *)data->d_buf + name_at, "GNU", 4) != 0 ||
            note.n_descsz > FL_BUILD_ID_MAX)
            continue;
        const unsigned char *bytes = (const unsigned char *)data->d_buf + text_at;
        for (size_t i = 0; i < note.n_descsz; i++)
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        return true;
    }
    return false;
}

static bool elf_build_id(Elf *elf, char *hex)
{
    size_t count = 0;
    GElf_Phdr header;
    if (!elf || elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_NOTE)
            continue;
        Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz,
                                              header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        if (data && notes_find(data, hex))
            return true;
    }
    return false;
}

bool fl_inspect_build_id(const char *path, char *hex)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_found = false;
    if (elf_version(EV_CURRENT) != EV_NONE) {
        Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
        is_found = elf_build_id(elf, hex);
        elf_end(elf);
    }
    close(fd);
    return is_found;
}

static bool elf_first_address(Elf *elf, uint64_t *first_address)
{
    size_t count = 0;
    GElf_Phdr header;
    if (!elf || elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
            continue;
        *first_address = header.p_vaddr & ~((uint64_t)sysconf(_SC_PAGESIZE) - 1);
        return true;
    }
    return false;
}

bool fl_inspect_module(const char *path, char *hex, uint64_t *first_address)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    const bool is_elf = elf_first_address(elf, first_address);
    if (is_elf && !elf_build_id(elf, hex))
        hex[0] = '\0';
    elf_end(elf);
    close(fd);
    return is_elf;
}
