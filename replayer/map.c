/*
 * The heap as one line cut into rows. A character stands for a power of two of bytes, chosen so
 * that there are at most ROWS rows; it tells how much of these bytes is in live blocks, headers
 * included.
 */
#include "map.h"

#include <errno.h>
#include <inttypes.h>

#include <fl/fmt.h>

#include "steps.h"
#include "table.h"

#define COLUMNS        64u
#define ROWS           32u
#define CELLS          (COLUMNS * ROWS)
#define CELL_BYTES_MIN 16u

/* What a walk counts. */
struct census {
    uint64_t used_blocks, used_bytes, payload_bytes;
    uint64_t free_blocks, free_bytes, largest_free;
    uint64_t big_blocks, big_bytes;
    uint64_t end; /* of the heap, from its start */
};

struct map {
    const struct fl_target *target;
    struct fl_allocator *allocator;
    struct fl_table blocks; /* void * by slot */
    uint64_t refused;
    struct census census;
    uint64_t cell_bytes;
    uint64_t used_of[CELLS]; /* bytes in live blocks */
};

/* ---- replaying ---- */

static enum fl_status step_skip(const struct fl_step *step, void *user, struct fl_error *err)
{
    (void)step;
    (void)user;
    (void)err;
    return FL_OK;
}

static void *step_take(struct map *map, const struct fl_step *step)
{
    const bool is_aligned = step->action == FL_DO_ALIGNED;
    void *block = map->allocator->ops->alloc(map->allocator, (size_t)step->size_bytes,
                                             is_aligned ? (size_t)1 << step->align_log2 : 0);
    map->refused += block == NULL;
    return block;
}

static void *step_resize(struct map *map, const struct fl_step *step, void *block)
{
    void *moved = map->allocator->ops->resize(map->allocator, block, (size_t)step->size_bytes);
    map->refused += moved == NULL;
    return moved == NULL ? block : moved;
}

static enum fl_status step_run(const struct fl_step *step, void *user, struct fl_error *err)
{
    struct map *map = user;
    if (!fl_table_reserve(&map->blocks, (size_t)step->slot + 1)) {
        return fl_fail(err, FL_NOMEM, "no memory for a table of %u live objects", step->slot);
    }
    void **block = (void **)map->blocks.base + step->slot;
    if (fl_step_frees(step)) {
        if (*block != NULL) {
            map->allocator->ops->free(map->allocator, *block);
        }
        *block = NULL;
    } else if (step->action == FL_DO_RESIZE && *block != NULL) {
        *block = step_resize(map, step, *block);
    } else if (fl_step_allocates(step)) {
        *block = step_take(map, step);
    }
    return FL_OK;
}

/* ---- counting ---- */

static bool block_count(const struct fl_block_view *block, void *user)
{
    struct census *census = user;
    if (block->is_used) {
        census->used_blocks++;
        census->used_bytes += block->block_bytes;
        census->payload_bytes += block->payload_bytes;
    } else {
        census->free_blocks++;
        census->free_bytes += block->block_bytes;
        if (block->block_bytes > census->largest_free) {
            census->largest_free = block->block_bytes;
        }
    }
    if (block->is_big) {
        census->big_blocks++;
        census->big_bytes += block->block_bytes;
    } else if (block->offset + block->block_bytes > census->end) {
        census->end = block->offset + block->block_bytes;
    }
    return true;
}

/* Give a live block's bytes to the cells it lies in. */
static bool block_draw(const struct fl_block_view *block, void *user)
{
    struct map *map = user;
    if (!block->is_used || block->is_big) {
        return true;
    }
    const uint64_t end = block->offset + block->block_bytes;
    for (uint64_t at = block->offset; at < end;) {
        const uint64_t cell = at / map->cell_bytes;
        const uint64_t cell_end = (cell + 1) * map->cell_bytes;
        const uint64_t to = cell_end < end ? cell_end : end;
        map->used_of[cell] += to - at;
        at = to;
    }
    return true;
}

static uint64_t cell_bytes_choose(uint64_t end)
{
    uint64_t bytes = CELL_BYTES_MIN;
    while (bytes * CELLS < end) {
        bytes *= 2;
    }
    return bytes;
}

/* ---- drawing ---- */

static char cell_character(const struct map *map, size_t cell)
{
    static const char shares[] = {':', '-', '=', '+'};
    const uint64_t start = cell * map->cell_bytes, used = map->used_of[cell];
    const uint64_t left = map->census.end - start;
    const uint64_t bytes = left < map->cell_bytes ? left : map->cell_bytes;
    return used == 0 ? '.' : used >= bytes ? '#' : shares[used * 4 / bytes];
}

/* Rows without a live block that follow each other are told in one line. */
static size_t empty_rows(const struct map *map, size_t row, size_t rows)
{
    size_t count = 0;
    for (; row + count < rows; count++) {
        for (size_t i = 0; i < COLUMNS; i++) {
            if (map->used_of[(row + count) * COLUMNS + i] != 0) {
                return count;
            }
        }
    }
    return count;
}

static void row_print(FILE *out, const struct map *map, size_t row, size_t cells)
{
    const size_t end = (row + 1) * COLUMNS < cells ? (row + 1) * COLUMNS : cells;
    fprintf(out, "%10s  ", fl_fmt_bytes(row * COLUMNS * map->cell_bytes).text);
    for (size_t cell = row * COLUMNS; cell < end; cell++) {
        fputc(cell_character(map, cell), out);
    }
    fputc('\n', out);
}

static void rows_print(FILE *out, const struct map *map)
{
    const size_t cells = (size_t)((map->census.end + map->cell_bytes - 1) / map->cell_bytes);
    const size_t rows = (cells + COLUMNS - 1) / COLUMNS;
    for (size_t row = 0; row < rows;) {
        const size_t empty = empty_rows(map, row, rows);
        row_print(out, map, row, cells);
        if (empty > 2) {
            fprintf(out, "            %zu more rows in which nothing is in use\n", empty - 1);
        }
        row += empty > 2 ? empty : 1;
    }
    fputs(rows == 0 ? "" : "\n", out);
}

static double per_cent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100 * (double)part / (double)whole;
}

static void census_print(FILE *out, const struct map *map)
{
    const struct census *census = &map->census;
    struct fl_alloc_stats stats;
    map->target->ops->stats(map->allocator, &stats);
    fprintf(out, "  used  %s blocks, %s", fl_fmt_count(census->used_blocks).text,
            fl_fmt_bytes(census->used_bytes).text);
    fprintf(out, ", %s of it payload: internal fragmentation %.1f%%\n",
            fl_fmt_bytes(census->payload_bytes).text,
            per_cent(census->used_bytes - census->payload_bytes, census->used_bytes));
    fprintf(out, "  free  %s blocks, %s", fl_fmt_count(census->free_blocks).text,
            fl_fmt_bytes(census->free_bytes).text);
    fprintf(out, ", the largest %s, %.1f%% of it\n", fl_fmt_bytes(census->largest_free).text,
            per_cent(census->largest_free, census->free_bytes));
    fprintf(out, "  big   %s blocks with mappings of their own, %s of what is used\n",
            fl_fmt_count(census->big_blocks).text, fl_fmt_bytes(census->big_bytes).text);
    fprintf(out, "  footprint %s: external fragmentation %.1f%%\n",
            fl_fmt_bytes(stats.footprint).text,
            per_cent(stats.footprint > census->used_bytes ? stats.footprint - census->used_bytes
                                                          : 0,
                     stats.footprint));
    if (map->refused > 0) {
        fprintf(out, "  %s requests that the program was granted were refused\n",
                fl_fmt_count(map->refused).text);
    }
}

static void map_print(FILE *out, struct map *map, const char *trace, uint64_t event,
                      bool is_peak)
{
    map->target->ops->walk(map->allocator, block_count, &map->census);
    map->cell_bytes = cell_bytes_choose(map->census.end);
    map->target->ops->walk(map->allocator, block_draw, map);
    fprintf(out, "%s: %s after event %s%s\n", trace, map->target->label,
            fl_fmt_count(event).text, is_peak ? ", the peak of payload" : "");
    fprintf(out, "each character %s; in use: . nothing  : - = + in quarters  # all\n\n",
            fl_fmt_bytes(map->cell_bytes).text);
    rows_print(out, map);
    census_print(out, map);
}

/* The event, and the first damage anywhere up to the limit: the peak of what is left may not be
 * the trace's. */
static enum fl_status peak_find(const struct fl_source *source, uint64_t event_limit,
                                uint64_t *event, struct fl_error *damage, struct fl_error *err)
{
    struct fl_steps_told told = {.totals = {.events = 0}};
    const enum fl_status status =
        fl_steps_each(source, event_limit, step_skip, NULL, &told, err);
    *event = told.totals.peak_event;
    *damage = told.damage;
    return status;
}

/* Is there a heap to be drawn, and if so was the trace whole up to there, or for its peak to
 * the end? */
static enum fl_status told_judge(const struct fl_steps_told *told,
                                 const struct fl_error *damage, const struct fl_source *source,
                                 uint64_t event, struct fl_error *err)
{
    const struct fl_error *first = told->damage.status != FL_END ? &told->damage : damage;
    if (first->status != FL_END) {
        *err = *first;
        return err->status;
    }
    return told->totals.events > event
               ? FL_OK
               : fl_fail(err, FL_USAGE, "--map=%" PRIu64 ": %s has %" PRIu64 " events", event,
                         source->name, told->totals.events);
}

enum fl_status fl_map_check(const struct fl_target *target, struct fl_error *err)
{
    return target->ops->walk != NULL && target->ops->stats != NULL
               ? FL_OK
               : fl_fail(err, FL_USAGE,
                         "--map: the blocks of %s cannot be walked; only those of "
                         "the family can",
                         target->label);
}

static enum fl_status target_make(struct map *map, struct fl_error *err)
{
    const struct fl_target *target = map->target;
    const int result = target->ops->create(&target->config, &map->allocator);
    if (result == -EINVAL) {
        return fl_fail(err, FL_USAGE, "%s: these knobs do not go together", target->label);
    }
    return result == 0
               ? FL_OK
               : fl_fail_os(err, FL_NOMEM, -result, "%s cannot be set up", target->label);
}

enum fl_status fl_map_draw(FILE *out, const struct fl_target *target,
                           const struct fl_source *source, uint64_t event, uint64_t event_limit,
                           struct fl_error *err)
{
    struct map map = {.target = target, .blocks = {.element_bytes = sizeof(void *)}};
    const bool is_peak = event == FL_MAP_AT_PEAK;
    if (!is_peak && event >= event_limit) {
        return fl_fail(err, FL_USAGE, "--map=%" PRIu64 ": --limit=%" PRIu64 " ends before it",
                       event, event_limit);
    }
    enum fl_status status = target_make(&map, err);
    if (status != FL_OK) {
        return status;
    }
    struct fl_steps_told told = {.totals = {.events = 0}};
    struct fl_error damage = {.status = FL_END};
    status = is_peak ? peak_find(source, event_limit, &event, &damage, err) : FL_OK;
    if (status == FL_OK) {
        status = fl_steps_each(source, event + 1, step_run, &map, &told, err);
    }
    if (status == FL_OK && told.totals.events > event) {
        map_print(out, &map, source->name, event, is_peak);
    }
    status = status == FL_OK ? told_judge(&told, &damage, source, event, err) : status;
    fl_table_free(&map.blocks);
    target->ops->destroy(map.allocator);
    return status;
}
