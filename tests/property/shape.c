/*
 * The walk first: blocks of the region without a gap, then big ones with rising offsets. Then
 * the index: the blocks of each index by name, which sorted by offset must be exactly the free
 * blocks of the walk. O(n log n).
 */
#include "shape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct index_list {
    struct fl_index_view *views;
    size_t count, room;
};

static void hash_add(uint64_t *hash, uint64_t value)
{
    *hash = (*hash ^ value) * 0x100000001b3U;
    *hash ^= *hash >> 29;
}

/* Room for one more of `each_bytes`; a test that has no memory ends. */
static void *grown(void *items, size_t count, size_t *room, size_t each_bytes)
{
    if (count < *room)
        return items;
    *room = *room == 0 ? 256 : 2 * *room;
    void *larger = realloc(items, *room * each_bytes);
    if (larger == NULL)
        abort();
    return larger;
}

static bool shape_add(const struct fl_block_view *block, void *user)
{
    struct shape *shape = user;
    shape->blocks = grown(shape->blocks, shape->count, &shape->room, sizeof *block);
    shape->blocks[shape->count++] = *block;
    hash_add(&shape->hash, block->offset);
    hash_add(&shape->hash, block->block_bytes);
    hash_add(&shape->hash, block->payload_bytes << 2 | (block->is_used ? 2U : 0U) |
                               (block->is_big ? 1U : 0U));
    return true;
}

static const char *walk_fault(struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct fl_block_view *block = &shape->blocks[i];
        const struct fl_block_view *before = i > 0 ? block - 1 : NULL;
        if (block->block_bytes == 0 || block->payload_bytes > block->block_bytes)
            return "the walk shows a block that is smaller than its payload";
        if (!block->is_used && (block->payload_bytes != 0 || block->is_big))
            return "the walk shows a free block with a payload";
        if (before != NULL && before->is_big && !block->is_big)
            return "the walk returns from big blocks to the region";
        if (before == NULL || before->is_big != block->is_big)
            continue;
        const uint64_t end = before->offset + before->block_bytes;
        if (block->is_big ? block->offset < end : block->offset != end)
            return "the walk has a gap or goes back";
    }
    shape->in_region = 0;
    while (shape->in_region < shape->count && !shape->blocks[shape->in_region].is_big)
        shape->in_region++;
    return NULL;
}

/* ---- the index ---- */

static bool index_add(const struct fl_index_view *view, void *user)
{
    struct index_list *list = user;
    list->views = grown(list->views, list->count, &list->room, sizeof *view);
    list->views[list->count++] = *view;
    return true;
}

/* Could this one follow that one in a tree or list written from the root? */
static bool index_place_fits(const struct fl_index_view *before,
                             const struct fl_index_view *view)
{
    const bool is_first = before == NULL;
    switch (view->place) {
    case FL_INDEX_NEXT:
        return is_first || before->place == FL_INDEX_NEXT;
    case FL_INDEX_ROOT:
        return is_first && view->depth == 0;
    case FL_INDEX_LEFT:
    case FL_INDEX_RIGHT:
        return !is_first && view->depth >= 1 && view->depth <= before->depth + 1;
    case FL_INDEX_SMALL:
        return view->depth == 0 && (is_first || before->block_bytes != view->block_bytes);
    case FL_INDEX_EQUAL:
        return !is_first && view->depth == before->depth &&
               view->block_bytes == before->block_bytes;
    }
    return false;
}

static int by_offset(const void *left, const void *right)
{
    const uint64_t one = ((const struct fl_index_view *)left)->offset;
    const uint64_t other = ((const struct fl_index_view *)right)->offset;
    return one < other ? -1 : one > other;
}

/* views[0 .. count) are those of one index. */
static const char *index_fault(struct fl_index_view *views, size_t count,
                               const struct shape *shape)
{
    for (size_t i = 0; i < count; i++)
        if (!index_place_fits(i > 0 ? &views[i - 1] : NULL, &views[i]))
            return "the index shows a block at a place that cannot be";
    qsort(views, count, sizeof *views, by_offset);
    size_t next = 0;
    for (size_t i = 0; i < shape->in_region; i++) {
        if (shape->blocks[i].is_used)
            continue;
        if (next == count || views[next].offset != shape->blocks[i].offset)
            return "a free block of the walk is not in the index, or twice";
        if (views[next++].block_bytes != shape->blocks[i].block_bytes)
            return "walk and index disagree about the size of a block";
    }
    return next == count ? NULL : "the index holds what the walk does not";
}

static bool heap_has_free(const struct shape *shape)
{
    for (size_t i = 0; i < shape->in_region; i++)
        if (!shape->blocks[i].is_used)
            return true;
    return false;
}

static const char *indexes_fault(struct index_list *list, struct shape *shape)
{
    if (list->count == 0)
        return heap_has_free(shape) ? "no index shows the free blocks" : NULL;
    for (size_t from = 0; from < list->count;) {
        size_t end = from;
        for (;
             end < list->count && strcmp(list->views[end].index, list->views[from].index) == 0;
             end++) {
            hash_add(&shape->hash, list->views[end].offset);
            hash_add(&shape->hash,
                     (uint64_t)list->views[end].place << 32 | list->views[end].depth);
        }
        const char *fault = index_fault(list->views + from, end - from, shape);
        if (fault != NULL)
            return fault;
        from = end;
    }
    return NULL;
}

const char *shape_take(struct shape *shape, const struct fl_allocator *heap)
{
    shape->count = 0;
    shape->hash = 0;
    heap->ops->walk(heap, shape_add, shape);
    const char *fault = walk_fault(shape);
    if (fault != NULL)
        return fault;
    struct index_list list = {0};
    heap->ops->index(heap, index_add, &list);
    fault = indexes_fault(&list, shape);
    free(list.views);
    return fault;
}

const struct fl_block_view *shape_at(const struct shape *shape, uint64_t offset)
{
    size_t low = 0, high = shape->in_region;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct fl_block_view *block = &shape->blocks[middle];
        if (offset < block->offset)
            high = middle;
        else if (offset >= block->offset + block->block_bytes)
            low = middle + 1;
        else
            return block;
    }
    return NULL;
}

void shape_release(struct shape *shape)
{
    free(shape->blocks);
    *shape = (struct shape){0};
}
