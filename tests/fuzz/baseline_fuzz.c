/*
 * Any bytes as the limits of --fail-on, up to a line end, and behind it as the file of
 * --baseline: refused with a sentence, or held against a run, which may fail but must end.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "gate.h"

/* The run: two allocators, one with figures of every kind and one that only has times. */
static const char run_text[] =
    "{\"schema\": 1, \"version\": \"1\", \"settings\": {\"check\": \"fast\", \"populate\": "
    "false,"
    " \"threads\": \"serial\"}, \"traces\": [{\"trace\": \"t\", \"trace_hash\": \"0\", "
    "\"events\":"
    " 9, \"targets\": [{\"allocator\": \"a\", \"counts\": {\"visits_malloc\": 5, "
    "\"visits_free\":"
    " 2, \"merges\": 0, \"peak_footprint_bytes\": 65536}, \"memory\": "
    "{\"peak_footprint_bytes\":"
    " 65536}, \"time\": {\"net_ns_per_operation\": 4.5, \"net_ns_per_operation_runs\": [4, 4.5,"
    " 9]}}, {\"allocator\": \"b\", \"time\": {\"net_ns_per_operation\": 8,"
    " \"net_ns_per_operation_runs\": [8]}}]}]}";

static json_t *run_make(void)
{
    json_t *run = NULL;
    must(fl_baseline_parse(run_text, sizeof run_text - 1, &run, NULL) == FL_OK, "a run");
    return run;
}

/* The limits of `text`, those without --fail-on when it has none. */
static void gate_make(struct fl_gate *gate, const char *text)
{
    struct fl_error err;
    enum fl_status status = FL_OK;
    *gate = (struct fl_gate){.count = 0};
    if (text[0] == '?') {
        status = fl_gate_add(gate, FL_GATE_WARN, text + 1, &err);
    } else if (text[0] != '\0') {
        status = fl_gate_add(gate, FL_GATE_FAIL, text, &err);
    }
    if (status != FL_OK) {
        must_tell(&err, status);
        must(gate->count == 0, "what is refused adds no limit");
    }
    if (gate->count == 0) {
        fl_gate_add_default(gate);
    }
}

static void documents_compare(const struct fl_gate *gate, const json_t *before)
{
    struct fl_gate_verdict verdict;
    struct fl_error err;
    json_t *now = run_make();
    enum fl_status status = fl_baseline_match(before, now, "baseline", &err);
    if (status == FL_OK) {
        status = fl_gate_compare(gate, before, now, &verdict, &err);
    }
    if (status == FL_OK) {
        must(verdict.failed + verdict.warned <= verdict.move_count, "what fails has moved");
        must(verdict.move_count <= verdict.compared, "what has moved was compared");
        fl_gate_print(fuzz_nowhere(), &verdict);
        fl_gate_verdict_free(&verdict);
    } else {
        must_tell(&err, status);
    }
    json_decref(now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const uint8_t *line = count > 0 ? memchr(bytes, '\n', count) : NULL;
    const size_t limits = line == NULL ? count : (size_t)(line - bytes);
    const size_t start = line == NULL ? count : limits + 1;
    struct fuzz_file file;
    struct fl_gate gate;
    struct fl_error err;
    json_t *before;
    char *text = fuzz_text(bytes, limits);
    gate_make(&gate, text);
    fuzz_file_make(&file, bytes + start, count - start);
    const enum fl_status status = fl_baseline_read(file.path, &before, &err);
    if (status == FL_OK) {
        documents_compare(&gate, before);
        json_decref(before);
    } else {
        must_tell(&err, status);
    }
    fuzz_file_end(&file);
    free(text);
    return 0;
}
