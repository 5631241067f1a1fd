#include <fl_test.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_watch.h"
#include "target.h"

#define PAGE_BYTES  ((size_t)4096)
#define BLOCKS      2000u
#define STEPS       60000u
#define CODE_FORBID 77

/* What a child that was watched leaves: a filter stays for the life of its process. */
static struct outcome {
    struct fl_memory_calls calls;
    struct fl_alloc_stats stats;
} * outcome;

typedef void work(struct fl_memory_watch *watch, const void *argument);

/* Run `run` in a child under a watch. Skips the test where no filter may be installed. */
static void watched_run(work *run, const void *argument)
{
    if (!fl_test_has_kernel_alone()) {
        skip();
    }
    memset(outcome, 0, sizeof *outcome);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fl_memory_watch watch;
        if (fl_memory_watch_start(&watch, NULL) != 0) {
            _exit(CODE_FORBID);
        }
        run(&watch, argument);
        fl_memory_watch_count(&watch, false);
        outcome->calls = watch.calls;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CODE_FORBID) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void *map(size_t pages, int rights)
{
    return mmap(NULL, pages * PAGE_BYTES, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void every_call_once(struct fl_memory_watch *watch, const void *argument)
{
    (void)argument;
    (void)map(50, PROT_READ | PROT_WRITE); /* before anything is counted */
    fl_memory_watch_count(watch, true);
    char *writable = map(10, PROT_READ | PROT_WRITE);
    char *reserved = map(100, PROT_NONE);
    mprotect(reserved + 8 * PAGE_BYTES, 4 * PAGE_BYTES, PROT_READ | PROT_WRITE);
    munmap(writable + 2 * PAGE_BYTES, 3 * PAGE_BYTES);
    char *grown = mremap(writable, 2 * PAGE_BYTES, 7 * PAGE_BYTES, MREMAP_MAYMOVE);
    madvise(grown, 2 * PAGE_BYTES, MADV_DONTNEED);
    memset(grown, 1, 7 * PAGE_BYTES);
    errno = 0;
    if (mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
        errno != EINVAL) {
        _exit(1);
    }
    fl_memory_watch_count(watch, false);
    munmap(grown, 7 * PAGE_BYTES); /* when nothing is counted any more */
}

static void every_call_is_counted_with_its_bytes(void **state)
{
    (void)state;
    watched_run(every_call_once, NULL);
    const struct fl_memory_calls *calls = &outcome->calls;
    assert_int_equal(calls->mmap_calls, 1);
    assert_int_equal(calls->mmap_bytes, 10 * PAGE_BYTES);
    assert_int_equal(calls->reserve_calls, 2); /* the one that failed too */
    assert_int_equal(calls->reserve_bytes, 100 * PAGE_BYTES);
    assert_int_equal(calls->munmap_calls, 1);
    assert_int_equal(calls->munmap_bytes, 3 * PAGE_BYTES);
    assert_int_equal(calls->mremap_calls, 1);
    assert_int_equal(calls->madvise_calls, 1);
    assert_int_equal(calls->given_back_bytes, 2 * PAGE_BYTES);
    assert_int_equal(calls->mprotect_calls, 1);
    assert_int_equal(calls->loaded_footprint, 0);
    assert_int_equal(calls->footprint, (7 + 4 + 5) * PAGE_BYTES);
    assert_int_equal(calls->peak_footprint, (7 + 4 + 5) * PAGE_BYTES);
    assert_int_equal(calls->mapped_bytes, (7 + 5 + 100) * PAGE_BYTES);
}

static void heap_end_moves(struct fl_memory_watch *watch, const void *argument)
{
    (void)argument;
    fl_memory_watch_count(watch, true);
    if (sbrk((intptr_t)(16 * PAGE_BYTES)) == (void *)-1 ||
        sbrk(-(intptr_t)(4 * PAGE_BYTES)) == (void *)-1) {
        _exit(1);
    }
}

static void footprint_follows_the_end_of_the_heap(void **state)
{
    (void)state;
    watched_run(heap_end_moves, NULL);
    assert_true(outcome->calls.brk_calls >= 2); /* libc may ask where it is first */
    assert_int_equal(outcome->calls.footprint, 12 * PAGE_BYTES);
    assert_int_equal(outcome->calls.peak_footprint, 16 * PAGE_BYTES);
}

static uint32_t random_next(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

/* Mostly small blocks, one in 64 of up to 256 KiB, so that heaps grow, shrink and map. */
static size_t random_size(uint32_t *random)
{
    const uint32_t value = random_next(random);
    return value % 64 == 0 ? value % (256u << 10) : value % 600;
}

static void *blocks[BLOCKS];

static void heap_work(struct fl_allocator *allocator)
{
    const struct fl_allocator_ops *ops = allocator->ops;
    uint32_t random = 7;
    for (unsigned step = 0; step < STEPS; step++) {
        void **block = &blocks[random_next(&random) % BLOCKS];
        const size_t bytes = random_size(&random);
        if (*block == NULL) {
            *block = ops->alloc(allocator, bytes, 0);
        } else if (random_next(&random) % 4 == 0) {
            *block = ops->resize(allocator, *block, bytes);
        } else {
            (void)ops->free(allocator, *block);
            *block = NULL;
        }
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (blocks[i] != NULL) {
            (void)ops->free(allocator, blocks[i]);
        }
    }
}

static void own_heap_works(struct fl_memory_watch *watch, const void *argument)
{
    const struct fl_target *target = argument;
    struct fl_allocator *allocator = NULL;
    if (target->ops->create(&target->config, &allocator) != 0) {
        _exit(1);
    }
    fl_memory_watch_count(watch, true);
    heap_work(allocator);
    fl_memory_watch_count(watch, false);
    target->ops->stats(allocator, &outcome->stats);
}

/* Our region.c gives the top of the heap back by mapping it as not writable, and counts growth
 * of a mapping as taking memory. */
static void assert_own_counters_agree(const char *name)
{
    const struct fl_catalog catalog = {.extra = NULL};
    struct fl_target_list list = {.count = 0};
    assert_int_equal(fl_target_list_add(&catalog, name, &list, NULL), FL_OK);
    watched_run(own_heap_works, &list.at[0]);
    const struct fl_memory_calls *calls = &outcome->calls;
    const struct fl_alloc_stats *stats = &outcome->stats;
    assert_int_equal(calls->mmap_calls + calls->mremap_calls, stats->mmap_calls);
    assert_int_equal(calls->munmap_calls + calls->reserve_calls, stats->munmap_calls);
    assert_int_equal(calls->munmap_bytes + calls->reserve_bytes, stats->munmap_bytes);
    assert_int_equal(calls->madvise_calls, stats->madvise_calls);
    assert_int_equal(calls->brk_calls + calls->mprotect_calls, 0);
    if (stats->madvise_calls == 0) {
        assert_int_equal(calls->peak_footprint, stats->peak_footprint);
        assert_int_equal(calls->footprint, stats->footprint);
    }
    assert_true(stats->mmap_calls > 0);
}

static void our_own_counters_say_the_same(void **state)
{
    (void)state;
    assert_own_counters_agree("size-tree");
    assert_own_counters_agree("combo-tree,chunk=4k,big=64k");
    assert_own_counters_agree("addr-tree,augment=max,chunk=4k,big=64k,trim=always");
    assert_true(outcome->stats.munmap_calls > 0);
    assert_true(outcome->stats.big_blocks > 0);
    assert_own_counters_agree("size-tree,chunk=4k,big=never,trim=always");
    assert_true(outcome->stats.madvise_calls > 0);
}

static void what_is_held_are_private_pages_without_a_file(void **state)
{
    (void)state;
    if (!fl_test_has_kernel_alone()) {
        skip();
    }
    struct fl_memory_held before, after;
    assert_true(fl_memory_held_now(&before));
    void *writable = map(300, PROT_READ | PROT_WRITE), *reserved = map(200, PROT_NONE);
    void *shared =
        mmap(NULL, 100 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(fl_memory_held_now(&after));
    assert_int_equal(after.writable - before.writable, 300 * PAGE_BYTES);
    assert_int_equal(after.mapped - before.mapped, 500 * PAGE_BYTES);
    munmap(writable, 300 * PAGE_BYTES);
    munmap(reserved, 200 * PAGE_BYTES);
    munmap(shared, 100 * PAGE_BYTES);
}

int main(void)
{
    outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_counted_with_its_bytes),
        cmocka_unit_test(footprint_follows_the_end_of_the_heap),
        cmocka_unit_test(our_own_counters_say_the_same),
        cmocka_unit_test(what_is_held_are_private_pages_without_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
