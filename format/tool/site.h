/*
 * Sites: the costs of a trace by the place in the program that asked for the memory.
 *
 * A site is the innermost function of a stack that is not there to allocate (operator new, the
 * C++ library's containers, xmalloc and its like). All stacks of a site are one; what makes
 * stacks be of one site is the caller's choice.
 */
#ifndef FL_SITE_H
#define FL_SITE_H

#include "costs.h"
#include "names.h"
#include "symbols.h"

/* What sites are ordered by, in the order of --by's choices. */
enum fl_site_order {
    FL_SITES_BY_PEAK,
    FL_SITES_BY_BYTES,
    FL_SITES_BY_COUNT,
    FL_SITES_BY_END,
    FL_SITES_BY_TEMPORARY,
};

/* What a verb that shows sites is told. */
struct fl_site_settings {
    enum fl_site_order order;
    uint64_t limit, depth;
    bool is_innermost; /* take the innermost function of all, whatever it is for */
};

#define FL_SITE_SETTINGS_DEFAULT(order_by)                                                     \
    {                                                                                          \
        .order = (order_by), .limit = 20, .depth = 3                                           \
    }

/* The ids of its options, the first in its table; a verb's own come from FL_SITE_OPTION_COUNT
 * on. */
enum {
    FL_SITE_OPT_BY,
    FL_SITE_OPT_LIMIT,
    FL_SITE_OPT_DEPTH,
    FL_SITE_OPT_ALL_FRAMES,
    FL_SITE_OPTION_COUNT
};

/* Their rows; `by` is the default of --by, `of` what the order is by. */
#define FL_SITE_OPTIONS(by, of)                                                                \
    {FL_SITE_OPT_BY,                                                                           \
     0,                                                                                        \
     "by",                                                                                     \
     "KIND",                                                                                   \
     FL_OPT_CHOICE,                                                                            \
     by,                                                                                       \
     "peak|bytes|count|end|temporary",                                                         \
     "Order: " of "bytes live at the peak of the whole trace, bytes allocated, number of "     \
     "calls, bytes never freed, or objects that the very next event freed."},                  \
        {FL_SITE_OPT_LIMIT, 'n',  "limit", "N",                                                \
         FL_OPT_NUMBER,     "20", NULL,    "Print at most N sites."},                          \
        {FL_SITE_OPT_DEPTH,                                                                    \
         0,                                                                                    \
         "depth",                                                                              \
         "N",                                                                                  \
         FL_OPT_NUMBER,                                                                        \
         "3",                                                                                  \
         NULL,                                                                                 \
         "Print N callers of each site, those of its heaviest stack."},                        \
    {                                                                                          \
        FL_SITE_OPT_ALL_FRAMES, 0, "all-frames", NULL, FL_OPT_FLAG, NULL, NULL,                \
            "Take the innermost function of all, whatever it is for."                          \
    }

/* Take one of them. */
void fl_site_option_take(struct fl_site_settings *settings,
                         const struct fl_option_value *value);

/* A place in a stack: a frame, and which of the functions inlined there. */
struct fl_spot {
    uint32_t stack;
    size_t inner; /* index of its symbol in the frame's */
};

struct fl_site {
    struct fl_spot spot; /* in its heaviest stack */
    uint64_t heaviest;   /* of one stack, in the order's unit */
    struct fl_cost cost;
};

struct fl_sites;

/* What tells sites apart, as text that the caller owns; `symbol` is NULL where the stack is not
 * known. NULL when out of memory. */
typedef char *fl_site_key(const struct fl_sites *sites, const struct fl_symbol *symbol,
                          struct fl_spot spot);

struct fl_sites {
    fl_site_key *key;
    const struct fl_site_settings *settings; /* the order is what the heaviest stack goes by */
    const void *user;                        /* of the key */
    const struct fl_stacks *stacks;
    struct fl_symbols *symbols;
    struct fl_names names; /* their keys, numbered as the sites */
    struct fl_site *at;
    size_t capacity;
};

/* Make the sites of `costs`, whose stacks are `stacks`; the first three fields are set. End
 * with fl_sites_clear in any case. False when out of memory. */
bool fl_sites_make(struct fl_sites *sites, const struct fl_stacks *stacks,
                   const struct fl_costs *costs) __attribute__((warn_unused_result));
void fl_sites_clear(struct fl_sites *sites);

/* What a cost is in an order's unit. */
uint64_t fl_site_value(enum fl_site_order order, const struct fl_cost *cost);

/* The function at `spot`, or, when it has no more there, the next one out, where the spot is
 * then; NULL at the outermost. */
const struct fl_symbol *fl_spot_symbol(const struct fl_sites *sites, struct fl_spot *spot);

/* Print up to `count` callers of `spot`, one a line, "from " at `column`. */
void fl_callers_print(const struct fl_sites *sites, struct fl_spot spot, uint64_t count,
                      int column);

#endif
