/**
 * The result model: everything that was learned about one trace, from which the table, the JSON
 * and the exit code are made.
 *
 * Thread safety: plain data.
 */
#ifndef FL_REPLAY_RESULT_H
#define FL_REPLAY_RESULT_H

#include "check.h"
#include "finding.h"
#include "latency.h"
#include "plan.h"
#include "series.h"
#include "source.h"
#include "target.h"
#include "touch.h"

#define FL_RUNS_MAX 100u
#define FL_JOBS_MAX 256u

enum fl_verdict {
    FL_VERDICT_UNCHECKED, /* --check=off, or a target that is no allocator */
    FL_VERDICT_PASSED,
    FL_VERDICT_WRONG, /* a finding; the target was not measured any further */
};

/** What one target did with one trace. */
struct fl_target_result {
    const struct fl_target *target; /* owned by the request */
    enum fl_verdict verdict;
    bool has_told;                /* a pass gave counters, and whether there are any */
    struct fl_finding finding;    /* WRONG */
    struct fl_check_result check; /* PASSED */
    uint64_t refused; /* allocations that returned NULL though recorded as granted */
    char malloc_file[FL_LIBRARY_MAX]; /* foreign: where malloc came from; "" else */
    bool has_stats, has_offsets;
    bool is_repeatable;            /* the counters were equal in all passes */
    struct fl_alloc_stats stats;   /* exact counters of one pass */
    bool has_memory;               /* the counting pass was made, and could be */
    int memory_errno;              /* why it could not */
    struct fl_memory_calls memory; /* exact: of that pass */
    bool has_latencies;            /* the latency pass was made */
    struct fl_latencies latencies; /* of that pass */
    size_t run_count;
    double raw_ns[FL_RUNS_MAX];       /* by run: ns per step, driver included */
    double net_ns[FL_RUNS_MAX];       /* by run: without the floor of the same run */
    double page_faults[FL_RUNS_MAX];  /* by run */
    bool has_instructions;            /* the machine counts them */
    double instructions[FL_RUNS_MAX]; /* by run: per step, without those of the floor */
    double switches[FL_RUNS_MAX];     /* by run, of real threads: context switches per step */
    uint64_t threads;                 /* of real ones, the most at a time */

    struct fl_series_result *series; /* the series pass was made; owned; else NULL */
};

struct fl_trace_result {
    const char *name;        /* of the trace, for people */
    const char *path;        /* as it was given */
    struct fl_error failure; /* why it could not be replayed; FL_OK: it could */
    bool is_complete;        /* all its passes were made */
    struct fl_plan_totals plan;
    struct fl_reader_totals reader;
    char guess[FL_GUESS_BYTES];  /* what its importer guessed, printable; empty: nothing */
    struct fl_error trace_error; /* FL_END: the trace is whole */
    bool is_limited;             /* --limit stopped before the end */
    size_t run_count;
    enum fl_touch touch;                    /* as requested */
    bool is_populated;                      /* the same */
    bool is_real;                           /* the same */
    double floor_ns[FL_RUNS_MAX];           /* by run: ns per step of the target `none` */
    double floor_instructions[FL_RUNS_MAX]; /* the same of instructions; 0: not counted */
    double driver_cpu_ns
        [FL_RUNS_MAX]; /* by run: processor\'s time of the driver per event, beside `none` */
    struct fl_target_result *targets; /* `target_count`, owned */
    size_t target_count;
};

/** What was asked for; printed with the results. */
struct fl_run_request {
    const struct fl_catalog *catalog;
    struct fl_target_list targets;
    enum fl_check_mode check_mode;
    uint64_t walk_every;
    const char *from;     /* format of the traces; NULL: what their content says */
    uint64_t event_limit; /* UINT64_MAX: none */
    size_t run_count;     /* measured runs, 0 .. FL_RUNS_MAX */
    enum fl_touch touch;  /* what those write */
    bool is_populated;    /* with memory that is faulted in before, where that can be done */
    bool is_real;         /* by as many threads as recorded the trace, --threads=real */
    bool has_latency;     /* one more pass, in which each call is timed */
    bool has_series;      /* one more, for the states in its course */
    uint64_t timeout_s;   /* 0: wait for ever */
    size_t job_count; /* passes that take no time of an allocator, at once, 1 .. FL_JOBS_MAX */
    bool is_quiet;
};

/** Middle value of `values[0 .. count)`, 0 when there is none. Sorts a copy. */
double fl_median(const double *values, size_t count);

/** Largest minus smallest of `values[0 .. count)`. */
double fl_range(const double *values, size_t count);

/** Shares of memory that held no payload when payload was largest, 0 .. 1; below 0: not known.
 *  Internal: of the block bytes; external: of the footprint, what was in no live block. */
double fl_fragmentation_internal(const struct fl_alloc_stats *stats);
double fl_fragmentation_external(const struct fl_alloc_stats *stats);

/** Largest footprint, and system calls that concern memory: by the allocator's own counters, or
 *  by the counting pass; 0 when neither is there. */
uint64_t fl_peak_footprint(const struct fl_target_result *target);
uint64_t fl_system_calls(const struct fl_target_result *target);

/** Begin the result of the trace at `path`, which outlives it. False: no memory. End it with
 * fl_result_free. */
bool fl_result_init(struct fl_trace_result *result, const struct fl_run_request *request,
                    const char *path) __attribute__((warn_unused_result));

/** Give back what a result owns; also of one that is all zeros. */
void fl_result_free(struct fl_trace_result *result);

/** Exit code of one trace's results: 5 wins over 3, 3 over 0. */
int fl_result_exit(const struct fl_trace_result *result);

#endif
