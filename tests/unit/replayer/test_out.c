#include <fl_test.h>

#include <stdlib.h>

#include "out.h"

static struct fl_trace_result result;
static struct fl_target_result targets[3];

/* A trace and one allocator that counts, one that was counted, one of which nothing is
 * known. */
static void result_start(void)
{
    static const struct fl_target ours = {.label = "ours,knob=1"}, theirs = {.label = "theirs"},
                                  unknown = {.label = "unknown"};
    result = (struct fl_trace_result){
        .name = "t.zst",
        .plan = {.events = 1234,
                 .steps = 1200,
                 .objects = 600,
                 .peak_live_objects = 40,
                 .peak_bytes = 2048},
        .trace_error = {.status = FL_END},
        .targets = targets,
        .target_count = 3,
    };
    result.targets[2] = (struct fl_target_result){.target = &unknown};
    result.targets[1] = (struct fl_target_result){
        .target = &theirs,
        .malloc_file = "/lib/libtheirs.so",
        .has_memory = true,
        .memory =
            {
                .mmap_calls = 1,
                .mmap_bytes = 8192,
                .reserve_calls = 2,
                .munmap_calls = 3,
                .munmap_bytes = 4096,
                .mremap_calls = 4,
                .madvise_calls = 5,
                .given_back_bytes = 12288,
                .brk_calls = 6,
                .mprotect_calls = 7,
                .loaded_footprint = 1024,
                .footprint = 2048,
                .peak_footprint = 3072,
                .mapped_bytes = 4096,
                .peak_mapped_bytes = 8192,
            },
    };
    result.targets[0] = (struct fl_target_result){
        .target = &ours,
        .verdict = FL_VERDICT_PASSED,
        .has_stats = true,
        .is_repeatable = true,
        .stats =
            {
                .mallocs = 100,
                .frees = 80,
                .reallocs = 20,
                .calls = 200,
                .visits_malloc = 240,
                .visits_malloc_max = 9,
                .visits_free = 40,
                .visits_free_max = 3,
                .visits_malloc_by_power = {30, 60, 0, 0, 30},
                .visits_free_by_power = {40, 40},
                .splits = 50,
                .merges = 45,
                .free_blocks_sum = 500,
                .peak_free_blocks = 7,
                .peak_payload = 3000,
                .at_peak_block_bytes = 4000,
                .at_peak_footprint = 5000,
                .peak_block_bytes = 4096,
                .peak_footprint = 6000,
                .mmap_calls = 2,
                .mmap_bytes = 8192,
                .munmap_calls = 1,
                .munmap_bytes = 4096,
                .madvise_calls = 3,
                .madvise_bytes = 12288,
            },
    };
}

static void assert_prints(void (*print)(FILE *), const char *expected)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

/* Of the result, `count` times. */
static void tables_print(FILE *out, size_t count)
{
    static const struct fl_trace_result *const all[] = {&result, &result};
    struct fl_means means = {0};
    for (size_t i = 0; i < count; i++) {
        fl_means_add(&means, all[i]);
    }
    fl_out_tables(out, &(struct fl_out_results){all, count, &means}, false);
}

static void table_print(FILE *out)
{
    tables_print(out, 1);
}

static void every_figure_stands_in_its_column(void **state)
{
    (void)state;
    result_start();
    assert_prints(
        table_print,
        "t.zst: 1,234 events, 600 objects, peak 40 live, 2.0 KiB of payload\n"
        "\n"
        "  not timed (--runs=0)\n"
        "\n"
        "  allocator    net  raw  spread  relative  faults  footprint  /payload  syscalls\n"
        "  ours,knob=1    -    -       -         -       -    5.9 KiB     2.000         6\n"
        "  theirs         -    -       -         -       -    3.0 KiB     1.500        28\n"
        "  unknown        -    -       -         -       -          -         -         -\n"
        "\n"
        "  exact counts, the same in every run (--help says what each is)\n"
        "\n"
        "  allocator     check  visits/malloc  max  /free  max  splits  merges  free list  "
        "max\n"
        "  ours,knob=1  passed           2.00    9   0.50    3      50      45        2.5    "
        "7\n"
        "  theirs            -              -    -      -    -       -       -          -    "
        "-\n"
        "  unknown           -              -    -      -    -       -       -          -    "
        "-\n"
        "\n"
        "  memory: fragmentation at the peak of payload, system calls and their bytes\n"
        "\n"
        "  allocator    block bytes  internal  external        mmap      munmap    madvise  "
        "others\n"
        "  ours,knob=1      4.0 KiB     25.0%     20.0%  2: 8.0 KiB  1: 4.0 KiB  3: 12 KiB  "
        "     -\n"
        "  theirs                 -         -         -  1: 8.0 KiB  3: 4.0 KiB  5: 12 KiB  "
        "    19\n"
        "  unknown                -         -         -           -           -          -  "
        "     -\n");
}

static void timed_columns_are_medians_and_relative_to_the_first(void **state)
{
    (void)state;
    result_start();
    result.run_count = 3;
    for (size_t i = 0; i < 2; i++) {
        struct fl_target_result *target = &result.targets[i];
        target->run_count = 3;
        for (size_t run = 0; run < 3; run++) {
            target->net_ns[run] = 10.0 * (double)(i + 1);
            target->raw_ns[run] = target->net_ns[run] + (double)run;
            target->page_faults[run] = 1000.0 * (double)(run * run + i);
        }
    }
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    tables_print(out, 1);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "median of 3 runs, touch=none;"));
    assert_non_null(strstr(text, "  ours,knob=1  10.0  11.0     18%      1.00   1,000 "));
    assert_non_null(strstr(text, "  theirs       20.0  21.0     10%      2.00   2,000 "));
    free(text);
}

static void what_is_far_below_the_first_keeps_two_digits(void **state)
{
    (void)state;
    result_start();
    result.run_count = 1;
    for (size_t i = 0; i < 2; i++) {
        targets[i].run_count = 1;
        targets[i].net_ns[0] = i == 0 ? 10000.0 : 29.0;
        targets[i].raw_ns[0] = targets[i].net_ns[0];
    }
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    tables_print(out, 1);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "ns per operation, one run, touch=none;"));
    assert_non_null(strstr(text, "  theirs          29.0     29.0      0%    0.0029 "));
    free(text);
}

static void each_trace_has_a_group_of_rows_and_the_means_have_one(void **state)
{
    (void)state;
    result_start();
    targets[2] = targets[1];
    targets[0].refused = 7;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    tables_print(out, 2);
    assert_int_equal(fclose(out), 0);
    assert_non_null(
        strstr(text, "t.zst: 1,234 events, 600 objects, peak 40 live, 2.0 KiB of payload\n"
                     "t.zst: 1,234 events, 600 objects, peak 40 live, 2.0 KiB of payload\n"));
    assert_non_null(strstr(
        text,
        "  allocator      net  raw  spread  relative  faults  footprint  /payload  syscalls\n"
        "  t.zst\n"
        "    ours,knob=1    -    -       -         -       -    5.9 KiB     2.000         6\n"
        "    theirs         -    -       -         -       -    3.0 KiB     1.500        28\n"
        "    theirs         -    -       -         -       -    3.0 KiB     1.500        28\n"
        "  t.zst\n"));
    assert_non_null(strstr(
        text,
        "  geometric means over 2 traces: 0 timed, 2 with footprints\n"
        "    ours,knob=1    -    -       -         -       -          -     2.930         -\n"
        "    theirs         -    -       -         -       -          -     1.500         "
        "-\n"));
    assert_non_null(
        strstr(text, "  t.zst: ours,knob=1 refused 7 requests that the program was granted\n"));
    free(text);
}

static void histogram_print(FILE *out)
{
    fl_out_histograms(out, &result);
}

static void a_histogram_shows_shares_of_the_calls(void **state)
{
    (void)state;
    result_start();
    assert_prints(
        histogram_print,
        "\n"
        "  calls by their visits, ours,knob=1\n"
        "\n"
        "  visits       malloc                                         free\n"
        "       0           30  25.0% ######                             40  50.0% "
        "############\n"
        "       1           60  50.0% ############                       40  50.0% "
        "############\n"
        "     2-3            0   0.0%                                     0   0.0%\n"
        "     4-7            0   0.0%                                     0   0.0%\n"
        "    8-15           30  25.0% ######                              0   0.0%\n");
}

static void json_print(FILE *out)
{
    struct fl_emit emit;
    fl_emit_start(&emit, out);
    fl_emit_object(&emit, NULL);
    fl_emit_array(&emit, "traces");
    fl_out_json_trace(&emit, &result);
    assert_true(fl_out_json_end(&emit, &(struct fl_means){0}));
}

static void json_has_what_is_derived_and_null_where_nothing_was_counted(void **state)
{
    (void)state;
    result_start();
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    json_print(out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "\"mean_free_blocks\": 2.5,"));
    assert_non_null(strstr(text, "\"internal_fragmentation\": 0.25,"));
    assert_non_null(strstr(text, "\"external_fragmentation\": 0.2,"));
    assert_non_null(strstr(text, "\"counts\": null"));
    assert_non_null(strstr(text, "\"library\": null,\n          \"memory\": null,\n          "
                                 "\"latency\": null,\n          "
                                 "\"populated\": false\n"));
    assert_non_null(strstr(text,
                           "\"library\": \"/lib/libtheirs.so\",\n          \"memory\": {\n"
                           "            \"calls\": 28,\n"));
    assert_non_null(strstr(text, "\"peak_footprint_bytes\": 3072,"));
    free(text);
    result.targets[0].stats = (struct fl_alloc_stats){0};
    out = open_memstream(&text, &bytes);
    json_print(out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "\"mean_free_blocks\": null,"));
    assert_non_null(strstr(text, "\"internal_fragmentation\": null,"));
    assert_non_null(strstr(text, "\"external_fragmentation\": null,"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_stands_in_its_column),
        cmocka_unit_test(timed_columns_are_medians_and_relative_to_the_first),
        cmocka_unit_test(what_is_far_below_the_first_keeps_two_digits),
        cmocka_unit_test(each_trace_has_a_group_of_rows_and_the_means_have_one),
        cmocka_unit_test(a_histogram_shows_shares_of_the_calls),
        cmocka_unit_test(json_has_what_is_derived_and_null_where_nothing_was_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
