#include <fl_test.h>

#include "metadata.h"

static void check_decode(const char *bytes, size_t count, bool expected)
{
    struct fl_metadata *meta = fl_metadata_new();
    const uint8_t *from = (const uint8_t *)bytes;
    assert_int_equal(fl_metadata_decode((struct fl_cursor){from, from + count}, meta),
                     expected ? FL_OK : FL_CORRUPT);
    fl_metadata_free(meta);
}

static void a_list_is_read_as_it_was_set(void **state)
{
    (void)state;
    struct fl_metadata *meta = fl_metadata_new(), *read = fl_metadata_new();
    assert_true(fl_metadata_set(meta, "argv", "ls\0-l", 5));
    assert_true(fl_metadata_set_text(meta, "exe", "/bin/ls"));
    assert_true(fl_metadata_set_number(meta, "pid", UINT64_MAX));
    assert_true(fl_metadata_set(meta, "empty", NULL, 0));
    uint8_t *bytes = malloc(fl_metadata_encoded_bytes(meta));
    const size_t count = fl_metadata_encode(meta, bytes);
    assert_true(count <= fl_metadata_encoded_bytes(meta));
    assert_int_equal(fl_metadata_decode((struct fl_cursor){bytes, bytes + count}, read), FL_OK);
    assert_int_equal(fl_metadata_count(read), 4);
    size_t value_bytes;
    assert_memory_equal(fl_metadata_get(read, "argv", &value_bytes), "ls\0-l", 6);
    assert_int_equal(value_bytes, 5);
    assert_string_equal(fl_metadata_get(read, "pid", NULL), "18446744073709551615");
    assert_string_equal(fl_metadata_get(read, "empty", &value_bytes), "");
    assert_int_equal(value_bytes, 0);
    assert_null(fl_metadata_get(read, "pi", NULL));
    for (size_t cut = 0; cut < count; cut++) {
        check_decode((const char *)bytes, cut, false);
    }
    free(bytes);
    fl_metadata_free(meta);
    fl_metadata_free(read);
}

static void setting_a_name_again_replaces_in_place(void **state)
{
    (void)state;
    struct fl_metadata *meta = fl_metadata_new();
    const char *name, *value;
    size_t bytes;
    assert_true(fl_metadata_set_text(meta, "exe", "one"));
    assert_true(fl_metadata_set_text(meta, "exec", "two"));
    assert_true(fl_metadata_set_text(meta, "exe", "three"));
    assert_int_equal(fl_metadata_count(meta), 2);
    fl_metadata_at(meta, 0, &name, &value, &bytes);
    assert_string_equal(name, "exe");
    assert_string_equal(value, "three");
    assert_int_equal(bytes, 5);
    fl_metadata_free(meta);
    fl_metadata_free(NULL);
}

static void a_malformed_list_is_refused(void **state)
{
    (void)state;
    check_decode("\0", 1, true);
    check_decode("", 0, false);
    check_decode("\0x", 2, false); /* bytes behind the list */
    check_decode("\1\1a\1b", 5, true);
    check_decode("\2\1a\1b", 5, false);             /* fewer items than said */
    check_decode("\1\1a\7b", 5, false);             /* a value past the end */
    check_decode("\1\1\0\1b", 5, false);            /* NUL in a name */
    check_decode("\xff\xff\xff\xff\x0f", 5, false); /* many items in no bytes */
}

static void more_items_than_the_limit_are_refused(void **state)
{
    (void)state;
    char bytes[3 + 2 * (FL_METADATA_ITEMS_MAX + 1)] = {0};
    const size_t begin =
        (size_t)(fl_put_varint((uint8_t *)bytes, FL_METADATA_ITEMS_MAX) - (uint8_t *)bytes);
    check_decode(bytes, begin + 2 * FL_METADATA_ITEMS_MAX, true);
    fl_put_varint((uint8_t *)bytes, FL_METADATA_ITEMS_MAX + 1);
    check_decode(bytes, begin + 2 * (FL_METADATA_ITEMS_MAX + 1), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_as_it_was_set),
        cmocka_unit_test(setting_a_name_again_replaces_in_place),
        cmocka_unit_test(a_malformed_list_is_refused),
        cmocka_unit_test(more_items_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
