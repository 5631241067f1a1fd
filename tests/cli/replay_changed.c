/*
 * flreplay with one allocator more: `mine`, the family's addr-tree, to which FL_MINE=knob=value happens
 * behind its back: a policy that somebody changed between two builds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flreplay.h"

static int changed_create(const struct fl_allocator_config *config, struct fl_allocator **out)
{
    const struct fl_allocator_ops *ops = fl_allocator_find("addr-tree", strlen("addr-tree"));
    const char *change = getenv("FL_MINE");
    struct fl_allocator_config changed = *config;
    if (change != NULL &&
        fl_allocator_set(ops, &changed, change, strlen(change), NULL, 0) != 0) {
        return -EINVAL;
    }
    return ops->create(&changed, out);
}

int main(int argc, char **argv)
{
    struct fl_allocator_ops mine = *fl_allocator_find("addr-tree", strlen("addr-tree"));
    mine.name = "mine";
    mine.create = changed_create;
    const struct fl_allocator_ops *const extra[] = {&mine};
    const struct fl_catalog catalog = {extra, 1};
    return fl_replay_main(argc, argv, &catalog);
}
