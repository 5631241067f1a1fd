/*
 * fltrace diff: what changed between two traces, in all and by call site. Each is walked once;
 * memory follows the live objects of one and the stacks of both.
 */
#include "diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/import.h>
#include <fl/part_file.h>

#include "verb.h"

enum { OPT_ALL = FL_SITE_OPTION_COUNT, OPT_JSON };

static const struct fl_option options[] = {
    FL_SITE_OPTIONS("bytes", "of the sites, by the difference in "),
    {OPT_ALL, 0, "all", NULL, FL_OPT_FLAG, NULL, NULL, "Show what is the same, too."},
    {OPT_JSON, 'j', "json", "FILE", FL_OPT_MAYBE, NULL, NULL,
     "Write the comparison as JSON to FILE, or to standard output in place of the tables."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace diff",
    .synopsis = "[--by=KIND] [--limit=N] [--depth=N] [--all] [--json[=FILE]] OLD NEW",
    .summary = "Say what changed between two traces, in all and, where both have stacks, by "
               "call site.",
    .epilogue = "A site is the same one in both traces when function and module have the same "
                "names; lines are "
                "shown, and need not match. A library is known by its name up to .so, the "
                "program is the "
                "program, whatever its file is called. Keep the files of the old build where "
                "they were when it "
                "was recorded: names come from them.\n"
                "\n"
                "The exit code does not tell whether something changed.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct request {
    const char *from; /* the format to read both as, or NULL */
    struct fl_diff diff;
    bool wants_json;
    const char *json_path; /* NULL: standard output */
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct request *request = user;
    switch (value->id) {
    case OPT_ALL:
        request->diff.is_all = true;
        break;
    case OPT_JSON:
        request->wants_json = true;
        request->json_path =
            value->text == NULL || strcmp(value->text, "-") == 0 ? NULL : value->text;
        break;
    default:
        fl_site_option_take(&request->diff.settings, value);
        break;
    }
    return FL_OK;
}

/* ---- the figures ---- */

static const struct fl_diff_figure figures[] = {
#define FIGURE(label, key, unit, is_rare, field)                                               \
    {                                                                                          \
        label, key, FL_FIGURE_##unit, is_rare, offsetof(struct fl_counts, field)               \
    }
    FIGURE("calls", "events", COUNT, false, events),
    FIGURE("allocations", "allocations", COUNT, false, allocations),
    FIGURE("bytes allocated", "allocated_bytes", BYTES, false, allocated_bytes),
    FIGURE("peak of live bytes", "peak_live_bytes", BYTES, false, peak_live_bytes),
    FIGURE("  at event", "peak_event", EVENT, false, peak_event),
    FIGURE("peak of live objects", "peak_live_objects", COUNT, false, peak_live_objects),
    FIGURE("  at event", "peak_objects_event", EVENT, false, peak_objects_event),
    FIGURE("never freed, bytes", "end_live_bytes", BYTES, false, live_bytes),
    FIGURE("never freed, objects", "end_live_objects", COUNT, false, live_objects),
    FIGURE("temporary objects", "temporary_objects", COUNT, false, temporary),
    FIGURE("threads", "threads", COUNT, false, threads),
    FIGURE("free(NULL)", "null_pointers", COUNT, true, null_pointers),
    FIGURE("realloc(p, 0)", "freed_reallocs", COUNT, true, freed_reallocs),
    FIGURE("unknown pointers", "unknown_pointers", COUNT, true, unknown_pointers),
    FIGURE("implied frees", "implied_frees", COUNT, true, implied_frees),
    FIGURE("lost events", "lost_events", COUNT, true, lost_events),
#undef FIGURE
};

size_t fl_diff_figure_count(void)
{
    return sizeof figures / sizeof figures[0];
}

const struct fl_diff_figure *fl_diff_figure_at(size_t i)
{
    return &figures[i];
}

uint64_t fl_diff_figure_value(const struct fl_diff_figure *figure,
                              const struct fl_counts *counts)
{
    uint64_t value;
    memcpy(&value, (const char *)counts + figure->offset, sizeof value);
    return value;
}

/* ---- reading ---- */

static bool step_take(const struct fl_step *step, void *user)
{
    struct fl_diff_side *side = user;
    fl_counts_step(&side->counts, step);
    side->is_out_of_memory = side->has_stacks && !fl_costs_step(&side->costs, step);
    return !side->is_out_of_memory;
}

static enum fl_status side_open(const struct request *request, struct fl_diff_side *side,
                                struct fl_error *err)
{
    enum fl_status status = fl_import_open(side->path, request->from, &side->reader, err);
    if (status != FL_OK) {
        return status;
    }
    side->has_stacks =
        fl_metadata_get(fl_reader_metadata(side->reader), "stack_depth", NULL) != NULL;
    if (side->has_stacks) {
        status = fl_reader_keep_stacks(side->reader, err);
    }
    if (status == FL_OK && !fl_costs_start(&side->costs)) {
        status = fl_fail(err, FL_NOMEM, "no memory for the costs");
    }
    return status;
}

/* What cannot be opened, or read to its end, ends the command; of a damaged trace the rest is
 * compared. */
static enum fl_status side_read(const struct request *request, struct fl_diff_side *side,
                                struct fl_error *err)
{
    const enum fl_status status = side_open(request, side, err);
    if (status != FL_OK) {
        return status;
    }
    side->status = fl_trace_walk(&command, side->reader, FL_BY_EVENT, step_take, side);
    fl_costs_finish(&side->costs);
    if (fl_status_exit(side->status) == FL_EXIT_ENVIRONMENT) {
        return fl_fail(err, side->status, "%s was not read to its end: no comparison",
                       side->path);
    }
    return side->is_out_of_memory ? fl_fail(err, FL_NOMEM, "no memory for the costs") : FL_OK;
}

static enum fl_status sites_pair(struct fl_diff *diff, struct fl_error *err)
{
    diff->has_sites = diff->sides[FL_OLD].has_stacks && diff->sides[FL_NEW].has_stacks;
    for (int age = FL_OLD; diff->has_sites && age < FL_AGES; age++) {
        struct fl_diff_side *side = &diff->sides[age];
        side->sites.key = fl_diff_site_key;
        side->sites.settings = &diff->settings;
        side->sites.user = fl_metadata_get(fl_reader_metadata(side->reader), "exe", NULL);
        if (!fl_sites_make(&side->sites, fl_reader_stacks(side->reader), &side->costs)) {
            return fl_fail(err, FL_NOMEM, "no memory for the sites");
        }
    }
    return fl_diff_pair(diff) ? FL_OK : fl_fail(err, FL_NOMEM, "no memory for the sites");
}

/* ---- the command ---- */

static enum fl_status json_write(const struct request *request, struct fl_error *err)
{
    struct fl_part_file file;
    const enum fl_status status = fl_part_open(&file, request->json_path, err);
    if (status != FL_OK) {
        return status;
    }
    if (!fl_diff_emit(&request->diff, file.out)) {
        const int saved_errno = errno;
        fl_part_drop(&file);
        return fl_fail_os(err, FL_IO, saved_errno, "the comparison cannot be written");
    }
    return fl_part_close(&file, err);
}

/* A trace cannot be recorded again. */
static enum fl_status output_check(const struct request *request, struct fl_error *err)
{
    for (int age = FL_OLD; request->json_path != NULL && age < FL_AGES; age++) {
        const char *trace = request->diff.sides[age].path;
        if (fl_part_is_same(request->json_path, trace)) {
            return fl_fail(err, FL_USAGE, "%s would be written over %s, which is read",
                           request->json_path, trace);
        }
    }
    return FL_OK;
}

static enum fl_status diff_run(struct request *request, struct fl_error *err)
{
    enum fl_status status = output_check(request, err);
    for (int age = FL_OLD; status == FL_OK && age < FL_AGES; age++) {
        status = side_read(request, &request->diff.sides[age], err);
    }
    if (status == FL_OK) {
        status = sites_pair(&request->diff, err);
    }
    if (status == FL_OK && request->wants_json) {
        status = json_write(request, err);
    }
    if (status == FL_OK && (!request->wants_json || request->json_path != NULL)) {
        fl_diff_print(&request->diff);
    }
    return status;
}

static void diff_clear(struct fl_diff *diff)
{
    for (int age = FL_OLD; age < FL_AGES; age++) {
        fl_sites_clear(&diff->sides[age].sites);
        fl_costs_clear(&diff->sides[age].costs);
        fl_reader_close(diff->sides[age].reader);
    }
    free(diff->sites);
}

int verb_diff(int argc, char **argv)
{
    struct request *request = calloc(1, sizeof *request);
    struct fl_error err;
    int first;
    if (request == NULL) {
        (void)fl_fail(&err, FL_NOMEM, "no memory for a comparison");
        fl_opt_report(&command, &err);
        return FL_EXIT_ENVIRONMENT;
    }
    request->diff.settings =
        (struct fl_site_settings)FL_SITE_SETTINGS_DEFAULT(FL_SITES_BY_BYTES);
    enum fl_status status =
        fl_verb_parse(&command, argc, argv, option_take, request, &first, &request->from);
    if (status == FL_OK) {
        if (argc - first != 2) {
            status = fl_fail(&err, FL_USAGE, "give two traces, the old one first; %d are given",
                             argc - first);
        } else {
            request->diff.sides[FL_OLD].path = argv[first];
            request->diff.sides[FL_NEW].path = argv[first + 1];
            status = diff_run(request, &err);
        }
        if (status != FL_OK) {
            fl_opt_report(&command, &err);
        }
    }
    const struct fl_diff_side *sides = request->diff.sides;
    const enum fl_status damage =
        sides[FL_OLD].status != FL_OK ? sides[FL_OLD].status : sides[FL_NEW].status;
    diff_clear(&request->diff);
    free(request);
    return fl_status_exit(status != FL_OK ? status : damage);
}
