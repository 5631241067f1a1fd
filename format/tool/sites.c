/*
 * fltrace sites: which places in the program asked for the memory.
 *
 * A site is a function with its file and line (site.h). All stacks of a site are one row; under
 * it stand the callers of the stack that weighs most in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>

#include "site.h"
#include "verb.h"

#define CALLER_COLUMN 65

static const struct fl_option options[] = {FL_SITE_OPTIONS("peak", ""), FL_OPTION_FROM};

static const struct fl_command command = {
    .name = "fltrace sites",
    .synopsis = "[--by=KIND] [--limit=N] [--depth=N] [--all-frames] TRACE",
    .summary = "List the places in the program that allocated, by what they cost.",
    .epilogue =
        "A lifetime is the mean number of events from an object's first to its last; objects "
        "that were never freed are not in it. Record with flrec --stacks.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

/* A site as it is sorted and printed. */
struct row {
    const struct fl_site *site;
    const char *key;
    enum fl_site_order order;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    fl_site_option_take(user, value);
    return FL_OK;
}

/* Function, file and line. */
static char *key_make(const struct fl_sites *sites, const struct fl_symbol *symbol,
                      struct fl_spot spot)
{
    char *key = NULL;
    (void)sites;
    (void)spot;
    if (symbol == NULL) {
        return strdup("(unknown stack)");
    }
    const int bytes =
        symbol->file != NULL && symbol->line > 0
            ? asprintf(&key, "%s  %s:%d", symbol->function, symbol->file, symbol->line)
            : asprintf(&key, "%s", symbol->function);
    return bytes >= 0 ? key : NULL;
}

/* ---- output ---- */

static int row_compare(const void *one, const void *other)
{
    const struct row *left = one, *right = other;
    const uint64_t a = fl_site_value(left->order, &left->site->cost);
    const uint64_t b = fl_site_value(right->order, &right->site->cost);
    if (a != b) {
        return a < b ? 1 : -1;
    }
    if (left->site->cost.bytes != right->site->cost.bytes) {
        return left->site->cost.bytes < right->site->cost.bytes ? 1 : -1;
    }
    return strcmp(left->key, right->key);
}

static void share_print(uint64_t part, uint64_t whole)
{
    printf(" %5.1f%%", whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole);
}

static void row_print(const struct fl_sites *sites, const struct row *row,
                      const struct fl_costs *costs, uint64_t depth)
{
    const struct fl_cost *cost = &row->site->cost;
    printf("%10s", fl_fmt_bytes(cost->peak_bytes).text);
    share_print(cost->peak_bytes, costs->all.peak_bytes);
    printf(" %10s", fl_fmt_bytes(cost->bytes).text);
    share_print(cost->bytes, costs->all.bytes);
    printf(" %11s", fl_fmt_count(cost->count).text);
    printf(" %10s", fl_fmt_bytes(cost->live_bytes).text);
    if (cost->ended > 0) {
        printf(" %10s", fl_fmt_count(cost->lifetime / cost->ended).text);
    } else {
        printf(" %10s", "-");
    }
    share_print(cost->temporary, cost->count);
    printf("  %s\n", row->key);
    fl_callers_print(sites, row->site->spot, depth, CALLER_COLUMN);
}

static void rows_print(const struct fl_sites *sites, const struct row *rows,
                       const struct fl_costs *costs, const struct fl_site_settings *settings)
{
    const uint64_t count = sites->names.count;
    const uint64_t shown = count < settings->limit ? count : settings->limit;
    printf("%17s %17s %11s %10s %10s %6s\n", "live at the peak", "allocated", "calls",
           "never freed", "lifetime", "temp.");
    for (uint64_t i = 0; i < shown; i++) {
        row_print(sites, &rows[i], costs, settings->depth);
    }
    printf("\n%" PRIu64 " of %" PRIu64 " sites", shown, count);
    printf("; in all %s", fl_fmt_bytes(costs->all.bytes).text);
    printf(" allocated by %s calls,", fl_fmt_count(costs->all.count).text);
    printf(" %s live at the peak (event %" PRIu64 "),",
           fl_fmt_bytes(costs->all.peak_bytes).text, costs->peak_event);
    printf(" %s never freed\n", fl_fmt_bytes(costs->all.live_bytes).text);
}

static enum fl_status sites_show(struct fl_sites *sites, const struct fl_stacks *stacks,
                                 const struct fl_costs *costs,
                                 const struct fl_site_settings *settings)
{
    const bool is_made = fl_sites_make(sites, stacks, costs);
    struct row *rows = reallocarray(NULL, sites->names.count + 1, sizeof *rows);
    if (!is_made || rows == NULL) {
        struct fl_error err;
        free(rows);
        (void)fl_fail(&err, FL_NOMEM, "no memory for the sites");
        fl_opt_report(&command, &err);
        return FL_NOMEM;
    }
    for (uint32_t i = 0; i < sites->names.count; i++) {
        rows[i] = (struct row){&sites->at[i], sites->names.at[i], settings->order};
    }
    qsort(rows, sites->names.count, sizeof *rows, row_compare);
    rows_print(sites, rows, costs, settings);
    free(rows);
    return FL_OK;
}

int verb_sites(int argc, char **argv)
{
    struct fl_site_settings settings = FL_SITE_SETTINGS_DEFAULT(FL_SITES_BY_PEAK);
    struct fl_costs costs = {0};
    struct fl_reader *reader;
    enum fl_status status =
        fl_costs_gather(&command, argc, argv, option_take, &settings, &costs, &reader);
    if (reader != NULL) {
        struct fl_sites sites = {.key = key_make, .settings = &settings};
        const enum fl_status shown =
            sites_show(&sites, fl_reader_stacks(reader), &costs, &settings);
        status = status == FL_OK ? shown : status;
        fl_sites_clear(&sites);
        fl_reader_close(reader);
    }
    fl_costs_clear(&costs);
    return fl_status_exit(status);
}
