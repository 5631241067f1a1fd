/*
 * Delta debugging over traces. A test is a cut (cut.h) of the smallest failing trace so far,
 * replayed by a check pass in a worker of its own, exactly as the pass that made the finding;
 * it counts as failing when it ends with a finding of the same kind. What fails takes the place
 * of the trace it was cut from, up to its finding.
 *
 * Ranges are left out from half of all down to single ones, objects before calls, since an
 * object's calls mean nothing without it; single ones until none can go. What is left is made
 * plainer: calloc and aligned calls become malloc, sizes the smallest that fail, found by
 * bisection (a size that fails at random bounds is kept). Then, while that helped, ranges once
 * more.
 *
 * Cost: for k objects that matter out of n about k log n tests, the long ones first.
 */
#include "shrink.h"

#include <fl/fmt.h>
#include <fl/progress.h>

#include "cut.h"
#include "driver.h"

#define PLAIN_MOST     200u /* objects that are made plainer one by one */
#define HANG_TIMEOUT_S 2u   /* one event that takes so long hangs */

struct shrink {
    struct fl_pass_request pass; /* but for its source */
    struct fl_shrunk *state;     /* its source is the smallest failing trace so far */
    struct fl_cut_counts counts; /* of that trace */
    struct fl_progress progress;
};

static bool is_tired(const struct shrink *shrink)
{
    return shrink->state->tests >= FL_SHRINK_TESTS_MAX;
}

/* Does the target fail with this trace as it did? */
static enum fl_status trace_test(struct shrink *shrink, const struct fl_source *source,
                                 bool *fails, struct fl_finding *finding, struct fl_error *err)
{
    struct fl_pass_outcome outcome;
    shrink->pass.source = source;
    fl_progress_update(&shrink->progress, ++shrink->state->tests);
    const enum fl_status status = fl_driver_run(&shrink->pass, &outcome, err);
    if (status != FL_OK) {
        return status;
    }
    const struct fl_answer *answer = &outcome.answer;
    *fails = answer->status == FL_WRONG && answer->finding.kind == shrink->state->finding.kind;
    *finding = answer->finding;
    return FL_OK;
}

/* Cut the trace; when it still fails, go on with the cut one. */
static enum fl_status cut_try(struct shrink *shrink, const struct fl_cut *cut, bool *fails,
                              struct fl_error *err)
{
    struct fl_source smaller;
    struct fl_cut_counts counts;
    struct fl_finding finding;
    const uint64_t event_limit = shrink->state->finding.last_event + 1;
    enum fl_status status =
        fl_cut_make(&shrink->state->source, event_limit, cut, &smaller, &counts, err);
    if (status != FL_OK) {
        return status;
    }
    *fails = false;
    status = trace_test(shrink, &smaller, fails, &finding, err);
    if (status != FL_OK || !*fails) {
        fl_source_close(&smaller);
        return status;
    }
    fl_source_close(&shrink->state->source);
    shrink->state->source = smaller;
    shrink->state->finding = finding;
    shrink->counts = counts;
    return FL_OK;
}

static uint64_t count_of(const struct shrink *shrink, enum fl_cut_kind kind)
{
    return kind == FL_CUT_OBJECTS ? shrink->counts.objects : shrink->counts.calls;
}

/* Try to leave out each range of `width`, from the last to the first: late ones matter less. */
static enum fl_status ranges_try(struct shrink *shrink, enum fl_cut_kind kind, uint64_t width,
                                 bool *has_cut, struct fl_error *err)
{
    enum fl_status status = FL_OK;
    uint64_t end = count_of(shrink, kind);
    *has_cut = false;
    while (status == FL_OK && end > 0 && !is_tired(shrink)) {
        const uint64_t from = end > width ? end - width : 0;
        bool fails;
        status = cut_try(shrink, &(struct fl_cut){.kind = kind, .from = from, .to = end},
                         &fails, err);
        *has_cut |= status == FL_OK && fails;
        end = from;
        if (status == FL_OK && end > count_of(shrink, kind)) {
            end = count_of(shrink, kind);
        }
    }
    return status;
}

static enum fl_status ranges_cut(struct shrink *shrink, enum fl_cut_kind kind,
                                 struct fl_error *err)
{
    uint64_t width = (count_of(shrink, kind) + 1) / 2;
    enum fl_status status = FL_OK;
    while (status == FL_OK && width > 0 && !is_tired(shrink)) {
        bool has_cut;
        status = ranges_try(shrink, kind, width, &has_cut, err);
        if (width > 1) {
            width = (width + 1) / 2;
        } else if (!has_cut) {
            break;
        }
    }
    return status;
}

/* The calls of a small trace that ask for memory, in order. */
struct requests {
    uint64_t count;
    struct fl_step at[PLAIN_MOST];
};

static enum fl_status request_note(const struct fl_step *step, void *user, struct fl_error *err)
{
    struct requests *requests = user;
    (void)err;
    if (fl_step_allocates(step) && requests->count < PLAIN_MOST) {
        requests->at[requests->count++] = *step;
    }
    return FL_OK;
}

static enum fl_status requests_read(const struct shrink *shrink, struct requests *out,
                                    struct fl_error *err)
{
    out->count = 0;
    return fl_steps_each(&shrink->state->source, UINT64_MAX, request_note, out, NULL, err);
}

/* Malloc in place of calloc and aligned calls. */
static enum fl_status objects_plain(struct shrink *shrink, struct fl_error *err)
{
    struct requests requests;
    enum fl_status status = requests_read(shrink, &requests, err);
    uint64_t object = 0;
    for (uint64_t i = 0; status == FL_OK && i < requests.count && !is_tired(shrink); i++) {
        const enum fl_action action = (enum fl_action)requests.at[i].action;
        if (action == FL_DO_ZEROED || action == FL_DO_ALIGNED) {
            bool fails;
            status = cut_try(
                shrink,
                &(struct fl_cut){.kind = FL_CUT_PLAIN, .from = object, .to = object + 1},
                &fails, err);
        }
        object += action != FL_DO_RESIZE;
    }
    return status;
}

/* The smallest size of request `i` that fails. */
static enum fl_status size_cut(struct shrink *shrink, uint64_t i, uint64_t size_bytes,
                               bool *has_cut, struct fl_error *err)
{
    uint64_t passing = 0, failing = size_bytes;
    enum fl_status status = FL_OK;
    for (uint64_t tried = 1; status == FL_OK && failing - passing > 1 && !is_tired(shrink);
         tried = passing + (failing - passing) / 2) {
        bool fails;
        const struct fl_cut cut = {
            .kind = FL_CUT_SIZE, .from = i, .to = i + 1, .size_bytes = tried};
        status = cut_try(shrink, &cut, &fails, err);
        if (status == FL_OK) {
            *has_cut |= fails;
            *(fails ? &failing : &passing) = tried;
        }
    }
    return status;
}

static enum fl_status sizes_cut(struct shrink *shrink, bool *has_cut, struct fl_error *err)
{
    struct requests requests;
    enum fl_status status = requests_read(shrink, &requests, err);
    for (uint64_t i = 0; status == FL_OK && i < requests.count; i++) {
        status = size_cut(shrink, i, requests.at[i].size_bytes, has_cut, err);
    }
    return status;
}

static enum fl_status all_cut(struct shrink *shrink, struct fl_error *err)
{
    bool goes_on = true;
    enum fl_status status = FL_OK;
    while (status == FL_OK && goes_on && !is_tired(shrink)) {
        goes_on = false;
        status = ranges_cut(shrink, FL_CUT_OBJECTS, err);
        if (status == FL_OK) {
            status = ranges_cut(shrink, FL_CUT_CALLS, err);
        }
        if (status == FL_OK && shrink->counts.objects <= PLAIN_MOST) {
            status = objects_plain(shrink, err);
            if (status == FL_OK) {
                status = sizes_cut(shrink, &goes_on, err);
            }
        }
    }
    return status;
}

/* Once as it is: from here on each event of the trace is a step. */
static enum fl_status shrink_begin(struct shrink *shrink, const struct fl_target *target,
                                   struct fl_error *err)
{
    bool fails;
    const struct fl_cut whole = {.kind = FL_CUT_NOTHING};
    const enum fl_status status = cut_try(shrink, &whole, &fails, err);
    if (status == FL_OK && !fails) {
        return fl_fail(err, FL_LIMIT,
                       "%s: replayed once more it fails otherwise or not: there is nothing to "
                       "shrink by",
                       target->label);
    }
    shrink->state->calls_before = shrink->counts.objects + shrink->counts.calls;
    return status;
}

static enum fl_status shrink_run(struct shrink *shrink, struct fl_error *err)
{
    enum fl_status status = shrink_begin(shrink, shrink->pass.target, err);
    if (status == FL_OK) {
        status = all_cut(shrink, err);
    }
    shrink->state->calls = shrink->counts.objects + shrink->counts.calls;
    shrink->state->is_minimal = !is_tired(shrink);
    return status;
}

enum fl_status fl_shrink(const struct fl_run_request *request, const char *path,
                         const struct fl_target *target, const struct fl_finding *finding,
                         struct fl_shrunk *out, struct fl_error *err)
{
    struct fl_shrunk state = {.finding = *finding};
    const bool is_hang = finding->kind == FL_FINDING_HANG;
    struct shrink shrink = {
        .pass = {.target = target,
                 .pass = FL_PASS_CHECK,
                 .check_mode = request->check_mode,
                 .walk_every = request->walk_every,
                 .event_limit = UINT64_MAX,
                 .timeout_s = is_hang && request->timeout_s > HANG_TIMEOUT_S
                                  ? HANG_TIMEOUT_S
                                  : request->timeout_s},
        .state = &state,
    };
    enum fl_status status = fl_source_open(&state.source, path, request->from, err);
    if (status != FL_OK) {
        return status;
    }
    if (!request->is_quiet) {
        fl_progress_start(&shrink.progress, "shrinking", "tests", 0);
    }
    status = shrink_run(&shrink, err);
    if (!request->is_quiet) {
        fl_progress_end(&shrink.progress);
    }
    if (status != FL_OK) {
        fl_source_close(&state.source);
        return status;
    }
    *out = state;
    return FL_OK;
}
