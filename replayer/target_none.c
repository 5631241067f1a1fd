/*
 * The floor: what the driver costs by itself. A zero must do nothing and miss no cache, so it
 * hands out 64 places of one page that is already faulted, in turn. A bump allocator is a bad
 * zero: fresh pages made one 3.7 times slower than glibc (DESIGN.md).
 *
 * Its blocks overlap and are no memory to write to: it is measured, never checked.
 */
#include "target.h"

#include <errno.h>
#include <sys/mman.h>

#define PLACES      64u
#define PLACE_BYTES 64u
#define PAGE_BYTES  (PLACES * PLACE_BYTES)

struct none_target {
    struct fl_allocator base;
    unsigned char *page; /* PAGE_BYTES, mapped and faulted */
    size_t next_place;
};
_Static_assert(offsetof(struct none_target, base) == 0, "the base is the first member");

static int none_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    (void)config;
    void *memory = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        return -errno;
    }
    struct none_target *none = memory;
    none->base = (struct fl_allocator){.ops = &fl_target_none, .alignment = 16};
    none->page = (unsigned char *)memory + PAGE_BYTES;
    *out = &none->base;
    return 0;
}

static void none_destroy(struct fl_allocator *self)
{
    munmap(self, 2 * PAGE_BYTES);
}

static void *none_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    (void)bytes;
    (void)align;
    struct none_target *none = (struct none_target *)self;
    /* As it would be without atomics, and no undefined behaviour where threads share it. */
    const size_t place = __atomic_load_n(&none->next_place, __ATOMIC_RELAXED);
    __atomic_store_n(&none->next_place, place + 1, __ATOMIC_RELAXED);
    return none->page + (place % PLACES) * PLACE_BYTES;
}

static void *none_alloc_zeroed(struct fl_allocator *self, size_t bytes)
{
    return none_alloc(self, bytes, 0);
}

static bool none_free(struct fl_allocator *self, void *block)
{
    (void)self;
    (void)block;
    return true;
}

static void *none_resize(struct fl_allocator *self, void *block, size_t bytes)
{
    (void)self;
    (void)bytes;
    return block;
}

static size_t none_usable_size(const struct fl_allocator *self, const void *block)
{
    (void)self;
    (void)block;
    return PLACE_BYTES;
}

const struct fl_allocator_ops fl_target_none = {
    .name = "none",
    .summary = "nothing: the driver's own cost, subtracted from every other result",
    .create = none_create,
    .destroy = none_destroy,
    .alloc = none_alloc,
    .alloc_zeroed = none_alloc_zeroed,
    .free = none_free,
    .resize = none_resize,
    .usable_size = none_usable_size,
};
