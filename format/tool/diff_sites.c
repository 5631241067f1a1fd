/*
 * Which site of one trace is which of the other: by the names of function and module alone,
 * since what is between them is another build. O(sites log sites).
 */
#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MARK    '\x01' /* between function and module; symbols are printable */
#define MODULE_NAME 256u

void fl_diff_module_key(const char *path, const char *exe, char *key, size_t bytes)
{
    if (exe != NULL && strcmp(path, exe) == 0) {
        key[0] = '\0';
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *version = strstr(name, ".so.");
    const size_t length = version != NULL ? (size_t)(version - name) + 3 : strlen(name);
    snprintf(key, bytes, "%.*s", (int)(length < bytes ? length : bytes), name);
}

char *fl_diff_site_key(const struct fl_sites *sites, const struct fl_symbol *symbol,
                       struct fl_spot spot)
{
    char module_key[MODULE_NAME] = "";
    char *key = NULL;
    const struct fl_frame *frame = fl_stacks_frame(sites->stacks, spot.stack);
    const struct fl_module *module =
        frame == NULL ? NULL : fl_stacks_module(sites->stacks, frame->module);
    if (module != NULL) {
        fl_diff_module_key(module->path, sites->user, module_key, sizeof module_key);
        fl_make_printable(module_key);
    }
    const char *function = symbol == NULL ? "(unknown stack)" : symbol->function;
    return asprintf(&key, "%s%c%s", function, KEY_MARK, module_key) >= 0 ? key : NULL;
}

size_t fl_diff_key_function(const char *key)
{
    return strcspn(key, "\x01");
}

static uint64_t distance(uint64_t one, uint64_t other)
{
    return one > other ? one - other : other - one;
}

static uint64_t site_distance(const struct fl_diff_site *site, enum fl_site_order order)
{
    return distance(fl_site_value(order, site->cost[FL_OLD]),
                    fl_site_value(order, site->cost[FL_NEW]));
}

bool fl_diff_site_differs(const struct fl_diff_site *site)
{
    for (enum fl_site_order order = FL_SITES_BY_PEAK; order <= FL_SITES_BY_TEMPORARY; order++) {
        if (site_distance(site, order) != 0) {
            return true;
        }
    }
    return false;
}

const char *fl_diff_site_state(const struct fl_diff_site *site)
{
    if (site->at[FL_OLD] == NULL) {
        return "new";
    }
    if (site->at[FL_NEW] == NULL) {
        return "gone";
    }
    return fl_diff_site_differs(site) ? "changed" : "same";
}

static int site_compare(const void *one, const void *other, void *user)
{
    const enum fl_site_order *order = user;
    const struct fl_diff_site *left = one, *right = other;
    const bool left_differs = fl_diff_site_differs(left);
    if (left_differs != fl_diff_site_differs(right)) {
        return left_differs ? -1 : 1;
    }
    const enum fl_site_order orders[] = {*order, FL_SITES_BY_BYTES, FL_SITES_BY_COUNT};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const uint64_t a = site_distance(left, orders[i]), b = site_distance(right, orders[i]);
        if (a != b) {
            return a < b ? 1 : -1;
        }
    }
    return strcmp(left->key, right->key);
}

static void site_add(struct fl_diff *diff, const char *key, const struct fl_site *old,
                     const struct fl_site *now)
{
    static const struct fl_cost nothing;
    struct fl_diff_site *site = &diff->sites[diff->site_count++];
    *site = (struct fl_diff_site){
        .key = key,
        .at = {[FL_OLD] = old, [FL_NEW] = now},
        .cost = {[FL_OLD] = old == NULL ? &nothing : &old->cost,
                 [FL_NEW] = now == NULL ? &nothing : &now->cost},
    };
    diff->differing_count += fl_diff_site_differs(site);
}

bool fl_diff_pair(struct fl_diff *diff)
{
    const struct fl_sites *old = &diff->sides[FL_OLD].sites, *now = &diff->sides[FL_NEW].sites;
    diff->sites = reallocarray(NULL, (size_t)old->names.count + now->names.count + 1,
                               sizeof *diff->sites);
    if (diff->sites == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < now->names.count; i++) {
        const uint32_t before = fl_names_find(&old->names, now->names.at[i]);
        site_add(diff, now->names.at[i], before == FL_NAME_NONE ? NULL : &old->at[before],
                 &now->at[i]);
    }
    for (uint32_t i = 0; i < old->names.count; i++) {
        if (fl_names_find(&now->names, old->names.at[i]) == FL_NAME_NONE) {
            site_add(diff, old->names.at[i], &old->at[i], NULL);
        }
    }
    qsort_r(diff->sites, diff->site_count, sizeof *diff->sites, site_compare,
            &diff->settings.order);
    return true;
}
