/*
 * What flrec makes of shared memory that the program has written anything into: any bytes as
 * commands that put slots, overwrite heads, counters and texts, and let the drain have its
 * turn. It must end, and write traces that a reader takes without complaint.
 *
 * The first byte: bit 0, by merge and session alone, in one thread, so that a finding repeats,
 * or by the drain's thread with its images and files; the other bits are what the recording was
 * asked for.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drain.h"
#include "session.h"
#include "shared.h"
#include "trace_walk.h"

#define RINGS_USED   4u
#define IMAGES_MAX   8u
#define SHARED_BYTES ((size_t)256 << 10)

/* Shared memory, and what flrec knows of it. */
struct wild {
    struct choices choices;
    struct fl_shared *shared;
    int fd;
    struct fl_shared_facts facts;
    uint64_t stamp;
    struct fl_session_config config;
    _Atomic bool is_paused;
};

/* The drain's turn: a round, and what stands between rounds. */
struct turn {
    struct fl_merge merge;
    struct fl_session *session;
};

/* Few rings: flrec makes as many as the size of files allows, up to 2,048. */
static void shared_make(struct wild *wild)
{
    uint64_t inode;
    const uint64_t ring_bytes = FL_RING_SLOTS_MIN * sizeof(struct fl_slot);
    struct rlimit saved, small;
    must(getrlimit(RLIMIT_FSIZE, &saved) == 0, "limits can be read");
    small = (struct rlimit){SHARED_BYTES, saved.rlim_max};
    must(setrlimit(RLIMIT_FSIZE, &small) == 0, "limits can be set");
    must(fl_shared_make(ring_bytes, FL_STAMP_ASK_COUNTER, &wild->shared, &wild->fd, &inode,
                        NULL) == FL_OK,
         "shared memory");
    must(setrlimit(RLIMIT_FSIZE, &saved) == 0, "limits can be set back");
}

static void wild_make(struct wild *wild, unsigned asked)
{
    shared_make(wild);
    wild->shared->stack_depth = asked & 1 ? 8 : 0;
    wild->shared->is_lossy = asked >> 1 & 1;
    wild->facts = fl_shared_facts(wild->shared);
    wild->is_paused = false;
    wild->config = (struct fl_session_config){
        .shared = wild->shared,
        .facts = wild->facts,
        .nursery = fl_nursery_new(),
        .is_paused = &wild->is_paused,
        .pid = getpid(),
        .level = 1,
        .times = (enum fl_times)(asked >> 2 & 3),
        .clock = {.base_ns = fl_clock_now_ns(), .ns_per_cycle = 0.5},
    };
    if (asked >> 4 & 1) {
        wild->config.limits = (struct fl_limits){.start_after = 2, .max_events = 40};
    }
    wild->shared->has_times = fl_times_are_exact(wild->config.times);
    must(wild->config.nursery != NULL, "a nursery");
    atomic_store(&wild->shared->counter, 1u << 20);
}

static void wild_end(struct wild *wild)
{
    fl_nursery_free(wild->config.nursery);
    munmap(wild->shared, wild->facts.total_bytes);
    close(wild->fd);
}

/* ---- what the program does ---- */

static struct fl_ring *ring_choose(struct wild *wild, uint32_t *number)
{
    *number = choose_byte(&wild->choices) % RINGS_USED;
    return &wild->shared->rings[*number];
}

static void slot_put(struct wild *wild, uint64_t what, uint64_t rest)
{
    uint32_t number;
    struct fl_ring *ring = ring_choose(wild, &number);
    const uint64_t head = atomic_load(&ring->head);
    char *slots = (char *)wild->shared + wild->facts.slots_offset;
    struct fl_slot *first = (struct fl_slot *)(void *)slots + number * wild->facts.ring_slots;
    first[head & (wild->facts.ring_slots - 1)] = (struct fl_slot){what, rest};
    atomic_store(&ring->state, FL_RING_CLAIMED);
    atomic_store(&ring->head, head + 1);
    if (atomic_load(&wild->shared->ring_high) <= number) {
        atomic_store(&wild->shared->ring_high, number + 1);
    }
}

/* A call that a program could make: few addresses, so that they come again. */
static void call_put(struct wild *wild)
{
    const uint8_t op = choose_byte(&wild->choices);
    const uint8_t where = choose_byte(&wild->choices);
    const uint64_t size = choose(&wild->choices, where % 16 == 15 ? 4 : 1);
    wild->stamp += where / 128;
    slot_put(wild, fl_slot_what((uint64_t)(where % 32) << 12, op, op % 8 == 4 ? where / 32 : 0),
             fl_slot_rest(size, wild->stamp));
}

static void field_set(struct wild *wild)
{
    struct fl_shared *shared = wild->shared;
    const uint8_t which = choose_byte(&wild->choices);
    const uint64_t value = choose(&wild->choices, 1 + which / 32);
    _Atomic uint32_t *const words[] = {&shared->doorbell, &shared->ring_high,
                                       &shared->rings_wanted, &shared->images_attached,
                                       &shared->images_opened};
    _Atomic uint64_t *const longs[] = {&shared->counter, &shared->nested_calls,
                                       &shared->lost_events};
    uint64_t *const geometry[] = {&shared->magic, &shared->total_bytes, &shared->slots_offset,
                                  &shared->ring_slots};
    uint32_t *const asked[] = {&shared->version,  &shared->ring_count, &shared->stamp_source,
                               &shared->is_lossy, &shared->has_times,  &shared->stack_depth};
    if (which % 4 == 0) {
        atomic_store(words[which / 4 % 5], (uint32_t)value);
    } else if (which % 4 == 1) {
        atomic_store(longs[which / 4 % 3], value);
    } else if (which % 4 == 2) {
        *geometry[which / 4 % 4] = value;
    } else {
        *asked[which / 4 % 6] = (uint32_t)value;
    }
}

static void ring_set(struct wild *wild)
{
    uint32_t number;
    struct fl_ring *ring = ring_choose(wild, &number);
    const uint8_t which = choose_byte(&wild->choices);
    const uint64_t value = choose(&wild->choices, 1 + which / 32);
    _Atomic uint64_t *const longs[] = {&ring->head, &ring->tail};
    _Atomic uint32_t *const words[] = {&ring->is_waiting, &ring->state, &ring->tid};
    if (which % 2 == 0) {
        atomic_store(longs[which / 2 % 2], value);
    } else {
        atomic_store(words[which / 2 % 3], (uint32_t)value);
    }
}

/* Bytes over anything up to the first ring's slots, but the mutex: its kernel side is not
 * ours. */
static void scribble(struct wild *wild)
{
    uint8_t *bytes = (uint8_t *)wild->shared;
    const size_t life = offsetof(struct fl_shared, life);
    const size_t life_end = life + sizeof wild->shared->life;
    size_t at = (size_t)choose(&wild->choices, 2) % sizeof(struct fl_shared);
    for (size_t count = choose_byte(&wild->choices); count > 0; count--, at++) {
        const uint8_t byte = choose_byte(&wild->choices);
        if (at < life || at >= life_end) {
            bytes[at] = byte;
        }
    }
}

static void texts_fill(struct wild *wild)
{
    const uint8_t filler = choose_byte(&wild->choices);
    memset(wild->shared->libc, filler, sizeof wild->shared->libc);
    memset(wild->shared->allocator, filler, sizeof wild->shared->allocator);
    for (size_t i = 0; i < FL_MARK_PLACES; i++) {
        wild->shared->marks[i].bytes = filler * 0x01010101u;
    }
}

/* ---- what flrec does ---- */

static void turn_take(struct wild *wild, struct turn *turn)
{
    const uint8_t what = choose_byte(&wild->choices);
    const uint64_t now_ns = fl_clock_now_ns();
    fl_session_round(turn->session, now_ns);
    (void)fl_merge_round(&turn->merge, what % 2 == 1);
    if (what % 8 == 2) {
        fl_session_lose(turn->session, 1 + what / 8);
    } else if (what % 8 == 4) {
        fl_session_flush(turn->session, now_ns);
    } else if (what % 8 == 6) {
        struct fl_lane *lane = &turn->merge.lanes[what / 8 % RINGS_USED];
        fl_session_thread_end(turn->session, lane);
        fl_lane_recycle(lane);
    }
}

/* One command. With a drain in its own thread (`turn` NULL) flrec takes its turns by itself. */
static void command_run(struct wild *wild, struct turn *turn)
{
    const uint8_t what = choose_byte(&wild->choices);
    switch (what % 16) {
    case 0:
        field_set(wild);
        break;
    case 1:
        ring_set(wild);
        break;
    case 2:
        scribble(wild);
        break;
    case 3:
        slot_put(wild, choose(&wild->choices, 8), choose(&wild->choices, 8));
        break;
    case 4:
        slot_put(wild, fl_slot_what(what / 16, FL_OP_WIDE, 0), choose(&wild->choices, 8));
        break;
    case 5:
        texts_fill(wild);
        break;
    case 6:
        atomic_store(&wild->is_paused, what / 16 % 2);
        break;
    case 7:
    case 8:
        if (turn != NULL) {
            turn_take(wild, turn);
        }
        break;
    default:
        call_put(wild);
    }
}

static void trace_verify(int fd, const struct fl_session_result *result)
{
    if (result->error.status != FL_OK) {
        fprintf(stderr, "%s\n", result->error.message);
        must(false, "nothing a program writes breaks its trace");
    }
    const struct trace_walked walked = trace_walk(fd);
    const bool is_whole =
        walked.opened == FL_OK && walked.ended == FL_END && walked.damages == 0;
    must(is_whole, walked.message[0] != '\0' ? walked.message : "the trace is whole");
    must(walked.events == result->totals.events, "the trace has the events that were counted");
}

static void run_alone(struct wild *wild)
{
    struct turn turn;
    struct fl_session_result result;
    const struct fl_session_end end = {.exit_code = 0};
    const int fd = memfd_create("trace", MFD_CLOEXEC);
    must(fd >= 0, "a file in memory");
    turn.session = fl_session_open(&wild->config, 0, fd, NULL);
    must(turn.session != NULL, "a session");
    must(fl_merge_init(&turn.merge, wild->shared, &wild->facts, fl_session_take, turn.session),
         "a merge");
    while (wild->choices.left > 0) {
        command_run(wild, &turn);
    }
    while (fl_merge_round(&turn.merge, true).taken_slots > 0) {
        continue;
    }
    fl_session_close(turn.session, &end, &result);
    fl_merge_end(&turn.merge);
    trace_verify(fd, &result);
    close(fd);
}

/* ---- with the drain ---- */

static char folder[64]; /* for traces, of this process */

static void folder_remove(void)
{
    rmdir(folder);
}

static void folder_make(void)
{
    if (folder[0] == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%.40s/flfuzz.XXXXXX", base != NULL ? base : "/tmp");
        must(mkdtemp(folder) != NULL, "a folder for traces");
        atexit(folder_remove);
    }
}

static void report_verify(const struct fl_drain_report *report)
{
    must(report->trace_count <= IMAGES_MAX, "there are as many traces as images");
    for (size_t i = 0; i < report->trace_count; i++) {
        const struct fl_drain_trace *trace = &report->traces[i];
        must(trace->was_opened && trace->path != NULL, "a trace was begun");
        FILE *file = fopen(trace->path, "re");
        must(file != NULL, "a trace is there under its name");
        trace_verify(fileno(file), &trace->result);
        fclose(file);
        unlink(trace->path);
    }
}

static void run_with_drain(struct wild *wild)
{
    char path[96];
    struct fl_drain *drain;
    struct fl_drain_report report;
    folder_make();
    snprintf(path, sizeof path, "%s/t.zst", folder);
    const struct fl_drain_config config = {.session = wild->config,
                                           .shared = wild->shared,
                                           .path = path,
                                           .output = FL_OUTPUT_NONE};
    must(fl_drain_start(&config, &drain, NULL) == FL_OK, "a drain");
    while (wild->choices.left > 0) {
        command_run(wild, NULL);
    }
    fl_drain_finish(drain, 0, true, &report);
    report_verify(&report);
    fl_drain_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) {
        return 0;
    }
    struct wild wild = {.choices = {bytes + 1, count - 1}};
    wild_make(&wild, bytes[0] / 2);
    if (bytes[0] % 2 == 0) {
        run_alone(&wild);
    } else {
        run_with_drain(&wild);
    }
    wild_end(&wild);
    return 0;
}
