/*
 * flreplay: one request, one result per trace, one exit code.
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

#include "diff.h"
#include "library.h"
#include "out.h"
#include "out_series.h"
#include "outputs.h"
#include "reproduction.h"
#include "request.h"
#include "run.h"
#include "worker.h"

#define MESSAGE_BYTES 512u

/* Where results go; JSON to a file leaves the tables on standard output. */
struct output {
    struct fl_document document;
    struct fl_out_series series;
    bool has_tables, is_colored;
};

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

static bool series_take_stdout(const struct fl_request *request)
{
    return request->series_path != NULL && strcmp(request->series_path, "-") == 0;
}

static enum fl_status output_open(struct output *output, const struct fl_request *request,
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
        fl_opt_report(&fl_replay_command, err);
        return graver(code, fl_status_exit(status));
    }
    return graver(code, gate_code);
}

/* A finding as an error, and the shortest command that shows it again. */
static void finding_report(const struct fl_request *request,
                           const struct fl_trace_result *result,
                           const struct fl_target_result *target, const char *path)
{
    char text[MESSAGE_BYTES];
    fl_finding_text(&target->finding, text, sizeof text);
    fprintf(stderr, "%s: error: %s: %s (%s)\n", fl_replay_command.name, target->target->label,
            text, result->name);
    const bool is_file = target->target->ops == &fl_target_lib;
    const char *from = request->run.from;
    fprintf(
        stderr, "hint: %s '%s'%s%s --alloc=%s%s --check=full --runs=0 --limit=%" PRIu64 "%s\n",
        fl_replay_command.name, path, from == NULL ? "" : " --from=", from == NULL ? "" : from,
        is_file ? FL_LIBRARY_PREFIX : "",
        is_file ? target->target->library : target->target->label,
        target->finding.last_event + 1,
        result->is_real ? " --threads=real may show it again" : " shows it again");
}

static void target_note(const struct fl_target_result *target)
{
    if (target->has_stats && !target->is_repeatable) {
        fprintf(stderr, "%s: note: the exact counts of %s differ between passes\n",
                fl_replay_command.name, target->target->label);
    }
}

static void guess_note(const struct fl_trace_result *result)
{
    if (result->guess[0] != '\0') {
        fprintf(stderr, "%s: note: %s: the trace is guessed in a part: %s\n",
                fl_replay_command.name, result->name, result->guess);
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
                fl_replay_command.name, strerror(result->targets[i].memory_errno));
            return;
        }
    }
}

static void result_report(const struct fl_request *request,
                          const struct fl_trace_result *result, const char *path)
{
    fflush(stdout);
    for (size_t i = 0; i < result->target_count; i++) {
        const struct fl_target_result *target = &result->targets[i];
        if (target->verdict == FL_VERDICT_WRONG) {
            finding_report(request, result, target, path);
        } else if (!request->run.is_quiet) {
            target_note(target);
        }
    }
    if (!request->run.is_quiet) {
        guess_note(result);
        memory_note(result);
    }
    if (fl_status_exit(result->trace_error.status) != FL_EXIT_OK) {
        fl_opt_report(&fl_replay_command, &result->trace_error);
    }
}

/* The first wrong answer of a trace is shrunk. */
static int result_shrink(const struct fl_request *request, const struct fl_trace_result *result,
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
    fl_opt_report(&fl_replay_command, &err);
    return fl_status_exit(err.status);
}

/* ---- the replay ---- */

/* Results to the document and the series. What could not be replayed stands in the document all
 * the same, where a trace or the environment is to blame: no reader may miss it. */
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

static int no_memory(void)
{
    struct fl_error err;
    (void)fl_fail(&err, FL_NOMEM, "no memory for the results");
    fl_opt_report(&fl_replay_command, &err);
    return FL_EXIT_ENVIRONMENT;
}

/* The tables of all traces that were replayed. Gives the exit code. */
static int tables_print(const struct fl_request *request, const struct output *output,
                        const struct fl_trace_result *results, size_t count)
{
    const struct fl_trace_result **shown = calloc(count, sizeof(struct fl_trace_result *));
    struct fl_out_results complete = {.at = shown, .means = &output->document.means};
    if (shown == NULL) {
        return no_memory();
    }
    for (size_t i = 0; i < count; i++) {
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
    return FL_EXIT_OK;
}

/* Errors and notes of one trace, to standard error; what is wrong is shrunk. Gives its exit
 * code. */
static int result_close(const struct fl_request *request, const struct fl_trace_result *result)
{
    if (result->failure.status != FL_OK) {
        fl_opt_report(&fl_replay_command, &result->failure);
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

static struct fl_trace_result *results_new(const struct fl_request *request, char *const *paths,
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

static int traces_replay(const struct fl_request *request, struct output *output,
                         char *const *paths, size_t count)
{
    struct fl_trace_result *results = results_new(request, paths, count);
    int code = FL_EXIT_OK;
    if (results == NULL) {
        return no_memory();
    }
    fl_run_traces(&request->run, results, count);
    for (size_t i = 0; i < count; i++) {
        result_record(output, &results[i]);
    }
    if (output->has_tables) {
        code = tables_print(request, output, results, count);
    }
    for (size_t i = 0; i < count; i++) {
        code = graver(code, result_close(request, &results[i]));
        fl_result_free(&results[i]);
    }
    free(results);
    return code;
}

static void next_command(const struct fl_request *request, const char *path, int code)
{
    if (code == FL_EXIT_OK && !request->has_targets && !request->run.is_quiet) {
        fprintf(stderr,
                "%s: next: %s '%s' --alloc=addr-tree,fit=best,list-addr (--alloc=help: all)\n",
                fl_replay_command.name, fl_replay_command.name, path);
    }
}

/* Standard input can be read once. */
static enum fl_status stdin_check(char *const *paths, size_t path_count, struct fl_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < path_count; i++) {
        count += strcmp(paths[i], "-") == 0;
    }
    return count < 2 ? FL_OK
                     : fl_fail(err, FL_USAGE,
                               "standard input is one trace; - is named %zu times", count);
}

static int request_run(struct fl_request *request, char *const *paths, size_t path_count)
{
    struct fl_error err;
    struct output output = {.has_tables = true};
    if (fl_request_complete(request, path_count, &err) != FL_OK ||
        stdin_check(paths, path_count, &err) != FL_OK ||
        fl_outputs_check(request, paths, path_count, &err) != FL_OK ||
        fl_libraries_find(&request->run.targets, request->run.timeout_s, &err) != FL_OK ||
        output_open(&output, request, &err) != FL_OK) {
        fl_opt_report(&fl_replay_command, &err);
        return fl_status_exit(err.status);
    }
    if (fl_document_foresee(&output.document, &request->run, paths, path_count, &err) !=
        FL_OK) {
        fl_document_drop(&output.document);
        fl_part_drop(&output.series.file);
        fl_opt_report(&fl_replay_command, &err);
        return fl_status_exit(err.status);
    }
    const int replayed = traces_replay(request, &output, paths, path_count);
    const int code = output_close(&output, replayed, &err);
    next_command(request, paths[0], code);
    return code;
}

static int lesson_run(struct fl_request *request, char *const *paths, size_t path_count)
{
    struct fl_error err;
    enum fl_status status = fl_request_lesson_check(request, &err);
    if (status == FL_OK) {
        status =
            fl_lesson_give(stdout, &request->lesson, &request->run, paths, path_count, &err);
    }
    if (status != FL_OK) {
        fl_opt_report(&fl_replay_command, &err);
    }
    return fl_status_exit(status);
}

static int diff_run(const struct fl_request *request, char *const *paths, size_t path_count)
{
    struct fl_error err;
    const enum fl_status status = fl_diff_give(request, paths, path_count, &err);
    if (status != FL_OK) {
        fl_opt_report(&fl_replay_command, &err);
    }
    return fl_status_exit(status);
}

int fl_replay_main(int argc, char **argv, const struct fl_catalog *catalog)
{
    if (argc == 3 && strcmp(argv[1], FL_WORKER_ARGUMENT) == 0) {
        return fl_worker_main(catalog, argv[2]);
    }
    struct fl_request request;
    struct fl_error err;
    int first_operand = argc;
    const enum fl_status status =
        fl_request_parse(&request, catalog, argc, argv, &first_operand, &err);
    if (status == FL_END) {
        return fl_opt_end(&fl_replay_command, FL_EXIT_OK);
    }
    if (status != FL_OK) {
        fl_opt_report(&fl_replay_command, &err);
        return fl_status_exit(status);
    }
    if (request.wants_catalog) {
        fl_out_catalog(stdout, catalog);
        return fl_opt_end(&fl_replay_command, FL_EXIT_OK);
    }
    if (request.wants_forms) {
        fl_form_help(stdout);
        return fl_opt_end(&fl_replay_command, FL_EXIT_OK);
    }
    if (request.wants_metrics) {
        fl_gate_help(stdout);
        return fl_opt_end(&fl_replay_command, FL_EXIT_OK);
    }
    char *const *paths = argv + first_operand;
    const size_t path_count = (size_t)(argc - first_operand);
    if (request.wants_diff) {
        return diff_run(&request, paths, path_count);
    }
    return fl_lesson_is_wanted(&request.lesson) ? lesson_run(&request, paths, path_count)
                                                : request_run(&request, paths, path_count);
}
