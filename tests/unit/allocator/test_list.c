#include <fl_test.h>

#include "list.h"

/* Elements 1 .. 7 of a granule each, with nothing but their links. */
struct element {
    struct fl_list_links links;
    uint64_t pad;
};
_Static_assert(sizeof(struct element) == FL_GRANULE, "numbers count granules");

static struct element elements[8];

static int list_open(void **state)
{
    static struct fl_list list;
    fl_list_init(&list, (char *)elements, offsetof(struct element, links));
    *state = &list;
    return 0;
}

/* The numbers from first to last, and the same backwards, as text. */
static void assert_list(const struct fl_list *list, const char *forwards, const char *backwards)
{
    char text[16] = "";
    size_t used = 0;
    for (uint32_t number = list->first; number != 0; number = fl_list_at(list, number)->next)
        text[used++] = (char)('0' + number);
    assert_string_equal(text, forwards);
    memset(text, 0, sizeof text);
    used = 0;
    for (uint32_t number = list->last; number != 0; number = fl_list_at(list, number)->prev)
        text[used++] = (char)('0' + number);
    assert_string_equal(text, backwards);
}

static void insert_before_nothing_appends(void **state)
{
    struct fl_list *list = *state;
    fl_list_insert_before(list, 3, 0);
    fl_list_insert_before(list, 1, 0);
    assert_list(list, "31", "13");
}

static void insert_before_an_element_keeps_both_directions(void **state)
{
    struct fl_list *list = *state;
    fl_list_insert_before(list, 3, 0);
    fl_list_insert_before(list, 1, 3);
    fl_list_insert_before(list, 2, 3);
    assert_list(list, "123", "321");
}

static void remove_closes_the_gap_at_each_place(void **state)
{
    struct fl_list *list = *state;
    for (uint32_t number = 1; number <= 4; number++)
        fl_list_insert_before(list, number, 0);
    fl_list_remove(list, 2);
    assert_list(list, "134", "431");
    fl_list_remove(list, 1);
    assert_list(list, "34", "43");
    fl_list_remove(list, 4);
    assert_list(list, "3", "3");
    fl_list_remove(list, 3);
    assert_list(list, "", "");
}

static void replace_takes_the_place_of_the_other(void **state)
{
    struct fl_list *list = *state;
    for (uint32_t number = 1; number <= 3; number++)
        fl_list_insert_before(list, number, 0);
    fl_list_replace(list, 2, 7);
    assert_list(list, "173", "371");
    fl_list_replace(list, 1, 5);
    fl_list_replace(list, 3, 6);
    assert_list(list, "576", "675");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(insert_before_nothing_appends, list_open),
        cmocka_unit_test_setup(insert_before_an_element_keeps_both_directions, list_open),
        cmocka_unit_test_setup(remove_closes_the_gap_at_each_place, list_open),
        cmocka_unit_test_setup(replace_takes_the_place_of_the_other, list_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
