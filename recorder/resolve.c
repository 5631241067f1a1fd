/*
 * The real allocator, found by dlsym(RTLD_NEXT), and what serves before it is known.
 *
 * dlsym and thread storage may allocate while they look for malloc. Calls made then are served
 * from a static buffer by bumping an offset: blocks of it are never reused, a free of one is
 * ignored, a realloc copies it out. Each block has a 16-byte header holding its size. The
 * functions here run on any thread at any time and take no lock, so that a thread which holds
 * the loader's lock and allocates cannot wait for the one that is inside dlsym.
 *
 * Behind it, in the same buffer, are cells: what the loader and libunwind allocate on our
 * behalf later. Those are reused: for each power of two of bytes a stack of free ones (R. K.
 * Treiber, Systems Programming: Coping with Parallelism, 1986), whose head carries a count
 * against the return of a cell between a look and a swap.
 *
 * C libraries lack some of the family (free_sized before glibc 2.43, pvalloc in musl): those
 * are built from the others, with the same effect for the program.
 */
#include "resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define FL_BOOT_ALIGN   16
#define FL_CELL_CLASSES 7
#define FL_CELL_MIN     64u /* bytes of the smallest; the largest are of 4 KiB */

/* In front of every block. */
struct header {
    size_t bytes;               /* asked for */
    _Atomic uint32_t next_free; /* of a free cell, the next one; see cell_of */
    uint32_t class;             /* of a cell */
};
_Static_assert(sizeof(struct header) == FL_BOOT_ALIGN, "a header keeps its block aligned");

char fl_boot_buffer[FL_BOOT_BYTES + FL_CELLS_BYTES] __attribute__((aligned(4096)));
static _Atomic size_t boot_used_bytes;
static _Atomic size_t cells_used_bytes;
static _Atomic uint64_t
    cells_free[FL_CELL_CLASSES]; /* count of changes << 32 | cell, 0: none */

static struct header *header_of(const void *block)
{
    return (struct header *)(uintptr_t)block - 1;
}

static void *boot_take(size_t align, size_t bytes)
{
    if (bytes > FL_BOOT_BYTES || align > FL_BOOT_BYTES / 2)
        goto full;
    if (align < FL_BOOT_ALIGN)
        align = FL_BOOT_ALIGN;
    const size_t room = bytes + align + FL_BOOT_ALIGN + FL_BOOT_ALIGN;
    const size_t start = atomic_fetch_add(&boot_used_bytes, room & ~(size_t)15);
    if (start > FL_BOOT_BYTES || room > FL_BOOT_BYTES - start)
        goto full;
    const size_t payload = (start + FL_BOOT_ALIGN + align - 1) & ~(align - 1);
    char *block = fl_boot_buffer + payload;
    header_of(block)->bytes = bytes;
    return block;
full:
    errno = ENOMEM;
    return NULL;
}

/* ---- cells ---- */

/* A cell by its number: its distance from the start of the buffer in units of the alignment. */
static void *cell_of(uint32_t number)
{
    return fl_boot_buffer + (size_t)number * FL_BOOT_ALIGN;
}

static bool is_cell(const void *block)
{
    return (const char *)block >= fl_boot_buffer + FL_BOOT_BYTES;
}

static void *cell_pop(uint32_t class)
{
    uint64_t head = atomic_load(&cells_free[class]);
    while ((uint32_t)head != 0) {
        void *block = cell_of((uint32_t)head);
        const uint64_t changed = ((head >> 32) + 1) << 32;
        const uint64_t next = changed | atomic_load(&header_of(block)->next_free);
        if (atomic_compare_exchange_weak(&cells_free[class], &head, next))
            return block;
    }
    return NULL;
}

static void cell_push(void *block)
{
    struct header *header = header_of(block);
    const uint32_t number =
        (uint32_t)((size_t)((char *)block - fl_boot_buffer) / FL_BOOT_ALIGN);
    _Atomic uint64_t *free = &cells_free[header->class];
    uint64_t head = atomic_load(free);
    uint64_t next;
    do {
        atomic_store(&header->next_free, (uint32_t)head);
        next = ((head >> 32) + 1) << 32 | number;
    } while (!atomic_compare_exchange_weak(free, &head, next));
}

static void *cell_new(uint32_t class)
{
    const size_t room = sizeof(struct header) + ((size_t)FL_CELL_MIN << class);
    size_t start = atomic_load(&cells_used_bytes);
    do
        if (room > FL_CELLS_BYTES - start)
            return NULL;
    while (!atomic_compare_exchange_weak(&cells_used_bytes, &start, start + room));
    char *block = fl_boot_buffer + FL_BOOT_BYTES + start + sizeof(struct header);
    header_of(block)->class = class;
    return block;
}

void *fl_own_take(size_t bytes)
{
    uint32_t class = 0;
    while (class < FL_CELL_CLASSES && bytes > (size_t)FL_CELL_MIN << class)
        class ++;
    if (class == FL_CELL_CLASSES)
        return NULL;
    void *block = cell_pop(class);
    if (!block)
        block = cell_new(class);
    if (block)
        header_of(block)->bytes = bytes;
    return block;
}

/* ---- any block of the buffer ---- */

size_t fl_boot_usable(const void *block)
{
    return header_of(block)->bytes;
}

void fl_boot_free(void *block)
{
    if (is_cell(block))
        cell_push(block);
}

void *fl_boot_realloc(void *block, size_t bytes)
{
    void *moved = is_cell(block) ? fl_own_take(bytes) : NULL;
    const size_t old_bytes = fl_boot_usable(block);
    if (!moved)
        moved = fl_real.malloc(bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, bytes < old_bytes ? bytes : old_bytes);
    fl_boot_free(block);
    return moved;
}

/* ---- before the real functions are known ---- */

static void *boot_malloc(size_t bytes)
{
    return boot_take(FL_BOOT_ALIGN, bytes);
}

/* The buffer is zero from the start and no part of it is handed out twice. */
static void *boot_calloc(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        total = SIZE_MAX;
    return boot_take(FL_BOOT_ALIGN, total);
}

static void *boot_realloc(void *block, size_t bytes)
{
    return block ? fl_boot_realloc(block, bytes) : boot_malloc(bytes);
}

static void boot_free(void *block)
{
    (void)block;
}

static void *boot_memalign(size_t align, size_t bytes)
{
    return boot_take(align, bytes);
}

static int boot_posix_memalign(void **block, size_t align, size_t bytes)
{
    void *taken = boot_take(align, bytes);
    if (!taken)
        return ENOMEM;
    *block = taken;
    return 0;
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t boot_malloc_usable_size(void *block)
{
    return block ? fl_boot_usable(block) : 0;
}

/* Stand-ins for what a C library may lack; each is right for any set of real functions. */

static void *missing_reallocarray(void *block, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return fl_real.realloc(block, total);
}

static void *missing_memalign(size_t align, size_t bytes)
{
    void *block = NULL;
    const int code = fl_real.posix_memalign(&block, align, bytes);
    if (code != 0)
        errno = code;
    return code == 0 ? block : NULL;
}

static void *missing_valloc(size_t bytes)
{
    return fl_real.memalign(page_bytes(), bytes);
}

static void *missing_pvalloc(size_t bytes)
{
    const size_t page = page_bytes();
    size_t rounded;
    if (__builtin_add_overflow(bytes, page - 1, &rounded)) {
        errno = ENOMEM;
        return NULL;
    }
    return fl_real.memalign(page, rounded & ~(page - 1));
}

static void missing_free_sized(void *block, size_t bytes)
{
    (void)bytes;
    fl_real.free(block);
}

static void missing_free_aligned_sized(void *block, size_t align, size_t bytes)
{
    (void)align;
    (void)bytes;
    fl_real.free(block);
}

struct fl_real fl_real = {
    .malloc = boot_malloc,
    .calloc = boot_calloc,
    .realloc = boot_realloc,
    .reallocarray = missing_reallocarray,
    .free = boot_free,
    .posix_memalign = boot_posix_memalign,
    .aligned_alloc = boot_memalign,
    .memalign = boot_memalign,
    .valloc = missing_valloc,
    .pvalloc = missing_pvalloc,
    .malloc_usable_size = boot_malloc_usable_size,
    .free_sized = missing_free_sized,
    .free_aligned_sized = missing_free_aligned_sized,
};

/* ISO C has no cast from an object pointer to a function pointer; POSIX promises the copy. */
#define FIND(table, name)                                                                      \
    do {                                                                                       \
        void *found = dlsym(RTLD_NEXT, #name);                                                 \
        if (found)                                                                             \
            memcpy(&(table).name, &found, sizeof found);                                       \
    } while (0)

void fl_resolve(void)
{
    struct fl_real table = fl_real;
    table.memalign = missing_memalign;
    table.aligned_alloc = missing_memalign;
#define FIND_MEMBER(type, name, parameters) FIND(table, name);
    FL_REAL_LIST(FIND_MEMBER)
#undef FIND_MEMBER
    fl_real = table;
}

/* dlsym words its failure in the program's language, which before libc has started is none: so
 * what most libraries lack is looked for by our constructor. */
void fl_resolve_rest(void)
{
#define FIND_MEMBER(type, name, parameters) FIND(fl_real, name);
    FL_REAL_REST_LIST(FIND_MEMBER)
#undef FIND_MEMBER
    /* The program must not see that a name was missing. Asked again, libc also frees its
     * text. */
    (void)dlerror();
    (void)dlerror();
}
