/*
 * What is counted depends on the machine; that it is counted in the sections alone does not.
 * Page faults are events that the kernel counts itself, on every machine that allows it.
 */
#include <fl_test.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>

#include "counter.h"

#define PAGE_BYTES 4096u

/* Write to `pages` pages, each for the first time. */
static void pages_touch(size_t pages)
{
    volatile unsigned char *memory = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(madvise((void *)(uintptr_t)memory, pages * PAGE_BYTES, MADV_NOHUGEPAGE),
                     0);
    for (size_t i = 0; i < pages; i++) {
        memory[i * PAGE_BYTES] = 1;
    }
    munmap((void *)(uintptr_t)memory, pages * PAGE_BYTES);
}

static void only_what_happens_in_a_section_counts(void **state)
{
    (void)state;
    if (!fl_test_has_kernel_alone()) {
        skip();
    }
    struct fl_counter counter;
    const int result = fl_counter_open(&counter, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
    if (result != 0) {
        assert_true(counter.fd < 0);
        skip();
    }
#ifdef __SANITIZE_ADDRESS__
    const uint64_t slack = 16; /* pages of its own; the hundred outside would be seen */
#else
    const uint64_t slack = 4;
#endif
    pages_touch(100);
    assert_int_equal(fl_counter_value(&counter), 0);
    for (uint64_t section = 1; section <= 3; section++) {
        fl_counter_start(&counter);
        pages_touch(50);
        fl_counter_stop(&counter);
        pages_touch(100);
        assert_in_range(fl_counter_value(&counter), 50 * section,
                        50 * section + slack * section);
    }
    fl_counter_close(&counter);
    assert_true(counter.fd < 0);
}

static void without_a_counter_nothing_is_counted(void **state)
{
    (void)state;
    struct fl_counter counter;
    assert_true(fl_counter_open(&counter, UINT32_MAX, 0) < 0);
    fl_counter_start(&counter);
    fl_counter_stop(&counter);
    assert_int_equal(fl_counter_value(&counter), 0);
    fl_counter_close(&counter);
}

/* Where there are instructions, the same work takes the same number of them, but for what
 * interrupts add. */
static void the_same_work_has_the_same_instructions(void **state)
{
    (void)state;
    uint64_t counts[2];
    for (size_t i = 0; i < 2; i++) {
        struct fl_counter counter;
        if (fl_counter_open_instructions(&counter) != 0) {
            skip();
        }
        volatile uint64_t sum = 0;
        fl_counter_start(&counter);
        for (uint64_t j = 0; j < 1000000; j++) {
            sum = sum + j;
        }
        fl_counter_stop(&counter);
        counts[i] = fl_counter_value(&counter);
        fl_counter_close(&counter);
    }
    assert_true(counts[0] > 1000000);
    assert_in_range(counts[1], counts[0] - counts[0] / 100, counts[0] + counts[0] / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_happens_in_a_section_counts),
        cmocka_unit_test(without_a_counter_nothing_is_counted),
        cmocka_unit_test(the_same_work_has_the_same_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
