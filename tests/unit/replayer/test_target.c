#include <fl_test.h>

#include "target.h"

static const struct fl_catalog catalog = {.extra = NULL};

static size_t parse(const char *text, struct fl_target_list *list)
{
    *list = (struct fl_target_list){.count = 0};
    struct fl_error err;
    assert_int_equal(fl_target_list_add(&catalog, text, list, &err), FL_OK);
    return list->count;
}

static void assert_refused(const char *text, const char *part_of_message)
{
    struct fl_target_list list;
    assert_int_equal(parse("system", &list), 1);
    struct fl_error err;
    assert_int_equal(fl_target_list_add(&catalog, text, &list, &err), FL_USAGE);
    assert_non_null(strstr(err.message, part_of_message));
    assert_int_equal(list.count, 1);
}

static void item_without_equals_begins_a_target(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(parse("addr-tree,list-addr,system,none", &list), 4);
    assert_string_equal(list.at[0].ops->name, "addr-tree");
    assert_ptr_equal(list.at[2].ops, &fl_target_system);
    assert_ptr_equal(list.at[3].ops, &fl_target_none);
}

static void item_with_equals_is_a_knob_of_the_target_before_it(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(parse("addr-tree,augment=max,addr-tree", &list), 2);
    assert_string_equal(list.at[0].label, "addr-tree,augment=max");
    assert_string_equal(list.at[1].label, "addr-tree");
    assert_memory_not_equal(&list.at[0].config, &list.at[1].config, sizeof list.at[0].config);
}

static void lists_add_up_over_several_options(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(parse("system", &list), 1);
    assert_int_equal(fl_target_list_add(&catalog, "none", &list, NULL), FL_OK);
    assert_int_equal(list.count, 2);
}

static void wrong_lists_are_refused_whole(void **state)
{
    (void)state;
    assert_refused("addr-tree,nothing-like-it", "no allocator is called 'nothing-like-it'");
    assert_refused("addr-tre", "did you mean 'addr-tree'?");
    assert_refused("augment=max", "before any allocator's name");
    assert_refused("addr-tree,augment=maximal", "addr-tree: ");
    assert_refused("addr-tree,hue=red", "addr-tree: ");
    assert_refused("", "empty item");
    assert_refused("addr-tree,", "empty item");
}

static void equal_targets_are_numbered(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(
        parse("system,addr-tree,fit=first,system,addr-tree,addr-tree,fit=first", &list), 5);
    assert_string_equal(list.at[0].label, "system");
    assert_string_equal(list.at[1].label, "addr-tree,fit=first");
    assert_string_equal(list.at[2].label, "system#2");
    assert_string_equal(list.at[3].label, "addr-tree");
    assert_string_equal(list.at[4].label, "addr-tree,fit=first#2");

    struct fl_error err;
    assert_int_equal(fl_target_list_add(&catalog, "lib:a.so,system", &list, &err), FL_OK);
    assert_int_equal(fl_target_list_add(&catalog, "lib:a.so", &list, &err), FL_OK);
    assert_string_equal(list.at[2].label, "system#2");
    assert_string_equal(list.at[5].label, "lib:a.so");
    assert_string_equal(list.at[6].label, "system#3");
    assert_string_equal(list.at[7].label, "lib:a.so#2");
}

static void libraries_are_named_by_file(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(parse("lib:/opt/x=1/libx.so,system,lib:liby.so.2", &list), 3);
    assert_ptr_equal(list.at[0].ops, &fl_target_lib);
    assert_string_equal(list.at[0].label, "lib:libx.so");
    assert_string_equal(list.at[0].library, "/opt/x=1/libx.so");
    assert_string_equal(list.at[1].library, "");
    assert_string_equal(list.at[2].label, "lib:liby.so.2");
    assert_string_equal(list.at[2].library, "liby.so.2");
}

static void libraries_of_one_name_keep_their_folders(void **state)
{
    (void)state;
    struct fl_target_list list;
    char path[FL_LIBRARY_MAX], text[3 * FL_LIBRARY_MAX];
    assert_int_equal(
        parse("lib:old/libx.so,lib:new/libx.so,lib:new/liby.so,lib:libx.so", &list), 4);
    assert_string_equal(list.at[0].label, "lib:old/libx.so");
    assert_string_equal(list.at[1].label, "lib:new/libx.so");
    assert_string_equal(list.at[2].label, "lib:liby.so");
    assert_string_equal(list.at[3].label, "lib:libx.so");
    assert_int_equal(parse("lib:old/libx.so,system,lib:old/libx.so", &list), 3);
    assert_string_equal(list.at[0].label, "lib:libx.so");
    assert_string_equal(list.at[2].label, "lib:libx.so#2");
    memset(path, 'd', FL_TARGET_LABEL_MAX);
    path[FL_TARGET_LABEL_MAX] = '\0';
    snprintf(text, sizeof text, "lib:%s/1/x.so,lib:%s/2/x.so", path, path);
    assert_int_equal(parse(text, &list), 2);
    assert_non_null(strstr(list.at[0].label, "d/1/x.so"));
    assert_non_null(strstr(list.at[1].label, "d/2/x.so"));
}

static void names_the_loader_would_read_otherwise_are_refused(void **state)
{
    (void)state;
    assert_refused("lib:", "the name of a library has 1 to");
    assert_refused("lib:/a b.so", "no name with a blank");
    assert_refused("lib:/a:b.so", "no name with a blank");
    assert_refused("lib:/$LIB/b.so", "no name with a blank");
    assert_refused("lib:/a,b.so", "a comma ends the name of a library");
    assert_refused("lib:/a.so,colour=red", "no knob 'colour'");
    char text[FL_LIBRARY_MAX + 8] = FL_LIBRARY_PREFIX;
    memset(text + strlen(text), 'x', FL_LIBRARY_MAX);
    assert_refused(text, "the name of a library has 1 to");
    text[strlen(text) - 1] = '\0';
    struct fl_target_list list;
    assert_int_equal(parse(text, &list), 1);
    assert_int_equal(strlen(list.at[0].library), FL_LIBRARY_MAX - 1);
}

static void foreign_targets_are_told_apart(void **state)
{
    (void)state;
    struct fl_target_list list;
    assert_int_equal(
        parse("addr-tree,none,system,glibc,jemalloc,mimalloc,tcmalloc,lib:x", &list), 8);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(fl_target_is_foreign(list.at[i].ops), i >= 2);
        assert_int_equal(fl_target_is_preloaded(&list.at[i]), i >= 4);
    }
}

static void too_many_targets_are_refused(void **state)
{
    (void)state;
    struct fl_target_list list = {.count = 0};
    for (size_t i = 0; i < FL_TARGETS_MAX; i++) {
        assert_int_equal(fl_target_list_add(&catalog, "none", &list, NULL), FL_OK);
    }
    assert_int_equal(fl_target_list_add(&catalog, "none", &list, NULL), FL_USAGE);
    assert_int_equal(list.count, FL_TARGETS_MAX);
}

static void every_target_of_the_catalog_has_the_required_operations(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_catalog_count(&catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(&catalog, i);
        assert_non_null(ops->name);
        assert_non_null(ops->summary);
        assert_true(ops->create && ops->destroy && ops->alloc && ops->free && ops->resize &&
                    ops->usable_size);
        assert_ptr_equal(fl_catalog_find(&catalog, ops->name, strlen(ops->name)), ops);
    }
}

static void every_instance_says_what_it_aligns_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_catalog_count(&catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(&catalog, i);
        struct fl_allocator_config config;
        fl_allocator_defaults(ops, &config);
        struct fl_allocator *allocator;
        assert_int_equal(ops->create(&config, &allocator), 0);
        assert_true(allocator->alignment >= 4);
        assert_int_equal(allocator->alignment & (allocator->alignment - 1), 0);
        ops->destroy(allocator);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_without_equals_begins_a_target),
        cmocka_unit_test(item_with_equals_is_a_knob_of_the_target_before_it),
        cmocka_unit_test(equal_targets_are_numbered),
        cmocka_unit_test(libraries_are_named_by_file),
        cmocka_unit_test(libraries_of_one_name_keep_their_folders),
        cmocka_unit_test(names_the_loader_would_read_otherwise_are_refused),
        cmocka_unit_test(foreign_targets_are_told_apart),
        cmocka_unit_test(lists_add_up_over_several_options),
        cmocka_unit_test(wrong_lists_are_refused_whole),
        cmocka_unit_test(too_many_targets_are_refused),
        cmocka_unit_test(every_target_of_the_catalog_has_the_required_operations),
        cmocka_unit_test(every_instance_says_what_it_aligns_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
