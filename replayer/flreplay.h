/**
 * The command flreplay as a function, so that a test program can add allocators of its own.
 *
 * Thread safety: called once, from main.
 */
#ifndef FL_REPLAY_FLREPLAY_H
#define FL_REPLAY_FLREPLAY_H

#include "target.h"

/** Run the command line with the built-in targets and those of `catalog`; gives the exit
 * code. */
int fl_replay_main(int argc, char **argv, const struct fl_catalog *catalog);

#endif
