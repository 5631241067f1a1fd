/*
 * flreplay with one allocator more: `wrong`, which is right until request number `after` and
 * then makes the mistake of its knob `mode`. It is a bump allocator that never reuses memory,
 * so every mistake is its own and none follows from another.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flreplay.h"

#define REGION_BYTES ((size_t)8 << 30)
#define GRAIN_BYTES  16u

enum mode {
    MODE_NONE,
    MODE_OVERLAP,
    MODE_MISALIGNED,
    MODE_LOST_TAIL,
    MODE_DIRTY_CALLOC,
    MODE_SMALL_USABLE,
    MODE_SCRIBBLE,
    MODE_INVARIANT,
    MODE_CRASH,
    MODE_EXIT,
    MODE_REFUSE,
    MODE_OUTSIDE,
    MODE_KEEP,
    MODE_HANG,
};

static const struct fl_knob knobs[] = {
    {.name = "mode",
     .help = "the mistake",
     .type = FL_KNOB_CHOICE,
     .choices = "none|overlap|misaligned|lost-tail|dirty-calloc|small-usable|scribble|"
                "invariant|crash|exit|refuse|outside|keep|hang"},
    {.name = "after",
     .help = "requests before the mistake",
     .type = FL_KNOB_BYTES,
     .default_value = 1000,
     .maximum = UINT64_MAX},
};

struct wrong {
    struct fl_allocator base;
    unsigned char *region;
    uint64_t *size_of; /* by grain of the region */
    size_t used_bytes;
    size_t held_bytes; /* end of the last block, as the allocator tells it */
    uint64_t requests, after;
    enum mode mode;
};

static void *reserve(size_t bytes)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static const struct fl_allocator_ops wrong_ops;

static int wrong_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    struct wrong *wrong = reserve(sizeof *wrong);
    unsigned char *region = reserve(REGION_BYTES);
    uint64_t *size_of = reserve(REGION_BYTES / GRAIN_BYTES * sizeof *size_of);
    if (wrong == MAP_FAILED || (void *)region == MAP_FAILED || (void *)size_of == MAP_FAILED) {
        return -ENOMEM;
    }
    *wrong = (struct wrong){
        .base = {.ops = &wrong_ops, .alignment = 16},
        .region = region,
        .size_of = size_of,
        .mode = (enum mode)config->values[0],
        .after = config->values[1],
    };
    *out = &wrong->base;
    return 0;
}

/* The process ends after it. */
static void wrong_destroy(struct fl_allocator *self)
{
    (void)self;
}

static bool is_wrong_now(const struct wrong *wrong, enum mode mode)
{
    return wrong->mode == mode && wrong->requests > wrong->after;
}

static void *wrong_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    struct wrong *wrong = (struct wrong *)self;
    const size_t step = align > GRAIN_BYTES ? align : GRAIN_BYTES;
    wrong->requests++;
    if (is_wrong_now(wrong, MODE_CRASH)) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would make it an exit */
        raise(SIGSEGV);
    }
    while (is_wrong_now(wrong, MODE_HANG)) {
        usleep(1000);
    }
    if (is_wrong_now(wrong, MODE_EXIT)) {
        _exit(9);
    }
    if (is_wrong_now(wrong, MODE_REFUSE)) {
        return NULL;
    }
    size_t at = (wrong->used_bytes + step - 1) / step * step;
    const bool overlaps = is_wrong_now(wrong, MODE_OVERLAP) && bytes % GRAIN_BYTES == 1;
    wrong->used_bytes = at + bytes + (overlaps ? (size_t)0 - 1 : bytes == 0);
    at += is_wrong_now(wrong, MODE_MISALIGNED) ? 8 : 0;
    wrong->used_bytes += is_wrong_now(wrong, MODE_MISALIGNED) ? 8 : 0;
    wrong->held_bytes = at + bytes - (is_wrong_now(wrong, MODE_OUTSIDE) && bytes > 0);
    wrong->size_of[at / GRAIN_BYTES] = bytes;
    if (is_wrong_now(wrong, MODE_SCRIBBLE) && at >= 2 * (size_t)GRAIN_BYTES) {
        memset(wrong->region, 0x55, at);
    }
    return wrong->region + at;
}

static void *wrong_alloc_zeroed(struct fl_allocator *self, size_t bytes)
{
    struct wrong *wrong = (struct wrong *)self;
    unsigned char *block = wrong_alloc(self, bytes, 0);
    if (is_wrong_now(wrong, MODE_DIRTY_CALLOC) && bytes > 0) {
        block[bytes - 1] = 1;
    }
    return block;
}

static bool wrong_free(struct fl_allocator *self, void *block)
{
    (void)block;
    return !is_wrong_now((const struct wrong *)self, MODE_KEEP);
}

static size_t wrong_size(const struct wrong *wrong, const void *block)
{
    return wrong->size_of[(size_t)((const unsigned char *)block - wrong->region) / GRAIN_BYTES];
}

static void *wrong_resize(struct fl_allocator *self, void *block, size_t bytes)
{
    struct wrong *wrong = (struct wrong *)self;
    size_t kept = wrong_size(wrong, block) < bytes ? wrong_size(wrong, block) : bytes;
    unsigned char *moved = wrong_alloc(self, bytes, 0);
    if (moved == NULL) {
        return NULL;
    }
    if (is_wrong_now(wrong, MODE_LOST_TAIL) && kept > 0) {
        kept--;
    }
    memcpy(moved, block, kept);
    return moved;
}

static size_t wrong_usable_size(const struct fl_allocator *self, const void *block)
{
    const struct wrong *wrong = (const struct wrong *)self;
    const size_t bytes = wrong_size(wrong, block);
    return is_wrong_now(wrong, MODE_SMALL_USABLE) && bytes > 0 ? bytes - 1 : bytes;
}

static bool wrong_check(const struct fl_allocator *self, enum fl_check_depth depth,
                        struct fl_check_report *out)
{
    (void)depth;
    const struct wrong *wrong = (const struct wrong *)self;
    if (!is_wrong_now(wrong, MODE_INVARIANT)) {
        return true;
    }
    *out = (struct fl_check_report){.invariant = "A1", .message = "sizes do not add up"};
    return false;
}

static bool wrong_contains(const struct fl_allocator *self, const void *block, size_t bytes)
{
    const struct wrong *wrong = (const struct wrong *)self;
    const size_t at = (size_t)((const unsigned char *)block - wrong->region);
    return at <= wrong->held_bytes && bytes <= wrong->held_bytes - at;
}

static const struct fl_allocator_ops wrong_ops = {
    .name = "wrong",
    .summary = "right until request number `after`, then not",
    .knobs = knobs,
    .knob_count = sizeof knobs / sizeof knobs[0],
    .create = wrong_create,
    .destroy = wrong_destroy,
    .alloc = wrong_alloc,
    .alloc_zeroed = wrong_alloc_zeroed,
    .free = wrong_free,
    .resize = wrong_resize,
    .usable_size = wrong_usable_size,
    .check = wrong_check,
    .contains = wrong_contains,
};

int main(int argc, char **argv)
{
    static const struct fl_allocator_ops *const extra[] = {&wrong_ops};
    const struct fl_catalog catalog = {extra, 1};
    return fl_replay_main(argc, argv, &catalog);
}
