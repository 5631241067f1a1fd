/*
 * Which site of one trace is which of the other, and in what order they are shown.
 */
#include <fl_test.h>

#include "diff.h"

/* ---- modules ---- */

static void module_is(const char *path, const char *exe, const char *wanted)
{
    char key[64];
    fl_diff_module_key(path, exe, key, sizeof key);
    assert_string_equal(key, wanted);
}

static void the_program_is_the_program_whatever_it_is_called(void **state)
{
    (void)state;
    module_is("/build/old/app", "/build/old/app", "");
    module_is("/build/new/app-2", "/build/new/app-2", "");
    module_is("/build/old/app", "/build/old/other", "app");
    module_is("/build/old/app", NULL, "app");
}

static void a_library_is_known_without_folder_and_version(void **state)
{
    (void)state;
    module_is("/lib/x86_64-linux-gnu/libc.so.6", "/bin/app", "libc.so");
    module_is("/opt/lib/libfoo.so.1.2.3", "/bin/app", "libfoo.so");
    module_is("/opt/lib/libfoo.so", "/bin/app", "libfoo.so");
    module_is("/opt/lib/libfoo.socket", "/bin/app", "libfoo.socket");
    module_is("libfoo-1.so.9", "/bin/app", "libfoo-1.so");
    module_is("[vdso]", "/bin/app", "[vdso]");
    module_is("", "/bin/app", "");
}

static void a_long_name_is_cut(void **state)
{
    char path[256], key[16];
    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    fl_diff_module_key(path, NULL, key, sizeof key);
    assert_string_equal(key, "xxxxxxxxxxxxxxx");
}

/* ---- pairs ---- */

struct crafted {
    const char *name; /* of the site; NULL: no more */
    struct fl_cost cost;
};

static void side_make(struct fl_diff_side *side, const struct crafted *sites)
{
    size_t count = 0;
    while (sites[count].name != NULL) {
        count++;
    }
    side->sites.at = calloc(count + 1, sizeof *side->sites.at);
    assert_non_null(side->sites.at);
    for (size_t i = 0; i < count; i++) {
        const uint32_t number = fl_names_add(&side->sites.names, strdup(sites[i].name));
        assert_int_equal(number, i);
        side->sites.at[number].cost = sites[i].cost;
    }
}

/* Pair both, and say what stands where: "name state, name state". */
static void pairs_are(enum fl_site_order order, const struct crafted *old,
                      const struct crafted *now, const char *wanted)
{
    struct fl_diff *diff = calloc(1, sizeof *diff);
    struct fl_test_output output;
    assert_non_null(diff);
    diff->settings.order = order;
    side_make(&diff->sides[FL_OLD], old);
    side_make(&diff->sides[FL_NEW], now);
    assert_true(fl_diff_pair(diff));
    fl_test_output_open(&output);
    for (size_t i = 0; i < diff->site_count; i++) {
        fprintf(output.file, "%s%s %s", i > 0 ? ", " : "", diff->sites[i].key,
                fl_diff_site_state(&diff->sites[i]));
        assert_int_equal(fl_diff_site_differs(&diff->sites[i]), i < diff->differing_count);
    }
    assert_string_equal(fl_test_output_text(&output), wanted);
    fl_test_output_close(&output);
    for (int age = FL_OLD; age < FL_AGES; age++) {
        fl_sites_clear(&diff->sides[age].sites);
    }
    free(diff->sites);
    free(diff);
}

static const struct crafted before[] = {
    {"stays", {.bytes = 100, .count = 10}},
    {"grows", {.bytes = 100, .count = 10, .peak_bytes = 5}},
    {"goes", {.bytes = 30, .count = 90}},
    {"shrinks", {.bytes = 1000, .count = 10}},
    {NULL, {0}},
};

static const struct crafted after[] = {
    {"comes", {.bytes = 20, .count = 1}},
    {"shrinks", {.bytes = 900, .count = 10}},
    {"stays", {.bytes = 100, .count = 10}},
    {"grows", {.bytes = 150, .count = 12, .peak_bytes = 5, .live_bytes = 7}},
    {NULL, {0}},
};

static void sites_are_ordered_by_how_much_they_changed(void **state)
{
    (void)state;
    pairs_are(FL_SITES_BY_BYTES, before, after,
              "shrinks changed, grows changed, goes gone, comes new, stays same");
    pairs_are(FL_SITES_BY_COUNT, before, after,
              "goes gone, grows changed, comes new, shrinks changed, stays same");
    pairs_are(FL_SITES_BY_END, before, after,
              "grows changed, shrinks changed, goes gone, comes new, stays same");
    pairs_are(FL_SITES_BY_PEAK, after, before,
              "shrinks changed, grows changed, goes new, comes gone, stays same");
}

static void one_figure_is_enough_to_differ(void **state)
{
    (void)state;
    const struct crafted old[] = {{"a", {.bytes = 1}}, {NULL, {0}}};
    const struct crafted temporary[] = {{"a", {.bytes = 1, .temporary = 1}}, {NULL, {0}}};
    const struct crafted lifetime[] = {{"a", {.bytes = 1, .lifetime = 9}}, {NULL, {0}}};
    pairs_are(FL_SITES_BY_BYTES, old, temporary, "a changed");
    pairs_are(FL_SITES_BY_BYTES, old, lifetime, "a same");
}

static void nothing_pairs_with_nothing(void **state)
{
    (void)state;
    const struct crafted none[] = {{NULL, {0}}};
    pairs_are(FL_SITES_BY_BYTES, none, none, "");
    pairs_are(FL_SITES_BY_BYTES, none, after, "shrinks new, grows new, stays new, comes new");
}

/* ---- figures ---- */

static void every_figure_has_a_key_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_diff_figure_count(); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(fl_diff_figure_at(i)->key, fl_diff_figure_at(j)->key);
            assert_int_not_equal(fl_diff_figure_at(i)->offset, fl_diff_figure_at(j)->offset);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_is_the_program_whatever_it_is_called),
        cmocka_unit_test(a_library_is_known_without_folder_and_version),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(sites_are_ordered_by_how_much_they_changed),
        cmocka_unit_test(one_figure_is_enough_to_differ),
        cmocka_unit_test(nothing_pairs_with_nothing),
        cmocka_unit_test(every_figure_has_a_key_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
