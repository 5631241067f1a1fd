/*
 * What a trace says about its program. The process is alive while this reads /proc: an image
 * waits until its trace is open. What cannot be read is left out. The environment is
 * stored only when the user asks for it: it holds secrets.
 */
#include "describe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "environment.h"
#include "inspect.h"

#define FL_COMMAND_LINE_MAX (2u * 1024 * 1024)

static void set_link(struct fl_metadata *meta, const char *name, pid_t pid, const char *entry)
{
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, entry);
    const ssize_t bytes = readlink(path, target, sizeof target);
    if (bytes > 0)
        (void)fl_metadata_set(meta, name, target, (size_t)bytes);
}

static size_t read_all(int fd, char *buffer, size_t room)
{
    size_t used = 0;
    ssize_t got;
    while (used < room && (got = TEMP_FAILURE_RETRY(read(fd, buffer + used, room - used))) > 0)
        used += (size_t)got;
    return used;
}

static void set_command_line(struct fl_metadata *meta, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = malloc(FL_COMMAND_LINE_MAX);
    if (fd >= 0 && text) {
        const size_t bytes = read_all(fd, text, FL_COMMAND_LINE_MAX);
        if (bytes > 0) /* without the NUL after the last argument: the list is joined by them */
            (void)fl_metadata_set(meta, "argv", text, bytes - (text[bytes - 1] == '\0'));
    }
    free(text);
    if (fd >= 0)
        close(fd);
}

static void set_machine(struct fl_metadata *meta)
{
    struct utsname name;
    char text[2 * sizeof name.machine + sizeof name.sysname];
    if (uname(&name) != 0)
        return;
    (void)fl_metadata_set_text(meta, "machine", name.machine);
    snprintf(text, sizeof text, "%s %s", name.sysname, name.release);
    (void)fl_metadata_set_text(meta, "system", text);
}

static void set_build_id(struct fl_metadata *meta, pid_t pid)
{
    char path[64], hex[2 * FL_BUILD_ID_MAX + 1];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    if (fl_inspect_build_id(path, hex))
        (void)fl_metadata_set_text(meta, "build_id", hex);
}

/* A text that the program wrote: it ends where its room does, at the latest. */
static void set_text_if_any(struct fl_metadata *meta, const char *name, const char *text,
                            size_t room)
{
    const size_t bytes = strnlen(text, room);
    if (bytes > 0)
        (void)fl_metadata_set(meta, name, text, bytes);
}

struct fl_metadata *fl_describe_image(const struct fl_session_config *config, uint32_t number,
                                      const struct fl_inheritance *inherited,
                                      uint64_t start_time_ns)
{
    struct fl_metadata *meta = fl_metadata_new();
    if (!meta)
        return NULL;
    const struct fl_shared *shared = config->shared;
    static const char *const time_names[] = {[FL_TIMES_TICK] = "tick",
                                             [FL_TIMES_NONE] = "none",
                                             [FL_TIMES_US] = "us",
                                             [FL_TIMES_NS] = "ns"};
    const bool is_counter = config->facts.stamp_source == FL_STAMP_COUNTER;
    (void)fl_metadata_set_text(meta, "recorder", "flrec " FL_PROJECT_VERSION);
    set_link(meta, "exe", config->pid, "exe");
    set_command_line(meta, config->pid);
    set_link(meta, "cwd", config->pid, "cwd");
    if (config->has_environment)
        fl_environment_describe(meta, config->pid, config->library);
    (void)fl_metadata_set_number(meta, "pid", (uint64_t)config->pid);
    (void)fl_metadata_set_number(meta, "ppid",
                                 (uint64_t)(config->parent > 0 ? config->parent : getpid()));
    if (inherited) {
        (void)fl_metadata_set_number(meta, "parent_event", inherited->parent_event);
        (void)fl_metadata_set_number(meta, "inherited", inherited->count);
    }
    (void)fl_metadata_set_number(meta, "page_size", (uint64_t)sysconf(_SC_PAGESIZE));
    set_machine(meta);
    set_text_if_any(meta, "libc", shared->libc, sizeof shared->libc);
    set_text_if_any(meta, "allocator", shared->allocator, sizeof shared->allocator);
    set_build_id(meta, config->pid);
    (void)fl_metadata_set_number(meta, "start_time_ns", start_time_ns);
    (void)fl_metadata_set_text(meta, "stamp", is_counter ? "counter" : "cycles");
    (void)fl_metadata_set_text(meta, "time", time_names[config->times]);
    (void)fl_metadata_set_number(meta, "image", number);
    if (config->facts.is_lossy)
        (void)fl_metadata_set_number(meta, "lossy", 1);
    if (config->facts.stack_depth > 0)
        (void)fl_metadata_set_number(meta, "stack_depth", config->facts.stack_depth);
    if (config->limits.start_after > 0)
        (void)fl_metadata_set_number(meta, "start_after", config->limits.start_after);
    return meta;
}

struct fl_metadata *fl_describe_end(const struct fl_session_config *config,
                                    const struct fl_session_end *end,
                                    const struct fl_writer_totals *totals)
{
    struct fl_metadata *meta = fl_metadata_new();
    if (!meta)
        return NULL;
    const struct fl_shared *shared = config->shared;
    if (end->is_full)
        (void)fl_metadata_set_text(meta, "ended_by", "limit");
    else if (end->is_exec)
        (void)fl_metadata_set_text(meta, "ended_by", "exec");
    else if (end->signal > 0)
        (void)fl_metadata_set_number(meta, "exit_signal", (uint64_t)end->signal);
    else if (end->exit_code >= 0)
        (void)fl_metadata_set_number(meta, "exit_status", (uint64_t)end->exit_code);
    (void)fl_metadata_set_number(meta, "end_time_ns", end->time_ns);
    (void)fl_metadata_set_number(meta, "threads", totals->threads);
    (void)fl_metadata_set_number(meta, "implied_frees", totals->implied_frees);
    (void)fl_metadata_set_number(meta, "lost_events", totals->lost_events);
    (void)fl_metadata_set_number(meta, "nested_calls",
                                 atomic_load(&shared->nested_calls) - end->nested_before);
    return meta;
}
