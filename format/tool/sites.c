/*
 * fltrace sites: which places in the program asked for the memory.
 *
 * A site is the innermost function of a stack that is not there to allocate (operator new, the C++
 * library's containers, xmalloc and its like), with its file and line. All stacks of a site are one row;
 * under it stand the callers of the stack that weighs most in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>

#include "costs.h"
#include "symbols.h"
#include "verb.h"

#define FL_SITES_SHOWN   20u
#define FL_CALLERS_SHOWN 3u

enum { OPT_BY, OPT_LIMIT, OPT_DEPTH, OPT_ALL_FRAMES };

static const struct fl_option options[] = {
    {OPT_BY, 0, "by", "KIND", FL_OPT_CHOICE, "peak", "peak|bytes|count|end|temporary",
     "Order: bytes live at the peak of the whole trace, bytes allocated, number of calls, "
     "bytes "
     "never freed, or objects that the very next event freed."},
    {OPT_LIMIT, 'n', "limit", "N", FL_OPT_NUMBER, "20", NULL, "Print at most N sites."},
    {OPT_DEPTH, 0, "depth", "N", FL_OPT_NUMBER, "3", NULL,
     "Print N callers of each site, those of its heaviest stack."},
    {OPT_ALL_FRAMES, 0, "all-frames", NULL, FL_OPT_FLAG, NULL, NULL,
     "Take the innermost function of all, whatever it is for."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace sites",
    .synopsis = "[--by=KIND] [--limit=N] [--depth=N] [--all-frames] TRACE",
    .summary = "List the places in the program that allocated, by what they cost.",
    .epilogue =
        "A lifetime is the mean number of events from an object's first to its last; objects\n"
        "that were never freed are not in it. Record with flrec --stacks.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

enum order { BY_PEAK, BY_BYTES, BY_COUNT, BY_END, BY_TEMPORARY };

struct settings {
    enum order order;
    uint64_t limit, depth;
    bool is_all;
};

/* A place in a stack: a frame, and which of the functions inlined there. */
struct spot {
    uint32_t stack;
    size_t inner; /* index of its symbol in the frame's */
};

struct site {
    char *key;         /* function, file and line */
    struct spot spot;  /* in its heaviest stack */
    uint64_t heaviest; /* of one stack, in the order's unit */
    struct fl_cost cost;
};

struct sites {
    const struct settings *settings;
    const struct fl_stacks *stacks;
    struct fl_symbols *symbols;
    struct site *at;
    size_t count, capacity;
    uint32_t *table; /* index + 1 by hash of the key; at most half full */
    size_t table_mask;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct settings *settings = user;
    switch (value->id) {
    case OPT_BY:
        settings->order = (enum order)value->number;
        break;
    case OPT_LIMIT:
        settings->limit = value->number;
        break;
    case OPT_DEPTH:
        settings->depth = value->number;
        break;
    default:
        settings->is_all = true;
        break;
    }
    return FL_OK;
}

/* ---- which function is a site ---- */

/* What programs and libraries wrap malloc in; a '*' at the end stands for any rest. */
static const char *const wrappers[] = {
    "operator new*", "std::*",          "__gnu_cxx::*",     "malloc",           "calloc",
    "realloc",       "xmalloc",         "xcalloc",          "xrealloc",         "xstrdup",
    "xnmalloc",      "g_malloc*",       "g_realloc*",       "g_strdup",         "PyMem_*",
    "_PyMem_*",      "PyObject_Malloc", "_PyObject_Malloc", "PyObject_Realloc", "strdup",
    "__strdup",      "strndup",         "__strndup",        "operator_new*",
};

static bool name_matches(const char *name, const char *pattern)
{
    const size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                      : strcmp(name, pattern) == 0;
}

/* A demangled template begins with what it returns: the name proper follows the last space outside
 * of angle brackets and before the arguments. */
static const char *name_proper(const char *function)
{
    const char *name = function;
    int depth = 0;
    for (const char *at = function; *at != '\0' && !(depth == 0 && *at == '('); at++) {
        if (depth == 0 && strncmp(at, "operator", 8) == 0) {
            break;
        }
        depth += (*at == '<') - (*at == '>');
        if (depth == 0 && *at == ' ') {
            name = at + 1;
        }
    }
    return name;
}

static bool is_wrapper(const char *function)
{
    const char *name = name_proper(function);
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        if (name_matches(name, wrappers[i])) {
            return true;
        }
    }
    return false;
}

/* The function one step out of `spot`; false at the outermost. */
static const struct fl_symbol *spot_symbol(const struct sites *sites, struct spot *spot)
{
    const struct fl_frame *frame;
    while ((frame = fl_stacks_frame(sites->stacks, spot->stack)) != NULL) {
        size_t count;
        const struct fl_symbol *at = fl_symbols_at(sites->symbols, frame, &count);
        if (at != NULL && spot->inner < count) {
            return &at[spot->inner];
        }
        *spot = (struct spot){frame->parent, 0};
    }
    return NULL;
}

/* The site of a stack: the innermost function of all when none but wrappers is there. */
static const struct fl_symbol *site_find(const struct sites *sites, uint32_t stack,
                                         struct spot *spot)
{
    struct spot at = {stack, 0};
    const struct fl_symbol *symbol;
    *spot = at;
    while (!sites->settings->is_all && (symbol = spot_symbol(sites, &at)) != NULL) {
        if (!is_wrapper(symbol->function)) {
            *spot = at;
            return symbol;
        }
        at.inner++;
    }
    return spot_symbol(sites, spot);
}

/* ---- the table of sites ---- */

static size_t key_hash(const char *key)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001B3);
    }
    return (size_t)(hash ^ hash >> 32);
}

static size_t table_find(const struct sites *sites, const char *key)
{
    size_t slot = key_hash(key) & sites->table_mask;
    while (sites->table[slot] != 0 && strcmp(sites->at[sites->table[slot] - 1].key, key) != 0) {
        slot = (slot + 1) & sites->table_mask;
    }
    return slot;
}

static bool sites_reserve(struct sites *sites)
{
    if (sites->count < sites->capacity) {
        return true;
    }
    const size_t capacity = sites->capacity == 0 ? 512 : 2 * sites->capacity;
    struct site *at = reallocarray(sites->at, capacity, sizeof *at);
    if (at == NULL) {
        return false;
    }
    sites->at = at;
    uint32_t *table = calloc(2 * capacity, sizeof *table);
    if (table == NULL) {
        return false;
    }
    free(sites->table);
    sites->table = table;
    sites->capacity = capacity;
    sites->table_mask = 2 * capacity - 1;
    for (size_t i = 0; i < sites->count; i++) {
        table[table_find(sites, sites->at[i].key)] = (uint32_t)i + 1;
    }
    return true;
}

static char *site_key(const struct fl_symbol *symbol)
{
    char *key = NULL;
    if (symbol == NULL) {
        return strdup("(unknown stack)");
    }
    const int bytes =
        symbol->file != NULL && symbol->line > 0
            ? asprintf(&key, "%s  %s:%d", symbol->function, symbol->file, symbol->line)
            : asprintf(&key, "%s", symbol->function);
    return bytes >= 0 ? key : NULL;
}

static struct site *site_of(struct sites *sites, const struct fl_symbol *symbol)
{
    char *key = site_key(symbol);
    if (key == NULL || !sites_reserve(sites)) {
        free(key);
        return NULL;
    }
    const size_t slot = table_find(sites, key);
    if (sites->table[slot] != 0) {
        free(key);
        return &sites->at[sites->table[slot] - 1];
    }
    sites->at[sites->count] = (struct site){.key = key};
    sites->table[slot] = (uint32_t)++sites->count;
    return &sites->at[sites->count - 1];
}

static uint64_t order_value(enum order order, const struct fl_cost *cost)
{
    switch (order) {
    case BY_PEAK:
        return cost->peak_bytes;
    case BY_BYTES:
        return cost->bytes;
    case BY_COUNT:
        return cost->count;
    case BY_END:
        return cost->live_bytes;
    case BY_TEMPORARY:
        return cost->temporary;
    }
    return 0;
}

static bool stack_add(struct sites *sites, uint32_t stack, const struct fl_cost *cost)
{
    struct spot spot;
    const struct fl_symbol *symbol = site_find(sites, stack, &spot);
    struct site *site = site_of(sites, symbol);
    if (site == NULL) {
        return false;
    }
    const uint64_t weight = order_value(sites->settings->order, cost);
    if (site->cost.count == 0 || weight > site->heaviest) {
        site->heaviest = weight;
        site->spot = spot;
    }
    fl_costs_add(&site->cost, cost);
    return true;
}

/* ---- output ---- */

static int site_compare(const void *one, const void *other, void *user)
{
    const enum order *order = user;
    const struct site *left = one, *right = other;
    const uint64_t a = order_value(*order, &left->cost), b = order_value(*order, &right->cost);
    if (a != b) {
        return a < b ? 1 : -1;
    }
    if (left->cost.bytes != right->cost.bytes) {
        return left->cost.bytes < right->cost.bytes ? 1 : -1;
    }
    return strcmp(left->key, right->key);
}

static void share_print(uint64_t part, uint64_t whole)
{
    printf(" %5.1f%%", whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole);
}

static void callers_print(const struct sites *sites, struct spot spot)
{
    const struct fl_symbol *symbol;
    for (uint64_t i = 0; i < sites->settings->depth; i++) {
        spot.inner++;
        symbol = spot_symbol(sites, &spot);
        if (symbol == NULL) {
            return;
        }
        printf("%*s%s", 70, "from ", symbol->function);
        if (symbol->file != NULL && symbol->line > 0) {
            printf("  %s:%d", symbol->file, symbol->line);
        }
        putchar('\n');
    }
}

static void site_print(const struct sites *sites, const struct site *site,
                       const struct fl_costs *costs)
{
    const struct fl_cost *cost = &site->cost;
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
    printf("  %s\n", site->key);
    callers_print(sites, site->spot);
}

static void sites_print(const struct sites *sites, const struct fl_costs *costs)
{
    const uint64_t limit = sites->settings->limit;
    const uint64_t shown = sites->count < limit ? sites->count : limit;
    printf("%17s %17s %11s %10s %10s %6s\n", "live at the peak", "allocated", "calls",
           "never freed", "lifetime", "temp.");
    for (uint64_t i = 0; i < shown; i++) {
        site_print(sites, &sites->at[i], costs);
    }
    printf("\n%" PRIu64 " of %zu sites", shown, sites->count);
    printf("; in all %s", fl_fmt_bytes(costs->all.bytes).text);
    printf(" allocated by %s calls,", fl_fmt_count(costs->all.count).text);
    printf(" %s live at the peak (event %" PRIu64 "),",
           fl_fmt_bytes(costs->all.peak_bytes).text, costs->peak_event);
    printf(" %s never freed\n", fl_fmt_bytes(costs->all.live_bytes).text);
}

static void sites_clear(struct sites *sites)
{
    for (size_t i = 0; i < sites->count; i++) {
        free(sites->at[i].key);
    }
    free(sites->at);
    free(sites->table);
    fl_symbols_free(sites->symbols);
}

static enum fl_status sites_make(struct sites *sites, const struct fl_costs *costs)
{
    bool is_fine = sites->symbols != NULL;
    for (uint32_t stack = 0; is_fine && stack < costs->count; stack++) {
        const struct fl_cost *cost = &costs->by_stack[stack];
        is_fine = cost->count == 0 || stack_add(sites, stack, cost);
    }
    if (!is_fine) {
        struct fl_error err;
        (void)fl_fail(&err, FL_NOMEM, "no memory for the sites");
        fl_opt_report(&command, &err);
        return FL_NOMEM;
    }
    enum order order = sites->settings->order;
    if (sites->count > 0) {
        qsort_r(sites->at, sites->count, sizeof *sites->at, site_compare, &order);
    }
    return FL_OK;
}

int verb_sites(int argc, char **argv)
{
    struct settings settings = {.limit = FL_SITES_SHOWN, .depth = FL_CALLERS_SHOWN};
    struct fl_costs costs = {0};
    struct fl_reader *reader;
    enum fl_status status =
        fl_costs_gather(&command, argc, argv, option_take, &settings, &costs, &reader);
    if (reader != NULL) {
        struct sites sites = {.settings = &settings,
                              .stacks = fl_reader_stacks(reader),
                              .symbols = fl_symbols_new(fl_reader_stacks(reader))};
        const enum fl_status made = sites_make(&sites, &costs);
        if (made == FL_OK) {
            sites_print(&sites, &costs);
        }
        status = status == FL_OK ? made : status;
        sites_clear(&sites);
        fl_reader_close(reader);
    }
    fl_costs_clear(&costs);
    return fl_status_exit(status);
}
