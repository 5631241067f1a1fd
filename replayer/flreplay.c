/*
 * The command line of flreplay: options to a request, one result per trace, one exit code.
 *
 * Exit codes by weight: a bug of ours or of the environment ends the work at once; else a wrong
 * answer (5) wins over a damaged trace (3), which wins over a clean end.
 */
#include "flreplay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fl/fmt.h>
#include <fl/opt.h>
#include <fl/term.h>

#include "document.h"
#include "figures.h"
#include "growth.h"
#include "lesson.h"
#include "library.h"
#include "machine.h"
#include "map.h"
#include "out.h"
#include "out_series.h"
#include "reproduction.h"
#include "run.h"
#include "worker.h"

#define RUNS_DEFAULT    5u
#define TIMEOUT_DEFAULT 60u
#define TIMEOUT_MOST    1000000u
/* The family's members whose calls are all O(log n), and libc. */
#define FL_ALLOC_DEFAULT "size-tree,addr-tree,augment=max,combo-tree,system"
#define MESSAGE_BYTES    512u

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

static const struct fl_command command = {
    .name = "flreplay",
    .synopsis =
        "[--alloc=LIST] [--check[=DEPTH]] [--runs=N] [--touch=HOW] [--json[=FILE]] TRACE...\n"
        "--explain [--alloc=LIST] [--base=N] TEXT...\n"
        "--growth[=N] [--alloc=LIST]\n"
        "--map[=N] [--alloc=LIST] TRACE...",
    .summary =
        "Replay recorded allocations into an allocator, verify every answer, measure it.",
    .epilogue =
        "Examples:\n"
        "  flreplay t.zst\n"
        "  flreplay t.zst --alloc=addr-tree,fit=best,list-addr,system\n"
        "  flreplay t.zst --alloc=list-addr --limit=100k --check=full --runs=0\n"
        "  flreplay t.zst --alloc=addr-tree --runs=0 --save-baseline=base.json\n"
        "  flreplay t.zst --alloc=addr-tree --runs=0 --baseline=base.json\n"
        "  flreplay --growth\n"
        "  printf 'a 1 100\\na 2 200\\nf 2\\n' | flreplay --explain - --base=10000\n"
        "\n"
        "A text trace for --explain has one call per line; # begins a comment:\n"
        "  a ID BYTES  malloc   m ID ALIGN BYTES  aligned_alloc   f ID  free\n"
        "  z ID BYTES  calloc   r ID BYTES        realloc         u ID  usable size\n"
        "\n" FL_FIGURES_TEXT "\n"
        "Exit codes: 0 fine, 1 a gate failed, 2 wrong use, 3 the trace is damaged or "
        "truncated, 4 the\n"
        "environment failed, 5 an allocator gave a wrong answer, 70 a bug in flreplay.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

/* What the command line said. */
struct request {
    struct fl_run_request run;
    struct fl_document_request document;
    bool wants_catalog, wants_metrics, wants_forms, wants_histogram, has_targets;
    bool wants_shrunk;
    const char *shrunk_name; /* NULL: after the trace */
    const char *series_path; /* NULL: none */
    enum fl_color color;
    struct fl_lesson lesson;
};

/* Where results go; JSON to a file leaves the tables on standard output. */
struct output {
    struct fl_document document;
    struct fl_out_series series;
    bool has_tables, is_colored;
};

static enum fl_status alloc_add(struct request *request, const char *text, struct fl_error *err)
{
    if (strcmp(text, "help") == 0) {
        request->wants_catalog = true;
        return FL_OK;
    }
    request->has_targets = true;
    return fl_target_list_add(request->run.catalog, text, &request->run.targets, err);
}

static enum fl_status limits_add(struct request *request, enum fl_gate_level level,
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

static enum fl_status growth_set(struct request *request, const struct fl_option_value *value,
                                 struct fl_error *err)
{
    request->lesson.wants_growth = true;
    if (value->text != NULL &&
        !fl_opt_number(value->text, strlen(value->text), &request->lesson.growth_largest)) {
        return fl_fail(err, FL_USAGE, "--growth=%s: a number is expected", value->text);
    }
    return FL_OK;
}

static enum fl_status map_set(struct request *request, const struct fl_option_value *value,
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

static enum fl_status option_handle(const struct fl_option_value *value, void *user,
                                    struct fl_error *err)
{
    struct request *request = user;
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
        request->series_path = value->text;
        return *value->text == '\0' ? fl_fail(err, FL_USAGE, "--series: the file has no name")
                                    : FL_OK;
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
        request->shrunk_name = value->text;
        return FL_OK;
    case OPT_JSON:
        request->lesson.has_json = true;
        return fl_document_request_output(&request->document, fl_form_find("json", 4),
                                          value->text, err);
    case OPT_FORMAT:
        request->wants_forms = strcmp(value->text, "help") == 0;
        return request->wants_forms
                   ? FL_OK
                   : fl_document_request_add(&request->document, value->text, err);
    case OPT_BASELINE:
        request->document.baseline_path = value->text;
        return FL_OK;
    case OPT_SAVE_BASELINE:
        request->document.save_path = value->text;
        return FL_OK;
    case OPT_FAIL_ON:
        return limits_add(request, FL_GATE_FAIL, value->text, err);
    case OPT_WARN_ON:
        return limits_add(request, FL_GATE_WARN, value->text, err);
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

static enum fl_status request_complete(struct request *request, size_t trace_count,
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
    if (!request->has_targets) {
        return fl_target_list_add(request->run.catalog, FL_ALLOC_DEFAULT, &request->run.targets,
                                  err);
    }
    return FL_OK;
}

/* Of two exit codes the one that counts more. */
static int graver(int one, int two)
{
    static const int by_weight[] = {FL_EXIT_BUG,   FL_EXIT_ENVIRONMENT, FL_EXIT_USAGE,
                                    FL_EXIT_WRONG, FL_EXIT_TRACE,       FL_EXIT_GATE};
    for (size_t i = 0; i < sizeof by_weight / sizeof by_weight[0]; i++) {
        if (one == by_weight[i] || two == by_weight[i]) {
            return by_weight[i];
        }
    }
    return FL_EXIT_OK;
}

static bool series_take_stdout(const struct request *request)
{
    return request->series_path != NULL && strcmp(request->series_path, "-") == 0;
}

static enum fl_status output_open(struct output *output, const struct request *request,
                                  struct fl_error *err)
{
    const bool document_takes_it = fl_document_takes_stdout(&request->document);
    if (document_takes_it && series_take_stdout(request)) {
        return fl_fail(err, FL_USAGE, "two forms for standard output; give one a FILE");
    }
    *output = (struct output){
        .has_tables = !document_takes_it && !series_take_stdout(request),
        .is_colored = fl_term_wants_color(request->color, STDOUT_FILENO),
    };
    if (request->series_path != NULL) {
        const enum fl_status status =
            fl_out_series_open(&output->series, request->series_path, &request->run, err);
        if (status != FL_OK) {
            return status;
        }
    }
    const enum fl_status status =
        fl_document_open(&output->document, &request->document, &request->run, err);
    if (status != FL_OK) {
        fl_part_drop(&output->series.file);
    }
    return status;
}

/* The gate's words stand under the tables; where JSON has standard output, among the errors. */
static int output_close(struct output *output, int code, struct fl_error *err)
{
    int gate_code;
    FILE *const gate_out = output->has_tables ? stdout : stderr;
    enum fl_status status =
        fl_document_close(&output->document, code == FL_EXIT_OK, gate_out, &gate_code, err);
    struct fl_error series_error;
    const enum fl_status series_status = fl_out_series_close(&output->series, &series_error);
    if (status == FL_OK && series_status != FL_OK) {
        *err = series_error;
        status = series_status;
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == FL_OK) {
        status = fl_fail_os(err, FL_IO, errno, "the results cannot be written");
    }
    if (status != FL_OK) {
        fl_opt_report(&command, err);
        return graver(code, fl_status_exit(status));
    }
    return graver(code, gate_code);
}

/* A finding as an error, and the shortest command that shows it again. */
static void finding_report(const struct fl_trace_result *result,
                           const struct fl_target_result *target, const char *path)
{
    char text[MESSAGE_BYTES];
    fl_finding_text(&target->finding, text, sizeof text);
    fprintf(stderr, "%s: error: %s: %s (%s)\n", command.name, target->target->label, text,
            result->name);
    const bool is_file = target->target->ops == &fl_target_lib;
    fprintf(stderr, "hint: %s '%s' --alloc=%s%s --check=full --runs=0 --limit=%" PRIu64 "%s\n",
            command.name, path, is_file ? FL_LIBRARY_PREFIX : "",
            is_file ? target->target->library : target->target->label,
            target->finding.last_event + 1,
            result->is_real ? " --threads=real may show it again" : " shows it again");
}

static void target_note(const struct fl_target_result *target)
{
    if (target->has_stats && !target->is_repeatable) {
        fprintf(stderr, "%s: note: the exact counts of %s differ between passes\n",
                command.name, target->target->label);
    }
}

static void memory_note(const struct fl_trace_result *result)
{
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].memory_errno != 0) {
            fprintf(
                stderr,
                "%s: note: system calls cannot be counted here (%s): no footprint of foreign "
                "allocators\n",
                command.name, strerror(result->targets[i].memory_errno));
            return;
        }
    }
}

static void result_report(const struct request *request, const struct fl_trace_result *result,
                          const char *path)
{
    fflush(stdout);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->verdict == FL_VERDICT_WRONG) {
            finding_report(result, target, path);
        } else if (!request->run.is_quiet) {
            target_note(target);
        }
    }
    if (!request->run.is_quiet) {
        memory_note(result);
    }
    if (fl_status_exit(result->trace_error.status) != FL_EXIT_OK) {
        fl_opt_report(&command, &result->trace_error);
    }
}

/* The first wrong answer of a trace is shrunk. */
static int result_shrink(const struct request *request, const struct fl_trace_result *result,
                         const char *path)
{
    struct fl_error err;
    const struct fl_target_result *wrong = NULL;
    for (size_t i = 0; wrong == NULL && i < result->target_count; i++) {
        wrong = result->targets[i].verdict == FL_VERDICT_WRONG ? &result->targets[i] : NULL;
    }
    if (wrong == NULL || !request->wants_shrunk) {
        return FL_EXIT_OK;
    }
    if (fl_reproduce(&request->run, path, wrong->target, &wrong->finding, request->shrunk_name,
                     request->run.is_quiet ? NULL : stderr, &err) == FL_OK) {
        return FL_EXIT_OK;
    }
    fl_opt_report(&command, &err);
    return fl_status_exit(err.status);
}

/* ---- the replay ---- */

/* Results to the document and the series. What could not be replayed stands in the document all the same, where a
 * trace or the environment is to blame: no reader may miss it. */
static void result_record(struct output *output, struct fl_trace_result *result)
{
    const int code = fl_status_exit(result->failure.status);
    if (code == FL_EXIT_TRACE || code == FL_EXIT_ENVIRONMENT) {
        result->trace_error = result->failure;
        fl_document_add(&output->document, result);
    } else if (result->is_complete) {
        fl_document_add(&output->document, result);
        fl_out_series_trace(&output->series, result);
    }
}

/* The tables of all traces that were replayed. */
static void tables_print(const struct request *request, const struct output *output,
                         const struct fl_trace_result *results, size_t count)
{
    const struct fl_trace_result **shown = calloc(count, sizeof *shown);
    struct fl_out_results complete = {.at = shown, .means = &output->document.means};
    for (size_t i = 0; shown != NULL && i < count; i++) {
        if (results[i].is_complete) {
            shown[complete.count++] = &results[i];
        }
    }
    if (complete.count > 0) {
        fl_out_tables(stdout, &complete, output->is_colored);
    }
    for (size_t i = 0; request->wants_histogram && i < complete.count; i++) {
        fl_out_histograms(stdout, complete.at[i]);
    }
    free(shown);
}

/* Errors and notes of one trace, to standard error; what is wrong is shrunk. Gives its exit code. */
static int result_close(const struct request *request, const struct fl_trace_result *result)
{
    if (result->failure.status != FL_OK) {
        fl_opt_report(&command, &result->failure);
        return fl_status_exit(result->failure.status);
    }
    if (!result->is_complete) {
        return FL_EXIT_OK; /* another one's failure ended all */
    }
    result_report(request, result, result->path);
    const int code = fl_result_exit(result);
    return code == FL_EXIT_WRONG ? graver(code, result_shrink(request, result, result->path))
                                 : code;
}

static struct fl_trace_result *results_new(const struct request *request, char *const *paths,
                                           size_t count)
{
    struct fl_trace_result *results = calloc(count, sizeof *results);
    for (size_t i = 0; results != NULL && i < count; i++) {
        if (!fl_result_init(&results[i], &request->run, paths[i])) {
            (void)fl_fail(&results[i].failure, FL_NOMEM, "no memory for the results");
        }
    }
    return results;
}

static int traces_replay(const struct request *request, struct output *output,
                         char *const *paths, size_t count)
{
    struct fl_trace_result *results = results_new(request, paths, count);
    int code = FL_EXIT_OK;
    if (results == NULL) {
        struct fl_error err;
        (void)fl_fail(&err, FL_NOMEM, "no memory for the results");
        fl_opt_report(&command, &err);
        return FL_EXIT_ENVIRONMENT;
    }
    fl_run_traces(&request->run, results, count);
    for (size_t i = 0; i < count; i++) {
        result_record(output, &results[i]);
    }
    if (output->has_tables) {
        tables_print(request, output, results, count);
    }
    for (size_t i = 0; i < count; i++) {
        code = graver(code, result_close(request, &results[i]));
        fl_result_free(&results[i]);
    }
    free(results);
    return code;
}

static void next_command(const struct request *request, const char *path, int code)
{
    if (code == FL_EXIT_OK && !request->has_targets && !request->run.is_quiet) {
        fprintf(stderr,
                "%s: next: %s '%s' --alloc=addr-tree,fit=best,list-addr (--alloc=help: all)\n",
                command.name, command.name, path);
    }
}

static int request_run(struct request *request, char *const *paths, size_t path_count)
{
    struct fl_error err;
    struct output output = {.has_tables = true};
    if (request_complete(request, path_count, &err) != FL_OK ||
        fl_libraries_find(&request->run.targets, request->run.timeout_s, &err) != FL_OK ||
        output_open(&output, request, &err) != FL_OK) {
        fl_opt_report(&command, &err);
        return fl_status_exit(err.status);
    }
    if (fl_document_foresee(&output.document, &request->run, paths, path_count, &err) !=
        FL_OK) {
        fl_document_drop(&output.document);
        fl_part_drop(&output.series.file);
        fl_opt_report(&command, &err);
        return fl_status_exit(err.status);
    }
    const int replayed = traces_replay(request, &output, paths, path_count);
    const int code = output_close(&output, replayed, &err);
    next_command(request, paths[0], code);
    return code;
}

static int lesson_run(struct request *request, char *const *paths, size_t path_count)
{
    struct fl_error err;
    const enum fl_status status =
        request->run.has_series
            ? fl_fail(&err, FL_USAGE, "--series follows the replay of recorded traces only")
            : fl_lesson_give(stdout, &request->lesson, &request->run, paths, path_count, &err);
    if (status != FL_OK) {
        fl_opt_report(&command, &err);
    }
    return fl_status_exit(status);
}

static size_t jobs_default(void)
{
    const size_t processors = fl_machine_processors();
    return processors < FL_JOBS_MAX ? processors : FL_JOBS_MAX;
}

int fl_replay_main(int argc, char **argv, const struct fl_catalog *catalog)
{
    if (argc == 3 && strcmp(argv[1], FL_WORKER_ARGUMENT) == 0) {
        return fl_worker_main(catalog, argv[2]);
    }
    struct request request = {
        .run = {.catalog = catalog,
                .event_limit = UINT64_MAX,
                .run_count = RUNS_DEFAULT,
                .job_count = jobs_default(),
                .timeout_s = TIMEOUT_DEFAULT},
        .lesson = {.growth_largest = FL_GROWTH_LARGEST, .map_event = FL_MAP_AT_PEAK},
    };
    struct fl_error err;
    int first_operand = argc;
    const enum fl_status status =
        fl_opt_parse(&command, argc, argv, option_handle, &request, &first_operand, &err);
    if (status == FL_END) {
        return FL_EXIT_OK;
    }
    if (status != FL_OK) {
        fl_opt_report(&command, &err);
        return fl_status_exit(status);
    }
    if (request.wants_catalog) {
        fl_out_catalog(stdout, catalog);
        return FL_EXIT_OK;
    }
    if (request.wants_forms) {
        fl_form_help(stdout);
        return FL_EXIT_OK;
    }
    if (request.wants_metrics) {
        fl_gate_help(stdout);
        return FL_EXIT_OK;
    }
    char *const *paths = argv + first_operand;
    const size_t path_count = (size_t)(argc - first_operand);
    return fl_lesson_is_wanted(&request.lesson) ? lesson_run(&request, paths, path_count)
                                                : request_run(&request, paths, path_count);
}
