#include <fl_test.h>

#include "list.h"

/* Elements 1 .. 7 of a granule each, with nothing but their links. */
struct element {
    struct fl_list_links links;
    uint64_t pad;
};
_Static_assert(sizeof(struct element) == 16, "numbers count granules of 16");

static struct element elements[8];

static const struct fl_grid grid = {(char *)elements, 4};
static uint64_t visits;

static struct fl_list list_of(enum fl_list_kind kind)
{
    struct fl_list list;
    visits = 0;
    fl_list_init(&list, &grid, offsetof(struct element, links), kind, &visits);
    return list;
}

static int list_open(void **state)
{
    static struct fl_list list;
    list = list_of(FL_LIST_DOUBLE);
    *state = &list;
    return 0;
}

static void list_append(struct fl_list *list, uint32_t number)
{
    fl_list_insert_after(list, number, list->last);
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

static void insert_after_the_last_appends(void **state)
{
    struct fl_list *list = *state;
    list_append(list, 3);
    list_append(list, 1);
    assert_list(list, "31", "13");
}

static void insert_after_an_element_keeps_both_directions(void **state)
{
    struct fl_list *list = *state;
    list_append(list, 3);
    fl_list_insert_after(list, 1, 0);
    fl_list_insert_after(list, 2, 1);
    assert_list(list, "123", "321");
}

static void remove_closes_the_gap_at_each_place(void **state)
{
    struct fl_list *list = *state;
    for (uint32_t number = 1; number <= 4; number++)
        list_append(list, number);
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
        list_append(list, number);
    fl_list_replace(list, 2, 7);
    assert_list(list, "173", "371");
    fl_list_replace(list, 1, 5);
    fl_list_replace(list, 3, 6);
    assert_list(list, "576", "675");
}

static void single_links_search_unless_the_one_before_is_noted(void **state)
{
    (void)state;
    struct fl_list list = list_of(FL_LIST_SINGLE);
    for (uint32_t number = 1; number <= 5; number++)
        list_append(&list, number);
    fl_list_remove(&list, 4);
    assert_int_equal(visits, 3);
    fl_list_note(&list, 3, 2);
    fl_list_replace(&list, 3, 7);
    assert_int_equal(visits, 3);
    fl_list_remove(&list, 5);
    assert_int_equal(visits, 6);
    assert_int_equal(list.last, 7);
    assert_int_equal(fl_list_next(&list, 2), 7);
    assert_int_equal(fl_list_next(&list, 7), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(insert_after_the_last_appends, list_open),
        cmocka_unit_test_setup(insert_after_an_element_keeps_both_directions, list_open),
        cmocka_unit_test_setup(remove_closes_the_gap_at_each_place, list_open),
        cmocka_unit_test_setup(replace_takes_the_place_of_the_other, list_open),
        cmocka_unit_test(single_links_search_unless_the_one_before_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
