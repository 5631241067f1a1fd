/**
 * What of the machine and the environment the figures depend on.
 *
 * Thread safety: reads the environment.
 */
#ifndef FL_REPLAY_MACHINE_H
#define FL_REPLAY_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#define FL_MACHINE_SETTINGS_MAX 16u

struct fl_machine {
    unsigned processors; /* that this process may run on */
    char huge_pages[16]; /* transparent ones: "always", "madvise", "never"; "?": not known */
    bool has_instruction_counter;
    size_t setting_count;                          /* further ones are not told */
    const char *settings[FL_MACHINE_SETTINGS_MAX]; /* "MALLOC_CONF=...", of the environment */
};

/** Processors that this process may run on. */
unsigned fl_machine_processors(void);

void fl_machine_read(struct fl_machine *machine);

#endif
