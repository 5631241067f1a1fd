/*
 * Questions to the terminal. The order for colour is that of https://no-color.org and the
 * usual option: what was asked for on the command line wins over the environment.
 */
#include <fl/term.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_UNKNOWN = 80 };

bool fl_term_is_terminal(int fd)
{
    const int saved_errno = errno;
    const bool is_terminal = isatty(fd) == 1;
    errno = saved_errno;
    return is_terminal;
}

bool fl_term_is_foreground(int fd)
{
    const int saved_errno = errno;
    const bool is_foreground = tcgetpgrp(fd) == getpgrp();
    errno = saved_errno;
    return is_foreground;
}

int fl_term_width(int fd)
{
    const int saved_errno = errno;
    struct winsize size = {0};
    const bool has_answer = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    errno = saved_errno;
    return has_answer ? size.ws_col : WIDTH_UNKNOWN;
}

bool fl_term_wants_color(enum fl_color choice, int fd)
{
    if (choice != FL_COLOR_AUTO) {
        return choice == FL_COLOR_ALWAYS;
    }
    const char *no_color = getenv("NO_COLOR");
    if (no_color != NULL && no_color[0] != '\0') {
        return false;
    }
    const char *term = getenv("TERM");
    return (term == NULL || strcmp(term, "dumb") != 0) && fl_term_is_terminal(fd);
}
