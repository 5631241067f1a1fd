/*
 * The command with the built-in targets. All of it is in flreplay.c, where test programs that
 * bring broken allocators find it too.
 */
#include "flreplay.h"

int main(int argc, char **argv)
{
    const struct fl_catalog built_in_only = {.extra = NULL};
    return fl_replay_main(argc, argv, &built_in_only);
}
