/*
 * A comparison for people: totals, then what differs of calls, sizes and lifetimes, then the
 * sites that differ most. What is the same is counted, not listed, unless --all says so.
 */
#include "diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <fl/fmt.h>

#define LABEL_WIDTH   24
#define LABEL_BYTES   64
#define VALUE_BYTES   128u /* shown of a value of metadata */
#define CALLER_COLUMN 90

/* A number that has grown or shrunk, with its sign: "+1.2 MiB", "-5"; "=" when it is the
 * same. */
static struct fl_fmt change_text(uint64_t old, uint64_t now, bool is_bytes)
{
    struct fl_fmt out = {"="};
    if (old != now) {
        const uint64_t by = now > old ? now - old : old - now;
        const struct fl_fmt number = is_bytes ? fl_fmt_bytes(by) : fl_fmt_count(by);
        snprintf(out.text, sizeof out.text, "%c%.30s", now > old ? '+' : '-', number.text);
    }
    return out;
}

static struct fl_fmt value_text(uint64_t value, bool is_bytes)
{
    return is_bytes ? fl_fmt_bytes(value) : fl_fmt_count(value);
}

static void row_print(const char *label, uint64_t old, uint64_t now, bool is_bytes)
{
    printf("%-*s %15s %15s %15s", LABEL_WIDTH, label, value_text(old, is_bytes).text,
           value_text(now, is_bytes).text, change_text(old, now, is_bytes).text);
    if (old != now && old != 0) {
        printf(" %9.3f", (double)now / (double)old);
    } else if (old != now) {
        printf(" %9s", "-");
    }
    putchar('\n');
}

/* Where in the trace: the number of the event, and how far along it is. */
static void event_print(const char *label, const struct fl_diff *diff,
                        const struct fl_diff_figure *figure)
{
    printf("%-*s", LABEL_WIDTH, label);
    for (int age = FL_OLD; age < FL_AGES; age++) {
        const struct fl_counts *counts = &diff->sides[age].counts;
        const uint64_t event = fl_diff_figure_value(figure, counts);
        printf(" %15s", fl_fmt_count(event).text);
    }
    for (int age = FL_OLD; age < FL_AGES; age++) {
        const struct fl_counts *counts = &diff->sides[age].counts;
        const uint64_t event = fl_diff_figure_value(figure, counts);
        const double share =
            counts->events == 0 ? 0 : 100 * (double)event / (double)counts->events;
        printf(age == FL_OLD ? "     %5.1f%%" : " -> %.1f%%\n", share);
    }
}

/* ---- what they are ---- */

static const char *const compared[] = {
    "exe",       "argv",        "build_id",    "page_size",   "machine", "system",      "libc",
    "allocator", "stack_depth", "start_after", "slice_first", "lossy",   "merged_from",
};

static void value_print(const char *value, size_t bytes)
{
    char text[VALUE_BYTES + 1];
    const size_t shown = bytes < VALUE_BYTES ? bytes : VALUE_BYTES;
    if (value == NULL) {
        puts("(not known)");
        return;
    }
    memcpy(text, value, shown);
    text[shown] = '\0';
    for (char *end; (end = text + strlen(text)) < text + shown;) {
        *end = ' '; /* between the items of a list */
    }
    fl_make_printable(text);
    printf("%s%s\n", text, bytes > shown ? "..." : "");
}

static void metadata_print(const struct fl_diff *diff)
{
    for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
        const char *values[FL_AGES];
        size_t bytes[FL_AGES] = {0, 0};
        for (int age = FL_OLD; age < FL_AGES; age++) {
            values[age] = fl_metadata_get(fl_reader_metadata(diff->sides[age].reader),
                                          compared[i], &bytes[age]);
        }
        const bool is_same = (values[FL_OLD] == NULL) == (values[FL_NEW] == NULL) &&
                             bytes[FL_OLD] == bytes[FL_NEW] &&
                             (values[FL_OLD] == NULL ||
                              memcmp(values[FL_OLD], values[FL_NEW], bytes[FL_OLD]) == 0);
        if (!is_same) {
            printf("  %-12s ", compared[i]);
            value_print(values[FL_OLD], bytes[FL_OLD]);
            printf("  %12s ", "->");
            value_print(values[FL_NEW], bytes[FL_NEW]);
        }
    }
}

/* ---- totals ---- */

static void figures_print(const struct fl_diff *diff)
{
    for (size_t i = 0; i < fl_diff_figure_count(); i++) {
        const struct fl_diff_figure *figure = fl_diff_figure_at(i);
        const uint64_t old = fl_diff_figure_value(figure, &diff->sides[FL_OLD].counts);
        const uint64_t now = fl_diff_figure_value(figure, &diff->sides[FL_NEW].counts);
        if (figure->is_rare && old == now && !diff->is_all) {
            continue;
        }
        if (figure->unit == FL_FIGURE_EVENT) {
            event_print(figure->label, diff, figure);
        } else {
            row_print(figure->label, old, now, figure->unit == FL_FIGURE_BYTES);
        }
    }
}

/* Number `i` of a row of counts, or a label for it. */
typedef uint64_t class_value(const struct fl_counts *counts, unsigned i);
typedef void class_label(unsigned i, char *label, size_t bytes);

static void classes_print(const struct fl_diff *diff, const char *title, unsigned count,
                          class_value *value, class_label *name)
{
    unsigned same = 0, differing = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t old = value(&diff->sides[FL_OLD].counts, i);
        const uint64_t now = value(&diff->sides[FL_NEW].counts, i);
        same += old == now && old != 0;
        differing += old != now;
    }
    const bool has_rows = differing > 0 || (diff->is_all && same > 0);
    printf("%s%s", title, has_rows ? "" : ": no difference");
    if (same > 0 && differing > 0 && !diff->is_all) {
        printf(" (%u %s the same)", same, same == 1 ? "other is" : "others are");
    }
    putchar('\n');
    for (unsigned i = 0; i < count; i++) {
        char label[LABEL_BYTES];
        const uint64_t old = value(&diff->sides[FL_OLD].counts, i);
        const uint64_t now = value(&diff->sides[FL_NEW].counts, i);
        if (old != now || (diff->is_all && old != 0)) {
            name(i, label, sizeof label);
            row_print(label, old, now, false);
        }
    }
}

static uint64_t calls_value(const struct fl_counts *counts, unsigned i)
{
    return counts->calls[i];
}

static void calls_label(unsigned i, char *label, size_t bytes)
{
    snprintf(label, bytes, "  %s", fl_kind_name(i));
}

static uint64_t failed_value(const struct fl_counts *counts, unsigned i)
{
    return counts->failed[i];
}

static uint64_t sizes_value(const struct fl_counts *counts, unsigned i)
{
    return counts->by_size[i];
}

static void sizes_label(unsigned i, char *label, size_t bytes)
{
    snprintf(label, bytes, "  from %s", fl_fmt_bytes(fl_class_least(i)).text);
}

static uint64_t lives_value(const struct fl_counts *counts, unsigned i)
{
    return counts->lives[i].objects;
}

static void lives_label(unsigned i, char *label, size_t bytes)
{
    snprintf(label, bytes, "  from %s", fl_fmt_count(fl_class_least(i)).text);
}

static bool has_failed(const struct fl_diff *diff)
{
    for (unsigned i = 0; i < FL_CALL_COUNT; i++) {
        if (diff->sides[FL_OLD].counts.failed[i] != diff->sides[FL_NEW].counts.failed[i]) {
            return true;
        }
    }
    return false;
}

static void totals_print(const struct fl_diff *diff)
{
    printf("\n%-*s %15s %15s %15s %9s\n", LABEL_WIDTH, "", "old", "new", "difference", "ratio");
    figures_print(diff);
    classes_print(diff, "calls by function", FL_CALL_COUNT, calls_value, calls_label);
    if (has_failed(diff)) {
        classes_print(diff, "of them failed", FL_CALL_COUNT, failed_value, calls_label);
    }
    classes_print(diff, "allocations by size", FL_SIZE_CLASSES, sizes_value, sizes_label);
    classes_print(diff, "objects by lifetime, in calls", FL_LIFE_CLASSES, lives_value,
                  lives_label);
}

/* ---- sites ---- */

static bool order_is_bytes(enum fl_site_order order)
{
    return order == FL_SITES_BY_PEAK || order == FL_SITES_BY_BYTES || order == FL_SITES_BY_END;
}

static void site_name_print(const struct fl_diff *diff, const struct fl_diff_site *site,
                            enum fl_diff_age age)
{
    const size_t length = fl_diff_key_function(site->key);
    const char *module = site->key + length + 1;
    struct fl_spot spot = site->at[age]->spot;
    const struct fl_symbol *symbol = fl_spot_symbol(&diff->sides[age].sites, &spot);
    printf("%.*s", (int)length, site->key);
    if (symbol != NULL && symbol->file != NULL && symbol->line > 0) {
        printf("  %s:%d", symbol->file, symbol->line);
    }
    if (module[0] != '\0') {
        printf("  [%s]", module);
    }
    putchar('\n');
}

static void site_print(const struct fl_diff *diff, const struct fl_diff_site *site)
{
    static const enum fl_site_order columns[] = {FL_SITES_BY_BYTES, FL_SITES_BY_COUNT,
                                                 FL_SITES_BY_PEAK, FL_SITES_BY_END,
                                                 FL_SITES_BY_TEMPORARY};
    static const int widths[] = {10, 11, 10, 11, 10};
    const enum fl_site_order order = diff->settings.order;
    const enum fl_diff_age age = site->at[FL_NEW] != NULL ? FL_NEW : FL_OLD;
    for (int i = FL_OLD; i < FL_AGES; i++) {
        const uint64_t value = fl_site_value(order, site->cost[i]);
        printf("%10s ",
               site->at[i] == NULL ? "-" : value_text(value, order_is_bytes(order)).text);
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        printf("%*s ", widths[i],
               change_text(fl_site_value(columns[i], site->cost[FL_OLD]),
                           fl_site_value(columns[i], site->cost[FL_NEW]),
                           order_is_bytes(columns[i]))
                   .text);
    }
    printf(" %-7s  ", fl_diff_site_state(site));
    site_name_print(diff, site, age);
    fl_callers_print(&diff->sides[age].sites, site->at[age]->spot, diff->settings.depth,
                     CALLER_COLUMN);
}

static void states_print(const struct fl_diff *diff)
{
    size_t added = 0, gone = 0;
    for (size_t i = 0; i < diff->site_count; i++) {
        added += diff->sites[i].at[FL_OLD] == NULL;
        gone += diff->sites[i].at[FL_NEW] == NULL;
    }
    printf("%zu of %zu sites differ: %zu new, %zu gone, %zu changed; %zu are the same\n",
           diff->differing_count, diff->site_count, added, gone,
           diff->differing_count - added - gone, diff->site_count - diff->differing_count);
}

static void sites_print(const struct fl_diff *diff)
{
    static const char *const units[] = {
        [FL_SITES_BY_PEAK] = "bytes live at the peak",
        [FL_SITES_BY_BYTES] = "bytes allocated",
        [FL_SITES_BY_COUNT] = "calls",
        [FL_SITES_BY_END] = "bytes never freed",
        [FL_SITES_BY_TEMPORARY] = "temporary objects",
    };
    const size_t candidates = diff->is_all ? diff->site_count : diff->differing_count;
    const size_t shown =
        candidates < diff->settings.limit ? candidates : (size_t)diff->settings.limit;
    printf("\nby call site, %s", units[diff->settings.order]);
    printf("; the differences in all figures\n");
    if (shown > 0) {
        printf("%10s %10s %10s %11s %10s %11s %10s\n", "old", "new", "allocated", "calls",
               "at peak", "never freed", "temporary");
    }
    for (size_t i = 0; i < shown; i++) {
        site_print(diff, &diff->sites[i]);
    }
    if (shown < candidates) {
        printf("not shown: %zu more (--limit)\n", candidates - shown);
    }
    states_print(diff);
}

static void stacks_missing_print(const struct fl_diff *diff)
{
    const bool old = diff->sides[FL_OLD].has_stacks, now = diff->sides[FL_NEW].has_stacks;
    printf("\nno call sites: %s no stacks (flrec --stacks)\n",
           old || now ? (old ? "the new trace has" : "the old trace has") : "the traces have");
}

void fl_diff_print(const struct fl_diff *diff)
{
    printf("old  %s\nnew  %s\n", diff->sides[FL_OLD].path, diff->sides[FL_NEW].path);
    metadata_print(diff);
    totals_print(diff);
    if (diff->has_sites) {
        sites_print(diff);
    } else {
        stacks_missing_print(diff);
    }
}
