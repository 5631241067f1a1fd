/*
 * Sizes on both sides of everything a knob can move: the smallest block, a rest too small to be
 * split off, a page, a chunk, the limit of big blocks, the whole reservation.
 */
#include "exercise.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define SLOTS 16u

struct heap {
    const struct fl_allocator_ops *ops;
    struct fl_allocator *self;
    unsigned char *blocks[SLOTS]; /* NULL: none */
    size_t bytes[SLOTS];
};

static const size_t sizes[] = {0, 1, 24, 100, 4000, 4096, 70000, 24, 1 << 20, 3, 600, 300000};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])
_Static_assert(SIZE_COUNT <= SLOTS, "each size has a slot");

static void heap_check(const struct heap *heap)
{
    struct fl_check_report report = {.invariant = ""};
    if (!heap->ops->check(heap->self, FL_CHECK_FULL, &report)) {
        fprintf(stderr, "%s %s (offset %llu)\n", report.invariant, report.message,
                (unsigned long long)report.offset);
        must(false, "the heap is sound");
    }
}

/* The byte a slot's block is filled with. */
static unsigned char filler(size_t slot)
{
    return (unsigned char)(0x80 + slot);
}

static void block_verify(const struct heap *heap, size_t slot, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        must(heap->blocks[slot][i] == filler(slot), "contents stay");
    }
}

/* A block was taken, or refused: a small heap may be full. */
static void block_set(struct heap *heap, size_t slot, void *block, size_t bytes)
{
    if (block != NULL) {
        must(heap->ops->contains(heap->self, block, bytes), "a block is memory of the heap");
        must(heap->ops->usable_size(heap->self, block) >= bytes, "a block is large enough");
        memset(block, filler(slot), bytes);
        heap->blocks[slot] = block;
        heap->bytes[slot] = bytes;
    }
    heap_check(heap);
}

static void blocks_take(struct heap *heap)
{
    for (size_t slot = 0; slot < SIZE_COUNT; slot++) {
        const size_t align = slot % 3 == 2 ? (size_t)1 << slot : 0;
        void *block = slot % 3 == 1 ? heap->ops->alloc_zeroed(heap->self, sizes[slot])
                                    : heap->ops->alloc(heap->self, sizes[slot], align);
        must(align == 0 || (uintptr_t)block % align == 0, "a block is aligned as asked");
        block_set(heap, slot, block, sizes[slot]);
    }
}

static void blocks_resize(struct heap *heap)
{
    for (size_t slot = 0; slot < SIZE_COUNT; slot++) {
        if (heap->blocks[slot] == NULL) {
            continue;
        }
        const size_t wanted = sizes[(slot + 5) % SIZE_COUNT];
        const size_t kept = wanted < heap->bytes[slot] ? wanted : heap->bytes[slot];
        unsigned char *block = heap->ops->resize(heap->self, heap->blocks[slot], wanted);
        if (block != NULL) {
            heap->blocks[slot] = block;
            block_verify(heap, slot, kept);
        }
        block_set(heap, slot, block, wanted);
    }
}

/* Every second block, then those left. */
static void blocks_free(struct heap *heap)
{
    for (size_t i = 0; i < 2 * SIZE_COUNT; i += 2) {
        const size_t slot = i < SIZE_COUNT ? i : i + 1 - SIZE_COUNT - SIZE_COUNT % 2;
        if (slot < SIZE_COUNT && heap->blocks[slot] != NULL) {
            block_verify(heap, slot, heap->bytes[slot]);
            must(heap->ops->free(heap->self, heap->blocks[slot]), "a live block is given back");
            heap->blocks[slot] = NULL;
            heap_check(heap);
        }
    }
}

void exercise(const struct fl_allocator_ops *ops, const struct fl_allocator_config *config,
              size_t reserve_bytes)
{
    struct heap heap = {.ops = ops};
    struct fl_allocator_config limited = *config;
    struct fl_alloc_stats stats;
    limited.reserve_bytes = reserve_bytes;
    const int failed = ops->create(&limited, &heap.self);
    must(failed == 0 || failed == -EINVAL, "knobs that are accepted make a heap");
    if (failed != 0) {
        return;
    }
    heap_check(&heap);
    blocks_take(&heap);
    blocks_resize(&heap);
    blocks_free(&heap);
    ops->stats(heap.self, &stats);
    must(stats.live_blocks == 0 && stats.live_payload == 0, "nothing is left");
    ops->destroy(heap.self);
}
