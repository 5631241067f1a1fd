#include <fl_test.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fl/term.h>

/* The master side of a pseudo-terminal is a terminal too: enough to ask isatty. */
static int terminal_open(void)
{
    const int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (fd < 0) {
        skip();
    }
    return fd;
}

static void option_wins_over_environment(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    assert_true(fl_term_wants_color(FL_COLOR_ALWAYS, -1));
    unsetenv("NO_COLOR");
    assert_false(fl_term_wants_color(FL_COLOR_NEVER, -1));
}

static void environment_wins_over_terminal(void **state)
{
    (void)state;
    const int fd = terminal_open();
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_true(fl_term_wants_color(FL_COLOR_AUTO, fd));
    setenv("NO_COLOR", "", 1); /* empty counts as absent */
    assert_true(fl_term_wants_color(FL_COLOR_AUTO, fd));
    setenv("NO_COLOR", "1", 1);
    assert_false(fl_term_wants_color(FL_COLOR_AUTO, fd));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(fl_term_wants_color(FL_COLOR_AUTO, fd));
    close(fd);
}

static void a_pipe_is_no_terminal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    errno = EINTR;
    assert_false(fl_term_is_terminal(ends[1]));
    assert_false(fl_term_is_foreground(ends[1]));
    assert_int_equal(fl_term_width(ends[1]), 80);
    assert_int_equal(errno, EINTR);
    setenv("TERM", "xterm", 1);
    assert_false(fl_term_wants_color(FL_COLOR_AUTO, ends[1]));
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option_wins_over_environment),
        cmocka_unit_test(environment_wins_over_terminal),
        cmocka_unit_test(a_pipe_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
