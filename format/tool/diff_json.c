/*
 * A comparison as JSON; DIFF.md says what each key means. Everything is there, what is the same
 * too.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

static void pair_emit(struct fl_emit *emit, const char *key, uint64_t old, uint64_t now)
{
    fl_emit_object(emit, key);
    fl_emit_u64(emit, "old", old);
    fl_emit_u64(emit, "new", now);
    fl_emit_close(emit);
}

static void side_emit(struct fl_emit *emit, const char *key, const struct fl_diff_side *side)
{
    fl_emit_object(emit, key);
    fl_emit_text(emit, "trace", side->path);
    fl_emit_text(emit, "status", side->status == FL_OK ? "ok" : fl_status_text(side->status));
    fl_emit_bool(emit, "has_stacks", side->has_stacks);
    fl_emit_close(emit);
}

static void totals_emit(struct fl_emit *emit, const struct fl_diff *diff)
{
    const struct fl_counts *old = &diff->sides[FL_OLD].counts;
    const struct fl_counts *now = &diff->sides[FL_NEW].counts;
    fl_emit_object(emit, "totals");
    for (size_t i = 0; i < fl_diff_figure_count(); i++) {
        const struct fl_diff_figure *figure = fl_diff_figure_at(i);
        pair_emit(emit, figure->key, fl_diff_figure_value(figure, old),
                  fl_diff_figure_value(figure, now));
    }
    fl_emit_close(emit);
    fl_emit_object(emit, "calls");
    for (unsigned i = 0; i < FL_CALL_COUNT; i++) {
        fl_emit_object(emit, fl_kind_name(i));
        fl_emit_u64(emit, "old", old->calls[i]);
        fl_emit_u64(emit, "new", now->calls[i]);
        fl_emit_u64(emit, "old_failed", old->failed[i]);
        fl_emit_u64(emit, "new_failed", now->failed[i]);
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void classes_emit(struct fl_emit *emit, const struct fl_diff *diff)
{
    const struct fl_counts *old = &diff->sides[FL_OLD].counts;
    const struct fl_counts *now = &diff->sides[FL_NEW].counts;
    fl_emit_array(emit, "sizes");
    for (unsigned i = 0; i < FL_SIZE_CLASSES; i++) {
        if (old->by_size[i] > 0 || now->by_size[i] > 0) {
            fl_emit_object(emit, NULL);
            fl_emit_u64(emit, "from_bytes", fl_class_least(i));
            pair_emit(emit, "allocations", old->by_size[i], now->by_size[i]);
            fl_emit_close(emit);
        }
    }
    fl_emit_close(emit);
    fl_emit_array(emit, "lifetimes");
    for (unsigned i = 0; i < FL_LIFE_CLASSES; i++) {
        if (old->lives[i].objects > 0 || now->lives[i].objects > 0) {
            fl_emit_object(emit, NULL);
            fl_emit_u64(emit, "from_events", fl_class_least(i));
            pair_emit(emit, "objects", old->lives[i].objects, now->lives[i].objects);
            pair_emit(emit, "bytes", old->lives[i].bytes, now->lives[i].bytes);
            fl_emit_close(emit);
        }
    }
    fl_emit_close(emit);
}

static void symbol_emit(struct fl_emit *emit, const struct fl_symbol *symbol)
{
    const bool has_line = symbol != NULL && symbol->file != NULL && symbol->line > 0;
    fl_emit_text(emit, "file", has_line ? symbol->file : NULL);
    if (has_line) {
        fl_emit_i64(emit, "line", symbol->line);
    } else {
        fl_emit_null(emit, "line");
    }
}

static void callers_emit(struct fl_emit *emit, const struct fl_sites *sites,
                         struct fl_spot spot, uint64_t depth)
{
    fl_emit_array(emit, "callers");
    for (uint64_t i = 0; i < depth; i++) {
        spot.inner++;
        const struct fl_symbol *symbol = fl_spot_symbol(sites, &spot);
        if (symbol == NULL) {
            break;
        }
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "function", symbol->function);
        symbol_emit(emit, symbol);
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void site_emit(struct fl_emit *emit, const struct fl_diff *diff,
                      const struct fl_diff_site *site)
{
    const enum fl_diff_age age = site->at[FL_NEW] != NULL ? FL_NEW : FL_OLD;
    const struct fl_sites *sites = &diff->sides[age].sites;
    const struct fl_cost *old = site->cost[FL_OLD], *now = site->cost[FL_NEW];
    const size_t length = fl_diff_key_function(site->key);
    const char *module = site->key + length + 1;
    struct fl_spot spot = site->at[age]->spot;
    fl_emit_object(emit, NULL);
    fl_emit_bytes(emit, "function", site->key, length);
    fl_emit_text(emit, "module", module[0] == '\0' ? NULL : module);
    symbol_emit(emit, fl_spot_symbol(sites, &spot));
    fl_emit_text(emit, "state", fl_diff_site_state(site));
    pair_emit(emit, "allocated_bytes", old->bytes, now->bytes);
    pair_emit(emit, "allocations", old->count, now->count);
    pair_emit(emit, "peak_live_bytes", old->peak_bytes, now->peak_bytes);
    pair_emit(emit, "end_live_bytes", old->live_bytes, now->live_bytes);
    pair_emit(emit, "temporary_objects", old->temporary, now->temporary);
    callers_emit(emit, sites, site->at[age]->spot, diff->settings.depth);
    fl_emit_close(emit);
}

bool fl_diff_emit(const struct fl_diff *diff, FILE *out)
{
    struct fl_emit emit;
    fl_emit_start(&emit, out);
    fl_emit_object(&emit, NULL);
    fl_emit_u64(&emit, "schema", FL_DIFF_SCHEMA);
    fl_emit_text(&emit, "version", FL_PROJECT_VERSION);
    side_emit(&emit, "old", &diff->sides[FL_OLD]);
    side_emit(&emit, "new", &diff->sides[FL_NEW]);
    totals_emit(&emit, diff);
    classes_emit(&emit, diff);
    if (diff->has_sites) {
        fl_emit_array(&emit, "sites");
        for (size_t i = 0; i < diff->site_count; i++) {
            site_emit(&emit, diff, &diff->sites[i]);
        }
        fl_emit_close(&emit);
    } else {
        fl_emit_null(&emit, "sites");
    }
    fl_emit_close(&emit);
    return fl_emit_finish(&emit);
}
