#include <fl_test.h>

#include <errno.h>

#include <fl/allocator.h>

#include "knobs.h"

static int set(const char *name, struct fl_allocator_config *config, const char *text,
               char message[200])
{
    const struct fl_allocator_ops *ops = fl_allocator_find(name, strlen(name));
    assert_non_null(ops);
    fl_allocator_defaults(ops, config);
    return fl_allocator_set(ops, config, text, strlen(text), message, 200);
}

static void every_allocator_has_the_required_operations(void **state)
{
    (void)state;
    assert_true(fl_allocator_count() > 0);
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        const struct fl_allocator_ops *ops = fl_allocator_at(i);
        assert_non_null(ops->name);
        assert_non_null(ops->summary);
        assert_non_null(ops->create);
        assert_non_null(ops->destroy);
        assert_non_null(ops->alloc);
        assert_non_null(ops->free);
        assert_non_null(ops->resize);
        assert_non_null(ops->usable_size);
        assert_true(ops->knob_count <= FL_KNOBS_MAX);
        assert_ptr_equal(fl_allocator_find(ops->name, strlen(ops->name)), ops);
    }
    assert_null(fl_allocator_at(fl_allocator_count()));
}

static void every_knob_is_complete_and_its_default_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < fl_allocator_count(); i++)
        for (size_t k = 0; k < fl_allocator_at(i)->knob_count; k++) {
            const struct fl_knob *knob = &fl_allocator_at(i)->knobs[k];
            assert_non_null(knob->name);
            assert_non_null(knob->help);
            if (knob->type == FL_KNOB_CHOICE) {
                assert_non_null(knob->choices);
                assert_true(knob->default_value < 8);
            } else {
                assert_in_range(knob->default_value, knob->minimum, knob->maximum);
            }
        }
}

static void name_is_matched_whole(void **state)
{
    (void)state;
    assert_null(fl_allocator_find("addr-tre", 8));
    assert_null(fl_allocator_find("addr-trees", 10));
    assert_non_null(fl_allocator_find("addr-tree,fit=best", 9));
}

static void sizes_take_units_and_words(void **state)
{
    (void)state;
    struct fl_allocator_config config;
    assert_int_equal(set("addr-tree", &config, "big=64k", NULL), 0);
    assert_int_equal(config.values[FL_KNOB_BIG], 65536);
    assert_int_equal(set("addr-tree", &config, "big=4096", NULL), 0);
    assert_int_equal(config.values[FL_KNOB_BIG], 4096);
    assert_int_equal(set("addr-tree", &config, "chunk=1g", NULL), 0);
    assert_int_equal(config.values[FL_KNOB_CHUNK], 1 << 30);
    assert_int_equal(set("addr-tree", &config, "big=never", NULL), 0);
    assert_true(config.values[FL_KNOB_BIG] == UINT64_MAX);
}

static void choice_is_its_index(void **state)
{
    (void)state;
    struct fl_allocator_config config;
    assert_int_equal(set("addr-tree", &config, "augment=max", NULL), 0);
    assert_int_equal(config.values[FL_HEAP_KNOBS + 1], 1);
    assert_int_equal(set("addr-tree", &config, "fit=best", NULL), 0);
    assert_int_equal(config.values[FL_HEAP_KNOBS], FL_FIT_BEST);
}

static void mistakes_are_answered_with_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
        const char *answer;
    } rows[] = {
        {"colour=red", -ENOENT,
         "addr-tree has no knob 'colour'; it has big, chunk, align, coalesce, split-min, tags, "
         "trim, trim-size, fit, augment"},
        {"links=single", -ENOENT,
         "addr-tree has no knob 'links', which belongs to list-lifo, list-addr, list-size"},
        {"align=3", -EINVAL, "align is one of 4|8|16|32|64, not '3'"},
        {"fit=worst", -EINVAL, "fit is one of first|next|best, not 'worst'"},
        {"fit=", -EINVAL, "fit is one of first|next|best, not ''"},
        {"big=1", -ERANGE, "big is 4k to 1m or never, not '1'"},
        {"big=2m", -ERANGE, "big is 4k to 1m or never, not '2m'"},
        {"big=k", -EINVAL, "big is 4k to 1m or never, not 'k'"},
        {"big=-4k", -EINVAL, "big is 4k to 1m or never, not '-4k'"},
        {"big=99999999999999999999", -EINVAL,
         "big is 4k to 1m or never, not '99999999999999999999'"},
        {"chunk=17179869184g", -EINVAL, "chunk is 4k to 1g, not '17179869184g'"},
        {"chunk=", -EINVAL, "chunk is 4k to 1g, not ''"},
        {"fit", -EINVAL, "'fit' is not of the form name=value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_allocator_config config;
        char message[200] = "";
        assert_int_equal(set("addr-tree", &config, rows[i].text, message), rows[i].error);
        assert_string_equal(message, rows[i].answer);
    }
}

static void knob_of_another_design_is_refused_with_those_that_have_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *answer;
    } rows[] = {
        {"size-tree", "links=single",
         "size-tree has no knob 'links', which belongs to list-lifo, list-addr, list-size"},
        {"size-tree", "fit=best",
         "size-tree has no knob 'fit', which belongs to list-lifo, list-addr, addr-tree"},
        {"list-size", "fit=first",
         "list-size has no knob 'fit', which belongs to list-lifo, list-addr, addr-tree"},
        {"combo-tree", "augment=max",
         "combo-tree has no knob 'augment', which belongs to addr-tree"},
        {"list-lifo", "augment=none",
         "list-lifo has no knob 'augment', which belongs to addr-tree"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fl_allocator_config config;
        char message[200] = "";
        assert_int_equal(set(rows[i].name, &config, rows[i].text, message), -ENOENT);
        assert_string_equal(message, rows[i].answer);
    }
}

static void mistake_leaves_the_configuration_as_it_was(void **state)
{
    (void)state;
    struct fl_allocator_config before, after;
    assert_int_equal(set("list-addr", &before, "big=64k", NULL), 0);
    after = before;
    const struct fl_allocator_ops *ops = fl_allocator_find("list-addr", 9);
    assert_int_equal(fl_allocator_set(ops, &after, "augment=max", 11, NULL, 0), -ENOENT);
    assert_int_equal(fl_allocator_set(ops, &after, "big=3", 5, NULL, 0), -ERANGE);
    assert_memory_equal(&before, &after, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocator_has_the_required_operations),
        cmocka_unit_test(every_knob_is_complete_and_its_default_is_allowed),
        cmocka_unit_test(name_is_matched_whole),
        cmocka_unit_test(sizes_take_units_and_words),
        cmocka_unit_test(choice_is_its_index),
        cmocka_unit_test(mistakes_are_answered_with_what_is_allowed),
        cmocka_unit_test(knob_of_another_design_is_refused_with_those_that_have_it),
        cmocka_unit_test(mistake_leaves_the_configuration_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
