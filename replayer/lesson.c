/*
 * --explain and --growth: from the command line to explain.c and growth.c, and the table of the
 * course notes printed from what growth.c counted.
 *
 *   malloc and free of      the notes    here with
 *   a list                  O(n) O(n)    list-*
 *   a tree by size          log n, n     size-tree
 *   a tree by address       n, log n     addr-tree
 *   both                    log n        combo-tree
 */
#include "lesson.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <fl/fmt.h>

#include "explain.h"
#include "growth.h"
#include "map.h"

#define EXPLAIN_DEFAULT "list-addr"
#define MAP_DEFAULT     "addr-tree,augment=max"

/* ---- --explain ---- */

static enum fl_status script_explain(FILE *out, const struct fl_lesson *lesson,
                                     const struct fl_run_request *run, const char *path,
                                     struct fl_error *err)
{
    const struct fl_explain_options options = {
        .base = lesson->base,
        .call_limit = run->event_limit,
        .wants_check = run->check_mode != FL_CHECK_MODE_OFF,
    };
    struct fl_script script;
    enum fl_status status = fl_script_read(path, &script, err);
    if (status != FL_OK) {
        return status;
    }
    for (size_t i = 0; status == FL_OK && i < run->targets.count; i++) {
        if (i > 0) {
            fputc('\n', out);
        }
        status = fl_explain(out, &script, &run->targets.at[i], &options, err);
    }
    fl_script_free(&script);
    return status;
}

static enum fl_status explain_give(FILE *out, const struct fl_lesson *lesson,
                                   struct fl_run_request *run, char *const *paths,
                                   size_t path_count, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    if (path_count == 0) {
        return fl_fail(err, FL_USAGE, "no text trace is named");
    }
    if (run->targets.count == 0) {
        status = fl_target_list_add(run->catalog, EXPLAIN_DEFAULT, &run->targets, err);
    }
    for (size_t i = 0; status == FL_OK && i < path_count; i++) {
        if (i > 0) {
            fputc('\n', out);
        }
        status = script_explain(out, lesson, run, paths[i], err);
    }
    return status;
}

/* ---- --growth ---- */

/* The table of the notes; `knobs` is what makes another row of the same design. */
static const struct design {
    const char *name, *knobs;
    enum fl_growth_class notes_malloc, notes_free;
} designs[] = {
    {"list-lifo", "", FL_GROWTH_LINEAR, FL_GROWTH_LINEAR},
    {"list-addr", "", FL_GROWTH_LINEAR, FL_GROWTH_LINEAR},
    {"list-size", "", FL_GROWTH_LINEAR, FL_GROWTH_LINEAR},
    {"size-tree", "", FL_GROWTH_LOGARITHMIC, FL_GROWTH_LINEAR},
    {"addr-tree", "", FL_GROWTH_LINEAR, FL_GROWTH_LOGARITHMIC},
    {"addr-tree", ",augment=max", FL_GROWTH_LINEAR, FL_GROWTH_LOGARITHMIC},
    {"combo-tree", "", FL_GROWTH_LOGARITHMIC, FL_GROWTH_LOGARITHMIC},
};
#define DESIGN_COUNT (sizeof designs / sizeof designs[0])

static bool has_knob(const struct fl_allocator_ops *ops, const char *name)
{
    for (size_t i = 0; i < ops->knob_count; i++) {
        if (strcmp(ops->knobs[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum fl_status design_add(const struct design *design, const char *tags,
                                 struct fl_run_request *run, struct fl_error *err)
{
    char text[FL_TARGET_LABEL_MAX];
    snprintf(text, sizeof text, "%s%s%s", design->name, design->knobs, tags);
    return fl_target_list_add(run->catalog, text, &run->targets, err);
}

static enum fl_status family_add(struct fl_run_request *run, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    for (size_t i = 0; status == FL_OK && i < DESIGN_COUNT; i++) {
        const struct fl_allocator_ops *ops =
            fl_catalog_find(run->catalog, designs[i].name, strlen(designs[i].name));
        if (ops == NULL) {
            continue;
        }
        if (!has_knob(ops, "tags")) {
            status = design_add(&designs[i], "", run, err);
            continue;
        }
        status = design_add(&designs[i], ",tags=none", run, err);
        if (status == FL_OK) {
            status = design_add(&designs[i], ",tags=boundary", run, err);
        }
    }
    return status;
}

static const struct design *design_find(const struct fl_target *target)
{
    for (size_t i = 0; i < DESIGN_COUNT; i++) {
        if (strcmp(designs[i].name, target->ops->name) == 0) {
            return &designs[i];
        }
    }
    return NULL;
}

static int label_width(const struct fl_target_list *targets)
{
    size_t width = strlen("allocator");
    for (size_t i = 0; i < targets->count; i++) {
        const size_t length = strlen(targets->at[i].label);
        width = length > width ? length : width;
    }
    return (int)width;
}

static void growth_title(FILE *out, int width, size_t points)
{
    fprintf(out, "visits of the worst of %u mallocs and %u frees when n blocks are free\n\n",
            FL_GROWTH_PROBES + 1, 2 * FL_GROWTH_PROBES + 1);
    fprintf(out, "  %-*s  %-6s", width, "allocator", "call");
    uint64_t count = FL_GROWTH_SMALLEST;
    for (size_t i = 0; i < points; i++, count *= 10) {
        char title[FL_FMT_MAX + 2];
        snprintf(title, sizeof title, "n=%s", fl_fmt_count(count).text);
        fprintf(out, "  %9s", title);
    }
    fprintf(out, "  %-8s  the notes\n", "class");
}

static void growth_row(FILE *out, int width, const char *label, const char *call,
                       const struct fl_growth_curve *curve, size_t points, const char *notes)
{
    fprintf(out, "  %-*s  %-6s", width, label, call);
    for (size_t i = 0; i < points; i++) {
        fprintf(out, "  %9s", fl_fmt_count(curve->visits[i]).text);
    }
    fprintf(out, "  %-8s  %s\n", fl_growth_class_text(fl_growth_classify(curve, points)),
            notes);
}

static void growth_rows(FILE *out, int width, const struct fl_target *target,
                        const struct fl_growth_result *result, size_t points)
{
    const struct design *design = design_find(target);
    growth_row(out, width, target->label, "malloc", &result->malloc_curve, points,
               design == NULL ? "-" : fl_growth_class_text(design->notes_malloc));
    growth_row(out, width, target->label, "free", &result->free_curve, points,
               design == NULL ? "-" : fl_growth_class_text(design->notes_free));
    fflush(out);
}

static void growth_legend(FILE *out)
{
    fprintf(out,
            "\n  class: for ten times the blocks O(1) makes at most 1 visit more, O(log n) at "
            "most %u more,\n  O(n) at least %u times as many. Boundary tags and augment=max "
            "are not in the notes.\n",
            FL_GROWTH_LOG_STEP, FL_GROWTH_LINEAR_STEP);
}

static enum fl_status growth_give(FILE *out, const struct fl_lesson *lesson,
                                  struct fl_run_request *run, size_t path_count,
                                  struct fl_error *err)
{
    const size_t points = fl_growth_points(lesson->growth_largest);
    enum fl_status status = FL_OK;
    if (path_count > 0) {
        return fl_fail(err, FL_USAGE, "--growth makes its own calls and takes no trace");
    }
    if (points < 2 || lesson->growth_largest > FL_GROWTH_LIMIT) {
        return fl_fail(err, FL_USAGE, "--growth=N: it is at least 1,000 and at most %s",
                       fl_fmt_count(FL_GROWTH_LIMIT).text);
    }
    if (run->targets.count == 0) {
        status = family_add(run, err);
    }
    const int width = label_width(&run->targets);
    for (size_t i = 0; status == FL_OK && i < run->targets.count; i++) {
        struct fl_growth_result result;
        status = fl_growth_measure(&run->targets.at[i], points, &result, err);
        if (status == FL_OK) {
            if (i == 0) {
                growth_title(out, width, points);
            }
            growth_rows(out, width, &run->targets.at[i], &result, points);
        }
    }
    if (status == FL_OK) {
        growth_legend(out);
    }
    return status;
}

/* ---- map ---- */

/* Each trace in each allocator. */
static enum fl_status map_give(FILE *out, const struct fl_lesson *lesson,
                               const struct fl_run_request *run, char *const *paths,
                               size_t path_count, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    if (path_count == 0) {
        return fl_fail(err, FL_USAGE, "no trace is named");
    }
    for (size_t i = 0; status == FL_OK && i < path_count; i++) {
        struct fl_source source;
        status = fl_source_open(&source, paths[i], run->from, err);
        if (status != FL_OK) {
            return status;
        }
        for (size_t j = 0; status == FL_OK && j < run->targets.count; j++) {
            fputs(i + j > 0 ? "\n" : "", out);
            status = fl_map_draw(out, &run->targets.at[j], &source, lesson->map_event,
                                 run->event_limit, err);
        }
        fl_source_close(&source);
    }
    return status;
}

static enum fl_status map_begin(FILE *out, const struct fl_lesson *lesson,
                                struct fl_run_request *run, char *const *paths,
                                size_t path_count, struct fl_error *err)
{
    enum fl_status status =
        run->targets.count > 0
            ? FL_OK
            : fl_target_list_add(run->catalog, MAP_DEFAULT, &run->targets, err);
    for (size_t i = 0; status == FL_OK && i < run->targets.count; i++) {
        status = fl_map_check(&run->targets.at[i], err);
    }
    return status == FL_OK ? map_give(out, lesson, run, paths, path_count, err) : status;
}

/* ---- all ---- */

static enum fl_status lesson_check(const struct fl_lesson *lesson, struct fl_error *err)
{
    if (lesson->wants_explain + lesson->wants_growth + lesson->wants_map > 1) {
        return fl_fail(err, FL_USAGE, "--explain, --growth and --map are different commands");
    }
    if (lesson->has_base && !lesson->wants_explain) {
        return fl_fail(err, FL_USAGE, "--base says where --explain begins to count");
    }
    if (lesson->base > FL_EXPLAIN_BASE_MAX) {
        return fl_fail(err, FL_USAGE, "--base: it is at most %" PRIu64, FL_EXPLAIN_BASE_MAX);
    }
    return FL_OK;
}

enum fl_status fl_lesson_give(FILE *out, const struct fl_lesson *lesson,
                              struct fl_run_request *run, char *const *paths, size_t path_count,
                              struct fl_error *err)
{
    enum fl_status status = lesson_check(lesson, err);
    if (status == FL_OK) {
        status = lesson->wants_explain ? explain_give(out, lesson, run, paths, path_count, err)
                 : lesson->wants_map   ? map_begin(out, lesson, run, paths, path_count, err)
                                       : growth_give(out, lesson, run, path_count, err);
    }
    if ((fflush(out) != 0 || ferror(out)) && status == FL_OK) {
        status = fl_fail_os(err, FL_IO, errno, "the results cannot be written");
    }
    return status;
}
