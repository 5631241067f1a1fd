/* What all formats share, told in the lines of one. */
#include "imported.h"

static void an_address_that_is_handed_out_again_was_freed(void **state)
{
    (void)state;
    struct imported imported;
    const char *text = "1: malloc 0x10 1\n1: malloc 0x20 2\n1: malloc 0x10 3\n1: free 0x10\n"
                       "1: malloc 0x30 4\n1: realloc 0x20 0x30 5\n1: free 0x20\n";
    imported_read(&imported, text, strlen(text), NULL);
    assert_string_equal(fl_test_output_text(&imported.text),
                        "thread-start 0 1\nthread 0\nmalloc @0 1\nmalloc @1 2\n"
                        "free @0 implied\nmalloc @0 3\nfree @0\n"
                        "malloc @0 4\nfree @1 implied\nrealloc @0 5\nfree @0\n");
    assert_int_equal(imported_number(&imported, "implied_frees"), 2);
    assert_int_equal(imported.totals.peak_live_objects, 2);
    imported_clear(&imported);
}

static void a_realloc_in_place_keeps_its_slot(void **state)
{
    (void)state;
    check_import("1: malloc 0x10 1\n1: realloc 0x10 0x10 2\n1: realloc 0x40 0x10 3\n"
                 "1: realloc 0x10 0x40 0\n1: free 0x10\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 1\nrealloc @0 2\nrealloc @0 3\n"
                 "realloc @0 0\nfree @0\n");
}

static void a_realloc_of_what_never_was_is_a_new_object(void **state)
{
    (void)state;
    check_import("1: malloc 0x10 1\n1: realloc 0x10 0x99 2\n1: realloc 0x0 0x99 0\n"
                 "1: realloc 0x0 0x0 0\n1: free 0x10\n",
                 NULL,
                 "thread-start 0 1\nthread 0\nmalloc @0 1\n"
                 "free @0 implied\nrealloc @0 2 unknown\n"
                 "realloc - 0 unknown freed\nrealloc - 0 failed null\nfree @0\n");
}

static void slots_stay_dense_over_many_batches(void **state)
{
    (void)state;
    struct imported imported;
    const size_t lines = 30000;
    char *text = malloc(lines * 80);
    size_t used = 0;
    uint64_t random = 1;
    assert_non_null(text);
    for (size_t i = 0; i < lines; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const unsigned address = 16 + 16 * (unsigned)(random >> 33) % 5000;
        const unsigned other = 16 + 16 * (unsigned)(random >> 45) % 5000;
        const unsigned tid = 1 + (unsigned)(random >> 60);
        static const char *const verbs[] = {"malloc", "free", "realloc", "free"};
        const unsigned verb = random >> 40 & 3;
        char rest[32] = "";
        if (verb == 0) {
            strcpy(rest, " 8");
        } else if (verb == 2) {
            snprintf(rest, sizeof rest, " 0x%x 9", other);
        }
        used += (size_t)snprintf(text + used, 60, "%u: %s 0x%x%s\n", tid, verbs[verb], address,
                                 rest);
        if ((random >> 50) % 64 == 0) {
            used += (size_t)snprintf(text + used, 40, "%u: thread_done 0x0\n", tid);
        }
    }
    imported_read(&imported, text, used,
                  NULL); /* which holds every operation against the rules */
    assert_int_equal(imported.ended, FL_END);
    assert_int_equal(imported.totals.events, lines);
    assert_true(imported_number(&imported, "implied_frees") > 1000);
    assert_true(imported_number(&imported, "unknown_frees") > 1000);
    imported_clear(&imported);
    free(text);
}

static void objects_that_live_long_are_found_again(void **state)
{
    (void)state;
    struct imported imported;
    const size_t objects = 60000;
    char *text = malloc(objects * 40);
    size_t used = 0;
    assert_non_null(text);
    for (size_t i = 0; i < objects; i++) {
        used += (size_t)sprintf(text + used, "Alloc(%zu),\n", i % 100);
    }
    for (size_t i = objects; i > 0; i--) {
        used += (size_t)sprintf(text + used, "Free(%zu),\n", i - 1);
    }
    imported_read(&imported, text, used, NULL);
    assert_int_equal(imported.totals.events, 2 * objects);
    assert_int_equal(imported.totals.peak_live_objects, objects);
    assert_int_equal(imported.totals.live_objects, 0);
    assert_int_equal(imported_number(&imported, "unknown_frees"), 0);
    imported_clear(&imported);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_is_handed_out_again_was_freed),
        cmocka_unit_test(a_realloc_in_place_keeps_its_slot),
        cmocka_unit_test(a_realloc_of_what_never_was_is_a_new_object),
        cmocka_unit_test(slots_stay_dense_over_many_batches),
        cmocka_unit_test(objects_that_live_long_are_found_again),
    };
    return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
