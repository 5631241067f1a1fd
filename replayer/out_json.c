/*
 * The results as JSON, schema FL_RESULT_SCHEMA: RESULTS.md says what each key means. Keys have
 * a fixed order, figures are plain numbers with the unit in the key, and what an allocator
 * cannot tell is null, never left out: a program can rely on every key.
 */
#include "out.h"

#include <inttypes.h>

#include "machine.h"
#include "populate.h"

static const char *check_mode_text(enum fl_check_mode mode)
{
    static const char *const texts[] = {[FL_CHECK_MODE_FAST] = "fast",
                                        [FL_CHECK_MODE_FULL] = "full",
                                        [FL_CHECK_MODE_OFF] = "off"};
    return texts[mode];
}

void fl_out_json_start(struct fl_emit *emit, FILE *out, const struct fl_run_request *request)
{
    fl_emit_start(emit, out);
    fl_emit_object(emit, NULL);
    fl_emit_u64(emit, "schema", FL_RESULT_SCHEMA);
    fl_emit_text(emit, "version", FL_PROJECT_VERSION);
    fl_emit_object(emit, "settings");
    fl_emit_text(emit, "check", check_mode_text(request->check_mode));
    fl_emit_text(emit, "touch", fl_touch_word(request->touch));
    fl_emit_text(emit, "threads", request->is_real ? "real" : "serial");
    fl_emit_u64(emit, "runs", request->run_count);
    if (request->event_limit == UINT64_MAX) {
        fl_emit_null(emit, "limit_events");
    } else {
        fl_emit_u64(emit, "limit_events", request->event_limit);
    }
    fl_emit_bool(emit, "populate", request->is_populated);
    fl_emit_close(emit);
    fl_emit_array(emit, "traces");
}

static void emit_hash(struct fl_emit *emit, const char *key, uint64_t hash)
{
    char text[20];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    fl_emit_text(emit, key, text);
}

static void emit_trace_status(struct fl_emit *emit, const struct fl_trace_result *result)
{
    const bool is_whole = result->trace_error.status == FL_END;
    fl_emit_text(emit, "status", is_whole ? "ok" : fl_status_text(result->trace_error.status));
    fl_emit_u64(emit, "damaged_chunks", result->reader.damaged_chunks);
    fl_emit_u64(emit, "missing_events", result->reader.missing_events);
}

static void emit_plan(struct fl_emit *emit, const struct fl_plan_totals *plan)
{
    fl_emit_u64(emit, "events", plan->events);
    fl_emit_u64(emit, "operations", plan->steps);
    fl_emit_u64(emit, "allocations", plan->allocs);
    fl_emit_u64(emit, "resizes", plan->resizes);
    fl_emit_u64(emit, "frees", plan->frees);
    fl_emit_u64(emit, "objects", plan->objects);
    fl_emit_u64(emit, "threads", plan->threads);
    fl_emit_u64(emit, "peak_live_objects", plan->peak_live_objects);
    fl_emit_u64(emit, "peak_payload_bytes", plan->peak_bytes);
    fl_emit_object(emit, "oddities");
    fl_emit_u64(emit, "live_at_end_objects", plan->live_objects);
    fl_emit_u64(emit, "live_at_end_bytes", plan->live_bytes);
    fl_emit_u64(emit, "null_pointers", plan->null_pointers);
    fl_emit_u64(emit, "size_zero", plan->size_zero);
    fl_emit_u64(emit, "resize_zero", plan->resize_zero);
    fl_emit_u64(emit, "unknown_frees", plan->unknown_frees);
    fl_emit_u64(emit, "unknown_others", plan->unknown_others);
    fl_emit_u64(emit, "failed_calls", plan->failed_calls);
    fl_emit_u64(emit, "wrong_sizes", plan->wrong_sizes);
    fl_emit_u64(emit, "implied_frees", plan->implied_frees);
    fl_emit_u64(emit, "lost_events", plan->lost_events);
    fl_emit_close(emit);
}

static void emit_runs(struct fl_emit *emit, const char *key, const double *values, size_t count)
{
    fl_emit_array(emit, key);
    for (size_t i = 0; i < count; i++) {
        fl_emit_double(emit, NULL, values[i]);
    }
    fl_emit_close(emit);
}

static void emit_time(struct fl_emit *emit, const struct fl_target_result *target, bool is_real)
{
    if (target->run_count == 0) {
        fl_emit_null(emit, "time");
        return;
    }
    fl_emit_object(emit, "time");
    fl_emit_double(emit, "net_ns_per_operation", fl_median(target->net_ns, target->run_count));
    fl_emit_double(emit, "raw_ns_per_operation", fl_median(target->raw_ns, target->run_count));
    emit_runs(emit, "net_ns_per_operation_runs", target->net_ns, target->run_count);
    emit_runs(emit, "raw_ns_per_operation_runs", target->raw_ns, target->run_count);
    fl_emit_double(emit, "page_faults", fl_median(target->page_faults, target->run_count));
    emit_runs(emit, "page_faults_runs", target->page_faults, target->run_count);
    if (target->has_instructions) {
        fl_emit_double(emit, "instructions_per_operation",
                       fl_median(target->instructions, target->run_count));
        emit_runs(emit, "instructions_per_operation_runs", target->instructions,
                  target->run_count);
    } else {
        fl_emit_null(emit, "instructions_per_operation");
        fl_emit_null(emit, "instructions_per_operation_runs");
    }
    if (is_real) {
        fl_emit_u64(emit, "threads", target->threads);
        fl_emit_double(emit, "context_switches_per_operation",
                       fl_median(target->switches, target->run_count));
    } else {
        fl_emit_null(emit, "threads");
        fl_emit_null(emit, "context_switches_per_operation");
    }
    fl_emit_close(emit);
}

static void emit_finding(struct fl_emit *emit, const struct fl_target_result *target)
{
    if (target->verdict != FL_VERDICT_WRONG) {
        fl_emit_null(emit, "finding");
        return;
    }
    const struct fl_finding *finding = &target->finding;
    char text[512];
    fl_finding_text(finding, text, sizeof text);
    fl_emit_object(emit, "finding");
    fl_emit_text(emit, "kind", fl_finding_word(finding->kind));
    fl_emit_u64(emit, "event", finding->event);
    fl_emit_u64(emit, "last_event", finding->last_event);
    if (finding->serial == FL_SERIAL_NONE) {
        fl_emit_null(emit, "object");
    } else {
        fl_emit_u64(emit, "object", finding->serial);
    }
    fl_emit_text(emit, "text", text);
    fl_emit_close(emit);
}

/* 0 .. 1, or null. */
static void emit_share(struct fl_emit *emit, const char *key, double share)
{
    if (share < 0) {
        fl_emit_null(emit, key);
    } else {
        fl_emit_double(emit, key, share);
    }
}

static void emit_powers(struct fl_emit *emit, const char *key, const uint64_t *calls)
{
    fl_emit_array(emit, key);
    for (size_t i = 0; i < FL_VISIT_BUCKETS; i++) {
        fl_emit_u64(emit, NULL, calls[i]);
    }
    fl_emit_close(emit);
}

/* The figures that came later than the others: keys are only added at the end. */
static void emit_counts_more(struct fl_emit *emit, const struct fl_alloc_stats *stats)
{
    fl_emit_u64(emit, "calls", stats->calls);
    if (stats->calls == 0) {
        fl_emit_null(emit, "mean_free_blocks");
    } else {
        fl_emit_double(emit, "mean_free_blocks",
                       (double)stats->free_blocks_sum / (double)stats->calls);
    }
    fl_emit_u64(emit, "madvise_calls", stats->madvise_calls);
    fl_emit_u64(emit, "madvise_bytes", stats->madvise_bytes);
    fl_emit_u64(emit, "retaken_bytes", stats->retaken_bytes);
    fl_emit_u64(emit, "at_peak_block_bytes", stats->at_peak_block_bytes);
    fl_emit_u64(emit, "at_peak_footprint_bytes", stats->at_peak_footprint);
    emit_share(emit, "internal_fragmentation", fl_fragmentation_internal(stats));
    emit_share(emit, "external_fragmentation", fl_fragmentation_external(stats));
    fl_emit_u64(emit, "end_live_blocks", stats->live_blocks);
    fl_emit_u64(emit, "end_payload_bytes", stats->live_payload);
    fl_emit_u64(emit, "end_block_bytes", stats->live_block_bytes);
    fl_emit_u64(emit, "end_footprint_bytes", stats->footprint);
    fl_emit_u64(emit, "end_free_blocks", stats->free_blocks);
    emit_powers(emit, "visits_malloc_by_power", stats->visits_malloc_by_power);
    emit_powers(emit, "visits_free_by_power", stats->visits_free_by_power);
}

static void emit_counts(struct fl_emit *emit, const struct fl_target_result *target)
{
    if (!target->has_stats) {
        fl_emit_null(emit, "counts");
        return;
    }
    const struct fl_alloc_stats *stats = &target->stats;
    fl_emit_object(emit, "counts");
    fl_emit_u64(emit, "mallocs", stats->mallocs);
    fl_emit_u64(emit, "frees", stats->frees);
    fl_emit_u64(emit, "reallocs", stats->reallocs);
    fl_emit_u64(emit, "reallocs_in_place", stats->reallocs_in_place);
    fl_emit_u64(emit, "failed", stats->failed);
    fl_emit_u64(emit, "visits_malloc", stats->visits_malloc);
    fl_emit_u64(emit, "visits_malloc_max", stats->visits_malloc_max);
    fl_emit_u64(emit, "visits_free", stats->visits_free);
    fl_emit_u64(emit, "visits_free_max", stats->visits_free_max);
    fl_emit_u64(emit, "splits", stats->splits);
    fl_emit_u64(emit, "merges", stats->merges);
    fl_emit_u64(emit, "mmap_calls", stats->mmap_calls);
    fl_emit_u64(emit, "mmap_bytes", stats->mmap_bytes);
    fl_emit_u64(emit, "munmap_calls", stats->munmap_calls);
    fl_emit_u64(emit, "munmap_bytes", stats->munmap_bytes);
    fl_emit_u64(emit, "big_blocks", stats->big_blocks);
    fl_emit_u64(emit, "peak_live_blocks", stats->peak_live_blocks);
    fl_emit_u64(emit, "peak_payload_bytes", stats->peak_payload);
    fl_emit_u64(emit, "peak_block_bytes", stats->peak_block_bytes);
    fl_emit_u64(emit, "peak_footprint_bytes", stats->peak_footprint);
    fl_emit_u64(emit, "peak_free_blocks", stats->peak_free_blocks);
    emit_counts_more(emit, stats);
    fl_emit_close(emit);
}

static void emit_memory(struct fl_emit *emit, const struct fl_target_result *target)
{
    if (!target->has_memory) {
        fl_emit_null(emit, "memory");
        return;
    }
    const struct fl_memory_calls *memory = &target->memory;
    fl_emit_object(emit, "memory");
    fl_emit_u64(emit, "calls", fl_system_calls(target));
    fl_emit_u64(emit, "mmap_calls", memory->mmap_calls);
    fl_emit_u64(emit, "mmap_bytes", memory->mmap_bytes);
    fl_emit_u64(emit, "reserve_calls", memory->reserve_calls);
    fl_emit_u64(emit, "reserve_bytes", memory->reserve_bytes);
    fl_emit_u64(emit, "munmap_calls", memory->munmap_calls);
    fl_emit_u64(emit, "munmap_bytes", memory->munmap_bytes);
    fl_emit_u64(emit, "mremap_calls", memory->mremap_calls);
    fl_emit_u64(emit, "madvise_calls", memory->madvise_calls);
    fl_emit_u64(emit, "given_back_bytes", memory->given_back_bytes);
    fl_emit_u64(emit, "brk_calls", memory->brk_calls);
    fl_emit_u64(emit, "mprotect_calls", memory->mprotect_calls);
    fl_emit_u64(emit, "loaded_footprint_bytes", memory->loaded_footprint);
    fl_emit_u64(emit, "peak_footprint_bytes", memory->peak_footprint);
    fl_emit_u64(emit, "end_footprint_bytes", memory->footprint);
    fl_emit_u64(emit, "peak_mapped_bytes", memory->peak_mapped_bytes);
    fl_emit_close(emit);
}

static void emit_latency(struct fl_emit *emit, const struct fl_target_result *target)
{
    if (!target->has_latencies) {
        fl_emit_null(emit, "latency");
        return;
    }
    fl_emit_object(emit, "latency");
    fl_emit_u64(emit, "clock_ns", target->latencies.clock_ns);
    for (size_t kind = 0; kind < FL_LATENCY_KINDS; kind++) {
        const struct fl_latency_figures *figures = &target->latencies.of[kind];
        fl_emit_object(emit, fl_latency_word((enum fl_latency_kind)kind));
        fl_emit_u64(emit, "calls", figures->calls);
        fl_emit_u64(emit, "p50_ns", figures->p50_ns);
        fl_emit_u64(emit, "p90_ns", figures->p90_ns);
        fl_emit_u64(emit, "p99_ns", figures->p99_ns);
        fl_emit_u64(emit, "p999_ns", figures->p999_ns);
        fl_emit_u64(emit, "max_ns", figures->max_ns);
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
}

static void emit_target(struct fl_emit *emit, const struct fl_target_result *target,
                        bool is_populated, bool is_real)
{
    static const char *const verdicts[] = {[FL_VERDICT_UNCHECKED] = "unchecked",
                                           [FL_VERDICT_PASSED] = "passed",
                                           [FL_VERDICT_WRONG] = "wrong"};
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "allocator", target->target->label);
    fl_emit_text(emit, "check", verdicts[target->verdict]);
    emit_finding(emit, target);
    fl_emit_u64(emit, "refused", target->refused);
    if (target->verdict == FL_VERDICT_PASSED && target->has_offsets) {
        emit_hash(emit, "offsets_hash", target->check.offsets_hash);
    } else {
        fl_emit_null(emit, "offsets_hash");
    }
    emit_counts(emit, target);
    emit_time(emit, target, is_real);
    if (target->malloc_file[0] == '\0') {
        fl_emit_null(emit, "library");
    } else {
        fl_emit_text(emit, "library", target->malloc_file);
    }
    emit_memory(emit, target);
    emit_latency(emit, target);
    if (is_populated && !fl_populate_applies(target->target->ops)) {
        fl_emit_null(emit, "populated");
    } else {
        fl_emit_bool(emit, "populated", is_populated);
    }
    fl_emit_close(emit);
}

void fl_out_json_trace(struct fl_emit *emit, const struct fl_trace_result *result)
{
    fl_emit_object(emit, NULL);
    fl_emit_text(emit, "trace", result->name);
    emit_trace_status(emit, result);
    emit_plan(emit, &result->plan);
    if (result->run_count == 0) {
        fl_emit_null(emit, "floor_ns_per_operation");
    } else {
        fl_emit_double(emit, "floor_ns_per_operation",
                       fl_median(result->floor_ns, result->run_count));
    }
    emit_runs(emit, "floor_ns_per_operation_runs", result->floor_ns, result->run_count);
    emit_runs(emit, "driver_cpu_ns_per_event_runs", result->driver_cpu_ns, result->run_count);
    fl_emit_array(emit, "targets");
    for (size_t i = 0; i < result->target_count; i++) {
        emit_target(emit, &result->targets[i], result->is_populated, result->is_real);
    }
    fl_emit_close(emit);
    emit_hash(emit, "trace_hash", result->plan.hash);
    fl_emit_text(emit, "import_guess", *result->guess != '\0' ? result->guess : NULL);
    fl_emit_close(emit);
}

static void emit_machine(struct fl_emit *emit)
{
    struct fl_machine machine;
    fl_machine_read(&machine);
    fl_emit_object(emit, "machine");
    fl_emit_u64(emit, "processors", machine.processors);
    fl_emit_text(emit, "transparent_huge_pages", machine.huge_pages);
    fl_emit_bool(emit, "has_instruction_counter", machine.has_instruction_counter);
    fl_emit_array(emit, "environment");
    for (size_t i = 0; i < machine.setting_count; i++) {
        fl_emit_text(emit, NULL, machine.settings[i]);
    }
    fl_emit_close(emit);
    fl_emit_close(emit);
}

static void emit_mean(struct fl_emit *emit, const char *key, double mean)
{
    if (mean <= 0) {
        fl_emit_null(emit, key);
    } else {
        fl_emit_double(emit, key, mean);
    }
}

static void emit_means(struct fl_emit *emit, const struct fl_means *means)
{
    fl_emit_object(emit, "geometric_means");
    fl_emit_u64(emit, "traces", means->trace_count);
    fl_emit_u64(emit, "traces_timed", means->timed_count);
    fl_emit_u64(emit, "traces_with_footprint", means->sized_count);
    fl_emit_array(emit, "targets");
    for (size_t i = 0; i < means->target_count; i++) {
        fl_emit_object(emit, NULL);
        fl_emit_text(emit, "allocator", means->targets[i]->label);
        emit_mean(emit, "net_ns_per_operation", fl_means_net_ns(means, i));
        emit_mean(emit, "footprint_by_payload", fl_means_footprint(means, i));
        fl_emit_close(emit);
    }
    fl_emit_close(emit);
    fl_emit_close(emit);
}

bool fl_out_json_end(struct fl_emit *emit, const struct fl_means *means)
{
    fl_emit_close(emit);
    emit_machine(emit);
    emit_means(emit, means);
    fl_emit_close(emit);
    return fl_emit_finish(emit);
}
