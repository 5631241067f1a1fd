/*
 * Texts to numbers: as they come, each once, over every growth of the table.
 */
#include <fl_test.h>

#include "names.h"

#define COUNT 5000u

static char *text_of(unsigned i)
{
    char text[32];
    snprintf(text, sizeof text, "name %u", i);
    return strdup(text);
}

static void names_number_as_they_come(void **state)
{
    struct fl_names names = {0};
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(fl_names_add(&names, text_of(i)), i);
        assert_int_equal(names.count, i + 1);
        assert_int_equal(fl_names_add(&names, text_of(i / 2)), i / 2);
        assert_int_equal(names.count, i + 1);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        char *text = text_of(i);
        assert_int_equal(fl_names_find(&names, text), i);
        assert_string_equal(names.at[i], text);
        free(text);
    }
    assert_int_equal(fl_names_find(&names, "another"), FL_NAME_NONE);
    fl_names_clear(&names);
}

static void an_empty_table_has_nothing(void **state)
{
    struct fl_names names = {0};
    (void)state;
    assert_int_equal(fl_names_find(&names, ""), FL_NAME_NONE);
    assert_int_equal(fl_names_add(&names, NULL), FL_NAME_NONE);
    assert_int_equal(names.count, 0);
    fl_names_clear(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_number_as_they_come),
        cmocka_unit_test(an_empty_table_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
