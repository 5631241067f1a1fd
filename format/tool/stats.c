/*
 * fltrace stats: what an allocator would be tuned by. Which sizes, how long they live, who
 * allocates and who frees.
 *
 * Exact sizes are counted in an open hash with linear probing of SIZES_MAX at most; what comes
 * when it is full is counted as others. Memory: 4 to 5 bytes per slot beside the walk, 24 per
 * size, 40 per thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fl/fmt.h>

#include "counts.h"
#include "numbers.h"
#include "verb.h"

#define SIZES_MAX     (1u << 16) /* distinct ones, and places */
#define SIZES_FULL    (SIZES_MAX / 4 * 3)
#define BAR_WIDTH     30
#define LIMIT_DEFAULT 10

enum { OPT_LIMIT };

static const struct fl_option options[] = {
    {OPT_LIMIT, 'n', "limit", "N", FL_OPT_NUMBER, "10", NULL,
     "Show the N most frequent sizes and the N busiest threads."},
    FL_OPTION_FROM,
};

static const struct fl_command command = {
    .name = "fltrace stats",
    .synopsis = "[--limit=N] TRACE",
    .summary =
        "Say which sizes were asked for, how long objects lived, and which threads allocated "
        "and freed.",
    .epilogue =
        "A lifetime is the number of calls of all threads from the one that allocated to the "
        "one that freed; a realloc ends one object and begins another.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct size_count {
    uint64_t size_bytes, calls, freed; /* calls 0: an empty place */
};

struct thread_count {
    uint64_t number;
    uint64_t events, allocations, allocated_bytes, frees;
    uint64_t foreign_frees; /* of objects that another thread allocated */
};

struct stats {
    uint64_t limit;
    struct size_count *sizes; /* SIZES_MAX places */
    size_t size_count;
    uint64_t other_calls; /* of sizes that found no place */
    struct thread_count *threads;
    size_t thread_count, thread_room;
    struct fl_numbers thread_places; /* index by number */
    size_t at_work;                  /* index into the threads */
    uint32_t *makers;                /* by slot: index of the thread that allocated */
    size_t maker_room;
    struct fl_counts counts;
    bool is_out_of_memory;
};

static enum fl_status option_take(const struct fl_option_value *value, void *user,
                                  struct fl_error *err)
{
    (void)err;
    struct stats *stats = user;
    stats->limit = value->number;
    return FL_OK;
}

/* ---- counting ---- */

static struct size_count *size_find(struct stats *stats, uint64_t size_bytes)
{
    size_t place = (size_t)(size_bytes * 0x9E3779B97F4A7C15u >> 48) % SIZES_MAX;
    while (stats->sizes[place].calls > 0 && stats->sizes[place].size_bytes != size_bytes) {
        place = (place + 1) % SIZES_MAX;
    }
    return &stats->sizes[place];
}

static void size_add(struct stats *stats, uint64_t size_bytes)
{
    struct size_count *found = size_find(stats, size_bytes);
    if (found->calls == 0 && stats->size_count == SIZES_FULL) {
        stats->other_calls++;
        return;
    }
    stats->size_count += found->calls == 0;
    found->size_bytes = size_bytes;
    found->calls++;
}

static bool thread_add(struct stats *stats, uint64_t number)
{
    if (stats->thread_count == stats->thread_room) {
        const size_t room = 2 * stats->thread_room + 16;
        struct thread_count *grown = reallocarray(stats->threads, room, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        stats->threads = grown;
        stats->thread_room = room;
    }
    if (!fl_numbers_set(&stats->thread_places, number, (uint32_t)stats->thread_count)) {
        return false;
    }
    stats->threads[stats->thread_count++] = (struct thread_count){.number = number};
    return true;
}

static bool thread_switch(struct stats *stats, uint64_t number)
{
    const uint32_t known = fl_numbers_get(&stats->thread_places, number);
    stats->at_work = known != FL_NUMBER_NONE ? known : stats->thread_count;
    return known != FL_NUMBER_NONE || thread_add(stats, number);
}

static bool makers_reserve(struct stats *stats, uint32_t slot)
{
    if (slot < stats->maker_room) {
        return true;
    }
    const size_t room = (size_t)slot + slot / 4 + 1024;
    uint32_t *grown = reallocarray(stats->makers, room, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    stats->makers = grown;
    stats->maker_room = room;
    return true;
}

static void end_count(struct stats *stats, const struct fl_step *step)
{
    struct thread_count *thread = &stats->threads[stats->at_work];
    const uint64_t size_bytes = step->before->size_bytes;
    thread->frees++;
    thread->foreign_frees += stats->makers[step->op->slot] != stats->at_work;
    struct size_count *size = size_find(stats, size_bytes);
    size->freed += size->calls > 0;
}

static void begin_count(struct stats *stats, const struct fl_step *step)
{
    struct thread_count *thread = &stats->threads[stats->at_work];
    const uint64_t size_bytes = step->after->size_bytes;
    thread->allocations++;
    thread->allocated_bytes += size_bytes;
    stats->makers[step->op->slot] = (uint32_t)stats->at_work;
    size_add(stats, size_bytes);
}

static bool call_count(struct stats *stats, const struct fl_step *step)
{
    const struct fl_op *op = step->op;
    if (stats->thread_count == 0 && !thread_switch(stats, 0)) {
        return false;
    }
    if (op->slot != FL_SLOT_NONE && !makers_reserve(stats, op->slot)) {
        return false;
    }
    stats->threads[stats->at_work].events += step->is_event;
    if (step->ends) {
        end_count(stats, step);
    }
    if (step->after != NULL) {
        begin_count(stats, step);
    }
    return true;
}

static bool step_count(const struct fl_step *step, void *user)
{
    struct stats *stats = user;
    bool is_counted = true;
    fl_counts_step(&stats->counts, step);
    if (step->op->kind == FL_RECORD_THREAD) {
        is_counted = thread_switch(stats, step->op->size_bytes);
    } else if (fl_kind_is_call(step->op->kind)) {
        is_counted = call_count(stats, step);
    }
    stats->is_out_of_memory |= !is_counted;
    return is_counted;
}

/* ---- printing ---- */

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static int by_calls(const void *left, const void *right)
{
    const struct size_count *one = left, *other = right;
    if (one->calls != other->calls) {
        return one->calls < other->calls ? 1 : -1;
    }
    return one->size_bytes < other->size_bytes ? -1 : one->size_bytes > other->size_bytes;
}

static void sizes_print(struct stats *stats)
{
    qsort(stats->sizes, SIZES_MAX, sizeof stats->sizes[0], by_calls);
    printf("sizes, the most frequent of %s%s\n", fl_fmt_count(stats->size_count).text,
           stats->other_calls > 0 ? " and more" : "");
    printf("  %15s %15s %7s %7s %15s\n", "bytes", "calls", "share", "so far", "never freed");
    uint64_t so_far = 0;
    for (size_t i = 0; i < SIZES_MAX && i < stats->limit && stats->sizes[i].calls > 0; i++) {
        const struct size_count *size = &stats->sizes[i];
        so_far += size->calls;
        printf("  %15s %15s %6.1f%% %6.1f%% %15s\n", fl_fmt_count(size->size_bytes).text,
               fl_fmt_count(size->calls).text, percent(size->calls, stats->counts.allocations),
               percent(so_far, stats->counts.allocations),
               fl_fmt_count(size->calls - size->freed).text);
    }
}

static void lives_row(const char *label, const struct fl_lives *lives,
                      const struct stats *stats)
{
    const double share = percent(lives->objects, stats->counts.allocations);
    printf("  %-22s %15s %6.1f%% %11s  %.*s\n", label, fl_fmt_count(lives->objects).text, share,
           fl_fmt_bytes(lives->bytes).text, (int)(share / 100 * BAR_WIDTH + 0.999),
           "##############################");
}

static void lives_print(const struct stats *stats)
{
    const struct fl_lives left = {stats->counts.live_objects, stats->counts.live_bytes};
    printf("lifetimes, in calls\n");
    printf("  %-22s %15s %7s %11s\n", "", "objects", "share", "bytes");
    for (unsigned i = 0; i < FL_LIFE_CLASSES; i++) {
        char label[64];
        if (stats->counts.lives[i].objects == 0) {
            continue;
        }
        snprintf(label, sizeof label, "from %s", fl_fmt_count(fl_class_least(i)).text);
        lives_row(label, &stats->counts.lives[i], stats);
    }
    lives_row("never freed", &left, stats);
}

static int by_events(const void *left, const void *right)
{
    const struct thread_count *one = left, *other = right;
    if (one->events != other->events) {
        return one->events < other->events ? 1 : -1;
    }
    return one->number < other->number ? -1 : one->number > other->number;
}

static void threads_print(struct stats *stats)
{
    if (stats->thread_count > 0) { /* else there is no table */
        qsort(stats->threads, stats->thread_count, sizeof stats->threads[0], by_events);
    }
    printf("threads, the busiest of %s\n", fl_fmt_count(stats->thread_count).text);
    printf("  %7s %15s %15s %11s %15s %s\n", "thread", "calls", "allocations", "bytes", "frees",
           "of others' objects");
    for (size_t i = 0; i < stats->thread_count && i < stats->limit; i++) {
        const struct thread_count *thread = &stats->threads[i];
        printf("  %7" PRIu64 " %15s %15s %11s %15s %10s %6.1f%%\n", thread->number,
               fl_fmt_count(thread->events).text, fl_fmt_count(thread->allocations).text,
               fl_fmt_bytes(thread->allocated_bytes).text, fl_fmt_count(thread->frees).text,
               fl_fmt_count(thread->foreign_frees).text,
               percent(thread->foreign_frees, thread->frees));
    }
}

static void stats_free(struct stats *stats)
{
    free(stats->sizes);
    free(stats->threads);
    fl_numbers_clear(&stats->thread_places);
    free(stats->makers);
}

static enum fl_status stats_run(struct stats *stats, struct fl_reader *reader)
{
    struct fl_error err;
    stats->sizes = calloc(SIZES_MAX, sizeof stats->sizes[0]);
    enum fl_status status =
        stats->sizes == NULL ? FL_NOMEM
                             : fl_trace_walk(&command, reader, FL_BY_EVENT, step_count, stats);
    if (stats->sizes == NULL || stats->is_out_of_memory) {
        status = fl_fail(&err, FL_NOMEM, "no memory to count what is live");
        fl_opt_report(&command, &err);
        return status;
    }
    sizes_print(stats);
    lives_print(stats);
    threads_print(stats);
    return status;
}

int verb_stats(int argc, char **argv)
{
    struct stats stats = {.limit = LIMIT_DEFAULT};
    struct fl_reader *reader;
    enum fl_status status = fl_verb_begin(&command, argc, argv, option_take, &stats, &reader);
    if (status != FL_OK) {
        return fl_status_exit(status);
    }
    status = stats_run(&stats, reader);
    stats_free(&stats);
    fl_reader_close(reader);
    return fl_status_exit(status);
}
