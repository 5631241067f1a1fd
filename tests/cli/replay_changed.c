/*
 * flreplay with one allocator more: `mine`, the family's addr-tree, which somebody changed
 * between two builds by FL_MINE: a knob=value behind its back; `visit`, one more visit in each
 * search; `footprint`, 2 % more room for each block.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flreplay.h"

static struct fl_allocator_ops mine;

static const struct fl_allocator_ops *original(void)
{
    return fl_allocator_find("addr-tree", strlen("addr-tree"));
}

static bool is_change(const char *name)
{
    const char *change = getenv("FL_MINE");
    return change != NULL && strcmp(change, name) == 0;
}

static void visiting_stats(const struct fl_allocator *self, struct fl_alloc_stats *out)
{
    original()->stats(self, out);
    out->visits_malloc += out->mallocs;
}

static void *roomy_alloc(struct fl_allocator *self, size_t bytes, size_t align)
{
    return original()->alloc(self, bytes + bytes / 50, align);
}

static int changed_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    const char *change = getenv("FL_MINE");
    struct fl_allocator_config changed = *config;
    if (change != NULL && strchr(change, '=') != NULL &&
        fl_allocator_set(original(), &changed, change, strlen(change), NULL, 0) != 0) {
        return -EINVAL;
    }
    const int result = original()->create(&changed, out);
    if (result == 0) {
        (*out)->ops = &mine;
    }
    return result;
}

int main(int argc, char **argv)
{
    mine = *original();
    mine.name = "mine";
    mine.create = changed_create;
    if (is_change("visit")) {
        mine.stats = visiting_stats;
    }
    if (is_change("footprint")) {
        mine.alloc = roomy_alloc;
    }
    const struct fl_allocator_ops *const extra[] = {&mine};
    const struct fl_catalog catalog = {extra, 1};
    return fl_replay_main(argc, argv, &catalog);
}
