/*
 * CSV (RFC 4180) has one row per target and point, and an empty field for what a target cannot
 * tell. JSON has the same by columns, with the peaks named. Keys have a fixed order; RESULTS.md
 * says what they mean. Each trace is written when it is done, so memory does not grow with
 * their number.
 */
#include "out_series.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "out.h"

static bool has_ending(const char *path, const char *ending)
{
    const size_t bytes = strlen(path), ending_bytes = strlen(ending);
    return bytes > ending_bytes && strcmp(path + bytes - ending_bytes, ending) == 0;
}

/* ---- CSV ---- */

static void csv_start(FILE *out)
{
    fputs("trace,allocator,event,time_ns", out);
    for (size_t i = 0; i < FL_SERIES_COLUMNS; i++) {
        fprintf(out, ",%s", fl_series_word((enum fl_series_column)i));
    }
    fputs("\r\n", out);
}

static void csv_target(FILE *out, const struct fl_trace_result *result,
                       const struct fl_target_result *target)
{
    const struct fl_series_result *series = target->series;
    for (size_t i = 0; i < series->count; i++) {
        const struct fl_series_point *point = &series->points[i];
        fl_csv_field(out, result->name);
        fputc(',', out);
        fl_csv_field(out, target->target->label);
        fprintf(out, ",%" PRIu64 ",", point->event);
        if (result->plan.time_ns > 0) {
            fprintf(out, "%" PRIu64, point->time_ns);
        }
        for (size_t column = 0; column < FL_SERIES_COLUMNS; column++) {
            fputc(',', out);
            if (series->has_column[column]) {
                fprintf(out, "%" PRIu64, point->values[column]);
            }
        }
        fputs("\r\n", out);
    }
}

/* ---- JSON ---- */

static void json_start(struct fl_emit *emit, FILE *out, const struct fl_run_request *request)
{
    fl_emit_start(emit, out);
    fl_emit_object(emit, NULL);
    fl_emit_u64(emit, "schema", FL_SERIES_SCHEMA);
    fl_emit_text(emit, "version", FL_PROJECT_VERSION);
    fl_emit_object(emit, "settings");
    fl_emit_text(emit, "touch", fl_touch_word(request->touch));
    if (request->event_limit == UINT64_MAX) {
        fl_emit_null(emit, "limit_events");
    } else {
        fl_emit_u64(emit, "limit_events", request->event_limit);
    }
    fl_emit_u64(emit, "points_max", FL_SERIES_POINTS_MAX);
    fl_emit_close(emit);
    fl_emit_array(emit, "traces");
}

static void json_peaks(struct fl_emit *emit, const struct fl_series_result *series)
{
    fl_emit_object(emit, "peaks");
    for (size_t i = 0; i < FL_SERIES_COLUMNS; i++) {
        const enum fl_series_column column = (enum fl_series_column)i;
        const struct fl_series_point *peak = fl_series_peak(series, column);
        if (peak == NULL || !series->has_column[column]) {
            fl_emit_null(emit, fl_series_word(column));
            continue;
        }
        fl_emit_object(emit, fl_series_word(column));
        fl_emit_u64(emit, "value", peak->values[column]);
        fl_emit_u64(emit, "event", peak->event);
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void json_points(struct fl_emit *emit, const struct fl_series_result *series,
                        bool has_times)
{
    fl_emit_object(emit, "points");
    fl_emit_array(emit, "event");
    for (size_t i = 0; i < series->count; i++) {
        fl_emit_u64(emit, NULL, series->points[i].event);
    }
    fl_emit_close(emit);
    if (has_times) {
        fl_emit_array(emit, "time_ns");
        for (size_t i = 0; i < series->count; i++) {
            fl_emit_u64(emit, NULL, series->points[i].time_ns);
        }
        fl_emit_close(emit);
    } else {
        fl_emit_null(emit, "time_ns");
    }
    for (size_t column = 0; column < FL_SERIES_COLUMNS; column++) {
        const char *word = fl_series_word((enum fl_series_column)column);
        if (!series->has_column[column]) {
            fl_emit_null(emit, word);
            continue;
        }
        fl_emit_array(emit, word);
        for (size_t i = 0; i < series->count; i++) {
            fl_emit_u64(emit, NULL, series->points[i].values[column]);
        }
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void json_target(struct fl_emit *emit, const struct fl_target_result *target,
                        bool has_times)
{
    const struct fl_series_result *series = target->series;
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "allocator", target->target->label);
    if (series == NULL) {
        fl_emit_null(emit, "series");
        fl_emit_close(emit);
        return;
    }
    fl_emit_object(emit, "series");
    fl_emit_u64(emit, "states", series->states);
    fl_emit_u64(emit, "states_per_bucket", series->states_per_bucket);
    if (series->has_column[FL_SERIES_RSS]) {
        fl_emit_u64(emit, "rss_before_bytes", series->rss_before_bytes);
    } else {
        fl_emit_null(emit, "rss_before_bytes");
    }
    json_peaks(emit, series);
    json_points(emit, series, has_times);
    fl_emit_close(emit);
    fl_emit_close(emit);
}

static void json_trace(struct fl_emit *emit, const struct fl_trace_result *result)
{
    char hash[20];
    snprintf(hash, sizeof hash, "%016" PRIx64, result->plan.hash);
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "trace", result->name);
    fl_emit_u64(emit, "events", result->plan.events);
    fl_emit_text(emit, "trace_hash", hash);
    fl_emit_array(emit, "targets");
    for (size_t i = 0; i < result->target_count; i++) {
        json_target(emit, &result->targets[i], result->plan.time_ns > 0);
    }
    fl_emit_close(emit);
    fl_emit_close(emit);
}

/* ---- both ---- */

enum fl_status fl_out_series_open(struct fl_out_series *series, const char *path,
                                  const struct fl_run_request *request, struct fl_error *err)
{
    *series = (struct fl_out_series){.is_json = has_ending(path, ".json")};
    const enum fl_status status =
        fl_part_open(&series->file, strcmp(path, "-") == 0 ? NULL : path, err);
    if (status != FL_OK) {
        return status;
    }
    if (series->is_json) {
        json_start(&series->emit, series->file.out, request);
    } else {
        csv_start(series->file.out);
    }
    return FL_OK;
}

void fl_out_series_trace(struct fl_out_series *series, const struct fl_trace_result *result)
{
    if (series->file.out == NULL) {
        return;
    }
    if (series->is_json) {
        json_trace(&series->emit, result);
        return;
    }
    for (size_t i = 0; i < result->target_count; i++) {
        if (result->targets[i].series != NULL) {
            csv_target(series->file.out, result, &result->targets[i]);
        }
    }
}

enum fl_status fl_out_series_close(struct fl_out_series *series, struct fl_error *err)
{
    if (series->file.out == NULL) {
        return FL_OK;
    }
    if (series->is_json) {
        fl_emit_close(&series->emit);
        fl_emit_close(&series->emit);
        if (!fl_emit_finish(&series->emit)) {
            const enum fl_status status =
                fl_fail_os(err, FL_IO, errno, "the series cannot be written");
            fl_part_drop(&series->file);
            return status;
        }
    }
    return fl_part_close(&series->file, err);
}
