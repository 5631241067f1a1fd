/*
 * From options.def and the words of a command line to what is to be done. What the options mean
 * together is judged once all are known.
 */
#include "request.h"

#include <inttypes.h>
#include <string.h>

#include <fl/fmt.h>
#include <fl/import.h>

#include "figures.h"
#include "growth.h"
#include "machine.h"
#include "map.h"

#define RUNS_DEFAULT    5u
#define TIMEOUT_DEFAULT 60u
#define TIMEOUT_MOST    1000000u
/* The family's members whose calls are all O(log n), and libc. */
#define FL_ALLOC_DEFAULT "size-tree,addr-tree,augment=max,combo-tree,system"

enum {
#define FL_OPTION(id, letter, name, argument, kind, default_text, choices, help) OPT_##id,
#include "options.def"
#undef FL_OPTION
};

static const struct fl_option options[] = {
#define FL_OPTION(id, letter, name, argument, kind, default_text, choices, help)               \
    {OPT_##id, letter, name, argument, kind, default_text, choices, help},
#include "options.def"
#undef FL_OPTION
};

const struct fl_command fl_replay_command = {
    .name = "flreplay",
    .synopsis =
        "[--alloc=LIST] [--check[=DEPTH]] [--runs=N] [--touch=HOW] [--json[=FILE]] TRACE...\n"
        "--explain [--alloc=LIST] [--base=N] TEXT...\n"
        "--growth[=N] [--alloc=LIST]\n"
        "--map[=N] [--alloc=LIST] TRACE...\n"
        "--diff[=all] [--json[=FILE]] OLD.json NEW.json",
    .summary =
        "Replay recorded allocations into an allocator, verify every answer, measure it.",
    .epilogue =
        "Examples:\n"
        "  flreplay t.zst\n"
        "  flreplay t.zst --alloc=addr-tree,fit=best,list-addr,system\n"
        "  flreplay t.zst --alloc=list-addr --limit=100k --check=full --runs=0\n"
        "  flreplay t.zst --alloc=addr-tree --runs=0 --save-baseline=base.json\n"
        "  flreplay t.zst --alloc=addr-tree --runs=0 --baseline=base.json\n"
        "  flreplay --diff old.json new.json\n"
        "  flreplay --growth\n"
        "  printf 'a 1 100\\na 2 200\\nf 2\\n' | flreplay --explain - --base=10000\n"
        "\n"
        "A text trace for --explain has one call per line; # begins a comment:\n"
        "  a ID BYTES  malloc   m ID ALIGN BYTES  aligned_alloc   f ID  free\n"
        "  z ID BYTES  calloc   r ID BYTES        realloc         u ID  usable size\n"
        "\n" FL_FIGURES_TEXT "\n"
        "Exit codes: 0 fine, 1 a gate failed, 2 wrong use, 3 the trace is damaged or\n"
        "truncated, 4 the environment failed, 5 an allocator gave a wrong answer, 70 a\n"
        "bug in flreplay.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

static enum fl_status alloc_add(struct fl_request *request, const char *text,
                                struct fl_error *err)
{
    if (strcmp(text, "help") == 0) {
        request->wants_catalog = true;
        return FL_OK;
    }
    request->has_targets = true;
    return fl_target_list_add(request->run.catalog, text, &request->run.targets, err);
}

static enum fl_status limits_add(struct fl_request *request, enum fl_gate_level level,
                                 const char *text, struct fl_error *err)
{
    if (strcmp(text, "help") == 0) {
        request->wants_metrics = true;
        return FL_OK;
    }
    return fl_gate_add(&request->document.gate, level, text, err);
}

_Static_assert(FL_CHECK_MODE_FAST == 0 && FL_CHECK_MODE_FULL == 1 && FL_CHECK_MODE_OFF == 2,
               "the modes are in the order of the choices in options.def");

static enum fl_status number_at_least(const struct fl_option_value *value, const char *name,
                                      uint64_t least, uint64_t most, struct fl_error *err)
{
    if (value->number < least || value->number > most) {
        return fl_fail(err, FL_USAGE, "--%s=%s: it is at least %" PRIu64 "%s%s", name,
                       value->text, least, most == UINT64_MAX ? "" : " and at most ",
                       most == UINT64_MAX ? "" : fl_fmt_count(most).text);
    }
    return FL_OK;
}

static enum fl_status growth_set(struct fl_request *request,
                                 const struct fl_option_value *value, struct fl_error *err)
{
    request->lesson.wants_growth = true;
    if (value->text != NULL &&
        !fl_opt_number(value->text, strlen(value->text), &request->lesson.growth_largest)) {
        return fl_fail(err, FL_USAGE, "--growth=%s: a number is expected", value->text);
    }
    return FL_OK;
}

static enum fl_status map_set(struct fl_request *request, const struct fl_option_value *value,
                              struct fl_error *err)
{
    request->lesson.wants_map = true;
    if (value->text != NULL &&
        (!fl_opt_number(value->text, strlen(value->text), &request->lesson.map_event) ||
         request->lesson.map_event >= FL_MAP_AT_PEAK - 1)) {
        return fl_fail(err, FL_USAGE, "--map=%s: the number of an event is expected",
                       value->text);
    }
    return FL_OK;
}

static enum fl_status from_set(struct fl_request *request, const char *text,
                               struct fl_error *err)
{
    request->run.from = text;
    if (strcmp(text, "help") == 0) {
        fl_import_list(stdout);
        return FL_END;
    }
    return fl_import_check(text, err);
}

static enum fl_status path_set(const char **path, const char *option, const char *text,
                               struct fl_error *err)
{
    *path = text;
    return text != NULL && *text == '\0'
               ? fl_fail(err, FL_USAGE, "--%s: the file has no name", option)
               : FL_OK;
}

/* --baseline reads a file, so a file it is. */
static enum fl_status save_path_set(struct fl_request *request, const char *text,
                                    struct fl_error *err)
{
    return strcmp(text, "-") == 0
               ? fl_fail(err, FL_USAGE,
                         "--save-baseline keeps a file; --json has standard output")
               : path_set(&request->document.save_path, "save-baseline", text, err);
}

static enum fl_status json_add(struct fl_request *request, const char *text,
                               struct fl_error *err)
{
    const char *path;
    const enum fl_status status = path_set(&path, "json", text, err);
    return status == FL_OK ? fl_document_request_output(&request->document,
                                                        fl_form_find("json", 4), path, err)
                           : status;
}

static enum fl_status option_handle(const struct fl_option_value *value, void *user,
                                    struct fl_error *err)
{
    struct fl_request *request = user;
    switch (value->id) {
    case OPT_ALLOC:
        return alloc_add(request, value->text, err);
    case OPT_CHECK:
        request->run.check_mode =
            value->text == NULL ? FL_CHECK_MODE_FULL : (enum fl_check_mode)value->number;
        return FL_OK;
    case OPT_CHECK_EVERY:
        request->run.check_mode = FL_CHECK_MODE_FULL;
        request->run.walk_every = value->number;
        return number_at_least(value, "check-every", 1, UINT64_MAX, err);
    case OPT_FROM:
        return from_set(request, value->text, err);
    case OPT_LIMIT:
        request->run.event_limit = value->number;
        return number_at_least(value, "limit", 1, UINT64_MAX, err);
    case OPT_RUNS:
        request->run.run_count = (size_t)value->number;
        return number_at_least(value, "runs", 0, FL_RUNS_MAX, err);
    case OPT_JOBS:
        request->run.job_count = (size_t)value->number;
        return number_at_least(value, "jobs", 1, FL_JOBS_MAX, err);
    case OPT_LATENCY:
        request->run.has_latency = true;
        return FL_OK;
    case OPT_TOUCH:
        request->run.touch = (enum fl_touch)value->number;
        return FL_OK;
    case OPT_POPULATE:
        request->run.is_populated = true;
        return FL_OK;
    case OPT_THREADS:
        request->run.is_real = value->number == 1;
        return FL_OK;
    case OPT_SERIES:
        request->run.has_series = true;
        return path_set(&request->series_path, "series", value->text, err);
    case OPT_EXPLAIN:
        request->lesson.wants_explain = true;
        return FL_OK;
    case OPT_BASE:
        request->lesson.has_base = true;
        request->lesson.base = value->number;
        return FL_OK;
    case OPT_GROWTH:
        return growth_set(request, value, err);
    case OPT_MAP:
        return map_set(request, value, err);
    case OPT_TIMEOUT:
        request->run.timeout_s = value->number;
        return number_at_least(value, "timeout", 0, TIMEOUT_MOST, err);
    case OPT_HISTOGRAM:
        request->wants_histogram = true;
        return FL_OK;
    case OPT_SHRINK:
        request->wants_shrunk = true;
        return path_set(&request->shrunk_name, "shrink", value->text, err);
    case OPT_JSON:
        return json_add(request, value->text, err);
    case OPT_FORMAT:
        request->wants_forms = strcmp(value->text, "help") == 0;
        return request->wants_forms
                   ? FL_OK
                   : fl_document_request_add(&request->document, value->text, err);
    case OPT_BASELINE:
        return path_set(&request->document.baseline_path, "baseline", value->text, err);
    case OPT_SAVE_BASELINE:
        return save_path_set(request, value->text, err);
    case OPT_FAIL_ON:
        return limits_add(request, FL_GATE_FAIL, value->text, err);
    case OPT_WARN_ON:
        return limits_add(request, FL_GATE_WARN, value->text, err);
    case OPT_DIFF:
        request->wants_diff = true;
        request->wants_same = value->text != NULL;
        return FL_OK;
    case OPT_QUIET:
        request->run.is_quiet = true;
        return FL_OK;
    case OPT_COLOR:
        request->color = (enum fl_color)value->number;
        return FL_OK;
    default:
        return fl_fail(err, FL_BUG, "option %d has no meaning", value->id);
    }
}

static size_t jobs_default(void)
{
    const size_t processors = fl_machine_processors();
    return processors < FL_JOBS_MAX ? processors : FL_JOBS_MAX;
}

enum fl_status fl_request_parse(struct fl_request *request, const struct fl_catalog *catalog,
                                int argc, char **argv, int *first_operand, struct fl_error *err)
{
    *request = (struct fl_request){
        .run = {.catalog = catalog,
                .event_limit = UINT64_MAX,
                .run_count = RUNS_DEFAULT,
                .job_count = jobs_default(),
                .timeout_s = TIMEOUT_DEFAULT},
        .lesson = {.growth_largest = FL_GROWTH_LARGEST, .map_event = FL_MAP_AT_PEAK},
    };
    return fl_opt_parse(&fl_replay_command, argc, argv, option_handle, request, first_operand,
                        err);
}

enum fl_status fl_request_lesson_check(const struct fl_request *request, struct fl_error *err)
{
    const struct fl_document_request *document = &request->document;
    const struct {
        bool is_given;
        const char *name;
    } others[] = {
        {document->output_count > 0, "--format or --json"},
        {document->save_path != NULL, "--save-baseline"},
        {document->baseline_path != NULL, "--baseline"},
        {document->gate.count > 0, "--fail-on or --warn-on"},
        {request->run.has_series, "--series"},
        {request->run.has_latency, "--latency"},
        {request->wants_histogram, "--histogram"},
        {request->wants_shrunk, "--shrink"},
        {request->run.is_real, "--threads=real"},
        {request->run.is_populated, "--populate"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].is_given) {
            return fl_fail(err, FL_USAGE,
                           "%s goes with a replay, not with --explain, --growth or --map",
                           others[i].name);
        }
    }
    return FL_OK;
}

/* The first metric of a rule that only a timed run has; NULL: none. */
static const struct fl_metric *timed_metric(const struct fl_gate *gate)
{
    for (size_t i = 0; i < gate->count; i++) {
        if (gate->rules[i].metric->kind == FL_METRIC_TIMED) {
            return gate->rules[i].metric;
        }
    }
    return NULL;
}

enum fl_status fl_request_complete(struct fl_request *request, size_t trace_count,
                                   struct fl_error *err)
{
    if (trace_count == 0) {
        return fl_fail(err, FL_USAGE, "no trace is named");
    }
    if (request->run.run_count == 0 && request->run.check_mode == FL_CHECK_MODE_OFF &&
        !request->run.has_latency && !request->run.has_series) {
        return fl_fail(err, FL_USAGE, "--runs=0 with --check=off leaves nothing to do");
    }
    if (request->wants_shrunk && request->run.check_mode == FL_CHECK_MODE_OFF) {
        return fl_fail(err, FL_USAGE, "--shrink needs the check that --check=off leaves out");
    }
    if (request->run.is_real && (request->run.is_populated || request->wants_shrunk)) {
        return fl_fail(err, FL_USAGE,
                       "--threads=real goes with neither --populate nor --shrink");
    }
    if (request->shrunk_name != NULL && trace_count > 1) {
        return fl_fail(err, FL_USAGE, "--shrink=%s names the files of one trace, there are %zu",
                       request->shrunk_name, trace_count);
    }
    if (request->document.gate.count > 0 && request->document.baseline_path == NULL) {
        return fl_fail(err, FL_USAGE, "--fail-on and --warn-on need a --baseline");
    }
    const struct fl_metric *timed = timed_metric(&request->document.gate);
    if (timed != NULL && request->run.run_count == 0) {
        return fl_fail(err, FL_USAGE, "%s is measured by runs, and --runs is 0", timed->name);
    }
    if (!request->has_targets) {
        return fl_target_list_add(request->run.catalog, FL_ALLOC_DEFAULT, &request->run.targets,
                                  err);
    }
    return FL_OK;
}
