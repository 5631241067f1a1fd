/*
 * Stacks to sites. A function is looked up once for each place that calls; O(1) for each stack.
 */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fl_site_option_take(struct fl_site_settings *settings, const struct fl_option_value *value)
{
    switch (value->id) {
    case FL_SITE_OPT_BY:
        settings->order = (enum fl_site_order)value->number;
        break;
    case FL_SITE_OPT_LIMIT:
        settings->limit = value->number;
        break;
    case FL_SITE_OPT_DEPTH:
        settings->depth = value->number;
        break;
    default:
        settings->is_innermost = true;
        break;
    }
}

/* ---- which function is a site ---- */

/* What programs and libraries wrap malloc in; a '*' at the end stands for any rest. */
static const char *const wrappers[] = {
    "operator new*", "std::*",          "__gnu_cxx::*",     "malloc",           "calloc",
    "realloc",       "xmalloc",         "xcalloc",          "xrealloc",         "xstrdup",
    "xnmalloc",      "g_malloc*",       "g_realloc*",       "g_strdup",         "PyMem_*",
    "_PyMem_*",      "PyObject_Malloc", "_PyObject_Malloc", "PyObject_Realloc", "strdup",
    "__strdup",      "strndup",         "__strndup",        "operator_new*",    "Perl_safesys*",
};

static bool name_matches(const char *name, const char *pattern)
{
    const size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                      : strcmp(name, pattern) == 0;
}

/* A demangled template begins with what it returns: the name proper follows the last space
 * outside of angle brackets and before the arguments. */
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

const struct fl_symbol *fl_spot_symbol(const struct fl_sites *sites, struct fl_spot *spot)
{
    const struct fl_frame *frame;
    while ((frame = fl_stacks_frame(sites->stacks, spot->stack)) != NULL) {
        size_t count;
        const struct fl_symbol *at = fl_symbols_at(sites->symbols, frame, &count);
        if (at != NULL && spot->inner < count) {
            return &at[spot->inner];
        }
        *spot = (struct fl_spot){frame->parent, 0};
    }
    return NULL;
}

/* The site of a stack: the innermost function of all when none but wrappers is there. */
static const struct fl_symbol *site_find(const struct fl_sites *sites, uint32_t stack,
                                         struct fl_spot *spot)
{
    struct fl_spot at = {stack, 0};
    const struct fl_symbol *symbol;
    *spot = at;
    while (!sites->settings->is_innermost && (symbol = fl_spot_symbol(sites, &at)) != NULL) {
        if (!is_wrapper(symbol->function)) {
            *spot = at;
            return symbol;
        }
        at.inner++;
    }
    return fl_spot_symbol(sites, spot);
}

/* ---- the table of sites ---- */

uint64_t fl_site_value(enum fl_site_order order, const struct fl_cost *cost)
{
    switch (order) {
    case FL_SITES_BY_PEAK:
        return cost->peak_bytes;
    case FL_SITES_BY_BYTES:
        return cost->bytes;
    case FL_SITES_BY_COUNT:
        return cost->count;
    case FL_SITES_BY_END:
        return cost->live_bytes;
    case FL_SITES_BY_TEMPORARY:
        return cost->temporary;
    }
    return 0;
}

/* The site that the key names; a new one costs nothing yet. NULL when out of memory. */
static struct fl_site *site_of(struct fl_sites *sites, char *key)
{
    const uint32_t known_count = sites->names.count;
    const uint32_t number = fl_names_add(&sites->names, key);
    if (number == FL_NAME_NONE) {
        return NULL;
    }
    if (number == sites->capacity) {
        const size_t capacity = 2 * sites->capacity + 256;
        struct fl_site *grown = reallocarray(sites->at, capacity, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        sites->at = grown;
        sites->capacity = capacity;
    }
    if (number == known_count) {
        sites->at[number] = (struct fl_site){0};
    }
    return &sites->at[number];
}

static bool stack_add(struct fl_sites *sites, uint32_t stack, const struct fl_cost *cost)
{
    struct fl_spot spot;
    const struct fl_symbol *symbol = site_find(sites, stack, &spot);
    struct fl_site *site = site_of(sites, sites->key(sites, symbol, spot));
    if (site == NULL) {
        return false;
    }
    const uint64_t weight = fl_site_value(sites->settings->order, cost);
    if (site->cost.count == 0 || weight > site->heaviest) {
        site->heaviest = weight;
        site->spot = spot;
    }
    fl_costs_add(&site->cost, cost);
    return true;
}

bool fl_sites_make(struct fl_sites *sites, const struct fl_stacks *stacks,
                   const struct fl_costs *costs)
{
    sites->stacks = stacks;
    sites->symbols = fl_symbols_new(stacks);
    bool is_fine = sites->symbols != NULL;
    for (uint32_t stack = 0; is_fine && stack < costs->count; stack++) {
        const struct fl_cost *cost = &costs->by_stack[stack];
        is_fine = cost->count == 0 || stack_add(sites, stack, cost);
    }
    return is_fine;
}

void fl_sites_clear(struct fl_sites *sites)
{
    fl_names_clear(&sites->names);
    free(sites->at);
    fl_symbols_free(sites->symbols);
}

void fl_callers_print(const struct fl_sites *sites, struct fl_spot spot, uint64_t count,
                      int column)
{
    for (uint64_t i = 0; i < count; i++) {
        spot.inner++;
        const struct fl_symbol *symbol = fl_spot_symbol(sites, &spot);
        if (symbol == NULL) {
            return;
        }
        printf("%*sfrom %s", column, "", symbol->function);
        if (symbol->file != NULL && symbol->line > 0) {
            printf("  %s:%d", symbol->file, symbol->line);
        }
        putchar('\n');
    }
}
