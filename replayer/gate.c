/*
 * Every rule is about growth, because in all metrics less is better; what became better is
 * shown and never fails. Exact figures are compared as they are. Times differ from run to run,
 * so theirs fail only when the ranges of both runs are apart, too: a disturbed run widens its
 * own range and cannot fail alone.
 */
#include "gate.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

static enum fl_status rule_parse(const char *word, size_t length, struct fl_gate_rule *rule,
                                 struct fl_error *err)
{
    const char *sign = memchr(word, '>', length);
    const size_t name_length = sign == NULL ? length : (size_t)(sign - word);
    rule->metric = fl_metric_find(word, name_length);
    if (rule->metric == NULL) {
        return fl_fail(err, FL_USAGE, "'%.*s' is no metric; --fail-on=help lists them",
                       (int)name_length, word);
    }
    char *end = NULL;
    const bool has_number = sign != NULL && isdigit((unsigned char)sign[1]);
    rule->limit = has_number ? strtod(sign + 1, &end) : 0;
    rule->is_percent = has_number && *end == '%';
    if (!has_number || end + rule->is_percent != word + length || !isfinite(rule->limit)) {
        return fl_fail(err, FL_USAGE, "'%.*s': expected %s>NUMBER or %s>NUMBER%%", (int)length,
                       word, rule->metric->name, rule->metric->name);
    }
    return FL_OK;
}

enum fl_status fl_gate_add(struct fl_gate *gate, enum fl_gate_level level, const char *text,
                           struct fl_error *err)
{
    size_t count = gate->count;
    for (const char *word = text;;) {
        const size_t length = strcspn(word, ",");
        struct fl_gate_rule rule = {.level = level};
        const enum fl_status status = rule_parse(word, length, &rule, err);
        if (status != FL_OK) {
            return status;
        }
        if (count == FL_GATE_RULES_MAX) {
            return fl_fail(err, FL_USAGE, "more than %u limits", FL_GATE_RULES_MAX);
        }
        gate->rules[count++] = rule;
        if (word[length] == '\0') {
            break;
        }
        word += length + 1;
    }
    gate->count = count;
    return FL_OK;
}

void fl_gate_add_default(struct fl_gate *gate)
{
    for (size_t i = 0; i < fl_metric_count(); i++) {
        if (fl_metric_at(i)->kind == FL_METRIC_EXACT) {
            gate->rules[gate->count++] =
                (struct fl_gate_rule){.metric = fl_metric_at(i), .level = FL_GATE_FAIL};
        }
    }
}

/* ---- comparing ---- */

static bool is_beyond(const struct fl_gate_rule *rule, double before, double now)
{
    const double limit = rule->is_percent ? before * rule->limit / 100 : rule->limit;
    return now - before > limit;
}

/* Are the runs of a timed figure apart? */
static bool are_apart(const struct fl_metric *metric, const json_t *before, const json_t *now)
{
    double least, most, unused;
    return fl_metric_range(metric, before, &unused, &most) &&
           fl_metric_range(metric, now, &least, &unused) && least > most;
}

static const struct fl_gate_rule *rule_broken(const struct fl_gate *gate,
                                              const struct fl_gate_move *move,
                                              const json_t *before, const json_t *now)
{
    const struct fl_gate_rule *broken = NULL;
    for (size_t i = 0; i < gate->count; i++) {
        const struct fl_gate_rule *rule = &gate->rules[i];
        if (rule->metric != move->metric || !is_beyond(rule, move->before, move->now) ||
            (rule->metric->kind == FL_METRIC_TIMED && !are_apart(rule->metric, before, now))) {
            continue;
        }
        if (broken == NULL || rule->level > broken->level) {
            broken = rule;
        }
    }
    return broken;
}

static bool has_rule(const struct fl_gate *gate, const struct fl_metric *metric)
{
    for (size_t i = 0; i < gate->count; i++) {
        if (gate->rules[i].metric == metric) {
            return true;
        }
    }
    return false;
}

static enum fl_status move_add(struct fl_gate_verdict *verdict, struct fl_gate_move move,
                               struct fl_error *err)
{
    struct fl_gate_move *grown =
        realloc(verdict->moves, (verdict->move_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return fl_fail(err, FL_NOMEM, "no memory for what the gate found");
    }
    verdict->moves = grown;
    verdict->moves[verdict->move_count++] = move;
    return FL_OK;
}

static enum fl_status metric_compare(const struct fl_gate *gate, struct fl_gate_move move,
                                     const json_t *before, const json_t *now,
                                     struct fl_gate_verdict *verdict, struct fl_error *err)
{
    if (!has_rule(gate, move.metric)) {
        return FL_OK;
    }
    const bool is_told = fl_metric_value(move.metric, now, &move.now);
    if (fl_metric_value(move.metric, before, &move.before) != is_told) {
        return fl_fail(err, FL_USAGE, "%s does not tell %s of %s",
                       is_told ? "the baseline" : "this run", move.metric->name,
                       move.allocator);
    }
    if (!is_told) {
        return FL_OK;
    }
    verdict->compared++;
    move.rule = rule_broken(gate, &move, before, now);
    if (move.rule != NULL) {
        *(move.rule->level == FL_GATE_FAIL ? &verdict->failed : &verdict->warned) += 1;
    }
    const bool is_noise = move.metric->kind == FL_METRIC_TIMED && move.rule == NULL;
    return is_noise || move.now == move.before ? FL_OK : move_add(verdict, move, err);
}

static enum fl_status target_compare(const struct fl_gate *gate, const json_t *old_trace,
                                     const json_t *trace, const json_t *target,
                                     struct fl_gate_verdict *verdict, struct fl_error *err)
{
    const json_t *before = fl_baseline_target(old_trace, target);
    struct fl_gate_move move = {
        .trace = json_string_value(json_object_get(trace, "trace")),
        .allocator = json_string_value(json_object_get(target, "allocator")),
    };
    for (size_t i = 0; i < fl_metric_count(); i++) {
        move.metric = fl_metric_at(i);
        const enum fl_status status = metric_compare(gate, move, before, target, verdict, err);
        if (status != FL_OK) {
            return status;
        }
    }
    return FL_OK;
}

static bool document_tells(const struct fl_metric *metric, const json_t *document)
{
    const json_t *traces = json_object_get(document, "traces");
    for (size_t i = 0; i < json_array_size(traces); i++) {
        const json_t *targets = json_object_get(json_array_get(traces, i), "targets");
        for (size_t j = 0; j < json_array_size(targets); j++) {
            double value;
            if (fl_metric_value(metric, json_array_get(targets, j), &value)) {
                return true;
            }
        }
    }
    return false;
}

/* A limit that is never looked at would be a gate that stands open. */
static enum fl_status rules_check(const struct fl_gate *gate, const json_t *now,
                                  struct fl_error *err)
{
    for (size_t i = 0; i < gate->count; i++) {
        const struct fl_metric *metric = gate->rules[i].metric;
        if (!document_tells(metric, now)) {
            return fl_fail(err, FL_USAGE, "no allocator of this run tells %s", metric->name);
        }
    }
    return FL_OK;
}

enum fl_status fl_gate_compare(const struct fl_gate *gate, const json_t *before,
                               const json_t *now, struct fl_gate_verdict *verdict,
                               struct fl_error *err)
{
    *verdict = (struct fl_gate_verdict){0};
    enum fl_status status = rules_check(gate, now, err);
    const json_t *traces = json_object_get(now, "traces");
    for (size_t i = 0; status == FL_OK && i < json_array_size(traces); i++) {
        const json_t *trace = json_array_get(traces, i);
        const json_t *targets = json_object_get(trace, "targets");
        for (size_t j = 0; status == FL_OK && j < json_array_size(targets); j++) {
            status = target_compare(gate, fl_baseline_trace(before, trace), trace,
                                    json_array_get(targets, j), verdict, err);
        }
    }
    if (status != FL_OK) {
        fl_gate_verdict_free(verdict);
    }
    return status;
}

void fl_gate_verdict_free(struct fl_gate_verdict *verdict)
{
    free(verdict->moves);
    *verdict = (struct fl_gate_verdict){0};
}

/* ---- saying it ---- */

void fl_gate_help(FILE *out)
{
    fputs("--fail-on=METRIC>LIMIT[%][,...]; without it, any growth of an exact one fails\n\n",
          out);
    for (size_t i = 0; i < fl_metric_count(); i++) {
        const struct fl_metric *metric = fl_metric_at(i);
        fprintf(out, "%-18s %-6s %-9s %s\n", metric->name, metric->unit,
                fl_metric_kind_word(metric->kind), metric->summary);
    }
}

static void move_print(FILE *out, const struct fl_gate_move *move)
{
    static const char *const words[] = {[FL_GATE_WARN] = "warning", [FL_GATE_FAIL] = "FAIL"};
    fprintf(out, "gate: %s: %s: %s ", move->trace, move->allocator, move->metric->name);
    fprintf(out, "%s -> %s", fl_metric_text(move->before).text, fl_metric_text(move->now).text);
    if (move->before != 0) {
        fprintf(out, " (%+.2f%%)", 100 * (move->now - move->before) / move->before);
    }
    if (move->rule != NULL) {
        fprintf(out, " %s: more than %g%s", words[move->rule->level], move->rule->limit,
                move->rule->is_percent ? "%" : "");
    }
    fputc('\n', out);
}

void fl_gate_print(FILE *out, const struct fl_gate_verdict *verdict)
{
    for (size_t i = 0; i < verdict->move_count; i++) {
        move_print(out, &verdict->moves[i]);
    }
    fprintf(out, "gate: %s: %zu figures compared, %zu moved, %zu warnings, %zu failed\n",
            verdict->failed > 0 ? "FAILED" : "passed", verdict->compared, verdict->move_count,
            verdict->warned, verdict->failed);
}
