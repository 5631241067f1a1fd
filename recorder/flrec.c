/*
 * flrec: run a program and record what it asks of malloc.
 *
 * This file is the order of things: options, a look at the program, shared memory, the child,
 * the drain, the wait, the summary, the exit code (summary.c and launch.c have the rest).
 * A failure before the program runs is ours and ends with 125; after that nothing that happens
 * to the recording changes what the program does or how flrec exits.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fl/opt.h>

#include "herd.h"
#include "inspect.h"
#include "launch.h"
#include "library.h"
#include "output.h"
#include "ring.h"
#include "summary.h"

#define FL_EXIT_OURS      125
#define FL_EXIT_NOT_RUN   126
#define FL_EXIT_NOT_FOUND 127
#define FL_EXIT_SIGNAL    128
#define FL_RING_BYTES     (1024u * 1024)
#define FL_RING_BYTES_MIN (FL_RING_SLOTS_MIN * sizeof(struct fl_slot))
#define FL_RING_BYTES_MAX (FL_RING_SLOTS_MAX * sizeof(struct fl_slot))
#define FL_LEVEL_MAX      19
#define FL_STACK_DEPTH    64u

enum option_id {
#define FL_OPTION(id, letter, name, argument, kind, default_text, choices, help) OPT_##id,
#include "options.def"
#undef FL_OPTION
};

static const struct fl_option option_table[] = {
#define FL_OPTION(id, letter, name, argument, kind, default_text, choices, help)               \
    {OPT_##id, letter, name, argument, kind, default_text, choices, help},
#include "options.def"
#undef FL_OPTION
};

static const struct fl_command command = {
    .name = "flrec",
    .synopsis = "[-o FILE] [options] [--] PROG [ARG...]",
    .summary =
        "Run PROG and record every call that it, and the processes it starts, make of the "
        "malloc family.",
    .epilogue = "Exit code: the program's own; 128+n when signal n ended it; 125 when flrec "
                "itself failed, 126 when PROG cannot be run, 127 when it is not found.",
    .options = option_table,
    .option_count = sizeof option_table / sizeof *option_table,
    .stop_at_first_operand = true,
};

struct settings {
    const char *output_path; /* or NULL: PROG.PID.zst */
    uint64_t ring_bytes;
    int level;
    uint32_t stack_depth; /* 0: no stacks */
    enum fl_stamp_choice stamp;
    struct fl_limits limits;
    uint64_t toggle_pid; /* 0: record */
    bool is_paused;
    enum fl_times times;
    bool has_environment, is_lossy, is_following, is_detaching, is_quiet, is_verbose;
};

static enum fl_status stacks_take(const struct fl_option_value *value,
                                  struct settings *settings, struct fl_error *err)
{
    uint64_t depth = FL_STACK_DEPTH;
    if (value->text && (!fl_opt_number(value->text, strlen(value->text), &depth) || depth < 1 ||
                        depth > FL_STACK_DEPTH_MAX))
        return fl_fail(err, FL_USAGE, "--stacks=%s: wanted 1 to %u frames", value->text,
                       FL_STACK_DEPTH_MAX);
    settings->stack_depth = (uint32_t)depth;
    return FL_OK;
}

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    struct settings *settings = user;
    switch ((enum option_id)value->id) {
    case OPT_OUTPUT:
        settings->output_path = value->text;
        break;
    case OPT_LEVEL:
        if (value->number < 1 || value->number > FL_LEVEL_MAX)
            return fl_fail(err, FL_USAGE, "--level is 1 to %d", FL_LEVEL_MAX);
        settings->level = (int)value->number;
        break;
    case OPT_STACKS:
        return stacks_take(value, settings, err);
    case OPT_TIME:
        settings->times = (enum fl_times)value->number;
        break;
    case OPT_RING:
        if (value->number < FL_RING_BYTES_MIN || value->number > FL_RING_BYTES_MAX ||
            (value->number & (value->number - 1)) != 0)
            return fl_fail(err, FL_USAGE, "--ring=%s: wanted a power of two, 4k to 1g",
                           value->text);
        settings->ring_bytes = value->number;
        break;
    case OPT_STAMP:
        settings->stamp = (enum fl_stamp_choice)value->number;
        break;
    case OPT_START_AFTER:
        settings->limits.start_after = value->number;
        break;
    case OPT_MAX_EVENTS:
    case OPT_MAX_BYTES:
        if (value->number == 0)
            return fl_fail(err, FL_USAGE, "--max-events and --max-bytes are at least 1");
        if (value->id == OPT_MAX_EVENTS)
            settings->limits.max_events = value->number;
        else
            settings->limits.max_bytes = value->number;
        break;
    case OPT_PAUSED:
        settings->is_paused = true;
        break;
    case OPT_TOGGLE:
        if (value->number == 0 || value->number > INT_MAX)
            return fl_fail(err, FL_USAGE, "--toggle=%s: that is no process", value->text);
        settings->toggle_pid = value->number;
        break;
    case OPT_LOSSY:
        settings->is_lossy = true;
        break;
    case OPT_SAVE_ENV:
        settings->has_environment = true;
        break;
    case OPT_NO_FOLLOW:
        settings->is_following = false;
        break;
    case OPT_DETACH:
        settings->is_detaching = true;
        break;
    case OPT_QUIET:
        settings->is_quiet = true;
        break;
    case OPT_VERBOSE:
        settings->is_verbose = true;
        break;
    }
    return FL_OK;
}

/* What a recording holds between its start and its end. */
struct recording {
    const struct settings *settings;
    char **argv; /* the program's */
    char library[PATH_MAX];
    struct fl_herd *herd;
    struct fl_herd_door door;
    struct fl_launch launch;
    char *path; /* of the first trace */
};

static bool is_stdout_taken(const struct settings *settings)
{
    return settings->output_path && strcmp(settings->output_path, "-") == 0;
}

static enum fl_status child_make(struct recording *rec, struct fl_error *err)
{
    const struct fl_launch_config config = {
        .argv = rec->argv,
        .library = rec->library,
        .control = rec->door.control,
        .control_fd = rec->door.control_fd,
        .control_inode = rec->door.control_inode,
        .memfd = rec->door.memfd,
        .is_stdout_taken = is_stdout_taken(rec->settings),
    };
    return fl_launch_prepare(&config, &rec->launch, err);
}

static enum fl_status herd_make(struct recording *rec, struct fl_error *err)
{
    const struct fl_herd_config config = {
        .ring_bytes = rec->settings->ring_bytes,
        .stamp = rec->settings->stamp,
        .level = rec->settings->level,
        .stack_depth = rec->settings->stack_depth,
        .times = rec->settings->times,
        .is_lossy = rec->settings->is_lossy,
        .has_environment = rec->settings->has_environment,
        .library = rec->library,
        .is_following = rec->settings->is_following,
        .is_paused = rec->settings->is_paused,
        .limits = rec->settings->limits,
    };
    return fl_herd_make(&config, &rec->herd, &rec->door, err);
}

static enum fl_status herd_start(struct recording *rec, struct fl_error *err)
{
    struct fl_output output;
    rec->path = rec->settings->output_path ? strdup(rec->settings->output_path)
                                           : fl_output_default(rec->argv[0], rec->launch.pid);
    if (!rec->path)
        return fl_fail(err, FL_NOMEM, "no memory for the recorder");
    const enum fl_status status = fl_output_open(rec->path, &output, err);
    if (status != FL_OK)
        return status;
    return fl_herd_start(rec->herd, rec->launch.pid, rec->path, output, err);
}

/* Everything up to a child that waits for its go. */
static enum fl_status recording_begin(struct recording *rec, struct fl_error *err)
{
    enum fl_status status = fl_inspect_program(rec->argv[0], err);
    if (status == FL_OK)
        status = fl_library_find(rec->settings->stack_depth > 0 ? FL_LIBRARY_STACKS_NAME
                                                                : FL_LIBRARY_NAME,
                                 rec->library, err);
    if (status == FL_OK)
        status = herd_make(rec, err);
    if (status != FL_OK)
        return status;
    status = child_make(rec, err);
    if (status == FL_OK) {
        status = herd_start(rec, err);
        if (status == FL_OK)
            return FL_OK;
        fl_launch_cancel(&rec->launch);
    }
    fl_herd_cancel(rec->herd);
    return status;
}

/* The program could not be run: no trace is left behind. */
static int not_run(struct recording *rec, int code)
{
    struct fl_herd_report report;
    struct fl_error err;
    fl_herd_finish(rec->herd, false, &report);
    fl_herd_report_free(&report);
    (void)fl_fail_os(&err, FL_MISSING, code, "cannot run %s", rec->argv[0]);
    fl_opt_report(&command, &err);
    return code == ENOENT ? FL_EXIT_NOT_FOUND : FL_EXIT_NOT_RUN;
}

static void recording_toggle(void *user)
{
    const struct recording *rec = user;
    fl_herd_toggle(rec->herd);
}

static int recording_run(struct recording *rec)
{
    const int code = fl_launch_go(&rec->launch);
    if (code != 0)
        return not_run(rec, code);
    const int status = fl_launch_wait(&rec->launch, recording_toggle, rec);
    struct fl_herd_report report;
    fl_herd_first_ended(rec->herd, status);
    while (!fl_herd_is_over(rec->herd) && !rec->settings->is_detaching &&
           fl_launch_linger(&rec->launch, recording_toggle, rec))
        continue;
    fl_herd_finish(rec->herd, true, &report);
    fl_summary_print(stderr, &report, rec->settings->is_quiet, rec->settings->is_verbose);
    fl_herd_report_free(&report);
    return WIFSIGNALED(status) ? FL_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int fail(const struct fl_error *err)
{
    fl_opt_report(&command, err);
    return FL_EXIT_OURS;
}

int main(int argc, char **argv)
{
    fl_output_hold_streams();
    struct settings settings = {.ring_bytes = FL_RING_BYTES, .is_following = true};
    struct fl_error err;
    int first;
    enum fl_status status =
        fl_opt_parse(&command, argc, argv, option_take, &settings, &first, &err);
    if (status == FL_END)
        return fl_opt_end(&command, EXIT_SUCCESS) == EXIT_SUCCESS ? EXIT_SUCCESS : FL_EXIT_OURS;
    if (status == FL_OK && settings.toggle_pid != 0) {
        status = fl_launch_toggle((pid_t)settings.toggle_pid, &err);
        return status == FL_OK ? EXIT_SUCCESS : fail(&err);
    }
    if (status == FL_OK && first >= argc)
        status = fl_fail(&err, FL_USAGE, "no program given; try: flrec -o t.zst -- ls");
    if (status == FL_OK && is_stdout_taken(&settings) && isatty(STDOUT_FILENO))
        status = fl_fail(&err, FL_USAGE,
                         "a trace is not for a terminal; redirect it, or use -o FILE");
    if (status != FL_OK)
        return fail(&err);
    struct recording rec = {.settings = &settings, .argv = argv + first};
    status = recording_begin(&rec, &err);
    const int code = status == FL_OK ? recording_run(&rec) : fail(&err);
    free(rec.path);
    return code;
}
