/*
 * bench_decode TRACE [N]: read a trace to its end N times (default 7) and say how many events
 * per second of its one thread's processor time the reader delivers; by the clock others that
 * use the machine would be timed, too. The batches are looked at no further than one byte of
 * each, so what is timed is reading, checking, decompressing and decoding to operations with
 * slots; of another tool's trace, importing it.
 *
 * Output, one figure a line, for tests/bench/run: events, ns (one number a run),
 * best_events_per_s and median_events_per_s. The file is read once before, so that it is in the
 * page cache.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <fl/import.h>

enum { RUNS_DEFAULT = 7, RUNS_MAX = 1000 };

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Read all of `path`; `*events` is how many calls it holds. */
static enum fl_status trace_read(const char *path, uint64_t *events, struct fl_error *err)
{
    struct fl_reader *reader = NULL;
    enum fl_status status = fl_import_open(path, NULL, &reader, err);
    if (status != FL_OK) {
        return status;
    }
    struct fl_batch batch;
    volatile uint8_t seen = 0; /* keeps the batches from being optimised away */
    while ((status = fl_reader_next(reader, &batch, err)) == FL_OK) {
        seen = batch.ops[batch.count - 1].kind;
    }
    (void)seen;
    *events = fl_reader_totals(reader)->events;
    fl_reader_close(reader);
    return status == FL_END ? FL_OK : status;
}

static int time_compare(const void *one, const void *other)
{
    const uint64_t a = *(const uint64_t *)one;
    const uint64_t b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void result_print(uint64_t events, uint64_t *times_ns, size_t runs)
{
    printf("events %" PRIu64 "\nns", events);
    for (size_t i = 0; i < runs; i++) {
        printf(" %" PRIu64, times_ns[i]);
    }
    qsort(times_ns, runs, sizeof *times_ns, time_compare);
    printf("\nbest_events_per_s %.0f\nmedian_events_per_s %.0f\n",
           (double)events * 1e9 / (double)times_ns[0],
           (double)events * 1e9 / (double)times_ns[runs / 2]);
}

int main(int argc, char **argv)
{
    const unsigned long runs = argc > 2 ? strtoul(argv[2], NULL, 10) : RUNS_DEFAULT;
    if (argc < 2 || argc > 3 || runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench_decode TRACE [N]\n");
        return FL_EXIT_USAGE;
    }
    static uint64_t times_ns[RUNS_MAX];
    uint64_t events = 0;
    struct fl_error err;
    enum fl_status status = trace_read(argv[1], &events, &err);
    for (size_t i = 0; i < runs && status == FL_OK; i++) {
        const uint64_t start_ns = cpu_ns();
        status = trace_read(argv[1], &events, &err);
        times_ns[i] = cpu_ns() - start_ns;
    }
    if (status != FL_OK) {
        fprintf(stderr, "bench_decode: error: %s (%s)\n", err.message, argv[1]);
        return fl_status_exit(status);
    }
    result_print(events, times_ns, runs);
    return FL_EXIT_OK;
}
