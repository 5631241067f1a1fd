#include <fl_test.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap_fixture.h"
#include "region.h"

static void reservation_starts_at_its_alignment_and_holds_no_memory(void **state)
{
    (void)state;
    struct fl_region region;
    assert_int_equal(fl_region_reserve(&region, 64 * FL_PAGE), 0);
    assert_int_equal((uintptr_t)region.base % FL_REGION_ALIGN, 0);
    assert_int_equal(region.reserved, 64 * FL_PAGE);
    assert_int_equal(region.committed, 0);
    fl_region_release(&region);
}

static void commit_counts_each_call_and_its_bytes(void **state)
{
    (void)state;
    struct fl_region region;
    struct fl_alloc_stats stats = {0};
    assert_int_equal(fl_region_reserve(&region, 16 * FL_PAGE), 0);
    assert_true(fl_region_commit(&region, FL_PAGE, &stats));
    assert_true(fl_region_commit(&region, 3 * FL_PAGE, &stats));
    assert_int_equal(region.base[4 * FL_PAGE - 1], 0);
    assert_int_equal(stats.mmap_calls, 2);
    assert_int_equal(stats.mmap_bytes, 4 * FL_PAGE);
    assert_int_equal(stats.footprint, 4 * FL_PAGE);
    fl_region_release(&region);
}

static void commit_past_the_reservation_changes_nothing(void **state)
{
    (void)state;
    struct fl_region region;
    struct fl_alloc_stats stats = {0};
    assert_int_equal(fl_region_reserve(&region, 16 * FL_PAGE), 0);
    assert_false(fl_region_commit(&region, 17 * FL_PAGE, &stats));
    assert_int_equal(region.committed, 0);
    assert_int_equal(stats.mmap_calls, 0);
    fl_region_release(&region);
}

static long page_faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

/* Write all that is committed; gives the page faults of that, those of the first look left
 * out. */
static long faults_of_writing(const struct fl_region *region)
{
    (void)page_faults();
    const long before = page_faults();
    for (size_t at = 0; at < region->committed; at += FL_PAGE)
        region->base[at] = 1;
    return page_faults() - before;
}

static void prefaulted_memory_is_committed_and_counted_as_ever_and_does_not_fault(void **state)
{
    (void)state;
    if (!fl_test_has_kernel_alone())
        skip();
    struct fl_region region;
    struct fl_alloc_stats stats = {0};
    assert_int_equal(fl_region_reserve(&region, 64 * FL_PAGE), 0);
    fl_region_prefault(&region, 16 * FL_PAGE);
    assert_int_equal(region.committed, 0);
    assert_int_equal(stats.mmap_calls, 0);
    assert_true(fl_region_commit(&region, 12 * FL_PAGE, &stats));
    assert_int_equal(stats.mmap_calls, 1);
    assert_int_equal(stats.footprint, 12 * FL_PAGE);
    assert_true(faults_of_writing(&region) < 4); /* 12 else; a sanitizer has some of its own */
    assert_true(fl_region_commit(&region, 20 * FL_PAGE, &stats)); /* past what lies ahead */
    assert_true(faults_of_writing(&region) >= 16);
    fl_region_prefault(&region, 1000 * FL_PAGE); /* cut at the reservation's end */
    assert_true(fl_region_commit(&region, 32 * FL_PAGE, &stats));
    assert_false(fl_region_commit(&region, FL_PAGE, &stats));
    fl_region_release(&region);
}

static void prefaulted_memory_that_went_back_is_zero_when_it_is_committed_again(void **state)
{
    (void)state;
    struct fl_region region;
    struct fl_alloc_stats stats = {0};
    assert_int_equal(fl_region_reserve(&region, 64 * FL_PAGE), 0);
    fl_region_prefault(&region, 8 * FL_PAGE);
    assert_true(fl_region_commit(&region, 4 * FL_PAGE, &stats));
    memset(region.base, 0x5A, 4 * FL_PAGE);
    assert_true(fl_region_uncommit(&region, 3 * FL_PAGE, &stats));
    assert_int_equal(stats.munmap_calls, 1);
    assert_int_equal(stats.footprint, FL_PAGE);
    assert_true(fl_region_commit(&region, 7 * FL_PAGE, &stats));
    assert_int_equal(region.base[FL_PAGE - 1], 0x5A);
    for (size_t at = FL_PAGE; at < region.committed; at++)
        assert_int_equal(region.base[at], 0);
    fl_region_release(&region);
}

/* Use up the mappings a process may have: every other page of a reservation gets rights of its
 * own. False when that takes too many. */
static bool mappings_exhaust(void)
{
    const size_t pages = (size_t)1 << 18;
    char *space = mmap(NULL, pages * FL_PAGE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 1; space != MAP_FAILED && i < pages; i += 2)
        if (mprotect(space + i * FL_PAGE, FL_PAGE, PROT_READ) != 0)
            return true;
    return false;
}

static int child_unmaps_without_mappings_left(void)
{
    struct fl_alloc_stats stats = {0};
    char *start = fl_map(3 * FL_PAGE, 1, &stats);
    unsigned char residence = 0;
    start[FL_PAGE] = 1;
    if (!mappings_exhaust())
        return 0;
    fl_unmap(start + FL_PAGE, FL_PAGE, &stats);
    const bool is_given_back =
        mincore(start + FL_PAGE, FL_PAGE, &residence) != 0 || start[FL_PAGE] == 0;
    return is_given_back && stats.footprint == 2 * FL_PAGE ? 0 : 1;
}

static void memory_goes_back_when_a_mapping_cannot_be_cut(void **state)
{
    (void)state;
    if (!fl_test_has_kernel_alone())
        skip();
    int status = -1;
    const pid_t child = fork();
    if (child == 0)
        _exit(child_unmaps_without_mappings_left());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void aligned_mapping_counts_only_its_own_bytes(void **state)
{
    (void)state;
    struct fl_alloc_stats stats = {0};
    const size_t align = (size_t)8 << 20;
    char *start = fl_map(2 * FL_PAGE, align, &stats);
    assert_non_null(start);
    assert_int_equal((uintptr_t)start % align, 0);
    assert_int_equal(stats.footprint, 2 * FL_PAGE);
    start[2 * FL_PAGE - 1] = 1;
    fl_unmap(start, 2 * FL_PAGE, &stats);
    assert_int_equal(stats.footprint, 0);
    assert_int_equal(stats.peak_footprint, 2 * FL_PAGE);
}

static void grown_mapping_keeps_its_contents(void **state)
{
    (void)state;
    struct fl_alloc_stats stats = {0};
    char *start = fl_map(FL_PAGE, FL_PAGE, &stats);
    start[FL_PAGE - 1] = 42;
    start = fl_remap(start, FL_PAGE, 64 * FL_PAGE, &stats);
    assert_non_null(start);
    assert_int_equal(start[FL_PAGE - 1], 42);
    assert_int_equal(start[64 * FL_PAGE - 1], 0);
    assert_int_equal(stats.mmap_bytes, 64 * FL_PAGE);
    fl_unmap(start, 64 * FL_PAGE, &stats);
}

static void mapping_of_impossible_size_is_null(void **state)
{
    (void)state;
    struct fl_alloc_stats stats = {0};
    assert_null(fl_map((size_t)1 << 60, FL_PAGE, &stats));
    assert_null(fl_map(FL_PAGE, (size_t)1 << 63, &stats));
    assert_int_equal(stats.mmap_calls, 0);
}

/* Under 1 GiB of address space a reservation of 64 GiB shrinks and leaves room for others. */
static int reserve_in_a_limited_space(void)
{
    const struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    struct fl_region region;
    struct fl_alloc_stats stats = {0};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    if (fl_region_reserve(&region, (size_t)64 << 30) != 0)
        return 3;
    if (region.reserved >= (size_t)1 << 30 || region.reserved < (size_t)64 << 20)
        return 4;
    if (!fl_region_commit(&region, FL_PAGE, &stats))
        return 5;
    return fl_map((size_t)64 << 20, FL_PAGE, &stats) != NULL ? 0 : 6;
}

static void limited_address_space_gives_a_smaller_reservation(void **state)
{
    (void)state;
    if (fixture_space_is_taken())
        skip();
    int status = -1;
    const pid_t child = fork();
    if (child == 0)
        _exit(reserve_in_a_limited_space());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reservation_starts_at_its_alignment_and_holds_no_memory),
        cmocka_unit_test(commit_counts_each_call_and_its_bytes),
        cmocka_unit_test(commit_past_the_reservation_changes_nothing),
        cmocka_unit_test(prefaulted_memory_is_committed_and_counted_as_ever_and_does_not_fault),
        cmocka_unit_test(prefaulted_memory_that_went_back_is_zero_when_it_is_committed_again),
        cmocka_unit_test(memory_goes_back_when_a_mapping_cannot_be_cut),
        cmocka_unit_test(aligned_mapping_counts_only_its_own_bytes),
        cmocka_unit_test(grown_mapping_keeps_its_contents),
        cmocka_unit_test(mapping_of_impossible_size_is_null),
        cmocka_unit_test(limited_address_space_gives_a_smaller_reservation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
