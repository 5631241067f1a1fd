/*
 * Metadata of a merge. What all inputs say alike is said of the whole; what tells them apart is
 * a list with an entry for each input, in the order of the command line.
 */
#include "merge_meta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/text_stream.h>

#define COMMAND_BYTES 200u /* shown of a command line */

/* ---- what all say ---- */

/* Said of one process or a part of its events, so not of a whole, even where it is the same. */
static const char *const of_one_trace[] = {
    "image",       "parent_event", "inherited",   "start_time_ns", "start_after",
    "slice_first", "time",         "stack_depth", "lossy",
};

static bool is_of_one_trace(const char *name)
{
    for (size_t i = 0; i < sizeof of_one_trace / sizeof of_one_trace[0]; i++) {
        if (strcmp(name, of_one_trace[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "merged_", strlen("merged_")) == 0;
}

static bool all_say(const struct fl_merge_inputs *inputs, const char *name, const char *value,
                    size_t bytes)
{
    for (size_t i = 0; i < inputs->count; i++) {
        size_t other_bytes;
        const struct fl_metadata *meta = inputs->at[i].meta;
        const char *other = meta == NULL ? value : fl_metadata_get(meta, name, &other_bytes);
        if (meta != NULL &&
            (other == NULL || other_bytes != bytes || memcmp(other, value, bytes) != 0)) {
            return false;
        }
    }
    return true;
}

static const struct fl_metadata *first_meta(const struct fl_merge_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        if (inputs->at[i].meta != NULL) {
            return inputs->at[i].meta;
        }
    }
    return NULL;
}

static bool common_set(struct fl_metadata *meta, const struct fl_merge_inputs *inputs)
{
    const struct fl_metadata *first = first_meta(inputs);
    const size_t count = first == NULL ? 0 : fl_metadata_count(first);
    bool is_fine = true;
    for (size_t i = 0; i < count && is_fine; i++) {
        const char *name, *value;
        size_t bytes;
        fl_metadata_at(first, i, &name, &value, &bytes);
        if (!is_of_one_trace(name) && all_say(inputs, name, value, bytes)) {
            is_fine = fl_metadata_set(meta, name, value, bytes);
        }
    }
    return is_fine;
}

/* ---- what follows from several ---- */

static uint64_t largest(const struct fl_merge_inputs *inputs, const char *name)
{
    uint64_t most = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        size_t bytes;
        uint64_t number;
        const struct fl_metadata *meta = inputs->at[i].meta;
        const char *text = meta == NULL ? NULL : fl_metadata_get(meta, name, &bytes);
        if (text != NULL && fl_opt_number(text, bytes, &number) && number > most) {
            most = number;
        }
    }
    return most;
}

bool fl_merge_has_stacks(const struct fl_merge_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        if (inputs->at[i].meta != NULL &&
            fl_metadata_get(inputs->at[i].meta, "stack_depth", NULL) != NULL) {
            return true;
        }
    }
    return false;
}

uint64_t fl_merge_start(const struct fl_merge_inputs *inputs)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < inputs->count; i++) {
        if (!inputs->at[i].is_over && inputs->at[i].start_ns < first) {
            first = inputs->at[i].start_ns;
        }
    }
    return inputs->kind != FL_ORDER_TIME || first == UINT64_MAX ? 0 : first;
}

uint64_t fl_merge_inherited(const struct fl_merge_inputs *inputs, uint64_t *children)
{
    uint64_t inherited = 0;
    *children = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const struct fl_lane *lane = &inputs->at[i];
        *children += lane->is_forked;
        inherited += lane->inherited < lane->events ? lane->inherited : lane->events;
    }
    return inherited;
}

/* Times that are known in different ways are known as the worst of them. */
static const char *time_of(const struct fl_merge_inputs *inputs)
{
    const struct fl_metadata *first = first_meta(inputs);
    size_t bytes;
    const char *time = first == NULL ? NULL : fl_metadata_get(first, "time", &bytes);
    if (inputs->kind == FL_ORDER_ROUND_ROBIN) {
        return "none";
    }
    return time != NULL && all_say(inputs, "time", time, bytes) ? time : "tick";
}

static bool whole_set(struct fl_metadata *meta, const struct fl_merge_inputs *inputs)
{
    static const char *const orders[] = {
        [FL_ORDER_TIME] = "time",
        [FL_ORDER_SEQUENCE] = "sequence",
        [FL_ORDER_ROUND_ROBIN] = "round-robin",
    };
    const uint64_t start_ns = fl_merge_start(inputs);
    return (start_ns == 0 || fl_metadata_set_number(meta, "start_time_ns", start_ns)) &&
           fl_metadata_set_text(meta, "time", time_of(inputs)) &&
           (!fl_merge_has_stacks(inputs) ||
            fl_metadata_set_number(meta, "stack_depth", largest(inputs, "stack_depth"))) &&
           (largest(inputs, "lossy") == 0 || fl_metadata_set_number(meta, "lossy", 1)) &&
           fl_metadata_set_text(meta, "merged_order", orders[inputs->kind]);
}

/* ---- lists ---- */

/* Write the entry of an input. */
typedef void entry_writer(FILE *out, const struct fl_merge_inputs *inputs, size_t i);

static bool list_set(struct fl_metadata *meta, const char *name,
                     const struct fl_merge_inputs *inputs, entry_writer *write)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = fl_text_stream_open(&text, &bytes);
    if (out == NULL) {
        return false;
    }
    for (size_t i = 0; i < inputs->count; i++) {
        if (i > 0) {
            putc('\0', out);
        }
        write(out, inputs, i);
    }
    const bool is_set = fclose(out) == 0 && fl_metadata_set(meta, name, text, bytes);
    free(text);
    return is_set;
}

static void path_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fputs(inputs->at[i].path, out);
}

static void command_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    size_t bytes = 0;
    const struct fl_metadata *meta = inputs->at[i].meta;
    const char *text = meta == NULL ? NULL : fl_metadata_get(meta, "argv", &bytes);
    for (size_t at = 0; text != NULL && at < bytes && at < COMMAND_BYTES; at++) {
        putc(text[at] == '\0' ? ' ' : text[at], out);
    }
    fputs(bytes > COMMAND_BYTES ? "..." : "", out);
}

static void pid_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    if (inputs->at[i].pid != 0) {
        fprintf(out, "%" PRIu64, inputs->at[i].pid);
    }
}

static void inherited_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fprintf(out, "%" PRIu64, inputs->at[i].inherited);
}

static void events_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fprintf(out, "%" PRIu64, inputs->at[i].events);
}

static void allocations_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fprintf(out, "%" PRIu64, inputs->at[i].allocations);
}

static void threads_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fputs(inputs->told[i].threads != NULL ? inputs->told[i].threads : "", out);
}

static void freed_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    fprintf(out, "%" PRIu64, inputs->told[i].freed);
}

static void status_write(FILE *out, const struct fl_merge_inputs *inputs, size_t i)
{
    const enum fl_status fault = inputs->at[i].fault;
    fputs(fault == FL_OK ? "ok" : fl_status_text(fault), out);
}

struct fl_metadata *fl_merge_header(const struct fl_merge_inputs *inputs)
{
    struct fl_metadata *meta = fl_metadata_new();
    if (meta == NULL || !common_set(meta, inputs) || !whole_set(meta, inputs) ||
        !list_set(meta, "merged_from", inputs, path_write) ||
        !list_set(meta, "merged_commands", inputs, command_write) ||
        !list_set(meta, "merged_pids", inputs, pid_write) ||
        !list_set(meta, "merged_inherited", inputs, inherited_write)) {
        fl_metadata_free(meta);
        return NULL;
    }
    return meta;
}

struct fl_metadata *fl_merge_end(const struct fl_merge_inputs *inputs, bool has_freed)
{
    struct fl_metadata *meta = fl_metadata_new();
    uint64_t end_ns = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        end_ns = inputs->at[i].end_ns > end_ns ? inputs->at[i].end_ns : end_ns;
    }
    const bool has_end = inputs->kind == FL_ORDER_TIME && end_ns > 0;
    if (meta == NULL || !fl_metadata_set_text(meta, "ended_by", "merge") ||
        (has_end && !fl_metadata_set_number(meta, "end_time_ns", end_ns)) ||
        !list_set(meta, "merged_status", inputs, status_write) ||
        !list_set(meta, "merged_events", inputs, events_write) ||
        !list_set(meta, "merged_allocations", inputs, allocations_write) ||
        !list_set(meta, "merged_threads", inputs, threads_write) ||
        (has_freed && !list_set(meta, "merged_freed", inputs, freed_write))) {
        fl_metadata_free(meta);
        return NULL;
    }
    return meta;
}

void fl_merge_inputs_clear(struct fl_merge_inputs *inputs)
{
    for (size_t i = 0; inputs->told != NULL && i < inputs->count; i++) {
        free(inputs->told[i].threads);
    }
    free(inputs->told);
    free(inputs->at);
    inputs->told = NULL;
    inputs->at = NULL;
}
