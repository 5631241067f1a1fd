/**
 * What the terminal is and allows.
 *
 * Thread safety: reads the environment and asks the kernel; keeps no state.
 */
#ifndef FL_TERM_H
#define FL_TERM_H

#include <stdbool.h>

/** The value of --color, in the order of its choices "auto|always|never". */
enum fl_color {
    FL_COLOR_AUTO,
    FL_COLOR_ALWAYS,
    FL_COLOR_NEVER,
};

#define FL_COLOR_CHOICES "auto|always|never"

/** True when `fd` is a terminal. errno is kept. */
bool fl_term_is_terminal(int fd);

/** True when `fd` is a terminal and we are its foreground job. errno is kept. */
bool fl_term_is_foreground(int fd);

/** Columns of the terminal `fd`; 80 when it is none or does not say. errno is kept. */
int fl_term_width(int fd);

/**
 * Whether to colour what goes to `fd`: --color wins, then a non-empty NO_COLOR, then TERM=dumb,
 * then whether `fd` is a terminal.
 */
bool fl_term_wants_color(enum fl_color choice, int fd);

#endif
