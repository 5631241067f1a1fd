/*
 * libcount.so: counts the calls of the malloc family, to compare a recording with.
 *
 *     FL_COUNT_FILE=counts LD_PRELOAD=./libcount.so PROG ARG...; ./count_read counts
 *
 * It shares no code and no idea with the recorder: no ring, no order, one atomic counter per
 * call in a file mapped shared. Counted is what the program asks for: calls that libc makes
 * while it serves one (reallocarray calls realloc) and calls made while we look up the real
 * functions are not. Only the first process image counts: a forked child finds its page of
 * `is_counting` wiped by the kernel, and after an exec the file has its owner already.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "c23_free.h"
#include "count_layout.h"

#define EXPORT     __attribute__((visibility("default")))
#define IN_TLS     _Thread_local __attribute__((tls_model("initial-exec")))
#define BOOT_BYTES 65536

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*reallocarray)(void *, size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    void (*free)(void *);
    void (*free_sized)(void *, size_t);
    void (*free_aligned_sized)(void *, size_t, size_t);
    size_t (*malloc_usable_size)(void *);
} real;

static struct count_file early; /* counts here until the constructor ran */
static struct count_file *counts = &early;
static bool *is_counting; /* a page that a fork wipes; NULL: count in `early` */
/*
 * Inside a call that is counted already. Volatile, because dlsym is declared "leaf": the
 * compiler believes that it cannot call back into this file, and would drop the change around
 * it.
 */
static IN_TLS volatile unsigned depth;

/* What dlsym allocates before there is a malloc. Each block is preceded by its size. */
static union {
    max_align_t alignment;
    char bytes[BOOT_BYTES];
} boot;
static size_t boot_used;

static bool boot_owns(const void *block)
{
    return (const char *)block >= boot.bytes && (const char *)block < boot.bytes + BOOT_BYTES;
}

static size_t boot_size(const void *block)
{
    size_t bytes;
    memcpy(&bytes, (const char *)block - sizeof(max_align_t), sizeof bytes);
    return bytes;
}

static void *boot_alloc(size_t bytes)
{
    const size_t unit = sizeof(max_align_t);
    const size_t wanted = unit + (bytes + unit - 1) / unit * unit;
    if (bytes > BOOT_BYTES || wanted > BOOT_BYTES - boot_used) {
        return NULL;
    }
    char *block = boot.bytes + boot_used + unit;
    boot_used += wanted;
    memcpy(block - unit, &bytes, sizeof bytes);
    return block;
}

/* The cast between data and function pointers that dlsym(3) prescribes. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

static void resolve(void)
{
    depth++;
#define FIND(name) find(&real.name, #name);
    COUNT_LIST(FIND)
#undef FIND
    depth--;
}

/* True when the real functions are known; false while we are looking them up. */
static bool is_ready(void)
{
    if (real.malloc_usable_size == NULL && depth == 0) {
        resolve();
    }
    return real.malloc_usable_size != NULL;
}

static void count(enum count_call call, bool has_failed, bool is_null)
{
    if (depth > 0 || (is_counting != NULL && !*is_counting)) {
        return;
    }
    struct count_of_call *of = &counts->of[call];
    atomic_fetch_add_explicit(&of->calls, 1, memory_order_relaxed);
    if (has_failed) {
        atomic_fetch_add_explicit(&of->failed, 1, memory_order_relaxed);
    }
    if (is_null) {
        atomic_fetch_add_explicit(&of->null, 1, memory_order_relaxed);
    }
}

static struct count_file *file_map(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, sizeof(struct count_file)) != 0) {
        return NULL;
    }
    void *mapped =
        mmap(NULL, sizeof(struct count_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static void add_early(struct count_file *file)
{
    for (size_t i = 0; i < COUNT_CALLS; i++) {
        atomic_fetch_add(&file->of[i].calls, early.of[i].calls);
        atomic_fetch_add(&file->of[i].failed, early.of[i].failed);
        atomic_fetch_add(&file->of[i].null, early.of[i].null);
    }
}

__attribute__((constructor(101))) static void start(void)
{
    const char *path = getenv("FL_COUNT_FILE");
    bool *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct count_file *file = path == NULL ? NULL : file_map(path);
    if (page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0) {
        abort(); /* a wrong count would be worse */
    }
    uint_fast64_t nobody = 0;
    if (file != NULL &&
        atomic_compare_exchange_strong(&file->owner_pid, &nobody, (uint_fast64_t)getpid())) {
        add_early(file);
        counts = file;
        *page = true;
    }
    is_counting = page;
}

EXPORT void *malloc(size_t bytes)
{
    if (!is_ready()) {
        return boot_alloc(bytes);
    }
    void *block = real.malloc(bytes);
    count(COUNT_malloc, block == NULL, false);
    return block;
}

EXPORT void *calloc(size_t number, size_t bytes)
{
    if (!is_ready()) {
        return boot_alloc(number * bytes); /* never reused, so zero */
    }
    void *block = real.calloc(number, bytes);
    count(COUNT_calloc, block == NULL, false);
    return block;
}

/* A block from before dlsym moves to the heap; that is no call of the program's. */
static void *boot_move(void *old, size_t bytes)
{
    void *block = real.malloc != NULL ? real.malloc(bytes) : boot_alloc(bytes);
    if (block != NULL) {
        memcpy(block, old, boot_size(old) < bytes ? boot_size(old) : bytes);
    }
    return block;
}

EXPORT void *realloc(void *old, size_t bytes)
{
    if (boot_owns(old)) {
        return boot_move(old, bytes);
    }
    if (!is_ready()) {
        return boot_alloc(bytes);
    }
    void *block = real.realloc(old, bytes);
    /* glibc: realloc(p, 0) frees p and returns NULL, which is no failure. */
    count(COUNT_realloc, block == NULL && (bytes != 0 || old == NULL), old == NULL);
    return block;
}

EXPORT void *reallocarray(void *old, size_t number, size_t bytes)
{
    if (!is_ready() || boot_owns(old)) {
        return realloc(old, number * bytes);
    }
    depth++;
    void *block = real.reallocarray(old, number, bytes);
    depth--;
    const bool is_empty = number == 0 || bytes == 0;
    count(COUNT_reallocarray, block == NULL && (!is_empty || old == NULL), old == NULL);
    return block;
}

EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
    const int error = is_ready() ? real.posix_memalign(out, align, bytes) : ENOMEM;
    count(COUNT_posix_memalign, error != 0, false);
    return error;
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
    void *block = is_ready() ? real.aligned_alloc(align, bytes) : NULL;
    count(COUNT_aligned_alloc, block == NULL, false);
    return block;
}

EXPORT void *memalign(size_t align, size_t bytes)
{
    void *block = is_ready() ? real.memalign(align, bytes) : NULL;
    count(COUNT_memalign, block == NULL, false);
    return block;
}

EXPORT void *valloc(size_t bytes)
{
    void *block = is_ready() ? real.valloc(bytes) : NULL;
    count(COUNT_valloc, block == NULL, false);
    return block;
}

EXPORT void *pvalloc(size_t bytes)
{
    void *block = is_ready() ? real.pvalloc(bytes) : NULL;
    count(COUNT_pvalloc, block == NULL, false);
    return block;
}

EXPORT void free(void *block)
{
    if (boot_owns(block) || !is_ready()) {
        return;
    }
    count(COUNT_free, false, block == NULL);
    real.free(block);
}

/* C23; glibc has them from 2.43 on. Before, free does the same. */
EXPORT void free_sized(void *block, size_t bytes)
{
    if (boot_owns(block) || !is_ready()) {
        return;
    }
    count(COUNT_free_sized, false, block == NULL);
    depth++;
    if (real.free_sized != NULL) {
        real.free_sized(block, bytes);
    } else {
        real.free(block);
    }
    depth--;
}

EXPORT void free_aligned_sized(void *block, size_t align, size_t bytes)
{
    if (boot_owns(block) || !is_ready()) {
        return;
    }
    count(COUNT_free_aligned_sized, false, block == NULL);
    depth++;
    if (real.free_aligned_sized != NULL) {
        real.free_aligned_sized(block, align, bytes);
    } else {
        real.free(block);
    }
    depth--;
}

EXPORT size_t malloc_usable_size(void *block)
{
    if (boot_owns(block) || !is_ready()) {
        return block == NULL ? 0 : boot_size(block);
    }
    count(COUNT_malloc_usable_size, false, block == NULL);
    return real.malloc_usable_size(block);
}
