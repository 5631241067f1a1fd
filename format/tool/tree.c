/*
 * fltrace info of several traces: the processes of a recording as a tree.
 *
 *       events    pid  process
 *       12,465   2979  bash -c 'make; echo done'  [t.zst]
 *          908   2982    bash  forked at event 1,100 with 715 objects  [t.2982.zst]
 *          355   2982    exec  sed s/1/2/  [t.2982.exec1.zst]
 *
 * A process hangs under its parent when that one is among the traces; siblings, and the images
 * of one process, stand in the order in which they began. Each trace is read whole, since
 * events are counted, not claimed. O(traces squared).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>
#include <fl/import.h>

#include "objects.h"
#include "verb.h"

#define COMMAND_COLUMNS 60
#define DEPTH_MAX       64

struct node {
    const char *path;
    uint64_t pid, ppid, image, parent_event, inherited, start_time_ns, events;
    bool is_forked, is_read;
    bool is_shown;
    char command_line[COMMAND_COLUMNS + 4];
};

static uint64_t number_of(const struct fl_metadata *meta, const char *name, bool *is_there)
{
    size_t bytes;
    const char *text = meta == NULL ? NULL : fl_metadata_get(meta, name, &bytes);
    if (is_there != NULL) {
        *is_there = text != NULL;
    }
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static void command_line_set(struct node *node, const struct fl_metadata *meta)
{
    size_t bytes = 0;
    const char *text = meta == NULL ? NULL : fl_metadata_get(meta, "argv", &bytes);
    const size_t shown = bytes < COMMAND_COLUMNS ? bytes : COMMAND_COLUMNS;
    for (size_t i = 0; text != NULL && i < shown; i++) {
        node->command_line[i] = text[i];
        if (text[i] == '\0' || text[i] == '\n') {
            node->command_line[i] = ' ';
        }
    }
    snprintf(node->command_line + shown, sizeof node->command_line - shown, "%s",
             bytes > shown ? "..." : "");
    fl_make_printable(node->command_line);
}

static bool step_nothing(const struct fl_step *step, void *user)
{
    (void)step;
    (void)user;
    return true;
}

static enum fl_status node_read(const struct fl_command *command, const char *path,
                                const char *from, struct node *node)
{
    struct fl_reader *reader;
    struct fl_error err;
    enum fl_status status = fl_import_open(path, from, &reader, &err);
    node->path = path;
    if (status != FL_OK) {
        fl_opt_report(command, &err);
        return status;
    }
    node->is_read = true;
    status = fl_trace_walk(command, reader, FL_BY_EVENT, step_nothing, NULL);
    const struct fl_metadata *meta = fl_reader_metadata(reader);
    node->pid = number_of(meta, "pid", NULL);
    node->ppid = number_of(meta, "ppid", NULL);
    node->image = number_of(meta, "image", NULL);
    node->parent_event = number_of(meta, "parent_event", &node->is_forked);
    node->inherited = number_of(meta, "inherited", NULL);
    node->start_time_ns = number_of(meta, "start_time_ns", NULL);
    node->events = fl_reader_totals(reader)->events;
    command_line_set(node, meta);
    fl_reader_close(reader);
    return status;
}

static int by_start(const void *left, const void *right)
{
    const struct node *one = left, *other = right;
    if (one->start_time_ns != other->start_time_ns) {
        return one->start_time_ns < other->start_time_ns ? -1 : 1;
    }
    return one->image < other->image ? -1 : one->image > other->image;
}

static void node_print(const struct node *node, int depth)
{
    printf("%16s %7" PRIu64 "  %*s", fl_fmt_count(node->events).text, node->pid, 2 * depth, "");
    printf("%s%s", node->image > 0 ? "exec  " : "", node->command_line);
    if (node->is_forked) {
        printf("  forked at event %s", fl_fmt_count(node->parent_event).text);
        printf(" with %s objects", fl_fmt_count(node->inherited).text);
    }
    printf("  [%s]\n", node->path);
}

/* All images of the process of `root`, then the processes it started. */
static void process_print(struct node *nodes, size_t count, size_t root, int depth)
{
    const uint64_t pid = nodes[root].pid;
    for (size_t i = root; i < count; i++) {
        const bool is_image = nodes[i].pid == pid && pid != 0 && nodes[i].image > 0;
        if (!nodes[i].is_shown && (i == root || is_image)) {
            nodes[i].is_shown = true;
            node_print(&nodes[i], depth);
        }
    }
    for (size_t i = root + 1; i < count && pid != 0 && depth < DEPTH_MAX; i++) {
        if (nodes[i].is_read && !nodes[i].is_shown && nodes[i].ppid == pid) {
            process_print(nodes, count, i, depth + 1);
        }
    }
}

int fl_tree_print(const struct fl_command *command, char *const *paths, size_t count,
                  const char *from)
{
    struct node *nodes = calloc(count, sizeof *nodes);
    enum fl_status first_fault = FL_OK;
    if (nodes == NULL) {
        struct fl_error err;
        (void)fl_fail(&err, FL_NOMEM, "no memory for %zu traces", count);
        fl_opt_report(command, &err);
        return fl_status_exit(FL_NOMEM);
    }
    for (size_t i = 0; i < count; i++) {
        const enum fl_status status = node_read(command, paths[i], from, &nodes[i]);
        first_fault = first_fault == FL_OK ? status : first_fault;
    }
    qsort(nodes, count, sizeof *nodes, by_start);
    printf("%16s %7s  process\n", "events", "pid");
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].is_read && !nodes[i].is_shown) {
            process_print(nodes, count, i, 0);
        }
    }
    free(nodes);
    return fl_status_exit(first_fault);
}
