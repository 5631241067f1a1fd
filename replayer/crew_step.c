/*
 * What a member does with one step. Overlap is found by contents: two blocks that share bytes
 * cannot both keep their patterns, which differ by object, whichever threads have them; a table
 * of all blocks would be one more thing that threads wait for each other at. Of blocks above
 * FL_TOUCH_WHOLE_BYTES the edges are written and read.
 */
#include "crew_step.h"

#include <string.h>

#include <fl/trace.h>

#include "call.h"
#include "pattern.h"
#include "plan.h"

static void finding_begin(struct fl_finding *finding, enum fl_finding_kind kind,
                          const struct fl_crew_entry *entry, const struct fl_crew_cell *cell)
{
    *finding = (struct fl_finding){.kind = kind,
                                   .call = entry == NULL ? (uint32_t)FL_CALL_FREE : entry->call,
                                   .serial = cell->seed,
                                   .address = (uint64_t)(uintptr_t)cell->block,
                                   .size_bytes = cell->size_bytes};
}

/* ---- contents ---- */

static void cell_fill(const struct fl_crew_cell *cell, uint64_t from)
{
    const uint64_t to = cell->size_bytes;
    if (to <= FL_TOUCH_WHOLE_BYTES) {
        fl_pattern_fill(cell->block, (size_t)from, (size_t)to, cell->seed);
        return;
    }
    if (from < FL_TOUCH_EDGE_BYTES) {
        fl_pattern_fill(cell->block, (size_t)from, FL_TOUCH_EDGE_BYTES, cell->seed);
    }
    fl_pattern_fill(cell->block, (size_t)(to - FL_TOUCH_EDGE_BYTES), (size_t)to, cell->seed);
}

/* First byte below `to` that is not as written, or FL_PATTERN_INTACT; of a large block its
 * beginning. */
static size_t cell_verify(const struct fl_crew_cell *cell, uint64_t to)
{
    const bool is_whole = cell->size_bytes <= FL_TOUCH_WHOLE_BYTES;
    const uint64_t end = is_whole || to < FL_TOUCH_EDGE_BYTES ? to : FL_TOUCH_EDGE_BYTES;
    return fl_pattern_verify(cell->block, 0, (size_t)end, cell->seed);
}

static bool contents_are_kept(const struct fl_crew_entry *entry,
                              const struct fl_crew_cell *cell, uint64_t to,
                              enum fl_finding_kind kind, struct fl_finding *finding)
{
    const size_t at = cell_verify(cell, to);
    if (at == FL_PATTERN_INTACT) {
        return true;
    }
    finding_begin(finding, kind, entry, cell);
    finding->at_byte = at;
    finding->expected = fl_pattern_byte(cell->seed, at);
    finding->found = ((const unsigned char *)cell->block)[at];
    return false;
}

bool fl_crew_cell_check(const struct fl_crew_cell *cell, struct fl_finding *finding)
{
    return cell->block == NULL ||
           contents_are_kept(NULL, cell, cell->size_bytes, FL_FINDING_CONTENTS, finding);
}

/* ---- calls ---- */

static size_t alignment_of(const struct fl_allocator *self, const struct fl_crew_entry *entry)
{
    if (entry->action == FL_DO_ALIGNED) {
        return (size_t)1 << entry->align_log2;
    }
    const size_t own = self->alignment;
    return own == 16 && entry->size_bytes < 16 ? 8 : own;
}

static void *allocate(struct fl_allocator *self, const struct fl_crew_entry *entry)
{
    const size_t bytes = (size_t)entry->size_bytes;
    if (entry->action == FL_DO_ZEROED && self->ops->alloc_zeroed != NULL) {
        return self->ops->alloc_zeroed(self, bytes);
    }
    void *block = self->ops->alloc(
        self, bytes, entry->action == FL_DO_ALIGNED ? (size_t)1 << entry->align_log2 : 0);
    if (block != NULL && entry->action == FL_DO_ZEROED) {
        memset(block, 0, bytes);
    }
    return block;
}

static bool is_placed_well(const struct fl_allocator *self, const struct fl_crew_entry *entry,
                           const struct fl_crew_cell *cell, struct fl_finding *finding)
{
    const size_t alignment = alignment_of(self, entry);
    if ((uintptr_t)cell->block % alignment == 0) {
        return true;
    }
    finding_begin(finding, FL_FINDING_MISALIGNED, entry, cell);
    finding->expected = alignment;
    return false;
}

static bool is_zeroed(const struct fl_crew_entry *entry, const struct fl_crew_cell *cell,
                      struct fl_finding *finding)
{
    const uint64_t bytes =
        cell->size_bytes <= FL_TOUCH_WHOLE_BYTES ? cell->size_bytes : FL_TOUCH_EDGE_BYTES;
    const size_t at = fl_pattern_verify_zero(cell->block, 0, (size_t)bytes);
    if (at == FL_PATTERN_INTACT) {
        return true;
    }
    finding_begin(finding, FL_FINDING_NOT_ZEROED, entry, cell);
    finding->at_byte = at;
    finding->found = ((const unsigned char *)cell->block)[at];
    return false;
}

static bool allocation_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                             struct fl_crew_cell *cell, uint64_t *refused,
                             struct fl_finding *finding)
{
    cell->block = allocate(self, entry);
    cell->size_bytes = entry->size_bytes;
    cell->seed = entry->serial;
    if (cell->block == NULL) {
        (*refused)++;
        return true;
    }
    if (!is_placed_well(self, entry, cell, finding) ||
        (entry->action == FL_DO_ZEROED && !is_zeroed(entry, cell, finding))) {
        return false;
    }
    cell_fill(cell, 0);
    return true;
}

static bool resize_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                         struct fl_crew_cell *cell, uint64_t *refused,
                         struct fl_finding *finding)
{
    if (cell->block == NULL) {
        return allocation_check(self, entry, cell, refused, finding);
    }
    const uint64_t old_bytes = cell->size_bytes;
    const uint64_t kept = old_bytes < entry->size_bytes ? old_bytes : entry->size_bytes;
    if (!contents_are_kept(entry, cell, old_bytes, FL_FINDING_CONTENTS, finding)) {
        return false;
    }
    void *moved = self->ops->resize(self, cell->block, (size_t)entry->size_bytes);
    if (moved == NULL) {
        (*refused)++;
        return true;
    }
    cell->block = moved;
    cell->size_bytes = entry->size_bytes;
    if (!is_placed_well(self, entry, cell, finding) ||
        !contents_are_kept(entry, cell, kept, FL_FINDING_PREFIX_LOST, finding)) {
        return false;
    }
    cell_fill(cell, kept);
    return true;
}

static bool free_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                       struct fl_crew_cell *cell, struct fl_finding *finding)
{
    if (cell->block == NULL) {
        return true;
    }
    if (!contents_are_kept(entry, cell, cell->size_bytes, FL_FINDING_CONTENTS, finding)) {
        return false;
    }
    if (!fl_call_free(self, (enum fl_action)entry->action, cell->block, entry->size_bytes,
                      entry->align_log2)) {
        finding_begin(finding, FL_FINDING_FREE_REFUSED, entry, cell);
        return false;
    }
    cell->block = NULL;
    return true;
}

static bool usable_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                         const struct fl_crew_cell *cell, struct fl_finding *finding)
{
    const size_t usable = cell->block == NULL ? (size_t)cell->size_bytes
                                              : self->ops->usable_size(self, cell->block);
    if (usable >= cell->size_bytes) {
        return true;
    }
    finding_begin(finding, FL_FINDING_USABLE_SMALL, entry, cell);
    finding->expected = cell->size_bytes;
    finding->found = usable;
    return false;
}

bool fl_crew_step_check(struct fl_allocator *self, const struct fl_crew_entry *entry,
                        struct fl_crew_cell *cell, uint64_t *refused,
                        struct fl_finding *finding)
{
    switch ((enum fl_action)entry->action) {
    case FL_DO_FREE:
    case FL_DO_FREE_SIZED:
        return free_check(self, entry, cell, finding);
    case FL_DO_RESIZE:
        return resize_check(self, entry, cell, refused, finding);
    case FL_DO_USABLE:
        return usable_check(self, entry, cell, finding);
    case FL_DO_ALLOC:
    case FL_DO_ZEROED:
    case FL_DO_ALIGNED:
        break;
    }
    return allocation_check(self, entry, cell, refused, finding);
}

void fl_crew_step_run(struct fl_allocator *self, const struct fl_crew_entry *entry,
                      struct fl_crew_cell *cell, uint64_t *refused, enum fl_touch touch)
{
    const size_t bytes = (size_t)entry->size_bytes;
    size_t old_bytes = 0;
    void *block = cell->block;
    if (entry->action == FL_DO_FREE || entry->action == FL_DO_FREE_SIZED) {
        if (block != NULL) {
            fl_call_free(self, (enum fl_action)entry->action, block, entry->size_bytes,
                         entry->align_log2);
        }
        cell->block = NULL;
        return;
    }
    if (entry->action == FL_DO_USABLE) {
        cell->seed += block == NULL ? 0 : self->ops->usable_size(self, block);
        return;
    }
    if (entry->action == FL_DO_RESIZE && block != NULL) {
        old_bytes = (size_t)cell->size_bytes;
        block = self->ops->resize(self, block, bytes);
    } else {
        block = allocate(self, entry);
    }
    if (block == NULL) {
        (*refused)++;
        return;
    }
    cell->block = block;
    cell->size_bytes = bytes;
    fl_touch_block(block, old_bytes, bytes, touch);
}
