/*
 * The malloc family by name, and calls of it to the seam: what the logs of tools have in common
 * that print calls as C writes them.
 *
 * The operators of C++ are what libstdc++ makes of them: new is malloc, new of an alignment is
 * aligned_alloc, and each delete is free. Mangled names are those of 64 bits and of 32.
 *
 * Processes in one file have the same addresses for different objects, so the number of a
 * process' address space goes into the 16 highest bits, which the addresses of programs leave
 * at zero. After 65,536 processes a number comes round: whatever the old process left at an
 * address is then taken for freed unseen.
 */
#include "family.h"

#define SPACE_SHIFT      48u
#define PAGE_LOG2        12u /* no tool says how large a page was */

#define GROUP_BITS       5u
#define GROUP_FACTOR     UINT32_C(0x5BD1E995) /* MurmurHash2's: no two of the prefixes meet */
#define GROUP_OF(prefix) ((uint32_t)((prefix)*GROUP_FACTOR) >> (32 - GROUP_BITS))

/* The first four bytes of a name, as fl_load32 gives them. */
#define PREFIX(a, b, c, d)                                                                     \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* The functions whose names begin so. */
struct group {
    uint32_t prefix;
    uint32_t count;
    const struct fl_family *functions; /* the most frequent one first */
};

/*
 * All functions, at places that the beginnings of their names are hashed to: a log may be of
 * all that a program calls, and most of that is told from the family by its beginning. Two
 * beginnings at one place would not compile (-Woverride-init).
 */
static const struct group groups[1u << GROUP_BITS] = {
#define FUNCTION(name, form, kind, count)                                                      \
    {                                                                                          \
        name, sizeof(name) - 1, FL_FAMILY_##form, FL_CALL_##kind, count                        \
    }
#define GROUP(a, b, c, d, ...)                                                                 \
    [GROUP_OF(PREFIX(a, b, c, d))] = {PREFIX(a, b, c, d),                                      \
                                      sizeof((const struct fl_family[]){__VA_ARGS__}) /        \
                                          sizeof(struct fl_family),                            \
                                      (const struct fl_family[]){__VA_ARGS__}}
    GROUP('m', 'a', 'l', 'l', FUNCTION("malloc", ALLOC, MALLOC, 1),
          FUNCTION("malloc_usable_size", USABLE, USABLE_SIZE, 1)),
    GROUP('f', 'r', 'e', 'e', FUNCTION("free", FREE, FREE, 1),
          FUNCTION("free_sized", FREE_SIZED, FREE_SIZED, 2),
          FUNCTION("free_aligned_sized", FREE_ALIGNED, FREE_ALIGNED_SIZED, 3)),
    GROUP('r', 'e', 'a', 'l', FUNCTION("realloc", REALLOC, REALLOC, 2),
          FUNCTION("reallocarray", REALLOCARRAY, REALLOCARRAY, 3)),
    GROUP('c', 'a', 'l', 'l', FUNCTION("calloc", CALLOC, CALLOC, 2)),
    GROUP('_', 'Z', 'n', 'w', FUNCTION("_Znwm", ALLOC, MALLOC, 1),
          FUNCTION("_ZnwmRKSt9nothrow_t", ALLOC, MALLOC, 1),
          FUNCTION("_ZnwmSt11align_val_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_ZnwmSt11align_val_tRKSt9nothrow_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_Znwj", ALLOC, MALLOC, 1),
          FUNCTION("_ZnwjRKSt9nothrow_t", ALLOC, MALLOC, 1),
          FUNCTION("_ZnwjSt11align_val_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_ZnwjSt11align_val_tRKSt9nothrow_t", NEW_ALIGNED, ALIGNED_ALLOC, 2)),
    GROUP('_', 'Z', 'd', 'l', FUNCTION("_ZdlPv", FREE, FREE, 1),
          FUNCTION("_ZdlPvm", FREE, FREE, 1), FUNCTION("_ZdlPvj", FREE, FREE, 1),
          FUNCTION("_ZdlPvRKSt9nothrow_t", FREE, FREE, 1),
          FUNCTION("_ZdlPvSt11align_val_t", FREE, FREE, 1),
          FUNCTION("_ZdlPvSt11align_val_tRKSt9nothrow_t", FREE, FREE, 1),
          FUNCTION("_ZdlPvmSt11align_val_t", FREE, FREE, 1),
          FUNCTION("_ZdlPvjSt11align_val_t", FREE, FREE, 1)),
    GROUP('_', 'Z', 'n', 'a', FUNCTION("_Znam", ALLOC, MALLOC, 1),
          FUNCTION("_ZnamRKSt9nothrow_t", ALLOC, MALLOC, 1),
          FUNCTION("_ZnamSt11align_val_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_ZnamSt11align_val_tRKSt9nothrow_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_Znaj", ALLOC, MALLOC, 1),
          FUNCTION("_ZnajRKSt9nothrow_t", ALLOC, MALLOC, 1),
          FUNCTION("_ZnajSt11align_val_t", NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("_ZnajSt11align_val_tRKSt9nothrow_t", NEW_ALIGNED, ALIGNED_ALLOC, 2)),
    GROUP('_', 'Z', 'd', 'a', FUNCTION("_ZdaPv", FREE, FREE, 1),
          FUNCTION("_ZdaPvm", FREE, FREE, 1), FUNCTION("_ZdaPvj", FREE, FREE, 1),
          FUNCTION("_ZdaPvRKSt9nothrow_t", FREE, FREE, 1),
          FUNCTION("_ZdaPvSt11align_val_t", FREE, FREE, 1),
          FUNCTION("_ZdaPvSt11align_val_tRKSt9nothrow_t", FREE, FREE, 1),
          FUNCTION("_ZdaPvmSt11align_val_t", FREE, FREE, 1),
          FUNCTION("_ZdaPvjSt11align_val_t", FREE, FREE, 1)),
    GROUP('m', 'e', 'm', 'a', FUNCTION("memalign", ALIGNED, MEMALIGN, 2)),
    GROUP('p', 'o', 's', 'i', FUNCTION("posix_memalign", POSIX, POSIX_MEMALIGN, 3)),
    GROUP('a', 'l', 'i', 'g', FUNCTION("aligned_alloc", ALIGNED, ALIGNED_ALLOC, 2)),
    GROUP('v', 'a', 'l', 'l', FUNCTION("valloc", PAGES, VALLOC, 1)),
    GROUP('p', 'v', 'a', 'l', FUNCTION("pvalloc", PAGES, PVALLOC, 1)),
    GROUP('c', 'f', 'r', 'e', FUNCTION("cfree", FREE, FREE, 1)),
    GROUP('o', 'p', 'e', 'r', FUNCTION("operator new(unsigned long)", ALLOC, MALLOC, 1),
          FUNCTION("operator new[](unsigned long)", ALLOC, MALLOC, 1),
          FUNCTION("operator new(unsigned long, std::nothrow_t const&)", ALLOC, MALLOC, 1),
          FUNCTION("operator new[](unsigned long, std::nothrow_t const&)", ALLOC, MALLOC, 1),
          FUNCTION("operator new(unsigned long, std::align_val_t)", NEW_ALIGNED, ALIGNED_ALLOC,
                   2),
          FUNCTION("operator new[](unsigned long, std::align_val_t)", NEW_ALIGNED,
                   ALIGNED_ALLOC, 2),
          FUNCTION("operator new(unsigned long, std::align_val_t, std::nothrow_t const&)",
                   NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("operator new[](unsigned long, std::align_val_t, std::nothrow_t const&)",
                   NEW_ALIGNED, ALIGNED_ALLOC, 2),
          FUNCTION("operator delete(void*)", FREE, FREE, 1),
          FUNCTION("operator delete[](void*)", FREE, FREE, 1),
          FUNCTION("operator delete(void*, unsigned long)", FREE, FREE, 1),
          FUNCTION("operator delete[](void*, unsigned long)", FREE, FREE, 1),
          FUNCTION("operator delete(void*, std::nothrow_t const&)", FREE, FREE, 1),
          FUNCTION("operator delete[](void*, std::nothrow_t const&)", FREE, FREE, 1),
          FUNCTION("operator delete(void*, std::align_val_t)", FREE, FREE, 1),
          FUNCTION("operator delete[](void*, std::align_val_t)", FREE, FREE, 1),
          FUNCTION("operator delete(void*, unsigned long, std::align_val_t)", FREE, FREE, 1),
          FUNCTION("operator delete[](void*, unsigned long, std::align_val_t)", FREE, FREE, 1)),
#undef FUNCTION
#undef GROUP
};

/* Short ones in one comparison. */
static inline bool name_is_at(const struct fl_family *function, const uint8_t *at)
{
    if (function->bytes > 8) {
        return memcmp(at, function->name, function->bytes) == 0;
    }
    const uint64_t others = fl_load64(at) ^ fl_load64((const uint8_t *)function->name);
    return others << 8 * (8 - function->bytes) == 0;
}

const struct fl_family *fl_family_find(const uint8_t *at, const uint8_t *end,
                                       const char behind[2])
{
    const size_t left = (size_t)(end - at);
    const uint8_t one = (uint8_t)behind[0], other = (uint8_t)behind[1];
    const uint32_t prefix = fl_load32(at);
    const struct group *group = &groups[GROUP_OF(prefix)];
    if (group->prefix != prefix) {
        return NULL;
    }
    for (size_t i = 0; i < group->count; i++) {
        const struct fl_family *function = &group->functions[i];
        if (function->bytes < left &&
            (at[function->bytes] == one || at[function->bytes] == other) &&
            name_is_at(function, at)) {
            return function;
        }
    }
    return NULL;
}

/* Where a form has what it asks for: places of arguments. */
#define NOWHERE 0xFFu

static const struct shape {
    uint8_t size, factor; /* the size is their product */
    uint8_t alignment;
} shapes[] = {
    [FL_FAMILY_ALLOC] = {0, NOWHERE, NOWHERE},
    [FL_FAMILY_CALLOC] = {1, 0, NOWHERE},
    [FL_FAMILY_ALIGNED] = {1, NOWHERE, 0},
    [FL_FAMILY_NEW_ALIGNED] = {0, NOWHERE, 1},
    [FL_FAMILY_POSIX] = {2, NOWHERE, 1},
    [FL_FAMILY_PAGES] = {0, NOWHERE, NOWHERE},
    [FL_FAMILY_REALLOC] = {1, NOWHERE, NOWHERE},
    [FL_FAMILY_REALLOCARRAY] = {2, 1, NOWHERE},
    [FL_FAMILY_FREE] = {NOWHERE, NOWHERE, NOWHERE},
    [FL_FAMILY_FREE_SIZED] = {1, NOWHERE, NOWHERE},
    [FL_FAMILY_FREE_ALIGNED] = {2, NOWHERE, NOWHERE},
    [FL_FAMILY_USABLE] = {NOWHERE, NOWHERE, NOWHERE},
};

bool fl_family_size(const struct fl_family_call *call, uint64_t *bytes)
{
    const struct shape shape = shapes[call->function->form];
    *bytes = shape.size == NOWHERE ? 0 : call->arguments[shape.size];
    if (shape.factor == NOWHERE ||
        !__builtin_mul_overflow(*bytes, call->arguments[shape.factor], bytes)) {
        return true;
    }
    *bytes = UINT64_MAX;
    return false;
}

static inline uint64_t alignment_of(const struct fl_family_call *call)
{
    const uint8_t alignment = shapes[call->function->form].alignment;
    if (alignment != NOWHERE) {
        return call->arguments[alignment];
    }
    return call->function->form == FL_FAMILY_PAGES ? UINT64_C(1) << PAGE_LOG2 : 0;
}

static inline uint64_t address_in(uint32_t space, uint64_t address)
{
    return address == 0 ? 0 : address ^ (uint64_t)space << SPACE_SHIFT;
}

/* posix_memalign returns an error number, and its block elsewhere. */
static void posix_report(struct fl_import *import, const struct fl_family_call *call,
                         uint32_t space, uint64_t result, uint8_t align_log2)
{
    if (result == 0 && !call->is_block_shown) {
        fl_import_lost(import, 1);
        return;
    }
    const uint64_t block = result == 0 ? address_in(space, call->arguments[0]) : 0;
    fl_import_alloc(import, FL_CALL_POSIX_MEMALIGN, block, call->arguments[2], align_log2);
}

const char *fl_family_wrong(const struct fl_family_call *call, uint64_t result)
{
    uint64_t bytes;
    if (!fl_family_size(call, &bytes) && result != 0) {
        return "a call for more than 2^64 bytes succeeded";
    }
    return alignment_of(call) > UINT64_C(1) << 63 ? "an alignment above 2^63" : NULL;
}

void fl_family_report(struct fl_import *import, const struct fl_family_call *call,
                      uint32_t space, uint64_t result)
{
    const enum fl_kind kind = call->function->kind;
    const uint64_t alignment = alignment_of(call);
    uint64_t bytes;
    (void)fl_family_size(call, &bytes);
    switch (call->function->form) {
    case FL_FAMILY_ALLOC:
    case FL_FAMILY_CALLOC:
    case FL_FAMILY_ALIGNED:
    case FL_FAMILY_NEW_ALIGNED:
    case FL_FAMILY_PAGES:
        fl_import_alloc(import, kind, address_in(space, result), bytes,
                        fl_import_align(alignment));
        break;
    case FL_FAMILY_POSIX:
        posix_report(import, call, space, result, fl_import_align(alignment));
        break;
    case FL_FAMILY_REALLOC:
    case FL_FAMILY_REALLOCARRAY:
        fl_import_realloc(import, kind, address_in(space, call->arguments[0]),
                          address_in(space, result), bytes);
        break;
    case FL_FAMILY_FREE:
    case FL_FAMILY_FREE_SIZED:
    case FL_FAMILY_FREE_ALIGNED:
        fl_import_free(import, kind, address_in(space, call->arguments[0]), bytes);
        break;
    case FL_FAMILY_USABLE:
        fl_import_usable(import, address_in(space, call->arguments[0]), result);
        break;
    }
}
