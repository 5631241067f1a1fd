/*
 * Windows. The thread of the worker takes batches, sorts their steps by thread, and stops at
 * FL_CREW_WINDOW steps; then the members run them, the clock with them, and it takes the next.
 * Nothing is decoded or sorted while the clock runs, and a thread is woken once in a window. It
 * also stops when ENDS_MAX threads are over, so that there are not many more at a time than the
 * program had.
 *
 *     take, sort             run                       take, sort
 *     ------------------  |  member 0: a b . . d     |  ...
 *     one thread          |  member 1: . c c' . . e  |
 *                       clock                     clock
 *
 * Order. An object has a cell. Where the step before it on a cell is another member's and of
 * the same window, a step waits for the cell's turn, and that one raises it: only where threads
 * meet is there anything atomic. A cell that is free again is not used for as many frees as a
 * window has steps, so that who allocates never waits for who freed.
 *
 * Deadlock. Each wait is for a step that was recorded earlier. Of all steps of a window that
 * are not done, take the one recorded first: its member has nothing before it left, and what it
 * waits for is done. So something always can move, unless the allocator does not return, which
 * the thread of the worker notices and says.
 *
 * Waiting: FL_SPINS looks, then a futex. Threads are libc's, as an allocator expects; libc
 * allocates for each of them (the vector of its thread storage) by the malloc of the process,
 * while the clock stands.
 */
#include "crew.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fl/trace.h>

#include "crew_step.h"
#include "table.h"

#define SPINS       200
#define LOOK_MS     100u
#define STACK_BYTES ((size_t)256 * 1024)
#define ENDS_MAX    64u /* threads that are over and wait for the end of a window, about */

/* What the dispatcher knows of a cell. */
struct cell_plan {
    uint32_t last_entry; /* in `sorted_from`, of its last step */
    uint32_t window;     /* of that step, from 1 */
    uint32_t turn;       /* of its last handing over */
    uint32_t next_freed; /* of a free one */
};

struct member {
    struct fl_crew *crew;
    pthread_t thread;
    bool exists;
    uint32_t begin, count;     /* its entries in this window */
    _Atomic uint32_t position; /* how many it has done */
    _Atomic uint32_t window;   /* it may run; a futex word. UINT32_MAX: it is to end */
    uint64_t refused;
};

struct fl_crew {
    struct fl_crew_options options;
    struct fl_crew_result result;
    pthread_mutex_t lock;    /* of an allocator that is not made for threads */
    struct fl_table cell_of; /* uint32_t by slot */
    struct fl_table cells;   /* struct fl_crew_cell */
    struct fl_table plans;   /* struct cell_plan, as the cells */
    uint32_t freed_first, freed_last, freed_count; /* cells that are free, the oldest first */
    uint32_t cell_count;
    struct fl_table members;                    /* struct member *, by recorded thread */
    struct fl_crew_entry *sorted_from, *sorted; /* FL_CREW_WINDOW + a batch, each */
    uint32_t entry_count;
    uint64_t first_event; /* of the window */
    uint64_t last_event;
    uint32_t window;       /* number, from 1 */
    uint32_t member_count; /* that exist */
    uint32_t *ending;      /* threads to end behind the window */
    uint32_t ending_count;
    _Atomic uint32_t left; /* members that still run; a futex word */
    _Atomic uint32_t is_wrong;
    struct fl_finding finding; /* when it is */
};

#define ENTRIES_MAX (FL_CREW_WINDOW + FL_BATCH_OPS)

static void futex_wait(_Atomic uint32_t *word, uint32_t seen, uint32_t limit_ms)
{
    const struct timespec limit = {.tv_sec = limit_ms / 1000,
                                   .tv_nsec = (long)(limit_ms % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, limit_ms == 0 ? NULL : &limit, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void *memory_map(size_t bytes)
{
    void *mapped =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

struct fl_crew *fl_crew_new(const struct fl_crew_options *options)
{
    struct fl_crew *crew = memory_map(sizeof *crew);
    struct fl_crew_entry *entries = memory_map(2 * ENTRIES_MAX * sizeof *entries);
    uint32_t *ending = memory_map(FL_PLAN_THREADS_MAX * sizeof *ending);
    if (crew == NULL || entries == NULL || ending == NULL) {
        return NULL; /* the process ends */
    }
    crew->options = *options;
    pthread_mutex_init(&crew->lock, NULL);
    crew->cell_of.element_bytes = sizeof(uint32_t);
    crew->cells.element_bytes = sizeof(struct fl_crew_cell);
    crew->plans.element_bytes = sizeof(struct cell_plan);
    crew->members.element_bytes = sizeof(struct member *);
    crew->sorted_from = entries;
    crew->sorted = entries + ENTRIES_MAX;
    crew->ending = ending;
    crew->window = 1;
    return crew;
}

/* ---- what a member does ---- */

static void processor_rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static void turn_await(struct fl_crew_cell *cell, uint32_t turn)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&cell->turn, memory_order_acquire) == turn) {
            return;
        }
        processor_rest();
    }
    atomic_fetch_add(&cell->sleepers, 1);
    uint32_t seen;
    while ((seen = atomic_load(&cell->turn)) != turn) {
        futex_wait(&cell->turn, seen, 0);
    }
    atomic_fetch_sub(&cell->sleepers, 1);
}

/* The store and the load are in one total order with the sleeper's. */
static void turn_give(struct fl_crew_cell *cell)
{
    atomic_fetch_add(&cell->turn, 1);
    if (atomic_load(&cell->sleepers) != 0) {
        futex_wake(&cell->turn);
    }
}

static void finding_tell(struct fl_crew *crew, const struct fl_crew_entry *entry,
                         const struct fl_finding *finding)
{
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong(&crew->is_wrong, &expected, 1)) {
        return; /* another member was first */
    }
    crew->finding = *finding;
    crew->finding.event = crew->finding.last_event = crew->first_event + entry->event;
    atomic_store(&crew->is_wrong, 2);
    futex_wake(&crew->left);
}

static bool entry_run(struct fl_crew *crew, struct member *member,
                      const struct fl_crew_entry *entry, struct fl_crew_cell *cell)
{
    struct fl_finding finding;
    bool is_right = true;
    if (crew->options.is_locked) {
        pthread_mutex_lock(&crew->lock);
    }
    if (crew->options.is_checking) {
        is_right = fl_crew_step_check(crew->options.allocator, entry, cell, &member->refused,
                                      &finding);
    } else {
        fl_crew_step_run(crew->options.allocator, entry, cell, &member->refused,
                         crew->options.touch);
    }
    if (crew->options.is_locked) {
        pthread_mutex_unlock(&crew->lock);
    }
    if (!is_right) {
        finding_tell(crew, entry, &finding);
    }
    return is_right;
}

static void window_run(struct fl_crew *crew, struct member *member)
{
    struct fl_crew_cell *cells = crew->cells.base;
    const struct fl_crew_entry *entries = &crew->sorted[member->begin];
    for (uint32_t i = 0; i < member->count; i++) {
        struct fl_crew_cell *cell = &cells[entries[i].cell];
        if (entries[i].waits) {
            turn_await(cell, entries[i].turn);
        }
        if (!entry_run(crew, member, &entries[i], cell)) {
            return;
        }
        if (entries[i].hands_over) {
            turn_give(cell);
        }
        atomic_store_explicit(&member->position, i + 1, memory_order_relaxed);
    }
    if (atomic_fetch_sub(&crew->left, 1) == 1) {
        futex_wake(&crew->left);
    }
}

static void *member_main(void *user)
{
    struct member *member = user;
    uint32_t ran = 0;
    for (;;) {
        uint32_t window;
        while ((window = atomic_load(&member->window)) == ran) {
            futex_wait(&member->window, ran, 0);
        }
        if (window == UINT32_MAX) {
            return NULL;
        }
        ran = window;
        window_run(member->crew, member);
    }
}

/* ---- taking steps ---- */

static struct member *member_at(const struct fl_crew *crew, uint32_t thread)
{
    struct member *const *members = crew->members.base;
    return thread < crew->members.capacity ? members[thread] : NULL;
}

static enum fl_status member_begin(struct fl_crew *crew, struct member *member)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    atomic_store(&member->window, 0);
    const int code = pthread_create(&member->thread, &attributes, member_main, member);
    pthread_attr_destroy(&attributes);
    if (code != 0) {
        return FL_NOMEM;
    }
    member->exists = true;
    crew->member_count++;
    if (crew->member_count > crew->result.threads) {
        crew->result.threads = crew->member_count;
    }
    return FL_OK;
}

static enum fl_status member_find(struct fl_crew *crew, uint32_t thread, struct member **out)
{
    struct member *member = member_at(crew, thread);
    if (member == NULL) {
        if (!fl_table_reserve(&crew->members, (size_t)thread + 1)) {
            return FL_NOMEM;
        }
        member = memory_map(sizeof *member);
        if (member == NULL) {
            return FL_NOMEM;
        }
        member->crew = crew;
        ((struct member **)crew->members.base)[thread] = member;
    }
    *out = member;
    return member->exists ? FL_OK : member_begin(crew, member);
}

/* The cell for a new object: the one that is free for longest, if there are enough. */
static uint32_t cell_take(struct fl_crew *crew)
{
    if (crew->freed_count <= ENTRIES_MAX) {
        return crew->cell_count++;
    }
    const uint32_t cell = crew->freed_first;
    crew->freed_first = ((const struct cell_plan *)crew->plans.base)[cell].next_freed;
    crew->freed_count--;
    return cell;
}

static void cell_leave(struct fl_crew *crew, uint32_t cell)
{
    struct cell_plan *plans = crew->plans.base;
    if (crew->freed_count++ == 0) {
        crew->freed_first = cell;
    } else {
        plans[crew->freed_last].next_freed = cell;
    }
    crew->freed_last = cell;
}

/* Tables for `batch`: they may move, for no member runs now. */
static bool tables_reserve(struct fl_crew *crew, const struct fl_step_batch *batch)
{
    const size_t cells = (size_t)crew->cell_count + batch->count;
    return fl_table_reserve(&crew->cell_of, batch->slot_limit) &&
           fl_table_reserve(&crew->cells, cells) && fl_table_reserve(&crew->plans, cells);
}

/* Note who had the cell before. */
static void entry_link(struct fl_crew *crew, struct fl_crew_entry *entry, uint32_t index)
{
    struct cell_plan *plan = &((struct cell_plan *)crew->plans.base)[entry->cell];
    struct fl_crew_entry *before = &crew->sorted_from[plan->last_entry];
    if (plan->window == crew->window && before->member != entry->member) {
        before->hands_over = true;
        entry->waits = true;
        entry->turn = ++plan->turn;
    }
    plan->window = crew->window;
    plan->last_entry = index;
}

static void step_take(struct fl_crew *crew, const struct fl_step *step, uint32_t thread,
                      uint64_t event, uint64_t *serial)
{
    uint32_t *cell_of = crew->cell_of.base;
    const uint32_t index = crew->entry_count++;
    struct fl_crew_entry *entry = &crew->sorted_from[index];
    if (fl_step_allocates(step) && step->action != FL_DO_RESIZE) {
        cell_of[step->slot] = cell_take(crew);
    }
    *entry = (struct fl_crew_entry){.size_bytes = step->size_bytes,
                                    .serial = *serial,
                                    .cell = cell_of[step->slot],
                                    .event = (uint32_t)(event - crew->first_event),
                                    .member = thread,
                                    .action = step->action,
                                    .align_log2 = step->align_log2,
                                    .call = (uint8_t)fl_step_call(step)};
    *serial += fl_step_allocates(step);
    entry_link(crew, entry, index);
    if (fl_step_frees(step)) {
        cell_leave(crew, entry->cell);
    }
}

static enum fl_status batch_take(struct fl_crew *crew, const struct fl_step_batch *batch)
{
    uint64_t serial = batch->first_serial;
    if (!tables_reserve(crew, batch)) {
        return FL_NOMEM;
    }
    if (crew->entry_count == 0) {
        crew->first_event = batch->first_event;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        struct member *member;
        const enum fl_status status = member_find(crew, batch->threads[i], &member);
        if (status != FL_OK) {
            return status;
        }
        member->count++;
        const uint64_t event = batch->first_event + fl_step_event_index(&batch->steps[i]);
        step_take(crew, &batch->steps[i], batch->threads[i], event, &serial);
        crew->last_event = event;
    }
    for (uint32_t i = 0; i < batch->ended_count && crew->ending_count < FL_PLAN_THREADS_MAX;
         i++) {
        crew->ending[crew->ending_count++] = batch->ended[i];
    }
    return FL_OK;
}

/* ---- running a window ---- */

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The entries by member, in recorded order within each. */
static void window_sort(struct fl_crew *crew)
{
    uint32_t begin = 0;
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        struct member *member = member_at(crew, thread);
        if (member != NULL && member->count > 0) {
            member->begin = begin;
            begin += member->count;
            member->count = 0;
        }
    }
    struct member *const *members = crew->members.base;
    for (uint32_t i = 0; i < crew->entry_count; i++) {
        struct member *member = members[crew->sorted_from[i].member];
        crew->sorted[member->begin + member->count++] = crew->sorted_from[i];
    }
}

static void window_start(struct fl_crew *crew)
{
    uint32_t runners = 0;
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        struct member *member = member_at(crew, thread);
        if (member != NULL && member->count > 0) {
            atomic_store(&member->position, 0);
            runners++;
        }
    }
    atomic_store(&crew->left, runners);
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        struct member *member = member_at(crew, thread);
        if (member != NULL && member->count > 0) {
            atomic_store(&member->window, crew->window);
            futex_wake(&member->window);
        }
    }
}

static uint64_t positions_sum(const struct fl_crew *crew)
{
    uint64_t sum = 0;
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        const struct member *member = member_at(crew, thread);
        sum += member == NULL ? 0 : atomic_load(&member->position);
    }
    return sum;
}

/* Nothing moves: of the steps that are not done the one recorded first is where. */
static void hang_describe(struct fl_crew *crew, struct fl_finding *finding)
{
    const struct fl_crew_entry *first = NULL;
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        const struct member *member = member_at(crew, thread);
        const uint32_t done = member == NULL ? 0 : atomic_load(&member->position);
        if (member == NULL || done >= member->count) {
            continue;
        }
        const struct fl_crew_entry *entry = &crew->sorted[member->begin + done];
        if (first == NULL || entry->event < first->event) {
            first = entry;
        }
    }
    *finding = (struct fl_finding){.kind = FL_FINDING_HANG,
                                   .serial = FL_SERIAL_NONE,
                                   .expected = crew->options.patience_ms / 1000};
    if (first != NULL) {
        finding->event = finding->last_event = crew->first_event + first->event;
        finding->call = first->call;
        finding->size_bytes = first->size_bytes;
        snprintf(finding->detail, sizeof finding->detail,
                 "thread %u does not come back from %s; all others wait for it, or have "
                 "nothing to do",
                 first->member, fl_kind_name(first->call));
    }
}

static enum fl_status window_await(struct fl_crew *crew, struct fl_finding *finding)
{
    uint64_t seen = 0, idle_ms = 0;
    uint32_t left;
    while ((left = atomic_load(&crew->left)) > 0) {
        if (atomic_load(&crew->is_wrong) == 2) {
            *finding = crew->finding;
            return FL_WRONG;
        }
        futex_wait(&crew->left, left, LOOK_MS);
        const uint64_t sum = positions_sum(crew);
        idle_ms = sum != seen || atomic_load(&crew->left) != left ? 0 : idle_ms + LOOK_MS;
        if (sum != seen) {
            atomic_fetch_add(crew->options.progress, 1);
        }
        seen = sum;
        if (crew->options.patience_ms > 0 && idle_ms >= crew->options.patience_ms) {
            hang_describe(crew, finding);
            return FL_WRONG;
        }
    }
    if (atomic_load(&crew->is_wrong) == 2) {
        *finding = crew->finding;
        return FL_WRONG;
    }
    return FL_OK;
}

static void members_end(struct fl_crew *crew)
{
    for (uint32_t i = 0; i < crew->ending_count; i++) {
        struct member *member = member_at(crew, crew->ending[i]);
        if (member != NULL && member->exists) {
            atomic_store(&member->window, UINT32_MAX);
            futex_wake(&member->window);
            pthread_join(member->thread, NULL);
            member->exists = false;
            crew->member_count--;
        }
    }
    crew->ending_count = 0;
}

static void usage_add(struct fl_crew_result *result, int64_t sign)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    result->page_faults += (uint64_t)(sign * usage.ru_minflt);
    result->switches += (uint64_t)(sign * (usage.ru_nvcsw + usage.ru_nivcsw));
}

static enum fl_status crew_run(struct fl_crew *crew, struct fl_finding *finding)
{
    window_sort(crew);
    atomic_store(crew->options.first_event, crew->first_event);
    atomic_store(crew->options.last_event, crew->last_event);
    usage_add(&crew->result, -1);
    const uint64_t start_ns = clock_ns();
    window_start(crew);
    const enum fl_status status = window_await(crew, finding);
    crew->result.elapsed_ns += clock_ns() - start_ns;
    usage_add(&crew->result, 1);
    if (status != FL_OK) {
        return status;
    }
    crew->result.steps += crew->entry_count;
    crew->entry_count = 0;
    crew->window++;
    for (uint32_t thread = 0; thread < crew->members.capacity; thread++) {
        struct member *member = member_at(crew, thread);
        if (member != NULL) {
            member->count = 0;
        }
    }
    members_end(crew);
    return FL_OK;
}

enum fl_status fl_crew_take(struct fl_crew *crew, const struct fl_step_batch *batch,
                            struct fl_finding *finding)
{
    const enum fl_status status = batch_take(crew, batch);
    const bool is_window = crew->entry_count >= FL_CREW_WINDOW ||
                           (crew->ending_count >= ENDS_MAX && crew->entry_count > 0);
    if (status != FL_OK || !is_window) {
        return status;
    }
    return crew_run(crew, finding);
}

static enum fl_status live_check(struct fl_crew *crew, struct fl_finding *finding)
{
    const struct fl_crew_cell *cells = crew->cells.base;
    for (uint32_t i = 0; i < crew->cell_count; i++) {
        if (!fl_crew_cell_check(&cells[i], finding)) {
            finding->event = finding->last_event = crew->last_event;
            return FL_WRONG;
        }
    }
    return FL_OK;
}

enum fl_status fl_crew_finish(struct fl_crew *crew, struct fl_crew_result *result,
                              struct fl_finding *finding)
{
    enum fl_status status = crew->entry_count > 0 ? crew_run(crew, finding) : FL_OK;
    if (status == FL_OK && crew->options.is_checking) {
        status = live_check(crew, finding);
    }
    for (uint32_t thread = 0; status == FL_OK && thread < crew->members.capacity; thread++) {
        const struct member *member = member_at(crew, thread);
        if (member != NULL) {
            crew->result.refused += member->refused;
            crew->ending[0] = thread;
            crew->ending_count = 1;
            members_end(crew);
        }
    }
    *result = crew->result;
    return status;
}
